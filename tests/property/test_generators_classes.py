"""Canonical forms and automorphisms: equal to brute force, and right where the answer is known."""

from functools import cache
from itertools import combinations, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.blocks_of_variants import augment
from tests.references import sudoku as reference
from trmpipe.generators.errors import InputError
from trmpipe.generators.sudoku import BLANK, SIZES, SudokuTask, canonical, classes, parse_puzzle, solve
from trmpipe.generators.sudoku.classes import automorphisms
from trmpipe.generators.sudoku.forms import canonical as canonical_forms
from trmpipe.generators.sudoku.forms import generators
from trmpipe.generators.task import TEST

moves_of = cache(reference.spatial_moves)
CYCLIC = np.array(
    [[3 * ((row + column // 3) % 3) + (column + row // 3) % 3 + 1 for column in range(9)] for row in range(9)], np.uint8
)
"""The 9x9 grid with most automorphisms, 648 (Russell and Jarvis, "Mathematics of Sudoku II", 2006)."""


AUTOMORPHIC_16 = (
    "1234.....ABCD...5678.....EFG9...9.B..E.G12....78D.F..A.C56....34"
    ".14.65.7..C.ED.F.58.21.3..G.A9.BA9....GF..4365..ED....CB..8721.."
    "341.7..6B....GDE785.3..2F....C9ABC.A..D.34....56FG.E..9.78....12"
    "..2.87.5C.A9.F....6.43.1G.ED.B..CB.9.FE.4.2..7.5GF.D.BA.8.6..3.1"
)
"""A proper puzzle that swapping rows 2k and 2k + 1 maps to itself, made from a grid that has the same symmetry."""


def moved(puzzle, size, rank, label):
    """The image of a puzzle under a symmetry."""
    values = np.array(reference.relabelling(size, label), np.uint8)
    return values[puzzle[list(reference.spatial_move(size, rank))]]


@cache
def puzzles_of(size, count=30):
    groups = SudokuTask(size=size).generate(1, TEST, 0, count)
    return np.concatenate([groups.inputs, groups.labels[: count // 3]]) - BLANK


def any_puzzle(size):
    made = st.integers(0, len(puzzles_of(size)) - 1).map(lambda i: puzzles_of(size)[i])
    if size == 16:
        return made
    values = st.lists(st.integers(0, size), min_size=size * size, max_size=size * size)
    return st.one_of(made, values.map(lambda cells: np.array(cells, np.uint8)))


def assert_form_is_of_the_class(puzzle, size):
    form = canonical(puzzle[None])[0]
    assert reference.canonical(form, moves_of(size)) == reference.canonical(puzzle, moves_of(size))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(data=st.data())
def test_a_form_at_4x4_is_of_the_puzzles_class_by_brute_force(data):
    assert_form_is_of_the_class(data.draw(any_puzzle(4)), 4)


@settings(deadline=None, derandomize=True, max_examples=8)
@given(data=st.data())
def test_a_form_at_6x6_is_of_the_puzzles_class_by_brute_force(data):
    assert_form_is_of_the_class(data.draw(any_puzzle(6)), 6)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(size=st.sampled_from(SIZES), data=st.data())
def test_symmetric_copies_have_one_form_and_one_digest(size, data):
    puzzle = data.draw(any_puzzle(size))
    rank = data.draw(st.integers(0, reference.num_spatial(size) - 1))
    image = moved(puzzle, size, rank, data.draw(st.integers(0, factorial(size) - 1)))
    forms = canonical(np.stack([puzzle, image]))
    np.testing.assert_array_equal(forms[0], forms[1])
    task = SudokuTask(size=size)
    groups = task.groups_of(np.arange(2), np.stack([puzzle, image]), np.zeros((2, size * size), np.uint8))
    digests = task.examine(groups).digests
    assert digests.shape == (2, 32)
    np.testing.assert_array_equal(digests[0], digests[1])


@cache
def full_grids_4x4():
    return np.array(reference.solutions([0] * 16, 4, 1000), np.uint8)


def minimal_puzzles(grid):
    """All minimal puzzles with the solution `grid` [16], by trying all 2^16 sets of clues."""
    sets = np.arange(1 << 16)
    shown = (sets[:, None] >> np.arange(16)) & 1
    puzzles = (shown * grid).astype(np.uint8)
    unique = solve(puzzles, 2)[0] == 1
    minimal = unique.copy()
    for cell in range(16):
        minimal &= (shown[:, cell] == 0) | ~unique[sets ^ (1 << cell)]
    return puzzles[minimal]


def test_the_4x4_grids_fall_in_two_classes():
    assert len(full_grids_4x4()) == 288
    assert len(np.unique(canonical(full_grids_4x4()), axis=0)) == 2


def test_there_are_36_classes_of_minimal_4x4_puzzles():
    _, representatives = np.unique(canonical(full_grids_4x4()), axis=0, return_index=True)
    puzzles = np.concatenate([minimal_puzzles(full_grids_4x4()[i]) for i in representatives])
    classes = np.unique(canonical(puzzles), axis=0)
    assert len(classes) == 36
    # The class is what brute force says: its members' forms are all different.
    assert len({reference.canonical(form, moves_of(4)) for form in classes}) == 36


def test_the_6x6_grids_fall_in_49_classes():
    # A relabelled grid is of the same class, so those with the first row 1 to 6 are of all classes.
    grids = reference.grids_6x6()
    assert len(grids) == 28_200_960 // factorial(6)
    classes = np.unique(canonical(grids), axis=0)
    assert len(classes) == 49
    random = np.random.default_rng(0)
    values = np.array([random.permutation(6) + 1 for _ in range(20_000)], np.uint8)
    relabelled = np.take_along_axis(values, grids[random.integers(len(grids), size=20_000)] - 1, axis=1)
    np.testing.assert_array_equal(np.unique(canonical(relabelled), axis=0), classes)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_all_6x6_grids_fall_in_49_classes():
    grids = reference.grids_6x6()
    classes, count = set(), 0
    for order in permutations(range(1, 7)):
        relabelled = np.array((0, *order), np.uint8)[grids]
        classes |= {form.tobytes() for form in np.unique(canonical(relabelled, threads=2), axis=0)}
        count += len(relabelled)
    assert (count, len(classes)) == (28_200_960, 49)


def test_made_4x4_puzzles_come_from_all_36_classes():
    groups = SudokuTask(size=4).generate(0, TEST, 0, 2000)
    assert len(np.unique(SudokuTask(size=4).examine(groups).digests, axis=0)) == 36


def test_different_6x6_puzzles_have_different_forms():
    puzzles = SudokuTask(size=6).generate(0, TEST, 0, 500).inputs - BLANK
    assert len(np.unique(canonical(puzzles), axis=0)) == len(np.unique(puzzles, axis=0)) == 500


@pytest.mark.parametrize("size", SIZES)
def test_the_variants_of_a_group_are_one_class_and_groups_their_own(size):
    task = SudokuTask(size=size)
    groups = task.generate(0, TEST, 0, 2)
    assert task.spec.classes == "symmetry"
    variants, labels = augment(task, groups, 0, 0, 50)
    digests = [
        {bytes(d) for d in task.examine(task.groups_of(np.arange(50), inputs - BLANK, solved - BLANK)).digests}
        for inputs, solved in zip(variants, labels, strict=True)
    ]
    assert [len(found) for found in digests] == [1, 1]
    assert digests[0] != digests[1]


@pytest.mark.parametrize(("size", "count"), [(4, 40), (6, 6)])
def test_automorphisms_equal_brute_force(size, count):
    puzzles = puzzles_of(size, count)
    if size == 4:
        puzzles = np.concatenate([puzzles, full_grids_4x4()[::24]])
    found, offsets = automorphisms(puzzles, size)
    expected = [reference.automorphisms(puzzle.tolist(), moves_of(size)) for puzzle in puzzles]
    assert any(expected)
    for i, several in enumerate(expected):
        assert sorted(map(tuple, found[offsets[i] : offsets[i + 1]].tolist())) == sorted(several)


@pytest.mark.parametrize("count", [0, 1])
def test_automorphisms_have_their_shapes_where_there_are_none(count):
    puzzles = SudokuTask(size=9).generate(0, TEST, 0, count).inputs - BLANK
    found, offsets = automorphisms(puzzles, 9)
    assert found.shape == (0, 81)
    assert offsets.tolist() == [0] * (count + 1)


@pytest.mark.parametrize("size", SIZES)
def test_automorphisms_of_known_orders_are_those_found_without(size):
    puzzles = puzzles_of(size, 12)
    expected, expected_offsets = automorphisms(puzzles, size)
    found, offsets = automorphisms(puzzles, size, canonical_forms(puzzles, size)[1])
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(offsets, expected_offsets)


def test_known_orders_spare_the_search_where_there_is_nothing_to_find(monkeypatch):
    puzzles = np.concatenate([SudokuTask(size=9).generate(1, TEST, 0, 12).inputs - BLANK, CYCLIC.reshape(1, 81)])
    orders = canonical_forms(puzzles, 9)[1]
    assert orders.tolist() == [1] * 12 + [648]
    searched = []

    def note(puzzle, size):
        searched.append(puzzle.tolist())
        return generators(puzzle, size)

    monkeypatch.setattr(classes, "canonical_forms", None)
    monkeypatch.setattr(classes, "generators", note)
    found, _ = automorphisms(puzzles, 9, orders)
    assert searched == [CYCLIC.ravel().tolist()]
    assert len(found) == 647


@cache
def automorphisms_of_cyclic():
    return automorphisms(CYCLIC.reshape(1, 81), 9)[0]


def test_the_cyclic_9x9_grid_has_648_automorphisms():
    found = automorphisms_of_cyclic()
    group = {tuple(move) for move in found.tolist()} | {tuple(range(81))}
    assert len(group) == 648
    form = reference.normal_form(CYCLIC.ravel())
    assert all(reference.normal_form(CYCLIC.ravel()[list(move)]) == form for move in group)
    first, second = found[5].tolist(), found[400].tolist()
    assert tuple(first[cell] for cell in second) in group


def symmetric_puzzle(automorphism):
    """A proper puzzle with the solution `CYCLIC` that `automorphism` maps to itself: orbits of clues taken away."""
    puzzle = CYCLIC.reshape(81).copy()
    for cell in np.random.default_rng(0).permutation(81):
        orbit = {int(cell)}
        while (image := {int(automorphism[c]) for c in orbit} | orbit) != orbit:
            orbit = image
        fewer = puzzle.copy()
        fewer[list(orbit)] = 0
        if solve(fewer[None], 2)[0][0] == 1:
            puzzle = fewer
    return puzzle


@pytest.mark.parametrize("which", [3, 100, 500])
def test_automorphisms_of_a_constructed_9x9_puzzle(which):
    puzzle = symmetric_puzzle(automorphisms_of_cyclic()[which])
    assert 17 <= np.count_nonzero(puzzle) < 60
    found, _ = automorphisms(puzzle[None], 9)
    # An automorphism of a proper puzzle is one of its solution, so the 648 hold all of them.
    expected = reference.automorphisms(puzzle.tolist(), automorphisms_of_cyclic().tolist())
    assert sorted(found.tolist()) == sorted(expected)
    assert found.tolist()


def test_variants_of_a_constructed_9x9_puzzle_take_the_first_of_every_coset():
    puzzle = symmetric_puzzle(automorphisms_of_cyclic()[100])
    task = SudokuTask(size=9)
    groups = task.groups_of(np.array([77]), puzzle[None], CYCLIC.reshape(1, 81))
    own = automorphisms(puzzle[None], 9)[0].tolist()
    assert task.num_variants(groups).tolist() == [task.spec.num_symmetries // (1 + len(own))]
    expected = first_of_cosets(puzzle, 9, own, seed=6, candidate=77, count=40)
    inputs, labels = augment(task, groups, 6, 1, 41)
    assert (inputs[0] - BLANK).tolist() == expected
    assert task.check(inputs[0], labels[0]).all()
    np.testing.assert_array_equal(augment(task, groups, 6, 17, 41)[0][0], inputs[0, 16:])


def test_variants_of_an_automorphic_16x16_puzzle_take_the_first_of_every_coset():
    puzzle = parse_puzzle(AUTOMORPHIC_16, 16)
    counts, solutions, _ = solve(puzzle[None], 2)
    assert counts[0] == 1
    own, _ = automorphisms(puzzle[None], 16)
    assert own.tolist() == [[(row ^ 1) * 16 + column for row in range(16) for column in range(16)]]
    task = SudokuTask(size=16)
    groups = task.groups_of(np.array([3]), puzzle[None], solutions)
    assert task.num_variants(groups).tolist() == [2**62]
    inputs, labels = augment(task, groups, 6, 1, 31)
    assert (inputs[0] - BLANK).tolist() == first_of_cosets(puzzle, 16, own.tolist(), seed=6, candidate=3, count=30)
    assert task.check(inputs[0], labels[0]).all()
    np.testing.assert_array_equal(augment(task, groups, 6, 20, 31)[0][0], inputs[0, 19:])


def first_of_cosets(puzzle, size, own, seed, candidate, count):
    """Images under the symmetries that the bijection names, those passed over that an automorphism makes smaller."""
    keys = reference.bijection_keys(seed, reference.AUGMENT, 0, 0, candidate)
    found, place = [], 1
    while len(found) < count:
        spatial, label = reference.symmetry_of(place, size, keys)
        move = reference.spatial_move(size, spatial)
        if move == min([move, *(tuple(automorphism[cell] for cell in move) for automorphism in own)]):
            found.append(moved(puzzle, size, spatial, label).tolist())
        place += 1
    return found


def test_4x4_puzzles_share_a_form_exactly_where_one_is_an_image_of_the_other():
    puzzles = puzzles_of(4)[:14]
    forms = canonical(puzzles)
    outcomes = set()
    for first, second in combinations(range(len(puzzles)), 2):
        images = {reference.normal_form(puzzles[first][list(move)]) for move in moves_of(4)}
        alike = reference.normal_form(puzzles[second]) in images
        assert np.array_equal(forms[first], forms[second]) == alike
        outcomes.add(alike)
    assert outcomes == {False, True}


@pytest.mark.parametrize("size", SIZES)
def test_threads_change_nothing(size):
    puzzles = puzzles_of(size)[:23]
    np.testing.assert_array_equal(canonical(puzzles, threads=3), canonical(puzzles))
    assert canonical(puzzles[:0], threads=3).shape == (0, size * size)
    for one, other in zip(solve(puzzles, 2, threads=3), solve(puzzles, 2), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("puzzles", "threads", "words"),
    [
        (np.zeros((1, 25), np.uint8), 1, "cells one of"),
        (np.zeros((1, 16), np.int32), 1, "dtype int32"),
        (np.full((1, 16), 5, np.uint8), 1, "the value 5; expected 0 .blank. to 4"),
        (np.zeros((1, 16), np.uint8), 0, "threads is 0; expected 1 or more"),
    ],
)
def test_what_is_no_sudoku_has_no_form(puzzles, threads, words):
    with pytest.raises(InputError, match=words):
        canonical(puzzles, threads)
