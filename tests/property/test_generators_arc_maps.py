"""ARC's kernels equal their plain reference: grids, maps, ranks, variants."""

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.references import arc as reference
from tests.references.philox import bijection_keys
from trmpipe.generators.arc import (
    ArcTask,
    GridMap,
    apply,
    compose,
    crop,
    encode,
    inverse,
    parse_variant_name,
    traits_of,
    variant_name,
)
from trmpipe.generators.arc.grids import are_stored_grids, grid_shape
from trmpipe.generators.arc.maps import COMPOSED_MOVES, INVERSE_MOVES, move
from trmpipe.generators.arc.ranks import num_ranks, spell, symmetric_moves, variant_rank
from trmpipe.generators.task import Groups

SETTINGS = settings(deadline=None, derandomize=True, max_examples=60)
MOVES = st.integers(0, 7)
COLOURS = st.permutations(range(1, 10)).map(lambda rest: (0, *rest))
MAPS = st.builds(GridMap, MOVES, COLOURS)


@st.composite
def grids(draw, side=30, colours=10):
    """Grids of any shape, mostly of few colours, so that many are symmetric."""
    rows, columns = draw(st.integers(1, side)), draw(st.integers(1, side))
    most = draw(st.integers(1, colours))
    random = np.random.default_rng(draw(st.integers(0, 2**32)))
    return random.integers(0, most, (rows, columns)).tolist()


@st.composite
def small_tasks(draw):
    """One to three pairs of small grids of at most two colours besides 0, drawn from all ten."""
    names = [0, *draw(st.permutations(range(1, 10)))[:2]]
    shapes = st.tuples(st.integers(1, 3), st.integers(1, 3))
    pairs = []
    for _ in range(draw(st.integers(1, 3))):
        sides = []
        for _ in range(2):
            rows, columns = draw(shapes)
            cells = draw(st.lists(st.sampled_from(names), min_size=rows * columns, max_size=rows * columns))
            sides.append([cells[columns * r : columns * (r + 1)] for r in range(rows)])
        pairs.append(tuple(sides))
    return pairs


SQUARE = [([[1, 2], [2, 1]], [[3]])]
"""Its own image under four moves, and under all eight with 1 and 2 swapped."""
SWAPPED = [([[1, 2], [0, 0]], [[0]])]
"""Its own image under the identity and, with 1 and 2 swapped, under the left-right flip."""


def as_array(grid):
    return np.array(grid, np.uint8)


def tokens_of(sides):
    return np.array([reference.stored(side) for side in sides], np.uint8)


def sides_of(pairs):
    return [side for pair in pairs for side in pair if side is not None]


def group_of(pairs, candidate, *, translates, task=None):
    """One group; `task` are the pairs that its traits are of."""
    return Groups(
        candidates=np.array([candidate]),
        sizes=np.array([len(pairs)]),
        inputs=tokens_of([pair[0] for pair in pairs]),
        labels=tokens_of([pair[1] for pair in pairs]),
        traits=traits_of(tokens_of(sides_of(task or pairs)), translates=translates)[None],
    )


