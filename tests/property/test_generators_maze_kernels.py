"""Mazes against plain Python: walls, ends, paths and their number, what is right, for any seed, size and length."""

from itertools import islice

import networkx
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import maze as reference
from tests.references.philox import Stream
from trmpipe.generators.maze.asked import TIES, Asked
from trmpipe.generators.maze.boards import lay
from trmpipe.generators.maze.grids import GOAL, OPEN, PATH, START
from trmpipe.generators.maze.maker import make, wanted_of
from trmpipe.generators.maze.paths import MOST_PATHS, count_paths, find_ends, measure, new_path_room
from trmpipe.generators.maze.task import MazeTask
from trmpipe.generators.maze.trees import ALGORITHMS
from trmpipe.generators.options import Range
from trmpipe.generators.symmetric import square_moves
from trmpipe.generators.task import TRAIN, Groups

SEEDS = st.integers(0, 2**63 - 1)
SIZES = st.integers(5, 14)


def made_by_reference(seed, candidate, size, asked, attempts):
    least, most = asked.steps(size)
    for attempt in range(attempts):
        stream = Stream(seed, TRAIN, attempt, 0, candidate)
        if asked.kind == "hard":
            maze = reference.hard(stream, size)
        else:
            maze = getattr(reference, asked.algorithm)(stream, size)
            if asked.kind == "open":
                maze = reference.taken_away(stream, maze, size, asked.removed)
        found = reference.with_ends(stream, maze, least, most)
        if found:
            return found
    return None


ASKED = st.builds(
    Asked,
    kind=st.sampled_from(["hard", "unique", "open"]),
    algorithm=st.sampled_from(ALGORITHMS),
    path=st.none() | st.tuples(st.integers(1, 20), st.integers(0, 20)).map(lambda ends: Range(ends[0], sum(ends))),
    removed=st.integers(1, 100),
)


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.integers(0, 10**6), SIZES, ASKED)
def test_a_maze_is_the_one_that_plain_python_draws(seed, candidate, size, asked):
    inputs, labels, lengths = make(seed, TRAIN, candidate, 1, size, wanted_of(asked, size, attempts=3))
    expected = made_by_reference(seed, candidate, size, asked, attempts=3)
    assert (lengths[0] > 0) == (expected is not None)
    if expected:
        maze, steps = expected
        assert lengths[0] == steps
        assert inputs[0].tolist() == reference.squared(maze, size)
        assert labels[0].tolist() == reference.squared(reference.labelled(maze), size)


def graph_of(maze):
    graph = networkx.Graph()
    graph.add_nodes_from(cell for cell, one in maze.items() if one != "#")
    for cell in list(graph):
        graph.add_edges_from((cell, other) for way in reference.WAYS if (other := reference.beside(cell, way)) in graph)
    return graph


@settings(max_examples=100, deadline=None)
@given(SEEDS, SIZES, ASKED)
def test_another_solver_finds_paths_as_long_and_as_many(seed, size, asked):
    inputs, labels, lengths = make(seed, TRAIN, 0, 1, size, wanted_of(asked, size, attempts=20))
    if lengths[0]:
        assert_confirmed(inputs, labels, lengths, size)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["hard", "unique", "open"])
def test_another_solver_confirms_ten_thousand_mazes_of_each_kind(kind):
    """385 mazes of every size from 5 to 30."""
    asked, confirmed = Asked(kind=kind), 0
    for size in range(5, 31):
        inputs, labels, lengths = make(1, TRAIN, 0, 385, size, wanted_of(asked, size))
        made = np.flatnonzero(lengths)
        assert_confirmed(inputs[made], labels[made], lengths[made], size)
        assert ((lengths[made] >= asked.steps(size)[0]) & (lengths[made] <= asked.steps(size)[1])).all()
        if kind == "hard":
            walls = (inputs[made] == 1).sum(1)
            assert ((walls >= 0.3 * size * size) & (walls <= 0.5 * size * size)).all()
        confirmed += len(made)
    assert confirmed >= 10_000


