"""Puzzles made to order: what they must meet, each on its own, by the rule of the walk; and how they are rated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.blocks_of_variants import augment
from tests.references import sudoku as reference
from trmpipe.generators import rng
from trmpipe.generators.sudoku import BLANK, SudokuTask, Target, rating, solve
from trmpipe.generators.sudoku.forms import canonical
from trmpipe.generators.sudoku.nine import draw_grid, new_engine
from trmpipe.generators.sudoku.rating import rate, rate_forms
from trmpipe.generators.sudoku.targets import PATTERNS, pattern_images, pattern_orbits
from trmpipe.generators.sudoku.walk import FAR, Goal, build_goal, find
from trmpipe.generators.sudoku.workbench import new_plain, solve_with
from trmpipe.generators.task import TEST, TRAIN

SEED = 3


def as_array(puzzle):
    return np.array([puzzle], np.uint8)


def count(puzzle):
    return int(solve(as_array(puzzle), 2)[0][0])


@settings(deadline=None, derandomize=True, max_examples=25)
@given(size=st.sampled_from([4, 6]), candidate=st.integers(0, 2**40), blanks=st.sets(st.integers(0, 35), max_size=4))
def test_ratings_are_those_of_the_plain_rule(size, candidate, blanks):
    # With a few clues less most puzzles have several solutions, and guesses.
    puzzles = SudokuTask(size=size).generate(SEED, TRAIN, candidate, 1).inputs - BLANK
    puzzles[0, sorted(cell for cell in blanks if cell < size * size)] = 0
    form = canonical(puzzles, size)[0][0]
    assert 8 * rate(puzzles, size)[0] == reference.rating(form.tolist(), size)


def test_ratings_at_9x9_are_means_over_the_same_copies():
    puzzles = SudokuTask(size=9).generate(SEED, TRAIN, 0, 8).inputs - BLANK
    stream = reference.Stream(0, reference.RATE, 0, 0, 0)
    moves = [reference.spatial_move(9, stream.below(reference.num_spatial(9))) for _ in range(8)]
    guesses = [solve(canonical(puzzles, 9)[0][:, move], 2)[2] for move in moves]
    np.testing.assert_array_equal(rate(puzzles, 9), np.mean(guesses, axis=0))
    assert rate(puzzles, 9).any()


def test_ratings_of_known_forms_are_those_of_their_puzzles(monkeypatch):
    puzzles = SudokuTask(size=9).generate(SEED, TRAIN, 0, 11).inputs - BLANK
    forms, expected = canonical(puzzles, 9)[0], rate(puzzles, 9)
    monkeypatch.setattr(rating, "_PUZZLES_AT_ONCE", 4)
    monkeypatch.setattr(rating, "canonical", None)
    np.testing.assert_array_equal(rate_forms(forms, 9), expected)
    assert expected.any()


@pytest.mark.parametrize("size", [4, 6, 9])
def test_copies_of_a_puzzle_have_its_rating(size):
    task = SudokuTask(size=size)
    groups = task.generate(SEED, TRAIN, 0, 60)
    if size == 4:
        # Minimal puzzles need no guess here; with one clue less they do.
        groups.inputs[np.arange(60), (groups.inputs > BLANK).argmax(axis=1)] = BLANK
    ratings = task.rate(task.examine(groups)).ratings
    assert ratings.any()
    images, _ = augment(SudokuTask(size=size), groups, SEED, 0, 5)
    for variant in range(1, 5):
        np.testing.assert_array_equal(rate(images[:, variant] - BLANK, size), ratings)


@pytest.mark.parametrize("size", [4, 6, 9])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_orbits_are_the_cells_that_a_symmetry_joins(size, pattern):
    images = pattern_images(pattern, size)
    orbits = pattern_orbits(pattern, size)
    assert sorted(cell for orbit in orbits for cell in orbit) == list(range(size * size))
    for orbit in orbits:
        assert {int(images[cell]) for cell in orbit} == set(orbit)
        assert set(orbit) <= set(reached(images, orbit[0]))
    assert len(orbits) < size * size


def reached(images, cell):
    """Cells that a symmetry leads to from one."""
    path = [cell]
    for _ in images:
        path.append(int(images[path[-1]]))
    return path


ranges = st.tuples(st.integers(0, 6), st.integers(0, 6)).map(sorted)


@st.composite
def goals(draw):
    """Size, orbits, clue range, rating range in parts, steps."""
    size = draw(st.sampled_from([4, 6, 9]))
    pattern = draw(st.sampled_from([None, *PATTERNS]))
    orbits = pattern_orbits(pattern, size) if pattern else [[cell] for cell in range(size * size)]
    fewest, more = {4: 3, 6: 8, 9: 21}[size], draw(ranges)
    ratings = draw(st.one_of(st.none(), ranges.map(lambda pair: (4 * pair[0], 4 * pair[1])), st.just((FAR, FAR))))
    return size, orbits, (fewest + more[0], fewest + more[1]), ratings, draw(st.integers(0, 12))


class CompiledStream:
    """A stream of `rng` with the face of the reference's."""

    def __init__(self, *key):
        self.stream = rng.open_stream(*key)

    def below(self, bound):
        return rng.below(self.stream, bound)

    def shuffle(self, items):
        array = np.array(items)
        rng.shuffle(self.stream, array)
        items[:] = array.tolist()


