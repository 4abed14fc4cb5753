"""What is recorded of a network's answers to N puzzles, after each of T supervision steps, as plain arrays.

Latents are too many to keep: of them there are lengths, angles and distances alone, of all latents of a puzzle taken
together as one vector z.

Shapes: T steps, N puzzles, S sequence, P distances back.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

LONGEST_PERIOD = 8
"""P: how many steps back latents and answers are compared, hence the longest cycle that is found."""
COMMITTED = 0.9
"""A network has committed itself to a cell where the token that it answers has a larger probability."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Motion:
    """How latents moved; float32, z_t is what step t leaves and z_0 what the first one starts from.

    Attributes:
        residual: [T, N], the length of z_t - z_(t-1) as a share of that of z_t.
        moved: [T, N], the length of z_t - z_(t-1).
        turn: [T, N], cosine of the moves of a step and of the one before; NaN at the first step and where either is
            none.
        closeness: [T, N], cosine of z_t and z_(t-1).
        back: [P, T, N], the distance of z_t from z_(t-p) as a share of the length of z_t, for p from 1 to P; NaN where
            there was no such step.
    """

    residual: NDArray[np.float32]
    moved: NDArray[np.float32]
    turn: NDArray[np.float32]
    closeness: NDArray[np.float32]
    back: NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Trace:
    """What a network said to N puzzles.

    Attributes:
        inputs: uint8 [N, S].
        labels: uint8 [N, S].
        open: bool [N, S], the cells that are asked for and not given.
        answers: uint8 [T, N, S]; pad where the label is.
        solved: bool [T, N], whether an answer counts as right.
        exact: bool [T, N], whether it is the stored label.
        committed: int64 [T, N], open cells whose answer has a probability above `COMMITTED`.
        committed_wrong: int64 [T, N], those of them whose answer is not the label's.
        halt: float32 [T, N], logits of the answer being right; None where the learner has no such thing.
        margin: float32 [T, N], above 0 where the learner would stop; None as for `halt`.
        motion: of the latents; None where there are none.
        own_steps: the run's own number of steps; there may be more here, and of learners of one pass fewer.
    """

    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    open: NDArray[np.bool_]
    answers: NDArray[np.uint8]
    solved: NDArray[np.bool_]
    exact: NDArray[np.bool_]
    committed: NDArray[np.int64]
    committed_wrong: NDArray[np.int64]
    halt: NDArray[np.float32] | None
    margin: NDArray[np.float32] | None
    motion: Motion | None
    own_steps: int

    @property
    def num_steps(self) -> int:
        """T."""
        return len(self.answers)

    @property
    def num_puzzles(self) -> int:
        """N."""
        return len(self.inputs)

    @property
    def own(self) -> int:
        """The step, from 1 on, after which the run itself answers."""
        return min(self.own_steps, self.num_steps)

    @property
    def solved_by_run(self) -> NDArray[np.bool_]:
        """Bool [N], whether the run's own answers count as right: those after its own number of steps."""
        found: NDArray[np.bool_] = self.solved[self.own - 1]
        return found

    @property
    def right_cells(self) -> NDArray[np.bool_]:
        """Bool [T, N, S], the open cells that are answered as the label says."""
        found: NDArray[np.bool_] = (self.answers == self.labels) & self.open
        return found

    @classmethod
    def join(cls, parts: Sequence["Trace"]) -> "Trace":
        """The puzzles of one part or more, one after the other."""
        names = [field.name for field in fields(cls)]
        return cls(**{name: _joined([getattr(part, name) for part in parts], _axis(name)) for name in names})


def _axis(name: str) -> int:
    """The axis of the puzzles."""
    return 0 if name in ("inputs", "labels", "open") else 1


def _joined(values: Sequence[Any], axis: int) -> Any:
    if isinstance(values[0], Motion):
        names = [field.name for field in fields(Motion)]
        return Motion(**{name: np.concatenate([getattr(one, name) for one in values], -1) for name in names})
    return np.concatenate(values, axis) if isinstance(values[0], np.ndarray) else values[0]
