"""Other shortest paths of a maze: those of plain Python, all different, each as likely, whatever is the label."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.references import maze as reference
from tests.references.philox import bijection_keys, permute
from tests.references.statistics import chi_square, chi_square_bound
from trmpipe.generators.maze.asked import MOST_SOLUTIONS, Asked
from trmpipe.generators.maze.paths import MOST_PATHS
from trmpipe.generators.maze.task import MazeTask
from trmpipe.generators.rng import ALTERNATIVES
from trmpipe.generators.task import TRAIN, Groups

SEEDS = st.integers(0, 2**63 - 1)
SQUARE = "S    " + "     " * 3 + "    G"
"""Open from corner to corner: 8 over 4 paths."""


def labels_of(maze, size):
    """All labels of a maze in the order of ranks."""
    paths = reference.shortest_paths(maze)
    return [reference.squared({**maze, **dict.fromkeys(path, "o")}, size) for path in paths]


def drawn_by_reference(seed, candidate, labels, stored, most):
    """The stored label, then those of other ranks in the order of a keyed bijection."""
    keys, ranks = bijection_keys(seed, ALTERNATIVES, 0, 0, candidate), [stored]
    for place in range(min(most, len(labels)) - 1):
        rank = permute(place, len(labels) - 1, keys)
        ranks.append(rank + (rank >= stored))
    return [labels[rank] for rank in ranks]


@settings(max_examples=80, deadline=None)
@given(SEEDS, SEEDS, st.integers(5, 9), st.integers(1, 100), st.integers(2, MOST_SOLUTIONS), st.data())
def test_the_drawn_paths_are_those_of_plain_python(seed, root, size, removed, most, data):
    made = MazeTask(size=size, asked=Asked(kind="open", removed=removed)).generate(seed, TRAIN, 0, 2)
    mazes = [reference.maze_of(tokens, size) for tokens in made.inputs.tolist()]
    labels = [labels_of(maze, size) for maze in mazes]
    assume(all(len(some) < 5000 for some in labels))
    stored = [data.draw(st.integers(0, len(some) - 1)) for some in labels]
    given_labels = np.array([some[rank] for some, rank in zip(labels, stored, strict=True)], np.uint8)
    groups = Groups.single(made.candidates, made.inputs, given_labels)
    task = MazeTask(size=size, asked=Asked(solutions=most))
    found = task.with_alternatives(groups, root)
    expected = [
        drawn_by_reference(root, i, some, rank, most) for i, (some, rank) in enumerate(zip(labels, stored, strict=True))
    ]
    assert found.sizes.tolist() == [len(some) for some in expected]
    assert found.labels.tolist() == [label for some in expected for label in some]
    assert np.array_equal(found.inputs, np.repeat(made.inputs, found.sizes, axis=0))
    for some in expected:
        assert len({bytes(label) for label in some}) == len(some)
    assert task.measure(found)[:, 0].tolist() == task.measure(groups)[:, 0].tolist() == [len(some) for some in labels]


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(5, 8), st.integers(2, 6), st.lists(st.integers(0, 8), min_size=4, max_size=4))
def test_variants_turn_all_answers_alike_and_keep_those_of_a_puzzle_together(seed, size, most, wanted):
    task = MazeTask(size=size, asked=Asked(kind="open", removed=60, solutions=most))
    single = task.generate(seed, TRAIN, 0, 4)
    groups = task.with_alternatives(single, seed)
    counts = np.minimum(wanted, task.num_variants(groups))
    assert task.num_variants(groups).tolist() == task.num_variants(single).tolist()
    inputs, labels = task.augment(groups, seed, 0, counts)
    one_each = task.augment(single, seed, 0, counts)
    sizes = np.repeat(groups.sizes, counts)
    firsts = np.cumsum(sizes) - sizes
    assert np.array_equal(inputs, np.repeat(one_each[0], sizes, axis=0))
    assert np.array_equal(labels[firsts], one_each[1])
    assert task.check(inputs, labels).all()
    for first, number in zip(firsts.tolist(), sizes.tolist(), strict=True):
        assert len({row.tobytes() for row in labels[first : first + number]}) == number


def test_every_other_path_is_as_likely():
    task = MazeTask(size=5, asked=Asked(solutions=3))
    maze = task.parse([SQUARE])
    count = 69 * 200
    mazes = Groups.single(np.arange(count), *(np.repeat(one, count, axis=0) for one in (maze, task.solve(maze).labels)))
    found = task.with_alternatives(mazes, 3).labels.reshape(count, 3, -1)
    assert {one.tobytes() for one in found[:, 0]} == {task.solve(maze).labels.tobytes()}
    for place in (1, 2):
        numbers = Counter(one.tobytes() for one in found[:, place])
        assert len(numbers) == 69
        assert chi_square(np.array(list(numbers.values()))) < chi_square_bound(68)


@pytest.mark.parametrize("size", [30, 40, 64])
def test_more_paths_than_are_counted_are_drawn_from_all_the_same(size):
    """58 over 29 and more, beyond `MOST_PATHS` from many cells on: all different, and shortest."""
    task = MazeTask(size=size, asked=Asked(solutions=MOST_SOLUTIONS))
    maze = np.full((1, size * size), 2, np.uint8)
    maze[0, 0], maze[0, -1] = 3, 4
    groups = Groups.single(np.zeros(1, np.int64), maze, task.solve(maze).labels)
    assert task.measure(groups).tolist() == [[MOST_PATHS, 0]]
    for number in range(20):
        found = task.with_alternatives(groups, number)
        assert len({one.tobytes() for one in found.labels}) == MOST_SOLUTIONS
        assert task.check(found.inputs, found.labels).all()
        last = Groups.single(groups.candidates, maze, found.labels[-1:])
        assert len({one.tobytes() for one in task.with_alternatives(last, number).labels}) == MOST_SOLUTIONS