def assert_confirmed(inputs, labels, lengths, size):
    """Length and number of the shortest paths of some mazes, share of walls, and that the label is one of the paths."""
    task = MazeTask(size=size)
    counts, found = task.solve(inputs)
    assert np.array_equal(found, labels)
    assert task.check(inputs, labels).all()
    measures = task.measure(Groups.single(np.arange(len(inputs)), inputs, labels))
    for i, tokens in enumerate(inputs.tolist()):
        maze = reference.maze_of(tokens, size)
        graph, (start, goal) = graph_of(maze), reference.ends_of(maze)
        assert networkx.shortest_path_length(graph, start, goal) == lengths[i]
        number = number_of_paths(graph, start, goal)
        assert (counts[i], measures[i, 0]) == (min(2, number), min(number, MOST_PATHS))
        assert measures[i, 1] == list(maze.values()).count("#") / size**2
        marked = {cell for cell, one in reference.maze_of(labels[i].tolist(), size).items() if one == "o"}
        path = graph.subgraph(marked | {start, goal})
        assert (len(path), networkx.has_path(path, start, goal)) == (lengths[i] + 1, True)


def number_of_paths(graph, start, goal):
    """How many shortest paths there are, by the cells that networkx finds before each."""
    before, numbers = networkx.predecessor(graph, start), {start: 1}
    for cell, earlier in before.items():
        numbers[cell] = numbers.get(cell, 0) + sum(numbers[one] for one in earlier)
    return numbers[goal]


@settings(max_examples=100, deadline=None)
@given(SEEDS, st.integers(5, 9), st.integers(0, 99))
def test_shortest_paths_are_counted(seed, size, removed):
    inputs, *_ = make(seed, TRAIN, 0, 1, size, wanted_of(Asked(kind="open", removed=removed + 1), size))
    memory = new_path_room(size)
    number, expected = counted(inputs[0], memory), 0
    graph = graph_of(reference.maze_of(inputs[0].tolist(), size))
    ends = reference.ends_of(reference.maze_of(inputs[0].tolist(), size))
    for _ in networkx.all_shortest_paths(graph, *ends):
        expected += 1
    assert number == expected


def counted(maze, memory):
    lay(maze, memory.offsets, memory.board)
    start, goal = find_ends(memory.board)
    measure(memory.board, goal, memory)
    return count_paths(start, memory)


def test_so_many_paths_that_they_are_not_counted():
    """In an open square of 30 x 30 from corner to corner, where they are 58 over 29."""
    maze = np.full(900, 2, np.uint8)
    maze[0], maze[899] = 3, 4
    assert counted(maze, new_path_room(30)) == MOST_PATHS


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(5, 12), st.data())
def test_right_is_every_shortest_path_and_nothing_else(seed, size, data):
    """Against networkx: a path that is longer, a cell more or less, a wall that is gone, an end that moved."""
    task = MazeTask(size=size)
    inputs, _, lengths = make(seed, TRAIN, 0, 1, size, wanted_of(Asked(kind="open", removed=40), size))
    maze = reference.maze_of(inputs[0].tolist(), size)
    graph, (start, goal) = graph_of(maze), reference.ends_of(maze)
    for path in islice(networkx.all_shortest_paths(graph, start, goal), 5):
        label = {**maze, **dict.fromkeys(path[1:-1], "o")}
        right = np.array([reference.squared(label, size)], np.uint8)
        assert task.check(inputs, right).all()
        assert beside(task, inputs, right)
        cell, token = data.draw(st.integers(0, size * size - 1)), data.draw(st.integers(0, 5))
        wrong = right.copy()
        wrong[0, cell] = token
        assert task.check(inputs, wrong)[0] == np.array_equal(wrong, right)
        assert beside(task, inputs, wrong) == np.array_equal(wrong, right)
        assert task.verdicts(inputs, wrong)["joined"][0] == joins(wrong[0], inputs[0], size)
        for marked in np.flatnonzero(right[0] == 5):
            wrong = right.copy()
            wrong[0, marked] = 2
            assert not task.check(inputs, wrong)[0]
            assert not beside(task, inputs, wrong)
            assert task.verdicts(inputs, wrong)["joined"][0] == joins(wrong[0], inputs[0], size)
    paths = islice(networkx.all_simple_paths(graph, start, goal, cutoff=int(lengths[0]) + 4), 20)
    for path in paths:
        label = {**maze, **dict.fromkeys(path[1:-1], "o")}
        answer = np.array([reference.squared(label, size)], np.uint8)
        assert task.check(inputs, answer)[0] == (len(path) - 1 == lengths[0])
        assert beside(task, inputs, answer) == (len(path) - 1 == lengths[0])
        assert task.verdicts(inputs, answer)["joined"][0]


def beside(task, inputs, answer):
    """What is said of an answer beside the label that the solver finds, by NumPy and by torch alike."""
    rows = [one.astype(np.int64) for one in (inputs, task.solve(inputs).labels, answer)]
    found, same = task.check_beside(*rows), task.check_beside(*map(torch.from_numpy, rows))
    assert found.dtype == bool
    assert found.tolist() == same.tolist()
    return found[0]


