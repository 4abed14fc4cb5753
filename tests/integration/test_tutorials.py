"""The tutorials of docs/tutorials are run from top to end as they stand; tests/pages.py says what a block is."""

import re
import shlex

import pytest

from tests.pages import DOCS, Block, Reading, blocks_of, read_options, read_page

ROOT = DOCS.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(DOCS.rglob("*.md"))]
TUTORIALS = sorted(path.name for path in (DOCS / "tutorials").glob("*.md"))


def sudoku_is_learned(reading):
    """The page promises more than nine in ten after its hundred steps."""
    shares = [float(share) for share in re.findall(r"^held out: ([\d.]+)% exact", reading.told, re.MULTILINE)]
    assert shares[0] > 90


def runs_of_a_cluster_are_one(reading):
    assert "on cpu" in reading.told
    assert (reading.folder / "runs" / "two" / "evaluation.json").exists()


PROMISES = {"sudoku.md": sudoku_is_learned, "cluster.md": runs_of_a_cluster_are_one}
"""What else a page promises, beside what its blocks compare."""


@pytest.mark.walkthrough
@pytest.mark.parametrize("name", TUTORIALS)
def test_a_tutorial_runs_as_it_stands(name, tmp_path):
    reading = read_page(f"tutorials/{name}", tmp_path)
    PROMISES.get(name, lambda _: None)(reading)


def test_a_tutorial_has_blocks_that_run():
    for name in TUTORIALS:
        blocks = blocks_of((DOCS / "tutorials" / name).read_text())
        assert sum(block.language == "sh" and block.mark in ("", "stays") for block in blocks) >= 3, name


@pytest.mark.parametrize(
    "line",
    [
        "trmpipe train shards/ --max-stepz 3",
        "trmpipe train shards/ --preset no-such",
        "trmpipe train shards/ --preset sudoku-mlp --set model.widht=3",
        "trmpipe generate sudokus",
        "torchrun --nproc-per-node 2 -m trmpipe trian shards/",
    ],
)
def test_commands_that_are_not_run_are_read(line, tmp_path):
    """A block for a GPU, or one that takes long, cannot go stale unseen."""
    (block,) = blocks_of(f"```sh long\n{line}\n```\n")
    with pytest.raises(AssertionError):
        read_options(block.commands[0])
    reading = Reading(tmp_path)
    with pytest.raises(AssertionError):
        reading.follow(block)


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_commands_on_any_page_are_ones_that_exist(path):
    """Those that stand in blocks of four blanks, as they do in results and notes too; `...` is for what is left out."""
    for line in re.findall(r"^ {4}((?:trmpipe|torchrun) .*)$", path.read_text(), re.MULTILINE):
        words = shlex.split(line, comments=True)
        if "..." not in line and len(words) > 2:
            read_options(words)


def test_a_line_that_no_command_printed_is_seen(tmp_path):
    reading = Reading(tmp_path, told="exact 96.0% of 50\nseen 3\n")
    reading.follow(Block("text", "", "exact ...% of 50\n"))
    for line in ("exact ...% of 51", "96.0%", "seen"):
        with pytest.raises(AssertionError, match="no command printed"):
            reading.follow(Block("text", "", line))
