"""The kernels against plain Python, for any puzzle: also those without a solution, and those with several."""

from itertools import permutations, product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from trmpipe.generators.registry import get_task
from trmpipe.generators.task import TRAIN

TASK = get_task("futoshiki4")
SIGNS = "<>^v"


def squares(n):
    """All Latin squares, as tuples of rows."""

    def add(rows):
        if len(rows) == n:
            yield tuple(rows)
            return
        for row in permutations(range(1, n + 1)):
            if all(a != b for above in rows for a, b in zip(above, row, strict=True)):
                yield from add([*rows, row])

    return list(add([]))


LATIN = {4: squares(4)}


def fits(text, square, n):
    """Whether a square has the numbers that a puzzle shows, and obeys its signs."""
    side = 2 * n - 1
    picture = [text[row * side : (row + 1) * side] for row in range(side)]
    for row, column in product(range(n), repeat=2):
        here, shown = square[row][column], picture[2 * row][2 * column]
        if shown.isdigit() and int(shown) != here:
            return False
        if column < n - 1 and picture[2 * row][2 * column + 1] in "<>":
            less = here < square[row][column + 1]
            if less != (picture[2 * row][2 * column + 1] == "<"):
                return False
        if row < n - 1 and picture[2 * row + 1][2 * column] in "^v":
            less = here < square[row + 1][column]
            if less != (picture[2 * row + 1][2 * column] == "^"):
                return False
    return True


def solutions(text, n):
    return [square for square in LATIN[n] if fits(text, square, n)]


def written(square, n):
    """A square as a task writes it: numbers, and pad between them."""
    side = 2 * n - 1
    return "".join(
        str(square[row // 2][column // 2]) if row % 2 == column % 2 == 0 else "_"
        for row, column in product(range(side), repeat=2)
    )


@st.composite
def puzzles(draw, n):
    """Pictures with numbers and signs in their places, which may contradict each other."""
    side, fullness = 2 * n - 1, draw(st.integers(1, 12))
    text = []
    for row, column in product(range(side), repeat=2):
        if row % 2 and column % 2:
            text.append("_")
        elif row % 2 == column % 2 == 0:
            text.append(draw(st.sampled_from("." * fullness + "1234"[:n])))
        else:
            text.append(draw(st.sampled_from("_" * fullness + ("^v" if row % 2 else "<>"))))
    return "".join(text)


@settings(max_examples=150, deadline=None)
@given(puzzles(4))
def test_solutions_are_counted_as_in_plain_python(text):
    expected = solutions(text, 4)
    found = TASK.solve(TASK.parse([text]))
    assert found.counts.tolist() == [min(2, len(expected))]
    if expected:
        assert TASK.format(found.labels[0]) in {written(square, 4) for square in expected}
    else:
        assert not found.labels.any()


@settings(max_examples=150, deadline=None)
@given(puzzles(4), st.integers(0, 575), st.data())
def test_right_is_what_plain_python_says(text, number, data):
    expected = solutions(text, 4)
    square = LATIN[4][number % len(LATIN[4])] if data.draw(st.booleans()) or not expected else expected[0]
    answer = TASK.parse([written(square, 4)])
    assert TASK.check(TASK.parse([text]), answer).tolist() == [fits(text, square, 4)]
    answer[0, 2 * data.draw(st.integers(0, 3))] = data.draw(st.sampled_from([0, 1, 6, 9, 200]))
    assert not TASK.check(TASK.parse([text]), answer).any()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**63 - 1), st.integers(0, 10**6))
def test_no_clue_could_be_left_out(seed, candidate):
    groups = TASK.generate(seed, TRAIN, candidate, 1)
    text, answer = TASK.format(groups.inputs[0]), TASK.format(groups.labels[0])
    assert [written(square, 4) for square in solutions(text, 4)] == [answer]
    for place, clue in enumerate(text):
        if clue in SIGNS or clue.isdigit():
            fewer = text[:place] + ("_" if clue in SIGNS else ".") + text[place + 1 :]
            assert len(solutions(fewer, 4)) > 1


def test_there_are_as_many_squares_as_mathematics_says():
    assert len(LATIN[4]) == 576


def test_all_squares_come():
    groups = TASK.generate(1, TRAIN, 0, 6000)
    assert len(np.unique(groups.labels, axis=0)) > 570


@settings(max_examples=60, deadline=None)
@given(puzzles(4), st.integers(0, 15))
def test_a_symmetry_takes_solutions_to_solutions(text, number):
    move, name = TASK.symmetries.moves[number], TASK.symmetries.names[number]
    image = TASK.format(name[TASK.parse([text])[0][move]])
    images = {TASK.format(name[TASK.parse([written(square, 4)])[0][move]]) for square in solutions(text, 4)}
    assert {written(square, 4) for square in solutions(image, 4)} == images
