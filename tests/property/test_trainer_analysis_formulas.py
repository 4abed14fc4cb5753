"""The formulas of measures against plain references: loops over puzzles and steps, and NumPy's own decompositions."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trmpipe.trainer.analysis.by_residual import NUM_BINS, by_residual
from trmpipe.trainer.analysis.calibration import reliability
from trmpipe.trainer.analysis.changes import by_step as changes_by_step
from trmpipe.trainer.analysis.components import principal_components
from trmpipe.trainer.analysis.depth_and_restarts import depth_by_restarts, doublings
from trmpipe.trainer.analysis.endings import WINDOW, answer_periods, endings_of, latent_periods
from trmpipe.trainer.analysis.recording import _Motion
from trmpipe.trainer.analysis.steps import by_step
from trmpipe.trainer.analysis.trace import LONGEST_PERIOD, Motion, Trace
from trmpipe.trainer.learners import Move

FEW = settings(max_examples=60, deadline=None)


@st.composite
def traces(draw, least_steps=2):
    """Answers of three tokens to small puzzles, some of whose cells are given."""
    steps, number, cells = draw(st.integers(least_steps, 9)), draw(st.integers(1, 4)), draw(st.integers(1, 3))
    token = st.integers(1, 3)
    inputs = draw(arrays(np.uint8, (number, cells), elements=token))
    labels = draw(arrays(np.uint8, (number, cells), elements=token))
    answers = draw(arrays(np.uint8, (steps, number, cells), elements=token))
    exact = (answers == labels).all(-1)
    committed = draw(arrays(np.int64, (steps, number), elements=st.integers(0, 3)))
    residual = draw(arrays(np.float32, (steps, number), elements=st.floats(0, 4, width=16)))
    none = np.full((steps, number), np.nan, np.float32)
    motion = Motion(
        residual=residual,
        moved=residual,
        turn=none,
        closeness=none,
        back=np.full((LONGEST_PERIOD, steps, number), np.nan, np.float32),
    )
    return Trace(
        inputs=inputs,
        labels=labels,
        open=inputs != labels,
        answers=answers,
        solved=exact,
        exact=exact,
        committed=committed,
        committed_wrong=committed // 2,
        halt=residual - 2,
        margin=residual - 2,
        motion=motion,
        own_steps=3,
    )


def share(values):
    return sum(values) / len(values) if values else np.nan


@FEW
@given(traces(least_steps=1))
def test_steps(trace):
    table = by_step(trace)
    steps, number = range(trace.num_steps), range(trace.num_puzzles)
    for t in steps:
        cells = [
            trace.answers[t, n, s] == trace.labels[n, s]
            for n in number
            for s in range(trace.inputs.shape[1])
            if trace.open[n, s]
        ]
        last = [n for n in number if trace.solved[-1, n]]
        expected = {
            "right": share([trace.solved[t, n] for n in number]),
            "open_cell": share(cells),
            "residual": share([trace.motion.residual[t, n] for n in number]),
            "residual_right": share([trace.motion.residual[t, n] for n in last]),
            "says_solved": share([trace.halt[t, n] > 0 for n in number]),
            "halted": share([any(trace.halt[u, n] > 0 for u in range(t + 1)) for n in number]),
        }
        assert {name: table[name][t] for name in expected} == pytest.approx(expected, nan_ok=True)
    assert np.isnan(table["turn"]).all()


@FEW
@given(traces(least_steps=1))
def test_cells_mended_and_broken(trace):
    table = changes_by_step(trace)
    cells = [(n, s) for n in range(trace.num_puzzles) for s in range(trace.inputs.shape[1]) if trace.open[n, s]]
    for t in range(trace.num_steps):
        now = {at: trace.answers[t][at] == trace.labels[at] for at in cells}
        before = {at: t > 0 and trace.answers[t - 1][at] == trace.labels[at] for at in cells}
        mended = sum(now[at] and not before[at] for at in cells)
        broken = sum(before[at] and not now[at] for at in cells)
        wrong = sum(not before[at] for at in cells)
        assert table["mended"][t] == pytest.approx(mended / trace.num_puzzles)
        assert table["broken"][t] == pytest.approx(broken / trace.num_puzzles)
        assert table["mended_share"][t] == pytest.approx(mended / wrong if wrong else np.nan, nan_ok=True)
        changed = [at for at in cells if t == 0 or trace.answers[t][at] != trace.answers[t - 1][at]]
        assert table["changed"][t] == pytest.approx(len(changed) / trace.num_puzzles)


@FEW
@given(traces())
def test_endings(trace):
    table = endings_of(trace)
    window = min(WINDOW, trace.num_steps // 2)
    last = range(trace.num_steps - window, trace.num_steps)
    for n in range(trace.num_puzzles):
        said = [trace.answers[t, n].tolist() for t in range(trace.num_steps)]
        periods = [p for p in range(1, min(8, window) + 1) if all(said[t] == said[t - p] for t in last)]
        period = periods[0] if periods else 0
        kind = {0: "moving", 1: "right" if trace.solved[-1, n] else "spurious"}.get(period, "cycle")
        assert (table["answer_period"][n], table["ending"][n]) == (period, kind)
        settled = next(t for t in range(trace.num_steps) if all(one == said[-1] for one in said[t:])) + 1
        assert table["settled"][n] == (settled if period == 1 else 0)


@FEW
@given(st.integers(1, 8), st.integers(0, 20), st.integers(0, 2**32))
def test_a_cycle_is_found_whatever_comes_before(period, before, seed):
    rng = np.random.Generator(np.random.Philox(seed))
    cycle = np.concatenate([np.arange(period)[:, None], rng.integers(0, 9, (period, 3))], 1)
    start = rng.integers(0, 9, (before, 4))
    rounds = np.concatenate([start, *[cycle] * 40])[: before + 40].astype(np.uint8)
    assert answer_periods(rounds[:, None]).tolist() == [period]
    latents = rounds.astype(np.float32) + 1
    back = np.full((LONGEST_PERIOD, len(rounds), 1), np.nan, np.float32)
    for p in range(1, LONGEST_PERIOD + 1):
        for t in range(p, len(rounds)):
            back[p - 1, t, 0] = np.linalg.norm(latents[t] - latents[t - p]) / np.linalg.norm(latents[t])
    assert latent_periods(back).tolist() == [period]


@FEW
@given(arrays(np.float32, (12, 2, 3), elements=st.floats(-4, 4, width=16)))
def test_motion(points):
    recorded = _Motion()
    for before, after in pairwise(points):
        recorded.add(Move({"z": torch.from_numpy(before)[None]}, {"z": torch.from_numpy(after)[None]}))
    found = recorded.joined()
    z = points.astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        for t in range(1, 12):
            for n in range(2):
                step, length = z[t, n] - z[t - 1, n], np.linalg.norm(z[t, n])
                assert found.moved[t - 1, n] == pytest.approx(np.linalg.norm(step), rel=1e-4, abs=1e-5)
                expected = np.linalg.norm(step) / length
                assert found.residual[t - 1, n] == pytest.approx(expected, rel=1e-4, abs=1e-5, nan_ok=True)
                for p in range(1, LONGEST_PERIOD + 1):
                    far = np.linalg.norm(z[t, n] - z[t - p, n]) / length if t >= p else np.nan
                    assert found.back[p - 1, t - 1, n] == pytest.approx(far, rel=1e-4, abs=1e-5, nan_ok=True)
                if t > 1 and found.moved[t - 1, n] > 1e-3 and found.moved[t - 2, n] > 1e-3:
                    last = z[t - 1, n] - z[t - 2, n]
                    cosine = step @ last / np.linalg.norm(step) / np.linalg.norm(last)
                    assert found.turn[t - 1, n] == pytest.approx(cosine, abs=1e-4)


@FEW
@given(st.integers(2, 12), st.integers(1, 30), st.integers(0, 2**32))
def test_principal_components_are_those_of_a_singular_value_decomposition(number, width, seed):
    points = np.random.Generator(np.random.Philox(seed)).normal(size=(number, width)) * np.arange(1, width + 1)
    found, explained = principal_components(points.astype(np.float32))
    centred = points - points.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    scale = np.linalg.norm(centred)
    for k in range(min(2, len(values), number - 1)):
        assert np.abs(found[:, k]) == pytest.approx(np.abs(left[:, k] * values[k]), abs=2e-3 * scale)
        assert explained[k] == pytest.approx(values[k] ** 2 / (values**2).sum(), abs=1e-4)
        assert found[np.abs(found[:, k]).argmax(), k] >= 0


@FEW
@given(st.lists(st.tuples(st.floats(-8, 8, width=32), st.booleans()), min_size=1, max_size=60))
def test_reliability(pairs):
    halt = np.array([logit for logit, _ in pairs], np.float32)
    right = np.array([one for _, one in pairs])
    table = reliability(halt, right)
    chances = 1 / (1 + np.exp(-halt.astype(np.float64)))
    for k in range(10):
        members = [i for i, chance in enumerate(chances) if min(int(chance * 10), 9) == k]
        assert table["puzzles"][k] == len(members)
        assert table["right"][k] == pytest.approx(share([right[i] for i in members]), nan_ok=True)
        assert table["probability"][k] == pytest.approx(share([chances[i] for i in members]), nan_ok=True)


@FEW
@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=60))
def test_residual_bins_hold_each_puzzle_once_in_order(pairs):
    residual = np.array([one for one, _ in pairs], np.float32)
    right = np.array([one for _, one in pairs])
    table = by_residual(residual, right)
    assert table["puzzles"].sum() == len(pairs)
    assert len(table["puzzles"]) == min(NUM_BINS, len(pairs))
    assert (table["puzzles"] * table["right"]).sum() == pytest.approx(right.sum())
    assert (table["most"][:-1] <= table["least"][1:]).all()
    assert table["puzzles"].max() - table["puzzles"].min() <= 1


@FEW
@given(arrays(np.bool_, (4, 3, 5)), arrays(np.int8, (4, 3, 5), elements=st.integers(0, 3)))
def test_depth_by_restarts(solved, worth):
    table = depth_by_restarts(solved, worth.astype(np.float32), [1, 3], [1, 2, 4])
    row = 0
    for depth in (1, 3):
        for count in (1, 2, 4):
            chosen = []
            for n in range(5):
                best = max(range(count), key=lambda r, n=n, d=depth: (worth[r, d - 1, n], -r))
                chosen.append(solved[best, depth - 1, n])
            assert (table["steps"][row], table["restarts"][row]) == (depth, count)
            assert table["right"][row] == pytest.approx(share(chosen))
            any_right = [solved[:count, depth - 1, n].any() for n in range(5)]
            assert table["any_right"][row] == pytest.approx(share(any_right))
            row += 1


def test_doublings_end_where_they_are_asked_to():
    assert doublings(1) == [1]
    assert doublings(8) == [1, 2, 4, 8]
    assert doublings(12) == [1, 2, 4, 8, 12]
