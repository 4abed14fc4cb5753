"""Measures of networks made by hand, of which every number is known without computing it."""

import math

import numpy as np
import pytest
import torch

from tests.hand_made import (
    ANSWER,
    BLANK,
    AtOnce,
    HandMade,
    copies,
    examples_of,
    one_pass,
    puzzles,
    recorder,
    right,
    subject,
)
from trmpipe.trainer.analysis import MEASURES, NotMeasuredError
from trmpipe.trainer.analysis.columns import checked
from trmpipe.trainer.analysis.endings import CYCLE, MOVING, RIGHT, SPURIOUS, WINDOW, latent_periods
from trmpipe.trainer.analysis.trace import LONGEST_PERIOD

EXACT = {"rel": 1e-5, "abs": 1e-6}
"""float32 lengths and angles of vectors of two numbers."""


def measured(name, net, examples, steps, own=None, **more):
    found = MEASURES[name].measure(subject(net, examples, steps, own, **more))
    checked(found.table, MEASURES[name].columns)
    assert all(line == line.strip() and line for line in found.lines)
    return found


def stays(z):
    return z


def turns_back(z):
    return -z


def turned(steps_round):
    angle = 2 * math.pi / steps_round
    matrix = torch.tensor([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return lambda z: z @ matrix


def goes_on(z):
    return z + torch.tensor([3.0, 4.0])


def of_two(z, inputs):
    return torch.where(z[:, :1] > 0, ANSWER, ANSWER + 1).expand_as(inputs)


def of_first(z, inputs):
    """The first k cells of the answer after k steps of `goes_on` from (1, 1)."""
    done = ((z[:, :1] - 1) / 3).round()
    return torch.where(torch.arange(inputs.shape[1]) < done, ANSWER, BLANK)


def test_a_network_at_a_fixed_point_does_not_move():
    found = measured("steps", HandMade(stays, right), puzzles(), 4).table
    assert found["right"].tolist() == [1.0] * 4
    assert found["residual"].tolist() == found["moved"].tolist() == [0.0] * 4
    assert np.isnan(found["turn"]).all()  # What does not move has no direction.
    assert found["closeness"] == pytest.approx([1.0] * 4, **EXACT)
    ends = measured("fixed-points", HandMade(stays, right), puzzles(), 4)
    assert ends.table["ending"].tolist() == [RIGHT] * 3
    assert ends.table["latent_period"].tolist() == ends.table["answer_period"].tolist() == [1] * 3
    assert ends.table["settled"].tolist() == [1] * 3


def test_a_two_cycle_is_found_in_answers_and_latents():
    steps = measured("steps", HandMade(turns_back, of_two), puzzles(), 40).table
    assert steps["residual"] == pytest.approx([2.0] * 40, **EXACT)
    assert steps["turn"][1:] == pytest.approx([-1.0] * 39, **EXACT)
    assert np.isnan(steps["turn"][0])
    assert steps["right"].tolist() == [0.0, 1.0] * 20
    ends = measured("fixed-points", HandMade(turns_back, of_two), puzzles(), 41)
    assert ends.table["ending"].tolist() == [CYCLE] * 3
    assert ends.table["answer_period"].tolist() == ends.table["latent_period"].tolist() == [2] * 3
    assert "of 3 failed puzzles 0 stay at a wrong answer (spurious fixed points), 3 cycle, 0 still change" in ends.lines
    changes = measured("changes", HandMade(turns_back, of_two), puzzles(), 4).table
    assert changes["mended"].tolist() == [0.0, 4.0, 0.0, 4.0]
    assert changes["broken"].tolist() == [0.0, 0.0, 4.0, 0.0]
    assert changes["broken_share"][2] == changes["mended_share"][3] == 1.0


@pytest.mark.parametrize("period", [3, 5, 8])
def test_latents_on_a_circle_have_its_period_and_angle(period):
    net = HandMade(turned(period), right)
    found = measured("steps", net, puzzles(), 40).table
    cosine = math.cos(2 * math.pi / period)
    assert found["turn"][1:] == pytest.approx([cosine] * 39, **EXACT)
    assert found["closeness"] == pytest.approx([cosine] * 40, **EXACT)
    assert found["moved"] == pytest.approx([2 * math.sin(math.pi / period) * math.sqrt(2)] * 40, **EXACT)
    ends = measured("fixed-points", net, puzzles(), 40).table
    assert ends["latent_period"].tolist() == [period] * 3
    assert ends["ending"].tolist() == [RIGHT] * 3  # The answer stays, whatever the latents do.


def test_a_circle_longer_than_the_longest_period_still_moves():
    ends = measured("fixed-points", HandMade(turned(11), right), puzzles(), 40).table
    assert ends["latent_period"].tolist() == [0] * 3


def test_latents_that_drift_slowly_are_not_at_rest():
    drifts = HandMade(lambda z: z * 1.005, right)  # A step moves them by half the tolerance, eight by four times it.
    assert measured("fixed-points", drifts, puzzles(), 40).table["latent_period"].tolist() == [0] * 3
    creeps = HandMade(lambda z: z * 1.0005, right)
    assert measured("fixed-points", creeps, puzzles(), 40).table["latent_period"].tolist() == [1] * 3


@pytest.mark.parametrize("num_steps", [2, 5, 16, 40, 64])
def test_latents_at_rest_are_so_from_whatever_step_on(num_steps):
    window = min(WINDOW, num_steps // 2)
    rests = range(1, num_steps + 1)
    # Of each step from which they rest a puzzle: z goes 0, 1, 2, ... and stays.
    way = np.minimum(np.arange(num_steps + 1)[:, None], np.array(rests)).astype(np.float32)
    back = np.full((LONGEST_PERIOD, num_steps, num_steps), np.nan, np.float32)
    for distance in range(1, min(LONGEST_PERIOD, num_steps) + 1):
        back[distance - 1, distance - 1 :] = (way[distance:] - way[:-distance]) / way[distance:]
    found = dict(zip(rests, latent_periods(back).tolist(), strict=True))
    assert found == {step: int(step <= num_steps - window) for step in rests}


def test_components_of_a_circle_and_of_a_line():
    circle = measured("components", HandMade(turned(8), right), puzzles(1), 15)
    assert circle.headline == pytest.approx({"explained_1": 0.5, "explained_2": 0.5}, **EXACT)
    radii = np.hypot(circle.table["x"], circle.table["y"])
    assert radii == pytest.approx(np.full(16, math.sqrt(2)), **EXACT)
    line = measured("components", HandMade(goes_on, right), puzzles(1), 10)
    assert line.headline["explained_1"] == pytest.approx(1.0, **EXACT)
    assert np.diff(line.table["x"]) == pytest.approx(np.full(10, 5.0) * np.sign(line.table["x"][-1]), rel=1e-4)
    assert np.abs(line.table["y"]).max() < 0.02  # The root of float32's rounding of a length of 50.
    assert line.table["step"].tolist() == list(range(11))


def test_components_take_a_dozen_of_each_kind():
    solves_some = HandMade(
        stays, lambda z, inputs: torch.where(inputs[:, :1] == BLANK, ANSWER, BLANK).expand_as(inputs)
    )
    inputs = np.full((40, 4), BLANK, np.uint8)
    inputs[::2, 0] = 5
    found = measured("components", solves_some, examples_of(inputs, np.full_like(inputs, ANSWER)), 3)
    shown = {
        puzzle: bool(is_right) for puzzle, is_right in zip(found.table["puzzle"], found.table["right"], strict=True)
    }
    assert shown == {puzzle: puzzle % 2 == 1 for puzzle in range(24)}
    assert found.headline == {"explained_1": 0.0, "explained_2": 0.0}  # Nobody moves.


def test_a_network_that_mends_a_cell_a_step():
    found = measured("changes", HandMade(goes_on, of_first), puzzles(seq_len=4), 6).table
    assert found["mended"].tolist() == [1.0, 1.0, 1.0, 1.0, 0.0, 0.0]
    assert found["broken"].tolist() == [0.0] * 6
    assert found["mended_share"][:4] == pytest.approx([1 / 4, 1 / 3, 1 / 2, 1.0])
    assert np.isnan(found["mended_share"][4:]).all()  # Nothing is left to mend.
    steps = measured("steps", HandMade(goes_on, of_first), puzzles(seq_len=4), 6).table
    assert steps["open_cell"].tolist() == [0.25, 0.5, 0.75, 1.0, 1.0, 1.0]
    assert steps["right"].tolist() == [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]
    assert steps["turn"][1:] == pytest.approx([1.0] * 5, **EXACT)
    assert steps["moved"] == pytest.approx([5.0] * 6, **EXACT)
    ends = measured("fixed-points", HandMade(goes_on, of_first), puzzles(seq_len=4), 6).table
    assert ends["ending"].tolist() == [MOVING] * 3  # It settles inside the window of the last three steps.
    ends = measured("fixed-points", HandMade(goes_on, of_first), puzzles(seq_len=4), 10).table
    assert (ends["ending"].tolist(), ends["settled"].tolist()) == ([RIGHT] * 3, [4] * 3)


def test_a_network_that_only_copies_is_at_a_spurious_fixed_point():
    inputs = np.array([[BLANK, 5, BLANK, 6]], np.uint8)
    examples = examples_of(inputs, np.array([[ANSWER, 5, ANSWER, 6]], np.uint8))
    net = HandMade(stays, copies)
    ends = measured("fixed-points", net, examples, 8)
    assert ends.table["ending"].tolist() == [SPURIOUS]
    assert ends.headline["spurious_of_failed"] == 1.0
    changes = measured("changes", net, examples, 8)
    assert changes.table["mended"].tolist() == changes.table["broken"].tolist() == [0.0] * 8
    assert changes.table["committed"].tolist() == changes.table["committed_wrong"].tolist() == [1.0] * 8
    assert changes.headline["stalled_wrong"] == 1.0
    assert measured("steps", net, examples, 8).table["open_cell"].tolist() == [0.0] * 8


@pytest.mark.parametrize(
    ("loss", "logit", "committed"),
    [
        ("softmax", 4.59, 0),  # exp(x) / (exp(x) + 11) is .9 at 4.595.
        ("softmax", 4.60, 4),
        ("stablemax", 97.0, 0),  # (97 + 1) / (98 + 11) is .8991.
        ("stablemax", 99.0, 4),  # 100 / 111 is .9009.
    ],
)
def test_a_cell_is_committed_to_above_nine_tenths_under_the_loss_of_the_run(loss, logit, committed):
    trace = recorder(HandMade(stays, right, sure=logit), 1, loss=loss).record(puzzles())
    assert trace.committed.tolist() == [[committed] * 3]
    assert trace.committed_wrong.tolist() == [[0] * 3]


def calibration(knows):
    """Twenty puzzles in each tenth: of tenth k the first 2 k + 1 are right, of probability (2 k + 1) / 20."""
    tenths, places = np.divmod(np.arange(200), 20)
    inputs = np.stack([np.full(200, BLANK), 2 + tenths, np.where(places < 2 * tenths + 1, 1, 2)], 1).astype(np.uint8)
    examples = examples_of(inputs, np.full_like(inputs, ANSWER))

    def say(z, inputs):
        return torch.where(inputs[:, 2:] == 1, ANSWER, BLANK).expand_as(inputs)

    def halt(z, inputs):
        chance = (2 * (inputs[:, 1].double() - 2) + 1) / 20
        return torch.logit(chance if knows else 1 - chance).float()

    return HandMade(stays, say, halt), examples


def test_halting_that_is_calibrated_and_halting_that_is_the_opposite():
    net, examples = calibration(knows=True)
    found = measured("halting", net, examples, 3)
    assert found.headline["calibration_error"] == pytest.approx(0, abs=1e-6)
    assert found.table["puzzles"].tolist() == [20] * 10
    assert found.table["right"] == pytest.approx(found.table["probability"], **EXACT)
    assert found.headline["right_when_halted"] == pytest.approx(0.75)  # The upper five tenths: (.55 + .95) / 2.
    assert found.headline["mean_steps"] == (1 * 100 + 3 * 100) / 200
    knows = found.headline["auc"]
    net, examples = calibration(knows=False)
    found = measured("halting", net, examples, 3)
    assert found.headline["calibration_error"] == pytest.approx(0.5, **EXACT)  # The mean of |1 - 2 p|.
    assert found.headline["auc"] == pytest.approx(1 - knows, **EXACT)
    assert found.headline["right_when_halted"] == pytest.approx(0.25)


@pytest.mark.parametrize(("sign", "step", "share"), [(1, 2, 1.0), (-1, 1, 0.0)])
def test_an_answer_counts_at_the_step_at_which_the_network_halts(sign, step, share):
    """Answers are right after every second step, where z is above 0."""
    net = HandMade(turns_back, of_two, halt=lambda z, inputs: sign * z[:, 0])
    found = measured("halting", net, puzzles(), 5)
    assert (found.headline["mean_steps"], found.headline["right_when_halted"]) == (step, share)
    assert found.headline["right_by_halting"] == share


def test_the_residual_tells_right_from_wrong_where_wrong_ones_move():
    def start(keys):
        return torch.stack([torch.ones(len(keys)), torch.zeros(len(keys))], 1)

    inputs = np.full((20, 4), BLANK, np.uint8)
    inputs[:5, 0] = 5
    net = HandMade(stays, right, start=start)
    examples = examples_of(inputs, np.full_like(inputs, ANSWER))
    # The latents know nothing of the inputs, so that the step shows them: those that begin with 5 fail, and move.
    step = net.step

    def shown(latents, inputs, rows, keys):
        fails = (inputs[:, :1] == 5).float()
        net.move = lambda z: z + fails * (1 + torch.arange(len(z)).unsqueeze(1))
        net.say = lambda z, inputs: torch.where(inputs[:, :1] == 5, BLANK, ANSWER).expand_as(inputs)
        return step(latents, inputs, rows, keys)

    net.step = shown
    found = measured("residual", net, examples, 2)
    assert found.headline["auc"] == 1.0
    assert found.table["right"].tolist() == [1.0] * 7 + [0.5, 0.0, 0.0]
    assert found.table["least"][:7].tolist() == [0.0] * 7


def test_a_network_without_latents_gets_what_makes_sense():
    net, examples = AtOnce(right), puzzles()
    learner = {"learner": one_pass()}
    assert measured("steps", net, examples, 9, **learner).table["right"].tolist() == [1.0]
    assert measured("changes", net, examples, 9, **learner).table["mended"].tolist() == [4.0]
    reasons = {
        "fixed-points": "the network answers once",
        "components": "the network hands on no latents",
        "halting": "the network does not say whether its answer is right",
        "residual": "the network hands on no latents",
        "restarts": "the network draws nothing at random",
        "identifiers": "the network has no puzzle embeddings",
    }
    for name, reason in reasons.items():
        with pytest.raises(NotMeasuredError, match=reason):
            measured(name, net, examples, 9, **learner)


def test_the_run_answers_after_its_own_steps_whatever_the_depth():
    found = measured("steps", HandMade(goes_on, of_first), puzzles(seq_len=4), 8, own=2)
    assert (found.headline["right"], found.headline["right_at_last"], found.headline["best_step"]) == (0.0, 1.0, 4.0)
    assert "0.0% of 3 puzzles right after 2 steps, the run's own number, 100.0% after 8" in found.lines[0]


def test_pads_are_neither_open_nor_looked_at():
    inputs = np.array([[BLANK, BLANK, 5, 5]], np.uint8)
    labels = np.array([[ANSWER, ANSWER, 0, 0]], np.uint8)
    flickers = HandMade(turns_back, lambda z, tokens: torch.where(tokens == 5, of_two(z, tokens), ANSWER))
    found = measured("fixed-points", flickers, examples_of(inputs, labels), 8).table
    assert (found["ending"].tolist(), found["answer_period"].tolist()) == ([RIGHT], [1])
