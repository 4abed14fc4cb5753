"""``python -m trmpipe`` is the command."""

import multiprocessing
import subprocess
import sys

import trmpipe


def run(*arguments):
    command = [sys.executable, "-m", "trmpipe", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def test_it_answers_as_the_command_does():
    assert run("--version").stdout.split()[-1] == trmpipe.__version__
    wrong = run("generat")
    assert (wrong.returncode, wrong.stderr.splitlines()[0].startswith("trmpipe: ")) == (2, True)


def nothing():
    return None


def test_processes_that_import_it_anew_do_not_run_it(monkeypatch):
    """As those do that are spawned by it."""
    from trmpipe import __main__ as main

    monkeypatch.setattr(sys.modules["__main__"], "__spec__", main.__spec__, raising=False)
    process = multiprocessing.get_context("spawn").Process(target=nothing)
    process.start()
    process.join(60)
    assert process.exitcode == 0