@SETTINGS
@given(grid=grids(), where=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_a_stored_grid_equals_the_reference(grid, where):
    top, left = (int(share * (30 - size)) for share, size in zip(where, (len(grid), len(grid[0])), strict=True))
    tokens = encode(as_array(grid), top, left)
    assert (tokens.dtype, tokens.tolist()) == (np.uint8, reference.stored(grid, top, left))
    plain = encode(as_array(grid))
    assert grid_shape(plain) == (len(grid), len(grid[0]))
    assert crop(plain).tolist() == grid


@SETTINGS
@given(
    grid=grids(),
    noise=st.lists(st.tuples(st.integers(0, 899), st.integers(0, 255)), max_size=12),
    few=st.booleans(),
)
def test_crops_equal_the_reference(grid, noise, few):
    tokens = encode(as_array(grid))
    for cell, token in noise:
        tokens[cell % 120 if few else cell] = token
    assert crop(tokens).tolist() == reference.cropped(tokens.tolist())


def test_of_crops_of_one_size_the_lowest_is_taken():
    tokens = np.zeros((30, 30), np.uint8)
    tokens[0, :4], tokens[:2, :2] = 2, 3
    assert crop(tokens.ravel()).tolist() == [[1, 1, 0, 0]]
    tokens[:3, :2] = 3
    assert crop(tokens.ravel()).shape == (3, 2)
    assert crop(np.zeros(900, np.uint8)).shape == (0, 0)
    assert crop(np.full(900, 12, np.uint8)).shape == (0, 0)
    assert crop(np.full(900, 11, np.uint8)).shape == (30, 30)


@SETTINGS
@given(grid=grids(side=12), where=st.tuples(st.integers(0, 18), st.integers(0, 18)), data=st.data())
def test_stored_grids_are_told_from_others(grid, where, data):
    tokens = np.tile(encode(as_array(grid), *where), (3, 1))
    tokens[1, data.draw(st.integers(0, 899))] = data.draw(st.integers(0, 255))
    tokens[2] = 0
    found = np.empty(3, np.bool_)
    are_stored_grids(tokens, found)
    assert found.tolist() == [True, reference.is_stored(tokens[1].tolist()), False]


@SETTINGS
@given(grid=grids(), some=MAPS)
def test_maps_equal_the_reference_and_are_undone(grid, some):
    mapped = apply(some, as_array(grid))
    assert mapped.tolist() == reference.image(grid, some.move, some.colours)
    assert apply(inverse(some), mapped).tolist() == grid


@SETTINGS
@given(grid=grids(side=5), first=MAPS, second=MAPS)
def test_maps_compose(grid, first, second):
    one_by_one = apply(second, apply(first, as_array(grid)))
    np.testing.assert_array_equal(apply(compose(first, second), as_array(grid)), one_by_one)
    assert compose(first, inverse(first)) == GridMap(0, tuple(range(10)))


def test_moves_are_the_dihedral_group():
    grid = np.arange(6).reshape(2, 3)
    for first in range(8):
        assert COMPOSED_MOVES[first][INVERSE_MOVES[first]] == 0
        for second in range(8):
            both = move(grid, COMPOSED_MOVES[first][second])
            np.testing.assert_array_equal(move(move(grid, first), second), both)
    assert len({move(grid, number).tobytes() + bytes(move(grid, number).shape) for number in range(8)}) == 8


@SETTINGS
@given(name=st.text(min_size=1).filter(lambda text: "|||" not in text and text[-1] != "|"), some=MAPS)
def test_names_say_their_maps(name, some):
    assert parse_variant_name(variant_name(name, some)) == (name, some)
    assert parse_variant_name(name) == (name, GridMap(0, tuple(range(10))))


@settings(SETTINGS, max_examples=20)
@given(pairs=small_tasks())
@example(pairs=SQUARE)
@example(pairs=SWAPPED)
@example(pairs=[([[0]], [[0]])])
def test_ranks_reach_every_image_once(pairs):
    sides = sides_of(pairs)
    traits = traits_of(tokens_of(sides), translates=False)
    count = num_ranks(traits)
    assert count == reference.num_variants(sides)
    found, colours = set(), np.empty(10, np.uint8)
    for rank in range(count):
        number = spell(rank, traits, colours)
        assert (number, colours.tolist()) == reference.map_of_rank(rank, sides)
        found.add(reference.freeze(reference.image(side, number, colours.tolist()) for side in sides))
    assert len(found) == count
    assert found == reference.distinct_images(sides)
    assert (spell(0, traits, colours), colours.tolist()) == (0, list(range(10)))


@SETTINGS
@given(used=st.sets(st.integers(1, 9)), where=st.floats(0, 1, exclude_max=True))
@example(used=set(range(1, 10)), where=0.9999999)
def test_maps_of_many_colours_equal_the_reference(used, where):
    sides = [[[0, *sorted(used)]]]
    traits = traits_of(tokens_of(sides), translates=True)
    rank, colours = int(where * num_ranks(traits)), np.empty(10, np.uint8)
    assert (spell(rank, traits, colours), colours.tolist()) == reference.map_of_rank(rank, sides)
    assert sorted(colours.tolist()) == list(range(10))


def test_symmetric_moves_are_found():
    assert symmetric_moves(tokens_of(sides_of(SQUARE))) == 0b11111111
    assert symmetric_moves(tokens_of(sides_of(SWAPPED))) == 0b00010001
    assert symmetric_moves(tokens_of([[[1, 2], [4, 3]]])) == 0b11111111
    assert symmetric_moves(tokens_of([[[1, 2], [0, 1]]])) == 0b10000001
    assert symmetric_moves(tokens_of([[[1, 2, 1]]])) == 0b00110101
    # The second grid asks for other colours than the first: 1 and 2 swap there, and stay here.
    assert symmetric_moves(tokens_of([[[1, 2]], [[1], [2]], [[1, 1, 2]]])) == 0b00000001
    # Two colours may not become one, and 0 not a colour.
    assert symmetric_moves(tokens_of([[[1, 0]]])) == 0b00100001
    assert symmetric_moves(tokens_of([[[1, 2, 3, 2]]])) == 0b00100001


@pytest.mark.parametrize("count", [1, 2, 5, 72])
def test_variants_take_every_rank_once(count):
    for seed in range(30):
        keys = np.array(bijection_keys(seed, reference.AUGMENT, 0, 0, 4), np.uint64)
        ranks = [variant_rank(variant, count, keys) for variant in range(count)]
        assert ranks[0] == 0
        assert sorted(ranks) == list(range(count))


@SETTINGS
@given(
    first=small_tasks(),
    second=st.lists(st.tuples(grids(), grids()), min_size=1, max_size=3),
    unknown=st.booleans(),
    seed=st.integers(0, 2**63 - 1),
    candidates=st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)),
    translates=st.booleans(),
    start=st.integers(0, 5),
    counts=st.tuples(st.integers(0, 4), st.integers(0, 4)),
)
def test_variants_equal_the_reference(first, second, unknown, seed, candidates, translates, start, counts):
    tasks = [first, second]
    shown = [[(grid, None) for grid, _ in pairs] if unknown else pairs for pairs in tasks]
    groups = Groups.join(
        [
            group_of(some, candidate, translates=translates, task=pairs)
            for some, pairs, candidate in zip(shown, tasks, candidates, strict=True)
        ]
    )
    task = ArcTask()
    counts = np.clip(task.num_variants(groups) - start, 0, counts)
    expected = [
        row
        for some, pairs, candidate, count in zip(shown, tasks, candidates, counts, strict=True)
        for k in range(start, start + count)
        for row in reference.variant(some, k, sides_of(pairs), seed, candidate, translates)
    ]
    inputs, labels = task.augment(groups, seed, start, counts)
    assert inputs.tolist() == [one for one, _ in expected]
    assert labels.tolist() == [other for _, other in expected]


@SETTINGS
@given(pairs=st.lists(st.tuples(grids(side=9), grids(side=9)), min_size=1, max_size=3), seed=st.integers(0, 99))
def test_names_undo_the_variants(pairs, seed):
    group = group_of(pairs, 3, translates=False)
    task = ArcTask()
    counts = np.minimum(task.num_variants(group), 12)
    names = task.variant_names(group, ["a-task"], seed, counts)
    assert names[0] == "a-task"
    assert len(set(names)) == len(names) == counts[0]
    for tokens, base in zip(task.augment(group, seed, 0, counts), (group.inputs, group.labels), strict=True):
        for variant, name in enumerate(names):
            back = inverse(parse_variant_name(name)[1])
            rows = tokens[variant * len(pairs) : (variant + 1) * len(pairs)]
            for row, original in zip(rows, base, strict=True):
                np.testing.assert_array_equal(apply(back, crop(row)), crop(original))
