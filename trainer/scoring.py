"""Accuracy on held-out puzzles after every supervision step.

Shapes: N puzzles, B batch, S sequence, V vocabulary, T supervision steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.task import PAD
from trmpipe.shards import Examples

from .models import RecursiveNet
from .threads import Map

EVALUATION_BATCH = 125
"""Puzzles scored at once; the scores do not depend on it beyond rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Accuracy after each supervision step, from 1 on.

    Attributes:
        num_puzzles: puzzles scored.
        cell: share of cells that are right, given ones included, averaged over puzzles.
        exact: share of puzzles with every cell right.
        halted: share of puzzles that the halting head thinks solved.
    """

    num_puzzles: int
    cell: tuple[float, ...]
    exact: tuple[float, ...]
    halted: tuple[float, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values: puzzles, and a row for each step."""
        rows = zip(self.cell, self.exact, self.halted, strict=True)
        return {
            "puzzles": self.num_puzzles,
            "steps": [
                {"step": step, "cell": cell, "exact": exact, "halted": halted}
                for step, (cell, exact, halted) in enumerate(rows, 1)
            ],
        }

    def last(self) -> dict[str, float]:
        """Cell and exact accuracy after the last step."""
        return {"cell": self.cell[-1], "exact": self.exact[-1], "halted": self.halted[-1]}


def as_tokens(values: NDArray[np.integer], device: torch.device) -> Tensor:
    """Tokens of any integer dtype as int64 on `device`."""
    return torch.from_numpy(values.astype(np.int64)).to(device)


def right_answers(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """How right the likeliest tokens are, pad labels aside.

    Args:
        logits: [B, S, V].
        labels: int64 [B, S].

    Returns:
        float32 [B] share of right cells, bool [B] whether all are right.
    """
    counted = labels != PAD
    right = (logits.argmax(-1) == labels) & counted
    return right.sum(-1) / counted.sum(-1).clamp(min=1), (right | ~counted).all(-1)


@torch.no_grad()
def unroll(net: RecursiveNet, inputs: Tensor, identifiers: Tensor, num_steps: int) -> Iterator[tuple[Tensor, Tensor]]:
    """Logits [B, S, V] and halting logits [B] after each of `num_steps` supervision steps, none of them cut short.

    Args:
        net: the network, in evaluation mode.
        inputs: int64 [B, S].
        identifiers: int64 [B].
        num_steps: T.
    """
    latents, rows = net.initial(len(inputs)), net.puzzle_rows(identifiers)
    for _ in range(num_steps):
        latents, logits, halt = net(latents, inputs, rows)
        yield logits, halt


def score(net: RecursiveNet, examples: Examples, num_steps: int, device: torch.device, spread: Map = map) -> Scores:
    """Score `net` on examples [N], batch by batch, after every step from 1 to `num_steps`.

    Args:
        net: the network, in evaluation mode.
        examples: held-out puzzles.
        num_steps: T.
        device: where the network is.
        spread: how batches are mapped, see `threads.side_by_side`.
    """

    def batch_scores(start: int) -> NDArray[np.float64]:
        rows = slice(start, start + EVALUATION_BATCH)
        inputs, labels = (as_tokens(values[rows], device) for values in (examples.inputs, examples.labels))
        identifiers = as_tokens(examples.identifiers[rows], device)
        steps = unroll(net, inputs, identifiers, num_steps)
        return np.array([_batch_sums(logits, halt, labels) for logits, halt in steps]).T

    sums = sum(spread(batch_scores, range(0, len(examples), EVALUATION_BATCH)), start=np.zeros((3, num_steps)))
    cell, exact, halted = (tuple(row.tolist()) for row in sums / max(len(examples), 1))
    return Scores(num_puzzles=len(examples), cell=cell, exact=exact, halted=halted)


def _batch_sums(logits: Tensor, halt: Tensor, labels: Tensor) -> tuple[float, float, float]:
    cells, exact = right_answers(logits, labels)
    return float(cells.cpu().double().sum()), float(exact.sum()), float((halt > 0).sum())
