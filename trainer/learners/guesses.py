"""Guesses: a search with any network that answers a whole puzzle at once, by asking it about fuller puzzles.

The first round asks about the puzzle as it is, so it gives the plain answer. A later one asks about the puzzle with
some more cells filled, as if they were given: see `guess_tree` for which. After a round the cell to be held next is the
open one where the network was least sure, by the entropy of its last answer over the digits; of equal ones the first.

docs/notes/trainer.md says what was measured.

Shapes: B puzzles, b of them, S sequence, N digits, V vocabulary.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.errors import OptionError
from trmpipe.generators.task import Task

from .guess_tree import GuessTree
from .learner import Answer, last_answer
from .search import Sought

Ask = Callable[[NDArray[np.uint8], NDArray[np.int32]], Iterator[Answer]]
"""A network's answers after every step to inputs [b, S] with identifiers [b]."""


def digits_of(task: Task) -> list[int]:
    """The tokens that a cell may hold which a puzzle asks for; see `Task.choices`.

    Raises:
        OptionError: the task does not say which cells those are, or a fuller puzzle cannot say what they hold.
    """
    if task.blank is None:
        raise OptionError(
            f"{task.spec.name} does not say which cells its puzzles ask for, so that none can be guessed; "
            "leave out the search"
        )
    if task.blank in task.choices:
        raise OptionError(
            f"an answer of {task.spec.name} may leave a cell as its puzzle shows it, so that a fuller puzzle cannot "
            "say what was guessed; leave out the search"
        )
    return list(task.choices)


class Doubt(NamedTuple):
    """Where a network is least sure of its answers to b puzzles.

    Attributes:
        cells: int64 [b]; 0 where no cell is open.
        costs: float64 [b, N], minus the logarithms of the chances of the digits there.
    """

    cells: NDArray[np.int64]
    costs: NDArray[np.float64]


def least_sure(logits: Tensor, is_open: NDArray[np.bool_], digits: list[int]) -> Doubt:
    """The open cell of the largest entropy over the digits, of equal ones the first.

    Args:
        logits: [b, S, V].
        is_open: bool [b, S].
        digits: tokens that an open cell may hold.
    """
    chances = torch.log_softmax(logits[..., digits].cpu().double(), -1)
    entropy = -(chances.exp() * chances).sum(-1).numpy()
    cells = np.where(is_open, entropy, -1.0).argmax(-1)
    costs = -chances.numpy()[np.arange(len(cells)), cells]
    return Doubt(cells, costs)


class Guesses:
    """The search; see `search.Search`.

    Args:
        ask: the network.
        sought: the puzzles.

    Raises:
        OptionError: see `digits_of`.
    """

    def __init__(self, ask: Ask, sought: Sought) -> None:
        self._ask, self._sought = ask, sought
        self._digits, self._blank = digits_of(sought.task), sought.task.blank
        self._trees = [GuessTree() for _ in sought.inputs]

    def has_more(self) -> NDArray[np.bool_]:
        """Whether there is a guess that was not tried; see `search.Search.has_more`."""
        return np.array([len(tree) > 0 for tree in self._trees], np.bool_)

    def look(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Ask about the next guess of each puzzle, and add what follows on it; see `search.Search.look`."""
        guesses = [self._trees[place].take() for place in places]
        shown = self._sought.inputs[places].copy()
        for row, guess in zip(shown, guesses, strict=True):
            for cell, token in guess.held:
                row[cell] = token
        answer = last_answer(self._ask(shown, self._sought.identifiers[places]))
        tokens: NDArray[np.uint8] = answer.tokens.to(torch.uint8).cpu().numpy()
        is_open = shown == self._blank
        fixed = ~is_open & ~np.isin(shown, self._sought.task.frame)
        kept = ((tokens == shown) | ~fixed).all(-1)
        doubt = least_sure(answer.logits, is_open, self._digits)
        for row in np.flatnonzero(is_open.any(-1)).tolist():
            choices = zip(self._digits, doubt.costs[row].tolist(), strict=True)
            self._trees[places[row]].follow(guesses[row], bool(kept[row]), int(doubt.cells[row]), choices)
        return tokens
