"""trmpipe in Python: the seven names, what importing them costs, and the page about notebooks, which is run."""

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

import trmpipe as package
from tests.pages import DOCS, read_page
from trmpipe.generators.errors import OptionError
from trmpipe.shards import Corpus

HEAVY = {"torch", "numpy", "numba", "pyarrow", "dask", "distributed", "fsspec", "zarr", "matplotlib", "rich", "asyncio"}
LOADED = "\nimport sys; print(*{name.partition('.')[0] for name in sys.modules}, 'trmpipe.shards' in sys.modules)"


def loaded_by(code):
    done = subprocess.run([sys.executable, "-c", code + LOADED], capture_output=True, text=True, timeout=60, check=True)
    return set(done.stdout.splitlines()[-1].split())


def test_importing_imports_nothing_else():
    found = loaded_by("import trmpipe; dir(trmpipe)")
    assert not found & (HEAVY | {"click", "True"})


def test_help_imports_little():
    assert not loaded_by("from trmpipe.cli.main import run; run(['--help'])") & (HEAVY - {"asyncio"} | {"True"})


@pytest.mark.parametrize("name", ["open", "generate", "Stream", "verify"])
def test_torch_is_imported_by_those_that_need_it(name):
    assert "torch" not in loaded_by(f"import trmpipe; trmpipe.{name}")


@pytest.mark.parametrize(("code", "seconds"), [("import trmpipe", 0.1), ("trmpipe --help", 0.3)])
def test_the_clock(code, seconds):
    """The least of five, beyond what Python itself takes; three times the promise, as other processes use the cores."""
    least = {}
    for name, arguments in (("nothing", ["-c", ""]), ("all", ["-m", *code.split()] if "-" in code else ["-c", code])):
        spans = []
        for _ in range(5):
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True, timeout=60)
            spans.append(time.perf_counter() - start)
        least[name] = min(spans)
    assert least["all"] - least["nothing"] < 3 * seconds


def test_an_unknown_name():
    with pytest.raises(AttributeError, match="has no attribute 'opne'"):
        _ = package.opne


def test_the_page_runs(tmp_path):
    said = read_page("notebook.md", tmp_path).told
    assert "no corpus" in said.splitlines()[-1] or "shards/typo" in said.splitlines()[-1]
    page = (DOCS / "notebook.md").read_text()
    assert set(re.findall(r"trmpipe\.(\w+)\(", page)) >= set(package.__all__)


def test_generate_is_the_command(trmpipe, tmp_path):
    made = package.generate(
        "sudoku4", n=6, aug=3, test=2, out=tmp_path / "python", clues="4:6", format="zarr", shard_groups=2
    )
    options = "--size 4 --n 6 --aug 3 --test 2 --clues 4:6 --format zarr --shard-groups 2".split()
    assert trmpipe("generate", "sudoku", *options, "--out", tmp_path / "command").code == 0
    assert made.manifest == Corpus.open(tmp_path / "command").manifest
    assert package.open(made.path).manifest == made.manifest


def test_files_by_any_of_their_names(tmp_path, monkeypatch):
    puzzles = package.generate("sudoku4", n=6, aug=0, test=0, out=tmp_path / "made").read("train").inputs
    (tmp_path / "list.txt").write_text("\n".join("".join(" .1234"[token] for token in row) for row in puzzles))
    monkeypatch.chdir(tmp_path)
    one = package.generate("sudoku4", input=tmp_path / "list.txt", aug=2, drop_improper=True)
    assert one.manifest.recipe["supply"] == {"drop_improper": "yes"}
    assert one.num_groups("train") == 6
    assert Path(one.path).parent == tmp_path / "shards"


@pytest.mark.parametrize(
    ("task", "wishes", "message"),
    [
        ("sudoku4", {"dificulty": "hard"}, "sudoku4 takes no dificulty; it takes: "),
        ("sudoku4", {"drop_improper": True}, "--drop-improper goes with --"),
        ("sudoku4", {"n": 0}, "--n is 0; expected 1 to"),
        ("sudoku5", {}, "no task is called 'sudoku5'; known: "),
    ],
)
def test_wrong_wishes(task, wishes, message, tmp_path):
    with pytest.raises(ValueError, match=re.escape(message)) as error:
        package.generate(task, out=tmp_path / "c", **wishes)
    assert isinstance(error.value, OptionError) or task == "sudoku5"
    assert not (tmp_path / "c").exists()


def test_a_stream_takes_one_corpus_or_several(corpus4):
    corpus = package.open(corpus4)
    one, several = (package.Stream(given, seed=1, batch_size=4) for given in (corpus, [corpus]))
    assert one.fingerprint == several.fingerprint
