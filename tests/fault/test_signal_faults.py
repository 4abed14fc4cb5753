"""Ctrl-C and termination at any moment of a generation: one line, an exit code, and nothing left behind."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import pytest

from trmpipe.cli import main
from trmpipe.pipeline.interrupts import HeldSignals


@pytest.fixture
def generation(tmp_path):
    """Start ``trmpipe generate`` in a process group of its own, with a fresh folder for temporary files."""
    started = []
    temporary, out = tmp_path / "temporary", tmp_path / "c"
    temporary.mkdir()

    def start(*arguments):
        command = [sys.executable, "-m", "trmpipe", "generate", "sudoku", "--size", "6", "--out", str(out)]
        command += map(str, arguments)
        settings = os.environ | {"TMPDIR": str(temporary)}
        pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=settings, start_new_session=True, **pipes))
        return started[-1], temporary, out

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_until(process, happened):
    """Wait for something that a process does; fails where that ends or takes too long."""
    deadline = time.monotonic() + 60
    while not happened():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.001)


LONG = ("--n", 60, "--aug", 1000, "--test", 10, "--shard-groups", 1)


MOMENTS = {
    "start": ("start", 2, os.kill),
    "start of processes": ("start", 8, os.kill),
    "writing": ("writing", 2, os.kill),
    "writing in processes that get it too": ("writing", 8, os.killpg),
}
SIGNALS = {"terminated": (signal.SIGTERM, 143), "interrupted": (signal.SIGINT, 130)}


def each_quick_once(moment, word):
    """Each moment and each signal is tried each time, not each with each."""
    is_quick = (word == "terminated") == ("writing" in moment)
    id_ = f"{word}-{moment}"
    return pytest.param(*MOMENTS[moment], *SIGNALS[word], word, id=id_, marks=() if is_quick else pytest.mark.slow)


@pytest.mark.parametrize(
    ("moment", "workers", "send", "number", "code", "word"),
    [each_quick_once(moment, word) for moment in MOMENTS for word in SIGNALS],
)
def test_a_signal_ends_a_command_and_leaves_no_folder(generation, workers, send, moment, number, code, word):
    process, temporary, out = generation(*LONG, "--workers", workers)
    wait_until(
        process,
        lambda: list(temporary.iterdir()) if moment == "start" else list(out.glob(".progress/train-*.json")),
    )
    send(process.pid, number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    assert [line for line in err.splitlines() if "puzzles:" not in line and line] == [
        f"trmpipe: {word}; run the same command again to go on"
    ]
    assert list(temporary.iterdir()) == []
    assert not (out / "manifest.json").exists()


def test_a_second_sigterm_acts_at_once(generation):
    process, _, out = generation(*LONG, "--workers", 8)
    wait_until(process, lambda: list(out.glob(".progress/train-*.json")))
    process.send_signal(signal.SIGTERM)
    while process.poll() is None:
        process.send_signal(signal.SIGTERM)
    assert process.returncode == -signal.SIGTERM


HELD = """
with HeldSignals() as signals:
    print("ready", flush=True)
    while not signals._held:
        time.sleep(0.001)
    print("first", flush=True)
    time.sleep(10)
"""
LET_THROUGH = """
signal.signal(signal.SIGTERM, signal.default_int_handler)
with HeldSignals() as signals, signals.let_through():
    try:
        print("ready", flush=True)
        time.sleep(10)
    except KeyboardInterrupt:
        print("first", flush=True)
        time.sleep(10)
"""
UNWOUND = """
try:
    print("ready", flush=True)
    time.sleep(10)
except main._Terminated:
    print("first", flush=True)
    time.sleep(10)
"""


@pytest.mark.parametrize("work", [HELD, LET_THROUGH, UNWOUND], ids=["held", "let through", "unwinding"])
def test_a_second_signal_ends_a_process_wherever_the_first_one_waits(work):
    """The process would go on for ten seconds, and end otherwise."""
    head = "import signal, time\nfrom trmpipe.cli import main\nfrom trmpipe.pipeline.interrupts import HeldSignals\n"
    code = f"{head}signal.signal(signal.SIGTERM, main._unwind)\ntry:\n    exec({work!r})\nexcept BaseException: pass"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    for word in ("ready", "first"):
        assert process.stdout.readline() == f"{word}\n"
        process.send_signal(signal.SIGTERM)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGTERM


@pytest.fixture
def handlers():
    """Handlers that raise; those of before are put back."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        signal.signal(number, signal.default_int_handler)
    yield numbers
    for number in numbers:
        signal.signal(number, before[number])


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("when", ["opening", "let through", "closing"])
def test_signals_wait_while_a_cluster_opens_or_closes(handlers, number, when):
    passed = []

    def at(moment):
        if moment == when:
            signal.raise_signal(number)
        passed.append(moment)

    with pytest.raises(KeyboardInterrupt), HeldSignals() as signals:  # noqa: PT012
        at("opening")
        with signals.let_through():
            at("let through")
        at("closing")
    assert passed == ["opening", "let through", "closing"][: {"opening": 1, "let through": 1, "closing": 3}[when]]
    assert [signal.getsignal(number) for number in handlers] == [signal.default_int_handler] * 2
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_termination_unwinds_once(handlers):
    with pytest.raises(main._Terminated) as caught:
        main._unwind(signal.SIGTERM, None)
    assert not isinstance(caught.value, Exception)
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_the_end_of_a_file_is_no_interruption(trmpipe, tmp_path, monkeypatch):
    def fail(*_):
        raise EOFError("short")

    monkeypatch.setattr("trmpipe.pipeline.cluster.Cluster.map", fail)
    result = trmpipe("generate", "sudoku", "--size", 4, "--n", 5, "--out", tmp_path / "c")
    assert result.code == 1
    assert "trmpipe: unexpected EOFError: short; this is a bug" in result.err
    assert "interrupted" not in result.err
