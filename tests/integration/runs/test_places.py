"""Where commands write: never over a file of another kind, nor into what a command of another kind made."""

import shutil

import pytest

from tests.runs import TINY
from trmpipe.pipeline import Recipe, generate

STUDY = "difficulty"


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "corpus"
    generate(Recipe(task="sudoku4", n=4, aug=2, test=2), str(path))
    return path


@pytest.fixture
def afile(tmp_path):
    path = tmp_path / "afile"
    path.write_text("mine")
    return path


def listing(folder):
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def refused(told, *words):
    assert told.code == 2, told.err
    for one in words:
        assert one in told.message
    return told


# Files.


@pytest.mark.parametrize("name", ["config.json", "metrics.jsonl", "checkpoints/step-000009.pt"])
@pytest.mark.parametrize("command", [("report",), ("export", "checkpoint")])
def test_files_of_a_run_are_not_replaced(trmpipe, finished, nine, command, name):
    before = listing(nine)
    refused(trmpipe(*command, finished, "--out", nine / name), str(nine / name), "give --out another name")
    assert listing(nine) == before


@pytest.mark.parametrize("command", [("report",), ("export", "checkpoint")])
def test_a_file_of_another_kind_is_not_replaced(trmpipe, finished, afile, command):
    refused(trmpipe(*command, finished, "--out", afile), f"{afile} is there and is not a")
    assert afile.read_text() == "mine"
    inside = afile / "out"
    refused(trmpipe(*command, finished, "--out", inside), f"{inside} cannot be made, as {afile} is a file")


def test_what_a_command_wrote_is_written_again(trmpipe, finished, tmp_path):
    for command, name in ((("report", "--puzzles=2"), "a.html"), (("export", "checkpoint"), "step_9"),
                          (("export", "checkpoint"), "a.safetensors")):  # fmt: skip
        for _ in range(2):
            told = trmpipe(*command, finished, "--out", tmp_path / name)
            assert told.code == 0, told.err
    other = tmp_path / "b.safetensors"
    shutil.copy(tmp_path / "step_9", other)
    refused(trmpipe("export", "checkpoint", finished, "--out", other), "is not a file of weights")


def test_a_new_file_is_not_called_as_a_checkpoint(trmpipe, finished, nine):
    out = nine / "checkpoints" / "step-000099.pt"
    refused(trmpipe("export", "checkpoint", finished, "--out", out), "is called as the checkpoints of runs are")
    assert not out.exists()


def test_the_place_of_figures_is_looked_at_before_the_page_is_written(trmpipe, finished, afile, tmp_path):
    page = tmp_path / "half.html"
    refused(trmpipe("report", finished, "--out", page, "--figures", afile), f"{afile} is a file; give --figures")
    assert not page.exists()


def test_the_place_of_an_animation_is_looked_at_before_the_run(trmpipe, finished, afile, tmp_path):
    for place, words in ((tmp_path / "x.png", "does not end in .gif"), (afile / "x.gif", f"{afile} is a file")):
        refused(trmpipe("solve", tmp_path / "no-run", "1...", "--animate", place), words)
    afile.rename(tmp_path / "a.gif")
    refused(trmpipe("solve", tmp_path / "no-run", "1...", "--animate", tmp_path / "a.gif"), "is not a GIF")


def test_an_answer_is_printed_though_its_animation_cannot_be_written(trmpipe, finished, tmp_path, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr("trmpipe.reports.animation.write_atomically", full)
    puzzle = "1234341221434321".replace("2", ".")
    told = trmpipe("solve", finished, puzzle, "--animate", tmp_path / "a.gif", "--device=cpu")
    assert told.code == 1
    assert "No space left" in told.message
    assert "model" in told.out


# Folders.


def commands(corpus, run, out):
    """All that write a folder of their own, by what they write."""
    return {
        "run": ("train", corpus, *TINY, "--out", out),
        "folder of runs": ("train", corpus, *TINY, "--seeds=2", "--out", out),
        "analysis": ("analyse", run, "--out", out, "--steps=2", "--pictures=none", "--only=steps"),
        "study": ("study", STUDY, "--out", out),
    }


@pytest.mark.parametrize("kind", ["run", "folder of runs", "analysis", "study"])
def test_nothing_is_written_into_a_corpus(trmpipe, corpus, finished, kind):
    before = listing(corpus)
    told = trmpipe(*commands(corpus, finished, corpus)[kind])
    refused(told, f"{corpus} holds a corpus (manifest.json)", f"{kind} is to be written; give --out another folder")
    assert listing(corpus) == before


@pytest.mark.parametrize("kind", ["folder of runs", "analysis", "study"])
def test_nothing_else_is_written_into_a_run(trmpipe, corpus, nine, kind):
    before = listing(nine)
    refused(trmpipe(*commands(corpus, nine, nine)[kind]), f"{nine} holds a run (config.json)")
    assert listing(nine) == before


@pytest.mark.parametrize("kind", ["run", "study"])
def test_a_folder_of_other_things_is_not_written(trmpipe, corpus, finished, tmp_path, kind):
    place = tmp_path / "mine"
    (place / "letters").mkdir(parents=True)
    refused(
        trmpipe(*commands(corpus, finished, place)[kind]), f"{place} is not empty and holds no {kind}; give --out a"
    )
    assert list(place.iterdir()) == [place / "letters"]


@pytest.mark.parametrize("kind", ["run", "folder of runs", "analysis", "study"])
def test_a_file_is_no_folder(trmpipe, corpus, finished, afile, kind):
    refused(trmpipe(*commands(corpus, finished, afile)[kind]), f"{afile} is a file; give --out a folder")
    inside = afile / "inside"
    refused(trmpipe(*commands(corpus, finished, inside)[kind]), f"{inside} cannot be made, as {afile} is a file")


def test_a_log_in_the_folder_of_a_run_is_no_stranger(trmpipe, corpus, tmp_path):
    out = tmp_path / "run"
    out.mkdir()
    (out / "out.log").touch()
    assert trmpipe(*commands(corpus, None, out)["run"]).code == 0
