"""Classes of tasks: a digest equal exactly where tasks are the same up to a move, colours and the order of pairs.

A task is a number of demonstration pairs and a number of test inputs, in no order. A form of it has the used colours
renamed and the pairs sorted; the digest is that of the smallest form over the eight moves and over certain namings.

Which namings to try is a search. Colours get hashes of the places where they lie, which are then mixed with those of
the colours that share pairs with them, and are named in the order of their hashes. Where hashes stay tied, each of the
tied colours is picked in turn to come first. All picks are followed, so the smallest form is exact even where hashes
collide. Two picks that lead to the same form reveal a symmetry of the task, and a pick that symmetries carry to one
followed before is left out. Real tasks hardly ever have ties; nine colours that are all alike take some forty leaves
instead of 9!.

After McKay and Piperno, "Practical graph isomorphism, II" (2014), section 2.

Shapes: E examples, S = 900 tokens of one, P pairs of a task, U colours that it uses, R rows, C columns.
"""

import hashlib
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..task import PAD
from .grids import FIRST_COLOUR, NUM_COLOURS, SEQ_LEN, SIDE, crop, grid_shape
from .maps import NUM_MOVES, move, walk
from .ranks import used_colours

_MIX_0 = np.uint64(0xFF51AFD7ED558CCD)
_MIX_1 = np.uint64(0xC4CEB9FE1A85EC53)
_STEP = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(33)
_ROUNDS = 3


@kernel
def _mix(value: np.uint64) -> np.uint64:
    """MurmurHash3's finaliser, after a step that tells 0 from nothing."""
    value = value + _STEP
    value = (value ^ (value >> _HALF)) * _MIX_0
    value = (value ^ (value >> _HALF)) * _MIX_1
    return value ^ (value >> _HALF)


@kernel
def place_hashes(grids: NDArray[np.uint8], places: NDArray[np.uint64]) -> None:
    """Hash where every colour lies in every pair, under every move.

    Args:
        grids: uint8 [P, 2, S], inputs and labels stored at (0, 0); the labels of test inputs are all pad.
        places: uint64 [8, P, 10], receives the hashes: of colour 0 with the shapes, of the others 0 where they do not
            occur.
    """
    for number in range(NUM_MOVES):
        for pair in range(len(grids)):
            sums = places[number, pair]
            sums[:] = 0
            for side in range(2):
                sequence = grids[pair, side]
                rows, columns = grid_shape(sequence)
                image_rows, image_columns, start, row_step, column_step = walk(number, rows, columns)
                shape = np.uint64((image_rows * (SIDE + 1) + image_columns) * 2 + side)
                sums[0] += _mix(_mix(shape))
                for row in range(image_rows):
                    for column in range(image_columns):
                        colour = sequence[start + row * row_step + column * column_step] - FIRST_COLOUR
                        sums[colour] += _mix(np.uint64((row * SIDE + column) * 2 + side))


