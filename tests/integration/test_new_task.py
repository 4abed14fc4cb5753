"""``trmpipe new-task`` writes a package that runs: installed as a user would, tests pass and commands work on it."""

import sys

import pytest

from tests.packages import Environment, build_wheel, call


@pytest.mark.walkthrough
@pytest.mark.timeout(900)  # 15 seconds of CPU.
def test_the_written_package_runs(trmpipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = trmpipe("new-task", "night_day")
    assert (done.code, "night_day holds a package with the task night_day" in done.out) == (0, True)
    written = tmp_path / "night_day"
    call([sys.executable, "-m", "ruff", "check", "--isolated", "."], cwd=written)
    call([sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", "120", "--check", "."], cwd=written)
    environment = Environment(tmp_path / "venv")
    environment.install(build_wheel(written, tmp_path / "built"))
    suite = environment.run("python", "-m", "pytest", "-q", cwd=written)
    assert "passed" in suite
    assert "failed" not in suite
    made = environment.run(
        "trmpipe", "generate", "night_day", "--n", 24, "--test", 8, "--aug", 3, "--spare", 2, cwd=tmp_path
    )
    assert "24 training puzzles with 96 variants, 8 held out" in made
    assert "note:" not in made
    run = tmp_path / "runs" / "one"
    small = ("--set", "model.width=32", "--set", "batch_size=8")
    environment.run("trmpipe", "train", "shards", "--max-steps", 3, "--out", run, *small, cwd=tmp_path)
    assert "on 8 held-out puzzles of" in environment.run("trmpipe", "evaluate", run, cwd=tmp_path)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Sums", "'Sums' cannot be the name of a task; expected two or more small letters, digits and underscores"),
        ("sums4", "'sums4' cannot be the name of a task"),
        ("class", "'class' cannot be the name of a task"),
        ("../sums", "'../sums' cannot be the name of a task"),
        ("maze", "a task called 'maze' is installed already; give yours another name"),
        ("numpy", "a Python package called 'numpy' is installed already; give your task another name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_one_line(trmpipe, tmp_path, monkeypatch, name, message):
    monkeypatch.chdir(tmp_path)
    done = trmpipe("new-task", name)
    assert (done.code, message in done.message) == (2, True)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_there_is_left_alone(trmpipe, tmp_path):
    (tmp_path / "sums").mkdir()
    done = trmpipe("new-task", "sums", "--out", tmp_path / "sums")
    assert (done.code, "is there already; give --out another folder" in done.message) == (2, True)
    assert not list((tmp_path / "sums").iterdir())


def test_a_place_that_cannot_be_written_is_told(trmpipe, tmp_path):
    (tmp_path / "file").write_text("")
    done = trmpipe("new-task", "sums", "--out", tmp_path / "file" / "sums")
    assert (done.code, "Not a directory; give --out another folder" in done.message) == (1, True)
