"""What evaluations report: intervals, halting, votes, restarts and bins equal their plain references."""

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.pairs import SIZES
from tests.references import scores as reference
from tests.shrinking import shrunk
from trmpipe.generators.errors import OptionError
from trmpipe.generators.options import Range
from trmpipe.trainer.analysis import MEASURES
from trmpipe.trainer.building.build import build_net
from trmpipe.trainer.evaluators import EvaluationRequest
from trmpipe.trainer.evaluators.puzzle_report import Findings, shown_steps
from trmpipe.trainer.learners import LEARNERS, Answer, starts_at_random
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.models.hrm import HRMConfig
from trmpipe.trainer.models.net import draws_at_random
from trmpipe.trainer.scores.difficulty import bins_of
from trmpipe.trainer.scores.halts import area_under_curve, calibration_error, halting_of
from trmpipe.trainer.scores.intervals import Share, wilson
from trmpipe.trainer.scores.majority import majority
from trmpipe.trainer.scores.restarts import choose_answers
from trmpipe.trainer.scores.scoring import Scores
from trmpipe.trainer.scores.trials import Trial
from trmpipe.trainer.settings.config import TrainConfig

quick = settings(deadline=None, derandomize=True, max_examples=60)


@quick
@given(st.integers(1, 3000).flatmap(lambda number: st.tuples(st.integers(0, number), st.just(number))))
def test_intervals_equal_the_reference(counts):
    # Rounding of both: the reference halves an interval until floats end.
    assert wilson(*counts) == pytest.approx(reference.wilson(*counts), abs=1e-12)


def test_published_intervals():
    """Newcombe, "Two-sided confidence intervals for the single proportion" (1998), table I, method 3."""
    table = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (0, 20): (0, 0.1611), (1, 29): (0.0061, 0.1718)}
    for counts, ends in table.items():
        assert wilson(*counts) == pytest.approx(ends, abs=5e-5)
    assert wilson(20, 20)[1] == 1
    assert Share(right=1, number=29).words() == "3.45% (0.61 to 17.18)"


probabilities = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=60)


@quick
@given(probabilities)
def test_calibration_equals_the_reference(rows):
    sure, right = (np.array(column) for column in zip(*rows, strict=True))
    # Sums of 60 terms in another order.
    assert calibration_error(sure, right) == pytest.approx(
        reference.calibration_error(*zip(*rows, strict=True)), abs=1e-12
    )
    assert calibration_error(np.array([1.0, 0.95, 0.0]), np.array([True, True, False])) == pytest.approx(0.05 / 3)


@quick
@given(st.lists(st.tuples(st.integers(-3, 3), st.booleans()), min_size=1, max_size=40))
def test_the_area_under_the_curve_equals_the_reference(rows):
    scores, right = (np.array(column) for column in zip(*rows, strict=True))
    assert area_under_curve(scores.astype(np.float32), right) == reference.area_under_curve(scores.tolist(), right)


def test_halting_equals_the_reference():
    rng = np.random.default_rng(0)
    halt = rng.normal(-1, 1, (5, 40)).astype(np.float32)
    halt[:, 3] = 0  # Not above 0, so never.
    solved = rng.random((5, 40)) < 0.5
    found = halting_of(halt, halt, solved)
    steps, halted, right = reference.halting(halt.tolist(), solved.tolist())
    assert (found.mean_steps, found.halted.right, found.right.right) == (pytest.approx(steps), halted, right)
    assert found.saved == pytest.approx(1 - steps / 5)
    sure = [reference.sigmoid(x) for x in halt[-1].tolist()]
    assert found.calibration_error == pytest.approx(reference.calibration_error(sure, solved[-1].tolist()))
    assert found.auc == reference.area_under_curve(halt[-1].tolist(), solved[-1].tolist())
    assert "AUC" not in halting_of(halt, halt, np.ones_like(solved)).words()
    sure = np.full((1, 2), 1e9, np.float32)
    assert halting_of(sure, sure, solved[:1, :2]).calibration_error == pytest.approx(1 - solved[0, :2].mean())
    other = halting_of(halt, -halt, solved)
    steps, halted, right = reference.halting((-halt).tolist(), solved.tolist())
    assert (other.mean_steps, other.halted.right, other.right.right) == (pytest.approx(steps), halted, right)
    assert (other.auc, other.calibration_error) == (found.auc, found.calibration_error)