@kernel
def refine(places: NDArray[np.uint64], hashes: NDArray[np.uint64]) -> None:
    """Mix what each colour shares pairs with into its hash, whatever the order of pairs and colours.

    Args:
        places: uint64 [P, 10], of one move, see `place_hashes`.
        hashes: uint64 [10], refined in place; that of colour 0 and of colours that do not occur mean nothing.
    """
    sums = np.empty(NUM_COLOURS, np.uint64)
    for _ in range(_ROUNDS):
        sums[:] = 0
        for pair in range(len(places)):
            whole = _mix(places[pair, 0])
            for colour in range(1, NUM_COLOURS):
                if places[pair, colour]:
                    whole += _mix(hashes[colour] ^ _mix(places[pair, colour]))
            for colour in range(1, NUM_COLOURS):
                if places[pair, colour]:
                    sums[colour] += _mix(whole ^ _mix(places[pair, colour]))
        for colour in range(1, NUM_COLOURS):
            hashes[colour] = _mix(hashes[colour] ^ _mix(sums[colour]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """What a form says of a pair: its shapes, 0 x 0 for the label of a test input, and its colours, row by row."""

    header: bytes
    colours: NDArray[np.uint8]


class _Search:
    """The namings of one task after one move.

    Args:
        pairs: the pairs after the move.
        places: uint64 [P, 10], see `place_hashes`.
        used: the colours 1..9 that occur.
    """

    def __init__(self, pairs: list[_Pair], places: NDArray[np.uint64], used: list[int]) -> None:
        self._pairs, self._places, self._used = pairs, places, used
        self._leaves: dict[bytes, tuple[tuple[int, ...], tuple[int, ...]]] = {}
        self._symmetries: list[dict[int, int]] = []

    def smallest(self, hashes: NDArray[np.uint64]) -> bytes:
        """The smallest form, from the refined hashes uint64 [10]."""
        self._follow(hashes, ())
        return min(self._leaves)

    def _follow(self, hashes: NDArray[np.uint64], picks: tuple[int, ...]) -> int:
        """Follow the picks of tied colours below a node.

        Returns:
            The depth at which the search goes on: less than this node's where a symmetry carries the branch that leads
            here into one followed before.
        """
        rest = sorted((int(hashes[colour]), colour) for colour in self._used if colour not in picks)
        tied_hash = next((value for (value, _), (after, _) in pairwise(rest) if value == after), None)
        if tied_hash is None:
            return self._arrive(picks, (*picks, *(colour for _, colour in rest)))
        followed: list[int] = []
        for colour in (colour for value, colour in rest if value == tied_hash):
            if colour in self._orbit(followed, picks):
                continue
            followed.append(colour)
            below = hashes.copy()
            below[colour] = 0
            refine(self._places, below)
            back = self._follow(below, (*picks, colour))
            if back < len(picks):
                return back
        return len(picks)

    def _arrive(self, picks: tuple[int, ...], colours: tuple[int, ...]) -> int:
        """Keep the form of a leaf; see `_follow` for what is returned.

        Two leaves of one form are images of each other: the picks before they part stay, and one branch is the other's
        image, as picks come first among the names.
        """
        form = self._form(colours)
        if form not in self._leaves:
            self._leaves[form] = (picks, colours)
            return len(picks)
        other_picks, other_colours = self._leaves[form]
        self._symmetries.append(dict(zip(other_colours, colours, strict=True)))
        return next(i for i, (one, other) in enumerate(zip(picks, other_picks, strict=True)) if one != other)

    def _orbit(self, colours: list[int], picks: tuple[int, ...]) -> set[int]:
        """Where symmetries that leave the picks in place carry some colours."""
        found, queue = set(colours), list(colours)
        symmetries = [known for known in self._symmetries if all(known[pick] == pick for pick in picks)]
        while queue:
            colour = queue.pop()
            new = {known[colour] for known in symmetries} - found
            found |= new
            queue += new
        return found

    def _form(self, colours: tuple[int, ...]) -> bytes:
        """The task with colours named in the given order, 1 for the first, and its pairs sorted."""
        names = np.zeros(NUM_COLOURS, np.uint8)
        names[list(colours)] = np.arange(1, len(colours) + 1)
        return b"".join(sorted(pair.header + names[pair.colours].tobytes() for pair in self._pairs))


def _moved(grids: NDArray[np.uint8], number: int) -> list[_Pair]:
    """The pairs, uint8 [P, 2, S], after a move."""
    pairs = []
    for grid, label in grids:
        sides = [move(crop(grid), number), move(crop(label), number)]
        header = bytes([*sides[0].shape, *sides[1].shape])
        pairs.append(_Pair(header=header, colours=np.concatenate([side.ravel() for side in sides])))
    return pairs


def _smallest_form(grids: NDArray[np.uint8]) -> bytes:
    """The form of a task of pairs uint8 [P, 2, S] that is the same for its whole class."""
    mask = used_colours(grids.reshape(-1, SEQ_LEN))
    used = [colour for colour in range(1, NUM_COLOURS) if mask >> colour & 1]
    places = np.empty((NUM_MOVES, len(grids), NUM_COLOURS), np.uint64)
    hashes = np.zeros((NUM_MOVES, NUM_COLOURS), np.uint64)
    place_hashes(grids, places)
    outlooks = []
    for number in range(NUM_MOVES):
        refine(places[number], hashes[number])
        outlooks.append((sorted(places[number, :, 0].tolist()), sorted(hashes[number, used].tolist())))
    first = min(outlooks)
    return min(
        _Search(_moved(grids, number), places[number], used).smallest(hashes[number])
        for number in range(NUM_MOVES)
        if outlooks[number] == first
    )


def class_digests(
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    sizes: NDArray[np.int64],
    num_demonstrations: NDArray[np.int64],
) -> NDArray[np.uint8]:
    """Digests of tasks: equal exactly where tasks are the same up to a move, colours 1..9 and the order of pairs.

    Args:
        inputs: uint8 [E, S], grids stored at (0, 0), the examples of one task after the other.
        labels: uint8 [E, S], likewise; those of test inputs are not looked at.
        sizes: int64 [G], examples of each task.
        num_demonstrations: int64 [G], how many of them are demonstrations: the first ones.

    Returns:
        uint8 [G, 32], SHA-256.
    """
    digests = []
    ends = np.cumsum(sizes)
    for start, end, demonstrations in zip(ends - sizes, ends, num_demonstrations, strict=True):
        grids = np.stack([inputs[start:end], labels[start:end]], axis=1)
        grids[demonstrations:, 1] = PAD
        digests.append(hashlib.sha256(b"arc" + _smallest_form(grids)).digest())
    return np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
