"""The answers that the variants of one test input agree on, best first."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .kernels import KEY_BYTES, count_answers
from .names import Maps

Grid = list[list[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer to a test input.

    Attributes:
        grid: its colours 0..9, a list of rows.
        votes: rows that gave it.
        probability: their mean halting probability.
    """

    grid: Grid
    votes: int
    probability: float


@dataclass(frozen=True, slots=True)
class Ballot:
    """All different answers to a test input, best first.

    Attributes:
        keys: uint8 [D, 902], see `kernels`.
        votes: int64 [D].
        probabilities: float64 [D], means.
    """

    keys: NDArray[np.uint8]
    votes: NDArray[np.int64]
    probabilities: NDArray[np.float64]

    def rank(self, key: NDArray[np.uint8]) -> int:
        """Place, from 1, of the answer that `key` [902] spells; 0 where nobody gave it."""
        places = np.flatnonzero((self.keys == key).all(1))
        return int(places[0]) + 1 if len(places) else 0

    @property
    def num_grids(self) -> int:
        """How many of the answers are grids; an empty one is none."""
        return int(np.count_nonzero(self.keys[:, 0]))

    def place(self, key: NDArray[np.uint8]) -> int:
        """The same among the answers that are grids, of which `best` gives the first."""
        return int(np.count_nonzero(self.keys[: self.rank(key), 0]))

    def best(self, count: int) -> tuple[Answer, ...]:
        """The first `count` answers that are grids."""
        places = np.flatnonzero(self.keys[:, 0])[:count]
        return tuple(
            Answer(
                grid=grid_of(self.keys[place]),
                votes=int(self.votes[place]),
                probability=float(self.probabilities[place]),
            )
            for place in places
        )


def count_ballot(
    predictions: NDArray[np.uint8], maps: Maps, probabilities: NDArray[np.float64], rows: NDArray[np.int64]
) -> Ballot:
    """Count the answers of `rows` and rank them by votes, then mean probability, then as the smaller key.

    Args:
        predictions: uint8 [N, 900].
        maps: of the N rows.
        probabilities: float64 [N].
        rows: int64 [M], by rising probability, so that the means do not depend on the order of the N rows.
    """
    keys = np.empty((len(rows), KEY_BYTES), np.uint8)
    votes, sums = np.empty(len(rows), np.int64), np.empty(len(rows))
    found = count_answers(predictions, maps.moves, maps.colours, probabilities, rows, keys, votes, sums)
    keys, votes, means = keys[:found], votes[:found], sums[:found] / votes[:found]
    order = sorted(range(found), key=lambda i: (-votes[i], -means[i], keys[i].tobytes()))
    return Ballot(keys[order], votes[order], means[order])


def grid_of(key: NDArray[np.uint8]) -> Grid:
    """The grid that a key spells."""
    rows, columns = int(key[0]), int(key[1])
    grid: Grid = key[2 : 2 + rows * columns].reshape(rows, columns).tolist()
    return grid


def key_of(grid: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The key uint8 [902] of a grid uint8 [rows, columns] of colours."""
    key = np.zeros(KEY_BYTES, np.uint8)
    key[:2] = grid.shape
    key[2 : 2 + grid.size] = grid.ravel()
    return key