def draw(size, seed, candidate):
    """A stream and the grid drawn from it; at 9x9 by the engine, whose grids are tested elsewhere."""
    if size < 9:
        stream = reference.Stream(seed, TRAIN, 0, 0, candidate)
        return stream, reference.Solver(size).fill(stream)
    stream, grid = CompiledStream(seed, TRAIN, 0, 0, candidate), np.empty(81, np.uint8)
    draw_grid(stream.stream, grid, new_engine())
    return stream, grid.tolist()


@settings(deadline=None, derandomize=True, max_examples=60)
@given(goal=goals(), seed=st.integers(0, 2**63 - 1), candidate=st.integers(0, 2**40))
def test_walks_follow_the_plain_rule(goal, seed, candidate):
    size, orbits, clues, ratings, max_steps = goal
    compiled = Goal(
        *clues,
        *(ratings or (0, FAR)),
        max_steps,
        cells=np.array([cell for orbit in orbits for cell in orbit]),
        offsets=np.cumsum([0, *map(len, orbits)]),
    )
    puzzles, grids, minimal = find(seed, TRAIN, candidate, 1, size, compiled)
    stream, grid = draw(size, seed, candidate)
    expected = reference.walk(
        stream, grid, orbits, clues, ratings, max_steps, count, lambda puzzle: int(8 * rate(as_array(puzzle), size)[0])
    )
    assert tuple(grids[0].tolist()) == tuple(grid)
    assert (tuple(puzzles[0].tolist()), bool(minimal[0])) == expected


TARGETS = [
    (4, {"clues": "5"}, 20),
    (4, {"pattern": "quarter-turn"}, 40),
    (6, {"clues": "8:9", "difficulty": "0.125:"}, 20),
    (6, {"pattern": "half-turn", "difficulty": "easy"}, 20),
    (6, {"difficulty": "extreme"}, 4),
    *[(9, {"pattern": pattern}, 40 if pattern == "quarter-turn" else 12) for pattern in PATTERNS],
    (9, {"clues": "28:"}, 12),
    (9, {"clues": "20:21", "difficulty": "1:2"}, 12),
    (9, {"pattern": "diagonal", "clues": ":25", "difficulty": "hard"}, 12),
    (9, {"difficulty": "easy"}, 40),
    (9, {"difficulty": "extreme"}, 4),
]
BOUNDS = {"easy": (0, 0), "hard": (4, 10), "extreme": (10, 1000)}
"""Of 9x9; others are spelled below."""
BOUNDS_6 = {"easy": (0, 0), "extreme": (2, 1000)}
IMAGES = {
    "half-turn": lambda square: np.rot90(square, 2),
    "quarter-turn": np.rot90,
    "left-right": np.fliplr,
    "top-bottom": np.flipud,
    "diagonal": np.transpose,
    "anti-diagonal": lambda square: np.rot90(square, 2).T,
}


def bounds(text, levels):
    if text in levels:
        return levels[text]
    least, _, most = text.partition(":")
    return float(least or 0), float(most or 1000) if ":" in text else float(least)


