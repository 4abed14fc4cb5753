"""Scores by vote: small cases by hand, what is counted, what is refused."""

import itertools
import re
import subprocess
import sys

import numpy as np
import pytest

from tests.references import arc_votes as plain
from trmpipe.generators.errors import InputError
from trmpipe.trainer.arc import score
from trmpipe.trainer.arc.asking import Question
from trmpipe.trainer.arc.solved_task import SolvedTask

IDENTITY = "0123456789"
TESTS = {
    "one": {"test": [{"input": [[1]], "output": [[1, 2]]}, {"input": [[2]], "output": [[3]]}]},
    "two": {"test": [{"input": [[4]], "output": [[5]]}]},
}


def rows(*given):
    """Arguments of `score` from (name, input, prediction or tokens, probability)."""
    names, inputs, predictions, probabilities = zip(*given, strict=True)
    as_tokens = [grid if isinstance(grid, np.ndarray) else plain.tokens(grid) for grid in predictions]
    return names, np.array([plain.tokens(grid) for grid in inputs]), np.array(as_tokens), probabilities


def test_votes_come_before_probabilities():
    given = [("two", [[4]], [[5]], 0.1), ("two", [[4]], [[5]], 0.1), ("two", [[4]], [[6]], 0.9)]
    found = score(*rows(*given), TESTS)
    assert [answer.grid for answer in found.tasks[1].inputs[0].best] == [[[5]], [[6]]]
    assert [answer.votes for answer in found.tasks[1].inputs[0].best] == [2, 1]
    assert found.tasks[1].inputs[0].best[0].probability == pytest.approx(0.1)
    assert (found.fractional(1), found.strict(1)) == (0.5, 0.5)


def test_probabilities_decide_between_as_many_votes_and_grids_between_equal_ones():
    given = [("two", [[4]], [[5]], 0.5), ("two", [[4]], [[6]], 0.6)]
    assert score(*rows(*given), TESTS).tasks[1].inputs[0].rank == 2
    given = [("two", [[4]], grid, 0.5) for grid in ([[1, 1]], [[6]], [[5]], [[0], [0]])]
    best = score(*rows(*given), TESTS).tasks[1].inputs[0]
    assert [answer.grid for answer in best.best] == [[[5]], [[6]]]
    assert (best.rank, best.num_votes, best.num_answers) == (1, 4, 4)


def test_means_do_not_depend_on_the_order_of_the_rows():
    # 0.1 + 0.7 + 0.3 is not 0.1 + 0.3 + 0.7 in float64.
    probabilities = [0.1, 0.3, 0.7]
    found = [
        score(*rows(*[("two", [[4]], [[5]], one) for one in order]), TESTS)
        for order in itertools.permutations(probabilities)
    ]
    assert all(one == found[0] for one in found)


def test_fractional_and_strict_scores():
    found = score(*rows(("one", [[2]], [[3]], 0.5), ("two", [[4]], [[5]], 0.5)), TESTS)
    assert (found.fractional(1), found.strict(1)) == (0.75, 0.5)
    assert found.num_without_votes == 1
    assert found.submission()["one"][0] == {"attempt_1": [[0]], "attempt_2": [[0]]}
    assert found.submission()["two"] == [{"attempt_1": [[5]], "attempt_2": [[5]]}]


def test_an_unknown_solution_is_not_scored():
    tests = {
        "one": {"test": [TESTS["one"]["test"][0], {"input": [[2]]}]},
        "two": {"test": [{"input": [[4]], "output": None}]},
    }
    given = [("one", [[1]], [[1, 2]], 0.5), ("two", [[4]], [[7]], 0.5)]
    found = score(*rows(*given), tests)
    assert (len(found.scored), found.num_unscored) == (1, 2)
    assert (found.fractional(1), found.strict(1)) == (1.0, 1.0)
    assert found.submission()["two"] == [{"attempt_1": [[7]], "attempt_2": [[7]]}]
    assert found.to_json()["per_task"]["two"]["pass"] is None


def test_an_empty_crop_is_an_answer_that_is_never_submitted():
    empty = np.zeros(900, np.uint8)
    given = [("two", [[4]], empty, 0.9), ("two", [[4]], empty, 0.9), ("two", [[4]], [[5]], 0.1)]
    one = score(*rows(*given), TESTS).tasks[1].inputs[0]
    assert (one.rank, one.num_answers) == (2, 2)
    assert [answer.grid for answer in one.best] == [[[5]]]


def solved_two(*given):
    """What is said of the test input of "two", the titles of what is shown, and what is handed in and scored."""
    found = score(*rows(*given), TESTS)
    question = Question(task="two", trained=True, tests=TESTS["two"]["test"], names=[], rows=None)
    (part,) = SolvedTask(question=question, score=found.tasks[1]).parts()
    titles = [name.split(":")[0] for name in part.pictures]
    return part.lines[0], titles, found.submission()["two"][0], found.tasks[1].fractional(2)


