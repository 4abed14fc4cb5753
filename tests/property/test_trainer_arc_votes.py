"""ARC votes against the published rule in plain Python, and what the plain rule leaves open."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import arc_votes as plain
from trmpipe.trainer.arc import score
from trmpipe.trainer.arc.kernels import KEY_BYTES, restore
from trmpipe.trainer.arc.names import parse_names
from trmpipe.trainer.arc.votes import grid_of

KS = (1, 2, 3, 50)
MAPS = [(turn, (0, *np.roll(np.arange(1, 10), shift).tolist())) for turn in range(8) for shift in (0, 1, 4)]
PROBABILITIES = st.sampled_from([0.0, 0.1, 0.3, 0.7, 1.0])


@st.composite
def grids(draw, most=3):
    rows, columns = draw(st.integers(1, most)), draw(st.integers(1, most))
    return [[draw(st.integers(0, 2)) for _ in range(columns)] for _ in range(rows)]


@st.composite
def cases(draw):
    """Tests of a few tasks, some without solutions, and rows of right, wrong, empty and misplaced predictions."""
    tests = {}
    for task in "ab":
        pairs = [{"input": draw(grids(2)), "output": draw(grids(2))} for _ in range(draw(st.integers(1, 2)))]
        for pair in pairs:
            if draw(st.integers(0, 4)) == 0:
                pair["output"] = None
        tests[task] = {"test": pairs}
    rows = []
    for _ in range(draw(st.integers(0, 12))):
        task, (turn, permutation) = draw(st.sampled_from("aabbc")), draw(st.sampled_from(MAPS))
        pairs = tests[task]["test"] if task in tests else tests["a"]["test"]
        pair = draw(st.sampled_from(pairs))
        answers = [one["output"] for one in pairs if one["output"]] + [draw(grids(2))]
        answer = draw(st.sampled_from(answers))
        inputs = plain.tokens(plain.image(pair["input"], turn, permutation), top=draw(st.sampled_from([0, 0, 0, 1])))
        predicted = plain.tokens(plain.image(answer, turn, permutation))
        if draw(st.integers(0, 5)) == 0:
            predicted[0] = draw(st.sampled_from([0, 1, 12, 255]))
        rows.append((plain.variant_name(task, turn, permutation), inputs, predicted, draw(PROBABILITIES)))
        if permutation == MAPS[0][1] and turn == 0:
            rows[-1] = (task, *rows[-1][1:])
    return tests, rows


def columns(rows):
    names = [row[0] for row in rows]
    tokens = [np.array([row[i] for row in rows], np.uint8).reshape(-1, 900) for i in (1, 2)]
    return names, *tokens, [row[3] for row in rows]


@settings(max_examples=150, deadline=None)
@given(cases())
def test_scores_equal_the_published_rule(case):
    tests, rows = case
    found = score(*columns(rows), tests, KS)
    per_task, submission = plain.scores(*columns(rows), tests, KS)
    assert {task.task: {k: (task.fractional(k), task.strict(k)) for k in KS} for task in found.scored} == per_task
    assert found.submission() == submission
    for k in KS:
        for i, total in enumerate((found.fractional(k), found.strict(k))):
            assert total == sum(values[k][i] for values in per_task.values()) / max(len(per_task), 1)


@settings(max_examples=30, deadline=None)
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(case, shuffler):
    tests, rows = case
    shuffled = rows.copy()
    shuffler.shuffle(shuffled)
    assert score(*columns(shuffled), tests, KS) == score(*columns(rows), tests, KS)


@settings(max_examples=60, deadline=None)
@given(grids(most=30), st.integers(0, 7), st.permutations(range(10)))
def test_every_map_is_undone(grid, turn, permutation):
    maps = parse_names([plain.variant_name("x", turn, permutation)], {"x": 0})
    keys = np.empty((1, KEY_BYTES), np.uint8)
    restore(plain.tokens(plain.image(grid, turn, permutation))[None], maps.moves, maps.colours, keys)
    assert grid_of(keys[0]) == grid
    assert not keys[0, 2 + len(grid) * len(grid[0]) :].any()


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.002, 0.05, 0.5]), st.integers(1, 30), st.integers(1, 30))
def test_crops_equal_a_search_over_all_rectangles(seed, share, rows, columns):
    rng = np.random.Generator(np.random.Philox(seed))
    canvas = plain.tokens(rng.integers(0, 10, (rows, columns))).copy()
    wrong = rng.random(900) < share
    canvas[wrong] = rng.choice(np.array([0, 1, 12, 255], np.uint8), wrong.sum())
    maps = parse_names(["x"], {})
    keys = np.empty((1, KEY_BYTES), np.uint8)
    restore(canvas[None], maps.moves, maps.colours, keys)
    assert grid_of(keys[0]) == plain.crop(canvas).tolist()