@pytest.fixture(scope="module", params=TARGETS, ids=lambda target: f"{target[0]} {target[1]}")
def made(request):
    """(size, options, task, number of candidates, groups)."""
    size, options, number = request.param
    task = SudokuTask(size=size, target=Target.parse(options))
    return size, options, task, number, task.generate(SEED, TEST, 100, number)


def test_puzzles_meet_what_was_asked(made):
    size, options, task, number, groups = made
    assert number / 20 <= len(groups) <= number
    puzzles = groups.inputs - BLANK
    assert task.examine(groups).accepted.all()
    clues = (puzzles > 0).sum(axis=1)
    least, most = bounds(options.get("clues", ":"), {})
    assert np.all((least <= clues) & (clues <= most))
    least, most = bounds(options.get("difficulty", ":"), BOUNDS_6 if size == 6 else BOUNDS)
    ratings = rate(groups.inputs - BLANK, size)
    assert np.all((least <= ratings) & (ratings <= most))
    if "pattern" in options:
        for puzzle in puzzles:
            square = (puzzle > 0).reshape(size, size)
            np.testing.assert_array_equal(square, IMAGES[options["pattern"]](square))


def test_puzzles_made_to_order_are_unique_and_minimal(made):
    size, _, _, _, groups = made
    puzzles = groups.inputs - BLANK
    counts, solutions, _ = solve_with(puzzles, 2, new_plain(size), None)
    assert np.all(counts == 1)
    np.testing.assert_array_equal(solutions, groups.labels - BLANK)
    fewer = []
    for puzzle in puzzles:
        for cell in np.flatnonzero(puzzle):
            fewer.append(puzzle.copy())
            fewer[-1][cell] = 0
    assert np.all(solve_with(np.array(fewer), 2, new_plain(size), None)[0] == 2)


def test_a_puzzle_made_to_order_depends_on_its_index_alone(made):
    _, options, task, number, groups = made
    if options.get("difficulty") == "extreme":
        number = 2  # A climb takes its time.
    for start, stop in ((100, 100 + number // 2), (100 + number // 2, 100 + number), (101, 102)):
        part = task.generate(SEED, TEST, start, stop - start)
        inside = groups.take(np.flatnonzero((groups.candidates >= start) & (groups.candidates < stop)))
        np.testing.assert_array_equal(part.candidates, inside.candidates)
        np.testing.assert_array_equal(part.inputs, inside.inputs)
        np.testing.assert_array_equal(part.labels, inside.labels)


def test_candidates_that_meet_the_target_are_those_of_the_plain_maker():
    plain = SudokuTask(size=6).generate(SEED, TRAIN, 0, 200)
    task = SudokuTask(size=6, target=Target.parse({"clues": "9:10"}))
    wanted = plain.take(np.flatnonzero(task.examine(plain).accepted))
    made_to_order = task.generate(SEED, TRAIN, 0, 200)
    assert 100 < len(wanted) < len(made_to_order)
    same = np.isin(made_to_order.candidates, wanted.candidates)
    np.testing.assert_array_equal(made_to_order.inputs[same], wanted.inputs)


def test_climbing_gives_harder_puzzles():
    flat = SudokuTask(size=9).generate(SEED, TRAIN, 0, 8)
    goal = build_goal(Target.parse({"difficulty": "extreme"}), 9)._replace(max_steps=60)
    hard, grids, minimal = find(SEED, TRAIN, 0, 8, 9, goal)
    assert minimal.all()
    np.testing.assert_array_equal(grids, flat.labels - BLANK)
    # 1 guess on average without a climb, 9 after 60 steps.
    assert rate(hard, 9).mean() > 3 * rate(flat.inputs - BLANK, 9).mean() + 1


def test_a_walk_without_a_way_ends():
    for size in (4, 6):
        goal = build_goal(Target.parse({"clues": f"{size * size}:"}), size)
        task = SudokuTask(size=size, target=Target.parse({"clues": f"{size * size}:"}))
        assert not task.examine(task.generate(SEED, TRAIN, 0, 2)).accepted.any()
        assert goal.max_steps < 10_000
