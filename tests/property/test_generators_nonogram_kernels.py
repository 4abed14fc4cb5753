"""Nonograms against plain Python: lines, rounds, solutions, layout, puzzles made, for any seed, size and picture."""

from itertools import product

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import nonogram as reference
from tests.references.philox import Stream
from trmpipe.generators.nonogram.grids import margin_of
from trmpipe.generators.nonogram.solver import ask_line
from trmpipe.generators.nonogram.task import Asked, NonogramTask
from trmpipe.generators.options import Range
from trmpipe.generators.task import TRAIN, Groups

SEEDS = st.integers(0, 2**63 - 1)


def bits(cells, wanted):
    return sum(1 << place for place, cell in enumerate(cells) if cell == wanted)


@settings(max_examples=400, deadline=None)
@given(st.integers(5, 12), st.data())
def test_a_line_is_asked_as_plain_python_does(size, data):
    """Of lines whose clues fit, with anything known of their cells."""
    clues = reference.clues_of_line(data.draw(st.lists(st.integers(0, 1), min_size=size, max_size=size)))
    known = data.draw(st.lists(st.sampled_from([None] * 4 + [0, 1]), min_size=size, max_size=size))
    held, margin = np.zeros(margin_of(size), np.int64), margin_of(size)
    held[: len(clues)] = clues
    found = ask_line(held, len(clues), bits(known, 1), bits(known, 0), size, np.empty(margin + 1, np.int64))
    expected = reference.asked(clues, size, known)
    if expected is None:
        assert found == (0, 0)
    else:
        assert found == tuple(sum(1 << i for i, may in enumerate(expected) if value in may) for value in (1, 0))


@st.composite
def pictures(draw, most=7):
    size = draw(st.integers(5, most))
    rows = st.tuples(*[st.integers(0, 1)] * size)
    return size, draw(st.tuples(*[rows] * size))


def groups_of(picture, size):
    return Groups.single(
        np.arange(1),
        *(np.array([reference.spelled(picture, size, shown)], np.uint8) for shown in (False, True)),
    )


@settings(max_examples=200, deadline=None)
@given(pictures(most=6))
def test_solutions_are_counted_and_rated_as_plain_python_does(drawn):
    size, picture = drawn
    task, groups, clues = NonogramTask(size=size), groups_of(picture, size), reference.clues_of(picture)
    solutions = reference.solutions(clues, size)
    counts, labels = task.solve(groups.inputs)
    assert counts.tolist() == [min(2, len(solutions))]
    assert labels[0].tolist() in [reference.spelled(one, size, True) for one in solutions]
    known, rounds = reference.solve_by_rounds(clues, size)
    examined = NonogramTask(size=size, asked=Asked(logic="lines", fill=Range(0, 100), rounds=Range(0, 99)))
    by_lines = None not in known.values()
    assert examined.examine(groups).accepted[0] == by_lines
    anyhow = NonogramTask(size=size, asked=Asked(fill=Range(0, 100), rounds=Range(0, 10**9))).examine(groups)
    assert anyhow.accepted[0] == (len(solutions) == 1)
    if by_lines:
        assert anyhow.ratings[0] == rounds
        assert len(solutions) == 1
        assert all(picture[row][column] == one for (row, column), one in known.items())
    else:
        assert anyhow.ratings[0] >= rounds


@settings(max_examples=100, deadline=None)
@given(st.integers(5, 6), st.data())
def test_clues_of_no_picture_have_no_solution(size, data):
    """Clues of rows of one picture and of columns of another, as often as they fit."""
    rows, columns = (data.draw(st.tuples(*[st.tuples(*[st.integers(0, 1)] * size)] * size)) for _ in range(2))
    clues = reference.clues_of(rows)[:size] + reference.clues_of(columns)[size:]
    words = ["/".join(".".join(map(str, line or (0,))) for line in side) for side in (clues[:size], clues[size:])]
    task = NonogramTask(size=size)
    puzzle = task.parse([":".join(words)])
    assert task.format(puzzle[0]) == ":".join(words)
    solutions = reference.solutions(clues, size)
    counts, labels = task.solve(puzzle)
    assert counts.tolist() == [min(2, len(solutions))]
    assert labels.any() == bool(solutions)
    assert task.check(puzzle, labels).tolist() == [bool(solutions)]


