"""``trmpipe generate``: a command for every family, made from what it and its suppliers declare."""

import re
from dataclasses import replace
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tests.plug_ins import add_family
from tests.references.reversal import OPTIONAL
from trmpipe.generators.options import Option, Whole
from trmpipe.generators.registry import FAMILIES
from trmpipe.shards import Corpus

CLI = Path(__file__).parents[2] / "cli"


@pytest.fixture
def broken(monkeypatch):
    """An installed package that cannot be imported."""
    lost = EntryPoint("lost", "nowhere.at_all:FAMILY", FAMILIES.group)
    monkeypatch.setitem(FAMILIES.__dict__, "_places", {**FAMILIES._places, "lost": lost})


def words_of(text):
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("family", "told"),
    [
        (
            "sudoku",
            [
                "Sudokus with one solution and no clue too many, or puzzles of yours.",
                "--size INTEGER Rows of the grid: 4, 6, 9 or 16. [default: 9]",
                "--n INTEGER Training puzzles. [default: 1000; all of --input, or so many drawn by the seed]",
                "--test INTEGER Held-out puzzles. [default: 1000; 8 at size 4; of a file a tenth]",
                "--input PATH File of puzzles to use as bases: lines, CSV, TSV or Parquet, .gz too.",
                "--test-input PATH File of held-out puzzles.",
                "--column TEXT Column of the puzzles in a table, where it has none of the usual names",
                "--file-rating Keep a table's column `rating` as the difficulty in the catalog",
                "--drop-improper Drop puzzles of a file with no solution, with several where only one may be, or with",
                "--difficulty MIN:MAX easy, hard, extreme, or MIN:MAX mean guesses of a solver, such as 5:10.",
                "--clues MIN:MAX MIN:MAX clues, such as 22:24.",
                "--pattern WORD Symmetry of the clues' pattern, such as half-turn.",
            ],
        ),
        (
            "arc",
            [
                "ARC tasks: colours permuted, grids turned and mirrored, examples to learn from moved about.",
                "--dataset PATH arc-agi-1 or arc-agi-2: training tasks as --train- set, evaluation as --test-set.",
                "--train-set PATH Tasks to learn whole; may be given again.",
                "--test-set, --input PATH Tasks whose demonstrations are learned and whose tests are scored; may be",
                "--n INTEGER Take so many of the tasks, drawn by the seed. [default: all]",
                "--exclude-test-twins Drop tasks of --train-set that are test tasks in disguise.",
            ],
        ),
    ],
)
def test_help_says_what_can_be_asked_for(trmpipe, family, told):
    said = words_of(trmpipe("generate", family, "--help").out)
    common = ["--aug", "--seed", "--out", "--format", "--workers", "--scheduler", "--shard-groups", "--shard-variants"]
    for text in [*told, *common, "--json"]:
        assert text in said
    assert ("--test " in said) == (family == "sudoku")


def test_a_package_gets_a_command_of_its_own(trmpipe, monkeypatch, tmp_path):
    add_family(monkeypatch, OPTIONAL)
    assert "reversal Say a word backwards." in words_of(trmpipe("generate", "--help").out)
    said = words_of(trmpipe("generate", "reversal", "--help").out)
    assert "--first WORD Letter that words begin with." in said
    assert "--size INTEGER" in said
    made = trmpipe("generate", "reversal", "--first", "b", "--n", 5, "--test", 2, "--aug", 1, "--out", tmp_path / "c")
    assert made.code == 0, made.err
    assert (Corpus.open(tmp_path / "c").read("train", limit=1).inputs[:, 0] == 2).all()
    refused = trmpipe("generate", "reversal", "--first", "z", "--out", tmp_path / "d")
    assert (refused.code, "first is 'z'; expected one of a, b, c" in refused.message) == (2, True)


def test_a_broken_package_harms_its_own_command_alone(trmpipe, broken):
    listed = words_of(trmpipe("generate", "--help").out)
    assert "sudoku Sudokus with one solution" in listed
    assert "lost the task family 'lost' cannot be loaded from nowhere.at_all:FAMILY" in listed
    assert trmpipe("generate", "sudoku", "--help").code == 0
    result = trmpipe("generate", "lost", "--help")
    assert (result.code, "mend the package that brings it" in result.message) == (1, True)


def test_a_family_with_an_unknown_supplier_says_so(trmpipe, monkeypatch):
    add_family(monkeypatch, replace(OPTIONAL, suppliers=("well",)))
    result = trmpipe("generate", "reversal", "--n", 3)
    assert (result.code, "no supplier is called 'well'; known: made, lines, sets" in result.message) == (1, True)


def test_two_options_of_one_name_are_refused(trmpipe, monkeypatch):
    seed = Option(name="seed", kind=Whole(), help="Another seed.")
    add_family(monkeypatch, replace(OPTIONAL, options=(seed,)))
    result = trmpipe("generate", "reversal", "--n", 3)
    assert (result.code, "two options of 'reversal' are called 'seed'" in result.message) == (1, True)


def test_an_unknown_family_is_refused(trmpipe):
    result = trmpipe("generate", "chess")
    assert (result.code, "No such command 'chess'" in result.message) == (2, True)


@pytest.mark.parametrize("path", [*sorted(CLI.glob("generate*.py")), CLI / "family_command.py", CLI / "options.py"])
def test_commands_know_no_task_and_no_option_of_one_by_name(path):
    names = {option.name for family in ("sudoku", "arc") for option in FAMILIES[family].options}
    words = set(re.findall(r"\w+", path.read_text().lower()))
    assert not words & {*names, "sudoku", "arc", "drop_improper", "exclude_test_twins", "train_set"}
