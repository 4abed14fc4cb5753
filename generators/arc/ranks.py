"""The distinct maps of a task, ranked.

A map moves the grids and sends the colours that the task uses, other than 0, to different colours 1..9. A task may be
its own image under a move and some permutation of its colours; then several maps give the same image. These moves are a
subgroup of the eight. Of each of its cosets the smallest move is taken, with every way to send the colours. So no two
ranks give the same image, and every image has a rank: 8 / |subgroup| moves, times 9 x 8 x ... with a factor for each
colour used. Rank 0 is the identity.

Shapes: E examples, S = 900 tokens of one.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import permute
from .grids import FIRST_COLOUR, NUM_COLOURS, SIDE, grid_shape
from .maps import COMPOSED_MOVES, NUM_MOVES, walk

COLOURS, MOVES, TRANSLATES = 0, 1, 2
"""Traits of a group, uint16 [3]: bits 1..9, colours used; bits 0..7, moves taken; 1 where grids are translated."""
TRAIT_RANGES = ((0, 0b11_1111_1110), (1, 0b1111_1111), (0, 1))
"""Least and largest value of each; a group without a move has no image at all, not even itself."""
NUM_TRAITS = len(TRAIT_RANGES)


@kernel
def used_colours(tokens: NDArray[np.uint8]) -> int:
    """The colours 1..9 in stored grids, uint8 [N, S], as a mask: bit c stands for colour c."""
    seen = np.zeros(256, np.bool_)
    for sequence in tokens:
        for token in sequence:
            seen[token] = True
    mask = 0
    for colour in range(1, NUM_COLOURS):
        if seen[FIRST_COLOUR + colour]:
            mask |= 1 << colour
    return mask


@kernel
def _goes_to_itself(tokens: NDArray[np.uint8], number: int) -> bool:
    """Whether every grid of stored ones, uint8 [N, S], is its own image under a move and one permutation of colours."""
    # No need to ask whether two colours become one: the image has every colour of the grid, so each comes from another.
    image_of = np.full(NUM_COLOURS, -1)
    image_of[0] = 0
    for sequence in tokens:
        rows, columns = grid_shape(sequence)
        image_rows, image_columns, start, row_step, column_step = walk(number, rows, columns)
        if image_rows != rows or image_columns != columns:
            return False
        for row in range(rows):
            for column in range(columns):
                old = np.int64(sequence[start + row * row_step + column * column_step]) - FIRST_COLOUR
                new = np.int64(sequence[row * SIDE + column]) - FIRST_COLOUR
                if image_of[old] < 0:
                    image_of[old] = new
                if image_of[old] != new:
                    return False
    return True


@kernel
def symmetric_moves(tokens: NDArray[np.uint8]) -> int:
    """The moves under which a task is its own image up to a permutation of its colours 1..9, as a mask.

    Args:
        tokens: uint8 [N, S], all grids of the task, stored at (0, 0), in any order; those that are all pad say nothing.
    """
    mask = 0
    for number in range(NUM_MOVES):
        if _goes_to_itself(tokens, number):
            mask |= 1 << number
    return mask


def transversal(symmetric: int) -> int:
    """The smallest move of each coset of a subgroup, as a mask: those that give all distinct images of a task.

    Args:
        symmetric: mask of the moves of the subgroup, from `symmetric_moves`.
    """
    members = [number for number in range(NUM_MOVES) if symmetric >> number & 1]
    return sum(1 << number for number in {min(COMPOSED_MOVES[member][move] for member in members) for move in range(8)})


def traits_of(tokens: NDArray[np.uint8], *, translates: bool) -> NDArray[np.uint16]:
    """Traits of a group, uint16 [3], from all grids of its task.

    Args:
        tokens: uint8 [N, S], the grids, stored at (0, 0), in any order; sequences that are all pad say nothing.
        translates: whether the group's examples are translated.
    """
    moves = transversal(symmetric_moves(tokens))
    return np.array([used_colours(tokens), moves, translates], np.uint16)


@kernel
def _bits(mask: Any) -> int:
    """How many bits are set."""
    count = 0
    while mask:
        mask &= mask - 1
        count += 1
    return count


@kernel
def _num_injections(num_used: int) -> int:
    """Ways to send so many colours to different colours 1..9."""
    count = 1
    for i in range(num_used):
        count *= NUM_COLOURS - 1 - i
    return count


@kernel
def num_ranks(traits: NDArray[np.uint16]) -> int:
    """How many distinct images a task has, itself included, from a group's traits uint16 [3]."""
    return _bits(np.int64(traits[MOVES])) * _num_injections(_bits(np.int64(traits[COLOURS])))


@kernel
def spell(rank: int, traits: NDArray[np.uint16], colours: NDArray[np.uint8]) -> int:
    """The map of a rank.

    A rank's digits pick images for the used colours in turn among those that are left, the used ones first, so that all
    zeros pick each colour itself. Colours that the task does not use take what remains, in rising order.

    Args:
        rank: 0 <= rank < ``num_ranks(traits)``.
        traits: uint16 [3], of the group.
        colours: uint8 [10], receives the image of each colour.

    Returns:
        The move, 0..7.
    """
    used = np.int64(traits[COLOURS])
    left = np.empty(NUM_COLOURS - 1, np.uint8)
    num_left = 0
    for is_used in (1, 0):
        for colour in range(1, NUM_COLOURS):
            if used >> colour & 1 == is_used:
                left[num_left] = colour
                num_left += 1
    radix = _num_injections(_bits(used))
    move_index, digits = rank // radix, rank % radix
    taken: Any = 0
    colours[0] = 0
    for colour in range(1, NUM_COLOURS):
        if used >> colour & 1:
            radix //= num_left
            digit = digits // radix
            digits %= radix
            colours[colour] = left[digit]
            taken |= 1 << np.int64(left[digit])
            num_left -= 1
            for i in range(digit, num_left):
                left[i] = left[i + 1]
    image = 1
    for colour in range(1, NUM_COLOURS):
        if not used >> colour & 1:
            while taken >> image & 1:
                image += 1
            colours[colour] = image
            image += 1
    return _nth_bit(np.int64(traits[MOVES]), move_index)


@kernel
def _nth_bit(mask: Any, index: int) -> int:
    """Place of the bit that has `index` lower ones set."""
    place = 0
    while True:
        if mask >> place & 1:
            if index == 0:
                return place
            index -= 1
        place += 1


@kernel
def variant_rank(variant: int, count: int, keys: NDArray[np.uint64]) -> Any:
    """Rank of a variant: a keyed order of all ranks in which rank 0 comes first.

    Args:
        variant: 0 <= variant < count.
        count: number of ranks.
        keys: uint64 [8], from `rng.bijection_keys`.
    """
    if variant == 0:
        return 0
    rank = permute(variant, count, keys)
    return permute(0, count, keys) if rank == 0 else rank
