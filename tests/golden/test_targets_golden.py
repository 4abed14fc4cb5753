"""Puzzles made to order and ratings, pinned: see `test_generators_golden`."""

import json
from pathlib import Path

import pytest

from tests.golden.test_generators_golden import digest
from trmpipe.generators.sudoku import BLANK, SudokuTask, Target, format_puzzle
from trmpipe.generators.task import TRAIN

FILE = Path(__file__).with_name("targets_puzzles.json")
SEED = 1
TARGETS = {
    "sudoku4 clues 5": (4, {"clues": "5"}, 16),
    "sudoku6 pattern left-right difficulty easy": (6, {"pattern": "left-right", "difficulty": "easy"}, 16),
    "sudoku6 difficulty 1:2": (6, {"difficulty": "1:2"}, 16),
    "sudoku9": (9, {}, 16),
    "sudoku9 clues 20:21": (9, {"clues": "20:21"}, 8),
    "sudoku9 pattern half-turn clues :25": (9, {"pattern": "half-turn", "clues": ":25"}, 8),
    "sudoku9 difficulty hard": (9, {"difficulty": "hard"}, 8),
    "sudoku9 difficulty extreme": (9, {"difficulty": "extreme"}, 2),
}


def puzzles(size, options, count):
    """The candidates left, the first puzzle in plain sight, and digests of all of them and of their ratings."""
    task = SudokuTask(size=size, target=Target.parse(options))
    groups = task.generate(SEED, TRAIN, 0, count)
    return {
        "candidates": " ".join(map(str, groups.candidates)),
        "first": format_puzzle(groups.inputs[0] - BLANK),
        "puzzles": digest(groups.inputs, groups.labels),
        "ratings": " ".join(map(str, task.rate(task.examine(groups)).ratings)),
    }


def renew():
    """Write what today's code makes."""
    FILE.write_text(json.dumps({name: puzzles(*target) for name, target in TARGETS.items()}, indent=1) + "\n")


@pytest.mark.parametrize("name", TARGETS)
def test_puzzles_made_to_order_are_as_they_were(name):
    assert puzzles(*TARGETS[name]) == json.loads(FILE.read_text())[name]


def test_the_file_holds_nothing_else():
    assert set(json.loads(FILE.read_text())) == set(TARGETS)
