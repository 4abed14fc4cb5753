"""The symmetries: ranked without gaps or repeats, all of them symmetries; variants equal to their plain reference."""

import dataclasses
from functools import cache
from math import factorial

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.blocks_of_variants import augment
from tests.references import sudoku as reference
from trmpipe.generators.errors import InputError
from trmpipe.generators.rng import bijection_keys
from trmpipe.generators.sudoku import BLANK, SIZES, SudokuTask, parse_puzzle, solve
from trmpipe.generators.sudoku.geometry import geometry
from trmpipe.generators.sudoku.symmetry import relabelling, spatial_move, symmetry_tables
from trmpipe.generators.sudoku.variants import apply, symmetry_of
from trmpipe.generators.task import TRAIN, Groups

AUTOMORPHIC = (
    "2.6.3..1........2......15.1..4.2....",
    ".6.1....1..2.5...3..6......2...4...5",
    "....62...1..6......14....5..3..4..2.",
)
"""6x6 puzzles that one symmetry besides the identity maps to themselves: one in three thousand of those made."""

moves_of = cache(reference.spatial_moves)


def spell(size, rank):
    move = np.empty(size * size, np.uint8)
    spatial_move(rank, symmetry_tables(size), move)
    return move


def relabel(size, rank):
    tokens = np.empty(size + 2, np.uint8)
    relabelling(rank, tokens)
    return tokens


@pytest.mark.parametrize(
    ("size", "symmetries"),
    [(4, 24 * 128), (6, 720 * 48 * 72), (9, factorial(9) * 6**8 * 2), (16, factorial(16) * 24**10 * 2)],
    ids=SIZES,
)
def test_orders_of_the_groups(size, symmetries):
    assert SudokuTask(size=size).spec.num_symmetries == symmetries


@pytest.mark.parametrize("size", SIZES)
def test_geometry_follows_the_definition(size):
    tables = geometry(size)
    assert sorted(map(sorted, tables.units.tolist())) == sorted(map(sorted, reference.units(size)))
    assert [set(row) for row in tables.peers.tolist()] == reference.peers(size)
    assert len(tables.peers[0]) == len(set(tables.peers[0].tolist()))


@pytest.mark.parametrize("size", SIZES)
def test_rank_zero_is_the_identity(size):
    assert spell(size, 0).tolist() == list(range(size * size))
    assert relabel(size, 0).tolist() == list(range(size + 2))


@pytest.mark.parametrize("size", [4, 6])
def test_spatial_ranks_reach_every_symmetry_once(size):
    moves = np.array([spell(size, rank) for rank in range(symmetry_tables(size).num_spatial)])
    assert list(map(tuple, moves.tolist())) == moves_of(size)
    assert len(np.unique(moves, axis=0)) == len(moves)
    assert np.all(np.sort(moves, axis=1) == np.arange(size * size))