def test_halting_where_going_on_is_worth_more_and_where_it_never_halts():
    """Two puzzles: the first takes its answer for right at step 1, and stops at step 3; the second never stops."""
    halt, go_on = np.ones((4, 2), np.float32), np.full((4, 2), 2, np.float32)
    go_on[2:, 0] = 0.5
    solved = np.array([[False, False], [False, False], [True, False], [False, True]])
    trial = Trial(
        right={"exact": solved}, solved=solved, halt=halt, margin=halt - go_on, chosen={}, voted={}, ratings=np.ones(2)
    )
    scores = Scores(num_puzzles=2, columns={"exact": (0.0, 0.0, 0.5, 0.5)}, open_cells=None)
    asked = EvaluationRequest(folder=Path())
    (single,) = Findings(scores=scores, trial=trial, request=asked, own_steps=4, levels={}).passes()
    told = single.halting.to_json()
    assert (told["mean_steps"], told["halted"]["right"]) == (3.5, 1)
    assert told["right_when_halted"]["share"] == 1.0, "of both, the second by its last answer"
    trace = SimpleNamespace(halt=halt, margin=halt - go_on, solved=solved, own=4, num_puzzles=2)
    headline = MEASURES["halting"].measure(SimpleNamespace(trace=trace)).headline
    assert (headline["mean_steps"], headline["right_by_halting"], headline["right_when_halted"]) == (3.5, 1.0, 1.0)
    trace.solved = solved & [[False, True]]
    headline = MEASURES["halting"].measure(SimpleNamespace(trace=trace)).headline
    assert (headline["right_by_halting"], headline["right_when_halted"]) == (0.5, 0.0), "that one alone which stops"


@quick
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from([0.25, 0.5, 0.75])), min_size=1, max_size=9), st.data())
def test_votes_equal_the_reference(votes, data):
    tokens = np.array([[[vote, 9 - vote]] for vote, _ in votes], np.uint8)
    sure = np.array([[p] for _, p in votes])
    cast = np.array([[True], *[[data.draw(st.booleans())] for _ in votes[1:]]])
    known = np.flatnonzero(cast)
    expected = reference.majority(tokens[known, 0].tolist(), sure[known, 0].tolist())
    assert tuple(majority(tokens, sure, cast)[0]) == expected


def test_votes_and_their_ties():
    def winner(*votes):
        answers = np.array([[list(answer)] for answer, _ in votes], np.uint8)
        sure = np.array([[p] for _, p in votes])
        return majority(answers, sure, np.ones((len(votes), 1), np.bool_))[0].tolist()

    # Cell by cell [1, 1] would win, which nobody gave twice.
    assert winner(([1, 2], 0.9), ([1, 2], 0.1), ([3, 1], 0.9), ([4, 1], 0.9), ([5, 1], 0.9)) == [1, 2]
    assert winner(([1, 2], 0.6), ([9, 9], 0.7)) == [9, 9]
    assert winner(([9, 0], 0.5), ([1, 9], 0.5)) == [1, 9]


def answers(*steps):
    """The answers of a restart: a token for each puzzle, halting logits and residuals, after each step."""
    return [
        Answer(torch.tensor(tokens)[:, None], torch.tensor(halt), torch.empty(0), torch.tensor(residual))
        for tokens, halt, residual in steps
    ]


def tokens_of(choices):
    return [one.tokens[:, 0].tolist() for one in choices]


def test_restarts_are_chosen_by_the_halting_logit_at_every_step():
    one = answers(([1, 1], [0.0, 5.0], [1.0, 1.0]), ([2, 2], [0.0, 0.0], [1.0, 1.0]))
    two = answers(([3, 3], [1.0, 4.0], [1.0, 1.0]), ([4, 4], [0.0, 1.0], [1.0, 1.0]))
    found = choose_answers([one, two], "halt")
    # Of equal ones the first.
    assert tokens_of(found) == [[3, 1], [2, 4]]
    assert [one.halt.tolist() for one in found] == [[1.0, 5.0], [0.0, 1.0]]
    assert tokens_of(choose_answers([one], "halt")) == [[1, 1], [2, 2]]


