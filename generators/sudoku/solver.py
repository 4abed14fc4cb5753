"""The plain solver, for any size: candidate masks, naked and hidden singles, guesses at a cell with few candidates.

One kernel serves every question: count solutions up to a limit, find one, prove that there is no other. Bit v - 1 of a
mask stands for value v. It solves 4x4, 6x6 and 16x16, and is what the tests compare the 9x9 engine (`nine`) with;
`workbench` decides which of the two works.

Shapes: C cells, N size, U units, P peers.
"""

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel


@kernel
def is_single(mask: int) -> bool:
    """Whether `mask` has at most one bit."""
    return mask & (mask - 1) == 0


@kernel
def propagate(
    masks: NDArray[np.int32], queue: NDArray[np.int16], queued: int, units: NDArray[np.int16], peers: NDArray[np.int16]
) -> bool:
    """Draw all conclusions from naked and hidden singles, in place.

    Args:
        masks: int32 [C], candidates of every cell.
        queue: int16 [C], cells with one candidate whose peers do not know it yet; a cell enters it once.
        queued: how many of them there are.
        units: int16 [U, N].
        peers: int16 [C, P].

    Returns:
        False where a cell or a value of a unit has no place left.
    """
    full = (1 << units.shape[1]) - 1
    while True:
        while queued > 0:
            queued -= 1
            cell = queue[queued]
            bit = masks[cell]
            for peer in peers[cell]:
                mask = masks[peer]
                if mask & bit:
                    mask ^= bit
                    if mask == 0:
                        return False
                    masks[peer] = mask
                    if is_single(mask):
                        queue[queued] = peer
                        queued += 1
        for unit in units:
            once, twice = 0, 0
            for cell in unit:
                twice |= once & masks[cell]
                once |= masks[cell]
            if once != full:
                return False
            hidden = once & ~twice
            for cell in unit:
                mask = masks[cell]
                hit = mask & hidden
                if hit and hit != mask:
                    if not is_single(hit):
                        return False
                    masks[cell] = hit
                    queue[queued] = cell
                    queued += 1
            if queued > 0:
                break
        if queued == 0:
            return True


@kernel
def load(puzzle: NDArray[np.uint8], masks: NDArray[np.int32], queue: NDArray[np.int16], size: int) -> int:
    """Set candidates from the clues of a puzzle.

    Args:
        puzzle: uint8 [C], 0 = blank.
        masks: int32 [C], receives the candidates.
        queue: int16 [C], receives the cells with clues, for `propagate`.
        size: N.

    Returns:
        Number of clues.
    """
    queued = 0
    for cell in range(len(puzzle)):
        if puzzle[cell]:
            masks[cell] = 1 << (puzzle[cell] - 1)
            queue[queued] = cell
            queued += 1
        else:
            masks[cell] = (1 << size) - 1
    return queued


@kernel
def fewest(masks: NDArray[np.int32]) -> int:
    """The first cell with the fewest candidates but more than one; -1 where all are single."""
    best, best_count = -1, 1 << 30
    for cell in range(len(masks)):
        mask = masks[cell]
        count = 0
        while mask:
            mask &= mask - 1
            count += 1
        if 1 < count < best_count:
            best, best_count = cell, count
            if count == 2:
                break
    return best


@kernel
def search(
    stack: NDArray[np.int32],
    queue: NDArray[np.int16],
    queued: int,
    limit: int,
    solution: NDArray[np.uint8],
    units: NDArray[np.int16],
    peers: NDArray[np.int16],
) -> tuple[int, int]:
    """Count the solutions below ``stack[0]`` up to `limit`: `search_near` without a grid and without a bound.

    Args:
        stack: int32 [C + 1, C]; row 0 holds the candidates, the rest is room for guesses.
        queue: int16 [C], see `propagate`.
        queued: how many cells of `queue` are set.
        limit: at least 1.
        solution: uint8 [C], receives the first solution, 1..N.
        units: int16 [U, N].
        peers: int16 [C, P].

    Returns:
        Number of solutions, at most `limit`, and number of guesses (values tried where more than one was left).
    """
    return search_near(stack, queue, queued, limit, np.zeros(len(solution), np.uint8), -1, solution, units, peers)


@kernel
def search_near(
    stack: NDArray[np.int32],
    queue: NDArray[np.int16],
    queued: int,
    limit: int,
    near: NDArray[np.uint8],
    most_guesses: int,
    solution: NDArray[np.uint8],
    units: NDArray[np.int16],
    peers: NDArray[np.int16],
) -> tuple[int, int]:
    """Count the solutions below ``stack[0]`` up to `limit`.

    Args:
        stack: int32 [C + 1, C]; row 0 holds the candidates, the rest is room for guesses.
        queue: int16 [C], see `propagate`.
        queued: how many cells of `queue` are set.
        limit: at least 1.
        near: uint8 [C], the values to try first, where they are candidates; else, and where it is 0, the lowest.
        most_guesses: give up after so many; -1 for never.
        solution: uint8 [C], receives the first solution, 1..N.
        units: int16 [U, N].
        peers: int16 [C, P].

    Returns:
        Number of solutions, at most `limit`, or -1 where the search was given up, and number of guesses.
    """
    found, guesses, depth = 0, 0, 0
    alive = propagate(stack[0], queue, queued, units, peers)
    cells = np.empty(len(stack), np.int16)
    while True:
        if alive:
            cell = fewest(stack[depth])
            if cell < 0:
                found += 1
                if found == 1:
                    for i in range(len(solution)):
                        solution[i] = value_of(stack[depth, i])
                if found == limit:
                    return found, guesses
            else:
                cells[depth] = cell
                if guesses == most_guesses:
                    return -1, guesses
                guesses += 1
                alive = _guess(stack, depth, cell, near[cell], queue, units, peers)
                depth += 1
                continue
        # Back to the last guess; what is left of its cell is another guess, unless it is the only value left.
        if depth == 0:
            return found, guesses
        depth -= 1
        cell = cells[depth]
        stack[depth, cell] ^= _first(stack[depth, cell], near[cell])
        if is_single(stack[depth, cell]):
            queue[0] = cell
            alive = propagate(stack[depth], queue, 1, units, peers)
        else:
            if guesses == most_guesses:
                return -1, guesses
            guesses += 1
            alive = _guess(stack, depth, cell, near[cell], queue, units, peers)
            depth += 1


@kernel
def _first(mask: int, value: int) -> int:
    """The bit of `mask` to try first: that of `value` where it is one, else the lowest."""
    if value and mask >> (value - 1) & 1:
        return 1 << (value - 1)
    return mask & -mask


@kernel
def _guess(
    stack: NDArray[np.int32],
    depth: int,
    cell: int,
    value: int,
    queue: NDArray[np.int16],
    units: NDArray[np.int16],
    peers: NDArray[np.int16],
) -> bool:
    """Try a candidate of `cell`, `value` if it can be, in the row of the stack after `depth`."""
    stack[depth + 1] = stack[depth]
    stack[depth + 1, cell] = _first(stack[depth, cell], value)
    queue[0] = cell
    return propagate(stack[depth + 1], queue, 1, units, peers)


@kernel
def value_of(mask: int) -> int:
    """The value whose bit is the lowest of `mask`."""
    value = 1
    while not mask & 1:
        mask >>= 1
        value += 1
    return value