ASKED = st.builds(
    Asked,
    fill=st.tuples(st.integers(30, 70), st.integers(0, 30)).map(lambda ends: Range(ends[0], sum(ends))),
    logic=st.sampled_from(["lines", "any"]),
)


@settings(max_examples=60, deadline=None)
@given(SEEDS, st.integers(0, 10**6), st.integers(5, 6), ASKED)
def test_a_puzzle_is_the_one_that_plain_python_draws(seed, candidate, size, asked):
    task = NonogramTask(size=size, asked=asked)
    groups = task.generate(seed, TRAIN, candidate, 1)
    least, most = ((2 * int(share) * size * size + 100) // 200 for share in asked.fill)
    for attempt in range(50):
        picture = reference.drawn(Stream(seed, TRAIN, attempt, 0, candidate), size, least, most)
        clues = reference.clues_of(picture)
        if asked.logic == "lines":
            known, _ = reference.solve_by_rounds(clues, size)
            is_fine = None not in known.values()
        else:
            is_fine = len(reference.solutions(clues, size)) == 1
        if is_fine:
            assert groups.inputs[0].tolist() == reference.spelled(picture, size, False)
            assert groups.labels[0].tolist() == reference.spelled(picture, size, True)
            assert task.examine(groups).accepted.all()
            return


@settings(max_examples=100, deadline=None)
@given(pictures(most=12))
def test_a_puzzle_turned_is_the_puzzle_of_the_picture_turned(drawn):
    """Clues move with their lines and are reversed with them, whatever their numbers are."""
    size, picture = drawn
    task, groups = NonogramTask(size=size), groups_of(picture, size)
    images = {
        tuple(bytes(reference.spelled(one, size, shown)) for shown in (False, True))
        for one in reference.turned(picture)
    }
    number = task.num_variants(groups)
    puzzles = {puzzle for puzzle, _ in images}
    assert number.tolist() == [len(puzzles)]
    rows, labels = task.augment(groups, 3, 0, number)
    found = set(zip(map(bytes, rows), map(bytes, labels), strict=True))
    assert found <= images
    assert {puzzle for puzzle, _ in found} == puzzles
    back = task.map_back(groups, 3, 0, number, labels)
    assert (back == groups.labels).all()
    for puzzle, label in images:
        turned = Groups.single(np.arange(1), *(np.frombuffer(one, np.uint8)[None] for one in (puzzle, label)))
        examined, original = (task.examine(one) for one in (turned, groups))
        assert np.array_equal(examined.digests, original.digests)
        assert np.array_equal(examined.ratings, original.ratings)


@settings(max_examples=100, deadline=None)
@given(pictures(), st.data())
def test_right_is_every_picture_with_the_clues_and_nothing_else(drawn, data):
    size, picture = drawn
    task, groups = NonogramTask(size=size), groups_of(picture, size)
    assert task.check(groups.inputs, groups.labels).all()
    assert task.check(groups.labels, groups.labels).all()
    wrong = groups.labels.copy()
    cells = st.lists(st.tuples(*[st.integers(0, size - 1)] * 2), min_size=1, max_size=3)
    changed = [list(row) for row in picture]
    side, margin = margin_of(size) + size, margin_of(size)
    for row, column in data.draw(cells):
        changed[row][column] ^= 1
        wrong[0, (margin + row) * side + margin + column] = 2 + changed[row][column]
    same = reference.clues_of(changed) == reference.clues_of(picture)
    assert task.check(groups.inputs, wrong)[0] == same
    for cell, token in product(range(side * side), (0, 1, 4, 5)):
        if token != groups.labels[0, cell]:
            wrong = groups.labels.copy()
            wrong[0, cell] = token
            assert not task.check(groups.inputs, wrong)[0]
