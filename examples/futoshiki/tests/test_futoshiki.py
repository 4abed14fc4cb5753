"""Futoshiki keeps what every task of trmpipe keeps, and what is particular to it."""

import numpy as np
import pytest

from trmpipe.generators.errors import OptionError, TextError
from trmpipe.generators.picture import as_text
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import TRAIN
from trmpipe.generators.testing import TaskConformance


class TestFutoshiki(TaskConformance):
    @pytest.fixture(params=["futoshiki4", "futoshiki5", "futoshiki7"])
    def task(self, request):
        return get_task(request.param)


class TestFutoshikiWithFewNumbers(TaskConformance):
    num_candidates = 30

    @pytest.fixture
    def task(self):
        return get_task("futoshiki5", {"numbers": "0:4"})


def test_puzzles_show_as_many_numbers_as_asked_for():
    task = get_task("futoshiki5", {"numbers": "0:4"})
    groups = task.generate(0, TRAIN, 0, 50)
    shown = np.array([sum(token in "12345" for token in task.format(tokens)) for tokens in groups.inputs])
    accepted = task.examine(groups).accepted
    assert 0 < accepted.sum() < 50
    np.testing.assert_array_equal(accepted, shown <= 4)
    with pytest.raises(OptionError, match="numbers is 'few'; expected a number or MIN:MAX"):
        get_task("futoshiki5", {"numbers": "few"})


def test_what_a_puzzle_looks_like():
    task = get_task("futoshiki4")
    rows = [".<._._.", "__^___v", "._._2_.", "_______", "._._.>.", "______^", "1_._._."]
    text = "".join(rows)
    puzzle = task.parse([text])[0]
    assert task.format(puzzle) == text
    assert as_text(task.picture(puzzle)).splitlines() == [row.replace("_", " ").rstrip() for row in rows]
    with pytest.raises(TextError, match="it has 3 characters, expected 49"):
        task.parse([".<."])
    with pytest.raises(TextError, match=r"it holds '5', expected characters of '_\.1234<>\^v'"):
        task.parse(["5" + text[1:]])
