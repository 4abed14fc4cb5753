"""Compilation is announced, counted, and no part of rates and times left."""

import re

import pytest

from trmpipe.cli.compilation import Announcer, announced_compilation
from trmpipe.cli.console import PlainProgress, show_progress
from trmpipe.cli.train import show_training
from trmpipe.generators.jit import kernel
from trmpipe.shards.compilation import watch_compilation


@pytest.fixture
def new_kernel(tmp_path, monkeypatch):
    """Makes a kernel that calls another one, each time with a cache that has neither."""

    def make():
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        monkeypatch.setattr("trmpipe.generators.jit._cache_folder", lambda _: str(folder))
        inner = kernel(lambda x: x + 1)
        return kernel(lambda x: 10 * inner(x))

    return make


def test_kernels_are_counted_with_those_that_they_call(new_kernel):
    changes = []
    with watch_compilation(lambda one: changes.append((one.num_kernels, one.is_running))) as compilations:
        outer = new_kernel()
        assert outer(4) == 50
        assert compilations.num_kernels == 2
        assert not compilations.is_running
        assert compilations.seconds > 0
        assert outer(5) == 60
        assert compilations.num_kernels == 2
    assert changes == [(0, True), (0, True), (1, True), (2, False)]


def test_what_is_compiled_after_the_block_is_nobodys_business(new_kernel):
    with watch_compilation(lambda _: None) as compilations:
        pass
    new_kernel()(4)
    assert compilations.num_kernels == 0


def test_one_line_before_and_one_after(new_kernel):
    lines, counts = [], []
    announcer = Announcer(lines.append, counts.append)
    with announced_compilation(announcer):
        new_kernel()(4)
        announcer.work_goes_on()
        announcer.work_goes_on()
        new_kernel()(4.5)
        announcer.work_goes_on()
    assert [re.sub(r"\d+\.\d", "0.0", line) for line in lines] == [
        "compiling kernels, once for this machine",
        "compiled 2 kernels in 0.0 s",
    ] * 2
    assert counts == [0, 0, 1, 2, None] * 2


def test_without_a_cache_nothing_is_promised(monkeypatch):
    monkeypatch.setattr("trmpipe.generators.jit._cache_folder", lambda _: None)
    lines = []
    with announced_compilation(Announcer(lines.append)):
        kernel(lambda: 1)()
    assert lines[0] == "compiling kernels, for this command: no cache can be written"


def test_a_terminal_that_has_gone_does_not_stop_the_compiler(new_kernel):
    def refuse(_):
        raise BrokenPipeError

    with watch_compilation(refuse):
        assert new_kernel()(4) == 50


def test_seconds_of_compilation_enter_no_rate(capsys):
    """The second kernel is compiled between two parts, as by a worker."""
    announcer = Announcer(lambda _: None)
    spent = 0.0

    def clock():
        return spent

    progress = PlainProgress(clock, announcer)
    progress.start("puzzles", 4)
    spent += 2
    progress.advance(4)
    progress.finish()
    assert "puzzles: 4 of 4 in 2.0 s (2/s)" in capsys.readouterr().err


def test_the_clock_of_stages_stands_still_while_kernels_compile(new_kernel):
    with announced_compilation(Announcer(lambda _: None)) as clock:
        before = clock()
        with watch_compilation(lambda _: None) as beside:
            new_kernel()(4)
        assert clock() - before < beside.seconds / 2


def test_bars_of_stages_are_found_after_the_bar_of_kernels_has_gone(new_kernel, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    with show_progress() as progress:
        new_kernel()(4)
        for stage in ("held-out puzzles", "training puzzles"):
            progress.start(stage, 2)
            progress.advance(1)
            new_kernel()(4)
            progress.advance(1)
            progress.finish()
    told = capsys.readouterr().err
    assert told.count("compiled 2 kernels in") == 3
    assert "training puzzles" in told


def test_progress_of_a_stage_tells_compilation_in_lines_of_its_own(new_kernel, capsys):
    with show_progress() as progress:
        progress.start("puzzles", 1)
        new_kernel()(4)
        progress.advance(1)
        progress.finish()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "compiling kernels, once for this machine"
    assert re.fullmatch(r"compiled 2 kernels in \d+\.\d s", lines[1])
    assert lines[2].startswith("puzzles: 1 of 1 in 0.0 s")
    assert len(lines) == 3


def test_numbers_of_bars_and_lines_have_commas(monkeypatch, capsys):
    progress = PlainProgress(iter([0.0, 1000.0, 1000.0, 1000.0]).__next__, Announcer(lambda _: None))
    progress.start("puzzles", 30_000_000)
    progress.advance(2_000)
    assert "puzzles: 2,000 of 30,000,000 in 1,000.0 s (2/s), 14,999,000 s left" in capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "200")
    with show_progress() as progress:
        progress.start("puzzles", 12_000)
        progress.advance(1_500)
        progress.finish()
    assert " 1,500/12,000" in capsys.readouterr().err
    with show_training() as training:
        training.begin(12_000)
        training.trained(1_500, {"loss": 1.0, "exact": 0.5}, 2_345.67)
    said = capsys.readouterr().err
    assert " 1,500/12,000" in said
    assert "2,345.7 steps/s" in said


def test_what_was_not_read_yet_is_not_told(monkeypatch, capsys):
    """On a GPU, and with several processes, metrics are read where a line of them is due."""
    for on_a_terminal in (True, False):
        monkeypatch.setattr("sys.stderr.isatty", lambda there=on_a_terminal: there)
        monkeypatch.setattr("trmpipe.cli.train._PLAIN_SECONDS", 0)
        with show_training() as training:
            training.begin(12)
            training.trained(3, {}, 2.0)
        said = capsys.readouterr().err
        assert "2.0 steps/s" in said
        assert "loss" not in said