def test_restarts_are_chosen_by_the_mean_residual_of_the_last_three_steps():
    residuals = [[9.0, 1.0, 1.0, 4.0], [0.0, 3.0, 3.0, 1.0]]
    restarts = [answers(*[([i], [0.0], [r]) for r in of]) for i, of in enumerate(residuals)]
    # Means: 9, 5, 11/3, 2 beside 0, 1.5, 2, 7/3.
    assert tokens_of(choose_answers(restarts, "residual")) == [[1], [1], [1], [0]]


@pytest.mark.parametrize("by", ["halt", "residual"])
def test_what_is_not_told_chooses_nothing(by):
    silent = [Answer(torch.zeros(1, 1, dtype=torch.int64), None, torch.empty(0), None)]
    with pytest.raises(OptionError, match="take --choose " + {"halt": "residual", "residual": "halt"}[by]):
        choose_answers([silent], by)


LEVELS = {"easy": Range(0, 0), "hard": Range(4, 10), "extreme": Range(10, math.inf)}


def test_levels_are_bins_and_so_is_what_lies_between():
    ratings = np.array([10, 0.5, 0, 3, math.nan, 4, 99, 10.5, 0])
    found = [(one.level, one.least, one.most, one.members.tolist()) for one in bins_of(ratings, LEVELS)]
    assert found == [
        ("easy", 0, 0, [2, 8]),
        (None, 0.5, 3, [1, 3]),
        ("hard", 4, 10, [0, 5]),
        ("extreme", 10.5, 99, [6, 7]),
    ]


def test_without_levels_bins_are_none_and_quarters_of_the_rest():
    ratings = np.array([0, 0, *range(1, 9), math.nan])
    found = [(one.level, one.least, one.most, len(one.members)) for one in bins_of(ratings, {})]
    assert found == [(None, 0, 0, 2), (None, 1, 2, 2), (None, 3, 4, 2), (None, 5, 6, 2), (None, 7, 8, 2)]
    assert [one.members.tolist() for one in bins_of(np.array([2.0, 2.0]), {})] == [[0, 1]]
    assert bins_of(np.array([math.nan, math.nan]), LEVELS) == []
    assert [one.most for one in bins_of(np.zeros(3), {})] == [0]


def test_tables_have_all_steps_then_powers_of_two():
    assert shown_steps(3, 3) == [1, 2, 3]
    assert shown_steps(100, 20) == [*range(1, 17), 20, 32, 64, 100]
    assert shown_steps(16, 16) == list(range(1, 17))


def test_a_network_declares_that_it_draws():
    net = torch.nn.Linear(1, 1)
    assert not draws_at_random(net)
    net.draws = True
    assert draws_at_random(net)


def test_a_learner_that_draws_where_its_chains_start_declares_it():
    """Those of the same puzzle with other keys are other answers, whatever the network is."""
    said = {name: starts_at_random(build_learner_of(name)) for name in ("winner_take_all", "deep_supervision")}
    assert said == {"winner_take_all": True, "deep_supervision": False}


def build_learner_of(name):
    part = LEARNERS[name]
    return part.build(part.config(), seed=0, max_steps=1)


def test_answers_say_what_a_learner_stops_by():
    """One that learned what going on is worth stops where halting is worth more, others where it is worth anything."""
    tokens, halt = torch.zeros(2, 1, dtype=torch.int64), torch.tensor([1.0, -1.0])
    assert Answer(tokens, None, torch.empty(0)).margin is None
    assert Answer(tokens, halt, torch.empty(0)).margin.tolist() == [1.0, -1.0]
    going_on = torch.tensor([2.0, -3.0])
    assert Answer(tokens, halt, torch.empty(0), None, going_on).margin.tolist() == [-1.0, 2.0]
    net = build_net(TrainConfig(model=shrunk(HRMConfig())), SIZES, torch.device("cpu"), torch.float32)
    torch.nn.init.normal_(net.q_head.weight, generator=torch.Generator().manual_seed(0))
    inputs, zeros = torch.ones(3, SIZES.seq_len, dtype=torch.int64), torch.zeros(3, dtype=torch.int64)
    for continued in (False, True):
        config = DeepSupervisionConfig(continue_loss=continued)
        (found,) = DeepSupervision(config, seed=0, max_steps=1).answers(net, inputs, zeros, 1, zeros)
        outcome = net.step(net.initial(zeros), inputs, net.puzzle_table[zeros])
        assert torch.equal(found.margin, outcome.halt - outcome.go_on if continued else outcome.halt)
