"""Canonical forms by colours: the same for symmetric copies, different for different classes, at every size."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trmpipe.generators.sudoku import BLANK, SIZES, SudokuTask
from trmpipe.generators.sudoku.forms import canonical
from trmpipe.generators.sudoku.symmetry import spatial_move, symmetry_tables

CYCLIC = np.array(
    [[3 * ((r + c // 3) % 3) + (c + r // 3) % 3 + 1 for c in range(9)] for r in range(9)], np.uint8
).ravel()
"""The 9x9 grid with most automorphisms, 648 (Russell and Jarvis, "Mathematics of Sudoku II", 2006)."""


@cache
def made(size):
    groups = SudokuTask(size=size).generate(2, 0, 0, 300 if size < 16 else 8)
    return groups.inputs - BLANK, groups.labels - BLANK


def copies_of(puzzles, size, random):
    tables = symmetry_tables(size)
    images = np.empty_like(puzzles)
    move = np.empty(size * size, np.uint8)
    for i, puzzle in enumerate(puzzles):
        rank = int(random.integers(tables.num_spatial))
        spatial_move(rank, tables, move)
        values = np.concatenate([[0], 1 + random.permutation(size)]).astype(np.uint8)
        images[i] = values[puzzle[move]]
    return images


def sparse(size):
    """Anything: few clues or many, mostly of few values, so that symmetric and contradictory ones are common."""
    cells = st.lists(st.integers(0, size * size - 1), max_size=size * size)
    return st.tuples(cells, st.integers(1, size)).map(lambda drawn: fill(size, *drawn))


def fill(size, cells, most):
    puzzle = np.zeros(size * size, np.uint8)
    for i, cell in enumerate(cells):
        puzzle[cell] = 1 + i % most
    return puzzle


@pytest.mark.parametrize("size", SIZES)
def test_copies_have_one_form_and_classes_their_own(size):
    random = np.random.default_rng(0)
    for grids in made(size):
        forms, orders = canonical(grids, size)
        for _ in range(3):
            images = copies_of(grids, size, random)
            image_forms, image_orders = canonical(images, size)
            np.testing.assert_array_equal(image_forms, forms)
            np.testing.assert_array_equal(image_orders, orders)


@pytest.mark.parametrize("size", [4, 6, 9])
@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_any_input_has_the_form_of_its_copies(size, data):
    puzzles = np.array([data.draw(sparse(size))])
    random = np.random.default_rng(data.draw(st.integers(0, 1 << 32)))
    forms, orders = canonical(puzzles, size)
    image_forms, image_orders = canonical(copies_of(puzzles, size, random), size)
    np.testing.assert_array_equal(image_forms, forms)
    assert image_orders == orders
    # A form is a copy of its puzzle: as many of each value, up to their names, and its own form.
    assert sorted(np.bincount(forms[0], minlength=size + 1)[1:]) == sorted(
        np.bincount(puzzles[0], minlength=size + 1)[1:]
    )
    np.testing.assert_array_equal(canonical(forms, size)[0], forms)


def test_automorphisms_are_counted():
    transposed = CYCLIC.reshape(9, 9).T.ravel()
    less_one = CYCLIC.copy()
    less_one[40] = 0
    ones = np.ones(81, np.uint8)
    forms, orders = canonical(np.array([CYCLIC, transposed, less_one, ones]), 9)
    np.testing.assert_array_equal(forms[0], forms[1])
    # All cells of the grid are alike, so the orbit of one is 81 and 648 / 81 symmetries leave it in place.
    assert orders.tolist() == [648, 648, 8, 2 * 6**8]