@pytest.mark.parametrize("size", [4, 6, 9])
def test_arrangements_come_in_the_order_of_the_enumerated_ones(size):
    tables, (height, width) = symmetry_tables(size), reference.BOXES[size]
    every = tables.num_transposes * tables.rows.num_arrangements
    rows = [spell(size, tables.num_transposes * rank) // size for rank in range(tables.rows.num_arrangements)]
    columns = [spell(size, every * rank) % size for rank in range(tables.columns.num_arrangements)]
    np.testing.assert_array_equal(np.array(rows)[:, ::size], reference.arrangements(size, height))
    np.testing.assert_array_equal(np.array(columns)[:, :size], reference.arrangements(size, width))


@settings(deadline=None, derandomize=True, max_examples=150)
@given(size=st.sampled_from(SIZES), where=st.floats(0, 1))
@example(size=9, where=1.0)
def test_spatial_ranks_equal_the_reference(size, where):
    rank = min(int(where * reference.num_spatial(size)), reference.num_spatial(size) - 1)
    assert tuple(spell(size, rank).tolist()) == reference.spatial_move(size, rank)


@settings(deadline=None, derandomize=True, max_examples=100)
@given(size=st.sampled_from(SIZES), seed=st.integers(0, 2**63 - 1), place=st.integers(1, 2**62 - 1))
def test_symmetries_at_a_place_equal_the_reference(size, seed, place):
    tables, keys = symmetry_tables(size), bijection_keys(seed, reference.AUGMENT, 0, 0, 5)
    place = 1 + place % (tables.num_variants - 1)
    assert symmetry_of(place, tables, keys) == reference.symmetry_of(place, size, keys.tolist())


def test_every_symmetry_of_4x4_but_the_identity_has_one_place():
    tables, identity_moved = symmetry_tables(4), set()
    for seed in range(40):
        keys = bijection_keys(seed, reference.AUGMENT, 0, 0, 0)
        pairs = {symmetry_of(place, tables, keys) for place in range(1, 24 * 128)}
        assert len(pairs) == 24 * 128 - 1
        assert (0, 0) not in pairs
        identity_moved.add(reference.permute_pair(0, 128, 24, keys.tolist()) != (0, 0))
    assert True in identity_moved


@pytest.mark.parametrize("size", [4, 6])
def test_relabellings_reach_every_permutation_once(size):
    tokens = np.array([relabel(size, rank) for rank in range(factorial(size))])
    assert len(np.unique(tokens, axis=0)) == factorial(size)
    assert np.all(tokens[:, :2] == [0, BLANK])
    assert np.all(np.sort(tokens, axis=1) == np.arange(size + 2))


@settings(deadline=None, derandomize=True, max_examples=60)
@given(size=st.sampled_from(SIZES), data=st.data())
def test_relabellings_equal_the_reference(size, data):
    rank = data.draw(st.integers(0, factorial(size) - 1))
    assert relabel(size, rank)[1:].tolist() == [BLANK + value for value in reference.relabelling(size, rank)]


def test_relabellings_at_9x9_differ():
    ranks = range(0, factorial(9), 97)
    assert len({relabel(9, rank).tobytes() for rank in ranks}) == len(ranks)


@pytest.mark.parametrize("size", SIZES)
def test_every_symmetry_keeps_a_solution_right(size):
    task = SudokuTask(size=size)
    groups = task.generate(0, TRAIN, 0, 1)
    spatial = np.random.default_rng(0).integers(0, symmetry_tables(size).num_spatial, 500) if size > 6 else range(128)
    images = np.empty((2, len(spatial), size * size), np.uint8)
    for i, rank in enumerate(spatial):
        for grid, image in zip((groups.inputs[0], groups.labels[0]), images[:, i], strict=True):
            apply(grid, spell(size, rank), relabel(size, rank % factorial(size)), image)
    assert task.check(*images).all()


def make(size, start, count):
    return SudokuTask(size=size).generate(0, TRAIN, start, count)


def of_lines(size, lines):
    puzzles = np.array([parse_puzzle(line, size) for line in lines])
    return SudokuTask(size=size).groups_of(np.arange(len(puzzles)), puzzles, solve(puzzles)[1])


def sparse(size, automorphic, count=3):
    """Some puzzles that have automorphisms, or have none."""
    task = SudokuTask(size=size)
    groups = make(size, 0, 40) if size == 4 or not automorphic else of_lines(6, AUTOMORPHIC)
    has = task.num_variants(groups) < task.spec.num_symmetries
    return groups.take(np.flatnonzero(has == automorphic)[:count])


@pytest.mark.parametrize("automorphic", [False, True])
def test_all_variants_at_4x4_equal_the_reference(automorphic):
    task, groups = SudokuTask(size=4), sparse(4, automorphic)
    assert len(groups) == 3
    for i in range(len(groups)):
        group = groups.take(slice(i, i + 1))
        most = int(task.num_variants(group)[0])
        inputs, labels = augment(task, group, 5, 0, most)
        pairs = zip((inputs[0] - BLANK).tolist(), (labels[0] - BLANK).tolist(), strict=True)
        base = (group.inputs[0] - BLANK).tolist(), (group.labels[0] - BLANK).tolist()
        # One more is asked of the reference, which has no more to give.
        expected = reference.variants(*base, 4, 5, int(group.candidates[0]), most + 1, moves_of(4))
        assert [(tuple(a), tuple(b)) for a, b in pairs] == expected
        assert len(np.unique(inputs[0], axis=0)) == most
        assert task.check(inputs[0], labels[0]).all()


@pytest.mark.parametrize("automorphic", [False, True])
def test_first_variants_at_6x6_equal_the_reference(automorphic):
    task, groups = SudokuTask(size=6), sparse(6, automorphic, count=1)
    inputs, labels = augment(task, groups, 9, 0, 40)
    base = (groups.inputs[0] - BLANK).tolist(), (groups.labels[0] - BLANK).tolist()
    expected = reference.variants(*base, 6, 9, int(groups.candidates[0]), 40, moves_of(6))
    found = zip((inputs[0] - BLANK).tolist(), (labels[0] - BLANK).tolist(), strict=True)
    assert [(tuple(a), tuple(b)) for a, b in found] == expected


def test_variants_at_9x9_are_the_symmetries_that_the_bijection_names():
    task, groups = SudokuTask(size=9), make(9, 3, 1)
    inputs, labels = augment(task, groups, 2**40, 0, 30)
    keys = reference.bijection_keys(2**40, reference.AUGMENT, 0, 0, 3)
    for variant in range(1, 30):
        spatial, label = reference.symmetry_of(variant, 9, keys)
        move, values = list(reference.spatial_move(9, spatial)), reference.relabelling(9, label)
        names = np.array([0, *(BLANK + value for value in values)])
        np.testing.assert_array_equal(inputs[0, variant], names[groups.inputs[0, move]])
        np.testing.assert_array_equal(labels[0, variant], names[groups.labels[0, move]])


def any_answers(rng, task, *shape):
    return rng.integers(0, task.spec.vocab_size, (*shape, task.spec.seq_len), np.uint8)


def test_any_answer_at_9x9_is_mapped_back_by_the_inverse_of_the_symmetry():
    task, groups, rng = SudokuTask(size=9), make(9, 3, 1), np.random.default_rng(0)
    answers, keys = any_answers(rng, task, 20), reference.bijection_keys(2**40, reference.AUGMENT, 0, 0, 3)
    images = []
    for variant, answer in enumerate(answers, 5):
        spatial, label = reference.symmetry_of(variant, 9, keys)
        names = np.array([0, *(BLANK + value for value in reference.relabelling(9, label))], np.uint8)
        images.append(names[answer[list(reference.spatial_move(9, spatial))]])
    found = task.map_back(groups, 2**40, 5, np.array([20]), np.array(images))
    np.testing.assert_array_equal(found, answers)


@pytest.mark.parametrize("size", SIZES)
def test_answers_are_mapped_back_at_every_size(size):
    """Where there are automorphisms too; any answer takes the place of the label, which no map looks at."""
    task, groups, rng = SudokuTask(size=size), whole(size)[0], np.random.default_rng(size)
    counts = np.arange(len(groups)) % 3 * 4
    answers = any_answers(rng, task, len(groups))
    bases = dataclasses.replace(groups, labels=answers)
    images = task.augment(bases, 7, 2, counts)[1]
    np.testing.assert_array_equal(task.map_back(groups, 7, 2, counts, images), answers.repeat(counts, axis=0))


@pytest.mark.parametrize("size", SIZES)
def test_variants_are_right_and_all_different(size):
    task, groups = SudokuTask(size=size), make(size, 0, 12)
    stop = 192 if size == 4 else 600
    inputs, labels = augment(task, groups, 1, 0, stop)
    assert task.check(inputs.reshape(-1, size * size), labels.reshape(-1, size * size)).all()
    assert all(len(np.unique(variants, axis=0)) == stop for variants in inputs)
    np.testing.assert_array_equal(inputs[:, 0], groups.inputs)
    np.testing.assert_array_equal(labels[:, 0], groups.labels)


@cache
def whole(size):
    """Groups, half of them with automorphisms where there are such, and their first variants."""
    groups = make(size, 0, 6)
    if size < 9:
        parts = sparse(size, True), sparse(size, False)
        groups = Groups.join(parts)
    return groups, augment(SudokuTask(size=size), groups, 3, 0, 150)


@settings(deadline=None, derandomize=True, max_examples=60)
@given(size=st.sampled_from(SIZES), variants=st.tuples(st.integers(0, 150), st.integers(0, 150)), data=st.data())
def test_any_slice_equals_that_of_the_whole(size, variants, data):
    start, stop = sorted(variants)
    groups, (inputs, labels) = whole(size)
    index = np.array(data.draw(st.lists(st.integers(0, len(groups) - 1), max_size=4)), np.int64)
    part_inputs, part_labels = augment(SudokuTask(size=size), groups.take(index), 3, start, stop)
    np.testing.assert_array_equal(part_inputs, inputs[index, start:stop])
    np.testing.assert_array_equal(part_labels, labels[index, start:stop])


def test_groups_and_seeds_have_variants_of_their_own():
    groups = make(6, 0, 1)
    others = Groups.single(groups.candidates + 1, groups.inputs, groups.labels)
    task = SudokuTask(size=6)
    first = augment(task, groups, 0, 1, 50)[0]
    assert not np.array_equal(first, augment(task, groups, 1, 1, 50)[0])
    assert not np.array_equal(first, augment(task, others, 0, 1, 50)[0])


@pytest.mark.parametrize("automorphic", [False, True])
def test_one_variant_too_many_is_refused_with_the_most_there_are(automorphic):
    task, group = SudokuTask(size=4), sparse(4, automorphic, count=1)
    most = int(task.num_variants(group)[0])
    with pytest.raises(InputError, match=f"puzzle {group.candidates[0]} has {most} distinct variants; {most + 1} were"):
        augment(task, group, 0, 0, most + 1)
    with pytest.raises(InputError, match=f"{most} distinct"):
        augment(task, group, 0, most, most + 1)
