"""Queens against plain Python: completions, guesses, what is right, boards made, for any seed, size and board."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import queens as reference
from tests.references.philox import Stream
from trmpipe.generators.options import Range
from trmpipe.generators.queens.boards import EMPTY, MOST_ATTEMPTS, OPEN, QUEEN, complete_all, solutions_of
from trmpipe.generators.queens.task import Asked, QueensTask
from trmpipe.generators.task import TRAIN

SEEDS = st.integers(0, 2**63 - 1)
SIZES = st.integers(5, 7)


@st.composite
def boards(draw):
    """Any board: some queens, which may attack each other, and some cells that have none."""
    size = draw(SIZES)
    cells = st.sampled_from([OPEN] * 8 + [EMPTY] * draw(st.integers(0, 3)) + [QUEEN] * draw(st.integers(0, 1)))
    return size, np.array([draw(st.lists(cells, min_size=size * size, max_size=size * size))], np.uint8)


def columns_of(label, size):
    return tuple(np.flatnonzero(label.reshape(size, size) == QUEEN) % size)


@settings(max_examples=300, deadline=None)
@given(boards(), st.integers(1, 12))
def test_completions_are_those_of_plain_python(drawn, limit):
    size, tokens = drawn
    expected = reference.completions(reference.board_of(tokens[0].tolist(), size), size)
    counts, labels = np.empty(1, np.int64), np.zeros_like(tokens)
    complete_all(tokens, limit, counts, labels)
    assert counts[0] == min(limit, len(expected))
    task = QueensTask(size=size)
    assert task.solve(tokens)[0].tolist() == [min(2, len(expected))]
    if expected:
        assert columns_of(labels[0], size) == expected[0]
        assert task.check(tokens, labels).all()
    else:
        assert not labels.any()


@pytest.mark.parametrize("size", [5, 6, 7, 8])
def test_all_solutions_are_those_among_all_permutations(size):
    assert solutions_of(size).tolist() == [list(one) for one in reference.solutions(size)]


def test_there_are_as_many_solutions_as_is_known():
    """Source: OEIS A000170."""
    known = [10, 4, 40, 92, 352, 724, 2680, 14200, 73712, 365596]
    assert [len(solutions_of(size)) for size in range(5, 15)] == known
    largest = solutions_of(14).astype(int)
    rows = np.arange(14)
    for word in (largest, largest + rows, largest - rows):
        assert (np.diff(np.sort(word, axis=1), axis=1) > 0).all()
    assert len(np.unique(largest, axis=0)) == len(largest)


@settings(max_examples=150, deadline=None)
@given(boards())
def test_ratings_are_the_guesses_of_plain_python(drawn):
    size, tokens = drawn
    task, board = QueensTask(size=size), reference.board_of(tokens[0].tolist(), size)
    groups = task.generate(0, TRAIN, 0, 1)
    examined = task.examine(type(groups).single(groups.candidates, tokens, tokens))
    guesses = [reference.guesses(image, size) for image in reference.images(board, size)]
    assert examined.ratings.tolist() == [sum(guesses) / 8]


ASKED = st.builds(
    Asked,
    given=st.none() | st.tuples(st.integers(0, 4), st.integers(0, 4)).map(lambda ends: Range(ends[0], sum(ends))),
    answers=st.none() | st.tuples(st.integers(0, 3), st.integers(1, 6)).map(lambda ends: Range(ends[0], sum(ends))),
)


@settings(max_examples=200, deadline=None)
@given(SEEDS, st.integers(0, 10**6), SIZES, ASKED)
def test_a_board_is_the_one_that_plain_python_draws(seed, candidate, size, asked):
    task = QueensTask(size=size, asked=asked)
    groups = task.generate(seed, TRAIN, candidate, 1)
    most = min(size - 1, int(asked.given.most)) if asked.given else size // 2
    # Where a board was made, some attempt made it; that none does would take plain Python too long to say of all.
    for attempt in range(MOST_ATTEMPTS if len(groups) else 300):
        stream = Stream(seed, TRAIN, attempt, 0, candidate)
        board, label = reference.drawn(stream, size, int(asked.given.least) if asked.given else 1, most)
        number = len(reference.completions(board, size))
        if asked.answers is None or asked.answers.least <= number <= asked.answers.most:
            assert groups.inputs[0].tolist() == reference.tokens_of(board)
            assert groups.labels[0].tolist() == reference.tokens_of(label)
            assert task.examine(groups).accepted.all()
            return
    assert not len(groups), "a board was made that no attempt makes"


@settings(max_examples=150, deadline=None)
@given(SEEDS, SIZES, st.data())
def test_right_is_every_completion_and_nothing_else(seed, size, data):
    task = QueensTask(size=size)
    groups = task.generate(seed, TRAIN, 0, 1)
    board = reference.board_of(groups.inputs[0].tolist(), size)
    found = reference.completions(board, size)
    label = np.full((1, size * size), EMPTY, np.uint8)
    for row, column in enumerate(data.draw(st.sampled_from(found))):
        label[0, row * size + column] = QUEEN
    assert task.check(groups.inputs, label).all()
    assert beside(task, groups, label)
    for cell, token in data.draw(st.lists(st.tuples(st.integers(0, size * size - 1), st.integers(0, 3)), max_size=4)):
        label[0, cell] = token
    is_full = set(label[0].tolist()) <= {EMPTY, QUEEN}
    assert task.check(groups.inputs, label)[0] == (is_full and tuple_of(label[0], size) in found)
    assert beside(task, groups, label) == (is_full and tuple_of(label[0], size) in found)
    other = data.draw(st.permutations(range(size)))
    placed = np.full((1, size * size), EMPTY, np.uint8)
    placed[0, [row * size + column for row, column in enumerate(other)]] = QUEEN
    assert task.check(groups.inputs, placed)[0] == (tuple(other) in found)
    assert beside(task, groups, placed) == (tuple(other) in found)
    empty = np.full_like(placed, OPEN)
    apart = all(abs(other[a] - other[b]) != abs(a - b) for a in range(size) for b in range(a))
    assert task.check_beside(empty, placed, placed)[0] == apart


def beside(task, groups, answer):
    """What is said of an answer beside the stored label, by NumPy and by torch alike."""
    rows = [one.astype(np.int64) for one in (groups.inputs, groups.labels, answer)]
    found, same = task.check_beside(*rows), task.check_beside(*map(torch.from_numpy, rows))
    assert found.dtype == bool
    assert found.tolist() == same.tolist()
    return found[0]


def tuple_of(label, size):
    """The columns of the queens where every row has one; else nothing that could be a completion."""
    rows, columns = np.divmod(np.flatnonzero(label == QUEEN), size)
    return tuple(columns.tolist()) if rows.tolist() == list(range(size)) else None


@settings(max_examples=60, deadline=None)
@given(SEEDS, SIZES)
def test_classes_and_variants_are_those_of_the_board_s_symmetries(seed, size):
    task = QueensTask(size=size)
    groups = task.generate(seed, TRAIN, 0, 2)
    images = [
        {bytes(reference.tokens_of(one)) for one in reference.images(reference.board_of(tokens, size), size)}
        for tokens in groups.inputs.tolist()
    ]
    numbers = task.num_variants(groups)
    assert numbers.tolist() == [len(own) for own in images]
    rows, labels = task.augment(groups, seed, 0, numbers)
    assert {row.tobytes() for row in rows[: numbers[0]]} == images[0]
    assert {row.tobytes() for row in rows[numbers[0] :]} == images[1]
    assert task.check(rows, labels).all()
    digests = task.examine(groups).digests
    assert (images[0] == images[1]) == np.array_equal(digests[0], digests[1])
