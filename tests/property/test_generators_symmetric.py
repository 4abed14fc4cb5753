"""Tasks that list their symmetries, against plain Python: classes, numbers, variants and the way back."""

import dataclasses
import hashlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import symmetric as reference
from trmpipe.generators.errors import InputError
from trmpipe.generators.rng import below, open_stream
from trmpipe.generators.symmetric import MOST_SYMMETRIES, SymmetricTask, Symmetries, square_moves
from trmpipe.generators.task import Groups, TaskSpec
from trmpipe.generators.testing import TaskConformance

SIDE = 3
KEPT = np.arange(4, dtype=np.uint8)
SWAPPED = np.array([0, 1, 3, 2], np.uint8)
NAMED = np.stack([KEPT, SWAPPED]).repeat(8, axis=0)
TURNS = Symmetries.of_moves(square_moves(SIDE), 4)
ALL = Symmetries(moves=np.tile(square_moves(SIDE), (2, 1)), names=NAMED)
NONE = Symmetries.of_moves(square_moves(SIDE)[:1], 4)


class TilesTask(SymmetricTask):
    """Squares of three kinds of tiles; the answer is the square with two kinds swapped."""

    def __init__(self, symmetries=ALL):
        self.listed = symmetries

    @property
    def spec(self):
        return TaskSpec(
            name="tiles3",
            vocabulary="_.ab",
            grid_shape=(SIDE, SIDE),
            num_symmetries=len(self.listed),
            classes="symmetry",
        )

    @property
    def symmetries(self):
        return self.listed

    def generate(self, seed, purpose, start, count):
        grids = np.empty((count, SIDE * SIDE), np.uint8)
        for i in range(count):
            stream = open_stream(seed, purpose, 0, 0, start + i)
            grids[i] = [1 + below(stream, 3) for _ in range(SIDE * SIDE)]
        return Groups.single(np.arange(start, start + count), grids, SWAPPED[grids])

    def check(self, inputs, labels):
        return (SWAPPED[inputs] == labels).all(axis=1)


class TestTiles(TaskConformance):
    @pytest.fixture(params=[ALL, TURNS, NONE], ids=["all", "turns", "none"])
    def task(self, request):
        return TilesTask(request.param)


GRIDS = st.lists(st.integers(0, 3), min_size=9, max_size=9).map(lambda cells: np.array([cells], np.uint8))


@settings(max_examples=150, deadline=None)
@given(GRIDS, st.integers(0, 2**63 - 1), st.integers(0, 10**9), st.sampled_from([ALL, TURNS, NONE]), st.data())
def test_all_that_follows_from_the_list_is_as_in_plain_python(grid, seed, candidate, listed, data):
    task, groups = TilesTask(listed), Groups.single(np.array([candidate]), grid, SWAPPED[grid])
    cells = grid[0].tolist()
    form = reference.form(cells, listed.moves, listed.names)
    assert bytes(task.examine(groups).digests[0]) == hashlib.sha256(b"tiles3" + bytes(form)).digest()
    chosen = reference.variants(cells, candidate, seed, listed.moves, listed.names)
    assert task.num_variants(groups).tolist() == [len(chosen)]
    start = data.draw(st.integers(0, len(chosen) - 1))
    count = np.array([len(chosen) - start])
    inputs, labels = task.augment(groups, seed, start, count)
    images = [reference.image(cells, listed.moves[k], listed.names[k]) for k in chosen[start:]]
    assert list(map(tuple, inputs.tolist())) == images
    swapped = SWAPPED[grid[0]].tolist()
    assert list(map(tuple, labels.tolist())) == [
        reference.image(swapped, listed.moves[k], listed.names[k]) for k in chosen[start:]
    ]
    answers = data.draw(st.lists(GRIDS, min_size=len(images), max_size=len(images)).map(np.concatenate))
    back = task.map_back(groups, seed, start, count, answers)
    assert [
        reference.image(one, listed.moves[k], listed.names[k])
        for one, k in zip(back.tolist(), chosen[start:], strict=True)
    ] == list(map(tuple, answers.tolist()))


@given(st.integers(1, 8))
def test_the_moves_of_a_square_are_its_eight(side):
    moves = square_moves(side)
    assert moves.shape == (8, side * side)
    assert len({bytes(move) for move in moves}) == (8 if side > 1 else 1)
    cells = {(cell // side, cell % side) for cell in range(side * side)}
    for move in moves.tolist():
        beside = {
            frozenset(((move[a] // side, move[a] % side), (move[b] // side, move[b] % side)))
            for a in range(side * side)
            for b in range(side * side)
            if abs(a // side - b // side) + abs(a % side - b % side) == 1
        }
        assert all(abs(p[0] - q[0]) + abs(p[1] - q[1]) == 1 for p, q in map(tuple, beside))
        assert {(cell // side, cell % side) for cell in move} == cells


@pytest.mark.parametrize(
    ("moves", "names", "message"),
    [
        (square_moves(3)[:3], np.tile(KEPT, (3, 1)), "no group"),
        (square_moves(3)[[0, 0]], np.tile(KEPT, (2, 1)), "no group"),
        (square_moves(3)[[1, 0]], np.tile(KEPT, (2, 1)), "first row of moves is expected to change nothing"),
        (square_moves(3)[:1], SWAPPED[None], "first row of names is expected to change nothing"),
        (square_moves(3)[:1].astype(np.int32), KEPT[None], "moves are int32, expected int64, a permutation"),
        (square_moves(3)[:1] * 0, KEPT[None], "expected int64, a permutation in every row"),
        (square_moves(3)[[0, 2]], np.stack([KEPT, KEPT[::-1]]), "renames pad"),
        (square_moves(3)[:2], KEPT[None], f"2 moves and 1 namings, expected 1 to {MOST_SYMMETRIES}"),
    ],
)
def test_what_is_no_group_of_symmetries_is_refused(moves, names, message):
    with pytest.raises(InputError, match=message):
        Symmetries(moves=moves, names=names)


def test_puzzles_of_several_examples_are_refused():
    groups = TilesTask().generate(0, 0, 0, 4)
    joined = dataclasses.replace(
        groups.take(slice(0, 2)), sizes=np.array([2, 2]), inputs=groups.inputs, labels=groups.labels
    )
    with pytest.raises(InputError, match="tiles3 has puzzles of several examples, which need variants of their own"):
        TilesTask().examine(joined)
