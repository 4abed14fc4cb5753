"""Pictures and their puzzles, one candidate after the other; whether an answer fits its clues.

A candidate has one stream for each attempt: the number of filled cells is drawn, each as likely, then which they are,
every set as likely. The first attempt whose clues have one solution, found as is asked for, is the candidate.
Its smallest image is what is solved, so that guesses and rounds are those of its class.

Shapes: as in the package.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below, open_stream
from ..symmetric import find_forms
from .grids import EMPTY, FILLED, OPEN, cell_of, read_clues, write_clues
from .solver import Desk, search

MOST_ATTEMPTS = 4096
"""After so many pictures that are not as asked for a candidate is given up."""

_SEVERAL = 2


class Wanted(NamedTuple):
    """What is asked for, in numbers.

    Attributes:
        least_filled: filled cells at least.
        most_filled: and at most.
        most_guesses: guesses of the solver at most.
        least_rounds: rounds at least.
        most_rounds: and at most.
        attempts: `MOST_ATTEMPTS`, or fewer.
    """

    least_filled: int
    most_filled: int
    most_guesses: int
    least_rounds: int
    most_rounds: int
    attempts: int


@kernel
def _meets(wanted: Wanted, count: int, guesses: int, rounds: int) -> bool:
    """Whether a puzzle with so many solutions, guesses and rounds is as asked for."""
    return count == 1 and guesses <= wanted.most_guesses and wanted.least_rounds <= rounds <= wanted.most_rounds


@kernel
def _draw(
    stream: NDArray[np.uint64],
    wanted: Wanted,
    order: NDArray[np.int64],
    size: int,
    margin: int,
    label: NDArray[np.uint8],
) -> None:
    """A picture with its clues, uint8 [C]."""
    num_filled = wanted.least_filled + below(stream, wanted.most_filled - wanted.least_filled + 1)
    for i in range(len(order)):
        order[i] = i
    for i in range(len(order)):
        if i < num_filled:
            j = i + below(stream, len(order) - i)
            order[i], order[j] = order[j], order[i]
        row, column = order[i] // size, order[i] % size
        label[cell_of(row, margin + column, size, margin)] = FILLED if i < num_filled else EMPTY
    write_clues(label, size, margin)


@kernel
def _hide(label: NDArray[np.uint8], puzzle: NDArray[np.uint8]) -> None:
    """The puzzle of a picture, uint8 [C]."""
    for cell in range(len(label)):
        puzzle[cell] = OPEN if label[cell] == EMPTY or label[cell] == FILLED else label[cell]


@kernel
def make_all(
    seed: int,
    purpose: int,
    start: int,
    wanted: Wanted,
    moves: NDArray[np.int64],
    names: NDArray[np.uint8],
    desk: Desk,
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
    made: NDArray[np.bool_],
) -> None:
    """Make candidates start, start + 1, ... of the stream (seed, purpose).

    Args:
        seed: root seed.
        purpose: see `rng`.
        start: the first candidate.
        wanted: what puzzles have to be.
        moves: int64 [8, C], see `Symmetries`.
        names: uint8 [8, V], likewise.
        desk: from `new_desk`.
        inputs: uint8 [G, C], receives the puzzles.
        labels: uint8 [G, C], receives them with their pictures.
        made: bool [G], receives whether a candidate was not given up.
    """
    size, margin = len(desk.found), desk.clues.shape[1]
    order = np.empty(size * size, np.int64)
    form = np.empty((1, inputs.shape[1]), np.uint8)
    for i in range(len(inputs)):
        made[i] = False
        for attempt in range(wanted.attempts):
            stream = open_stream(seed, purpose, attempt, 0, start + i)
            _draw(stream, wanted, order, size, margin, labels[i])
            _hide(labels[i], inputs[i])
            find_forms(inputs[i : i + 1], moves, names, form)
            read_clues(form[0], size, desk.clues, desk.counts)
            count = search(desk, _SEVERAL)
            if _meets(wanted, count, desk.tally[0], desk.tally[1]):
                made[i] = True
                break


@kernel
def check_all(
    inputs: NDArray[np.uint8], labels: NDArray[np.uint8], size: int, margin: int, right: NDArray[np.bool_]
) -> None:
    """Whether labels are pictures that have the clues of their puzzles, which they repeat.

    Args:
        inputs: uint8 [G, C].
        labels: uint8 [G, C].
        size: n.
        margin: m.
        right: bool [G], receives the answer.
    """
    expected = np.empty(inputs.shape[1], np.uint8)
    for i in range(len(inputs)):
        expected[:] = labels[i]
        write_clues(expected, size, margin)
        right[i] = True
        for cell in range(len(expected)):
            shown, token = inputs[i, cell], labels[i, cell]
            is_answered = shown == OPEN and (token == EMPTY or token == FILLED)
            right[i] &= token == expected[cell] and (is_answered or (shown == token and shown != OPEN))