def test_as_many_marks_that_close_a_ring_are_no_path():
    maze = np.full((6, 6), OPEN, np.uint8)
    maze[0, 0], maze[0, 5] = START, GOAL
    path, ring = maze.copy(), maze.copy()
    path[0, 1:5] = ring[3:5, 2:4] = PATH
    task, inputs = MazeTask(size=6), maze.reshape(1, 36)
    assert beside(task, inputs, path.reshape(1, 36))
    assert not beside(task, inputs, ring.reshape(1, 36))
    assert not task.check(inputs, ring.reshape(1, 36)).any()


def joins(tokens, puzzle, size):
    """Whether the maze is kept, but for marks on open cells, and they lead from end to end."""
    answer, maze = (reference.maze_of(one.tolist(), size) for one in (tokens, puzzle))
    if any(answer[cell] != one and (answer[cell], one) != ("o", " ") for cell, one in maze.items()):
        return False
    graph = graph_of({cell: "#" if one == " " else one for cell, one in answer.items()})
    return networkx.has_path(graph, *reference.ends_of(maze))


@settings(max_examples=50, deadline=None)
@given(SEEDS, st.integers(5, 10), ASKED)
def test_classes_and_variants_are_those_of_the_square_s_symmetries(seed, size, asked):
    task = MazeTask(size=size, asked=asked)
    groups = MazeTask(size=size, asked=Asked(kind="open")).generate(seed, TRAIN, 0, 2)
    squares = [tokens.reshape(size, size) for tokens in groups.inputs]
    images = [
        {turned.tobytes() for k in range(4) for turned in (np.rot90(one, k), np.rot90(one, k).T)} for one in squares
    ]
    numbers = task.num_variants(groups)
    assert numbers.tolist() == [len(own) for own in images]
    rows, labels = task.augment(groups, seed, 0, numbers)
    ends = np.cumsum(numbers)
    for start, end, own in zip(ends - numbers, ends, images, strict=True):
        assert {row.tobytes() for row in rows[start:end]} == own
    assert task.check(rows, labels).all()
    firsts = [min(own) for own in images]
    digests = task.examine(groups).digests
    assert (firsts[0] == firsts[1]) == np.array_equal(digests[0], digests[1])


def test_the_maps_are_numbered_as_published():
    """Quarter turns against the clock, the two flips, both transposes."""
    square = np.arange(9).reshape(3, 3)
    flips = [np.fliplr(square), np.flipud(square), square.T, np.fliplr(np.rot90(square))]
    expected = [*(np.rot90(square, k) for k in range(4)), *flips]
    assert square_moves(3).tolist() == [one.reshape(-1).tolist() for one in expected]


@settings(max_examples=30, deadline=None)
@given(SEEDS, st.integers(5, 9))
def test_ties_are_decided_for_variants_by_the_rule_or_with_their_maze(seed, size):
    """A label that the rule did not pick, as one of a file, is turned with its maze in any case."""
    by_rule, turned = (MazeTask(size=size, asked=Asked(kind="open", removed=90, ties=ties)) for ties in TIES)
    groups = by_rule.generate(seed, TRAIN, 0, 3)
    last = [[*reference.shortest_paths(reference.maze_of(maze, size))][-1] for maze in groups.inputs]
    others = np.array([marked(maze, path, size) for maze, path in zip(groups.inputs, last, strict=True)], np.uint8)
    given = Groups.single(np.arange(6), np.tile(groups.inputs, (2, 1)), np.concatenate([groups.labels, others]))
    counts = by_rule.num_variants(given)
    rows, owners = by_rule.augment(given, seed, 0, counts), np.repeat(np.arange(6), counts)
    assert np.array_equal(rows[0], turned.augment(given, seed, 0, counts)[0])
    back = turned.map_back(given, seed, 0, counts, turned.augment(given, seed, 0, counts)[1])
    assert np.array_equal(back, given.labels[owners])
    ruled = [reference.labelled(reference.maze_of(maze, size)) for maze in rows[0]]
    for row, owner in enumerate(owners.tolist()):
        if np.array_equal(given.labels[owner], groups.labels[owner % 3]):
            assert reference.maze_of(rows[1][row], size) == ruled[row]
        else:
            assert np.array_equal(by_rule.map_back(given, seed, 0, counts, rows[1])[row], given.labels[owner])


def marked(maze, path, size):
    """The tokens of a maze with the cells of a path between the ends as its answer."""
    label = maze.copy()
    for row, column in path:
        label[row * size + column] = PATH
    return label