def test_a_solution_behind_empty_answers_is_named_as_it_is_shown_and_handed_in():
    """pass@K counts empty answers, as published."""
    empty = [("two", [[4]], np.zeros(900, np.uint8), 0.9)] * 3
    said, titles, attempts, share = solved_two(*empty, *[("two", [[4]], [[6]], 0.5)] * 2, ("two", [[4]], [[5]], 0.5))
    assert said == "test input 1 of two: solved, answer 2 is the solution"
    assert titles == ["input 1", "answer 1", "answer 2", "solution"]
    assert (attempts, share) == ({"attempt_1": [[6]], "attempt_2": [[5]]}, 0.0)
    said, titles, attempts, share = solved_two(*empty, ("two", [[4]], [[5]], 0.5))
    assert said == "test input 1 of two: solved, answer 1 is the solution"
    assert titles == ["input 1", "answer 1", "solution"]
    assert (attempts, share) == ({"attempt_1": [[5]], "attempt_2": [[5]]}, 1.0)
    others = [("two", [[4]], [[colour]], 0.5) for colour in (6, 6, 7, 7)]
    assert solved_two(*empty, *others, ("two", [[4]], [[5]], 0.5))[0].endswith("the solution is answer 3 of 3")


def test_equal_test_inputs_share_their_votes():
    tests = {"one": {"test": [{"input": [[1]], "output": [[2]]}, {"input": [[1]], "output": [[3]]}]}}
    found = score(*rows(("one", [[1]], [[2]], 0.5), ("one", [[1]], [[3]], 0.4)), tests)
    assert [one.rank for one in found.tasks[0].inputs] == [1, 2]


def test_rows_that_vote_for_nothing_are_counted():
    given = [("one", [[9]], [[1, 2]], 0.5), ("three", [[1]], [[1, 2]], 0.5), ("one", [[1]], [[1, 2]], 0.5)]
    found = score(*rows(*given), TESTS)
    assert (found.num_rows, found.num_unmatched) == (3, 2)


def test_a_task_id_may_hold_the_separator():
    tests = {"a|||b": TESTS["two"]}
    assert score(*rows((f"a|||b|||t0|||{IDENTITY}", [[4]], [[5]], 0.5)), tests).strict(1) == 1


def test_full_size_grids_are_cropped_whole():
    rng = np.random.Generator(np.random.Philox(1))
    given, wanted = rng.integers(0, 10, (2, 30, 30))
    tests = {"big": {"test": [{"input": given.tolist(), "output": wanted.tolist()}]}}
    permutation = rng.permutation(10)
    for turn in range(8):
        row = [plain.tokens(plain.image(grid, turn, permutation))[None] for grid in (given, wanted)]
        assert score([plain.variant_name("big", turn, permutation)], *row, [0.5], tests).strict(1) == 1


def test_nothing_to_score():
    none = np.empty((0, 900), np.uint8)
    found = score([], none, none, [], {})
    assert (found.fractional(1), found.submission()) == (0, {})
    assert score([], none, none, [], TESTS).num_without_votes == 3


ROW = ("two", [[4]], [[5]], 0.5)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({0: ["two|||t8|||0123456789"]}, "the variant name 'two|||t8|||0123456789' says no map"),
        ({0: ["two|||t1|||0123456788"]}, "a permutation of 0123456789"),
        ({0: ["two|||0123456789"]}, "says no map"),
        ({0: ["two", "two"]}, "inputs are uint8 [1, 900]; expected uint8 [2, 900]"),
        ({2: np.zeros((1, 900), np.int64)}, "predictions are int64 [1, 900]; expected uint8 [1, 900]"),
        ({3: [0.5, 0.5]}, "there are 1 names and halting probabilities [2]"),
        ({3: [1.5]}, "give sigmoid(q), not the logit q"),
        ({3: [float("nan")]}, "is not from 0 to 1"),
        ({4: {"two": {"test": [{"input": [[1, 2], [3]]}]}}}, "test input 0 of two is no grid"),
        ({4: {"two": {"test": [{"input": [[1.0]]}]}}}, "test input 0 of two is no grid"),
        ({4: {"two": {"test": [{"input": [[True]]}]}}}, "test input 0 of two is no grid"),
        ({4: {"two": {"test": [{"input": [[1]], "output": [[10]]}]}}}, "test output 0 of two is no grid"),
        ({4: {"two": {"test": [{"input": [[0] * 31]}]}}}, "expected 1 to 30 rows of 1 to 30 numbers"),
        ({5: (0, 1)}, "ks is [0, 1]; give numbers of answers"),
        ({5: ()}, "ks is []"),
    ],
)
def test_what_cannot_be_scored_is_one_line(change, message):
    arguments = [*rows(ROW), TESTS, (1,)]
    for place, value in change.items():
        arguments[place] = value
    with pytest.raises(InputError, match=re.escape(message)) as caught:
        score(*arguments)
    assert "\n" not in str(caught.value)


def test_scoring_needs_no_torch():
    code = "import sys, trmpipe.trainer.arc; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
