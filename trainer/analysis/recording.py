"""Recording what a network answers: every answer as it goes by, and of its latents lengths, angles and distances.

Rows are asked in parts of so many tokens, as the latents of the last `LONGEST_PERIOD` steps are held meanwhile.

Shapes: T steps, N puzzles, S sequence, B rows of a part, F numbers of all latents of a puzzle.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor

from trmpipe.generators.task import PAD
from trmpipe.shards import Examples
from trmpipe.shards.progress import Progress

from ..device import as_tokens
from ..judging import Judge
from ..learners import Answer, Move
from ..losses import log_probabilities
from ..models import Latents
from ..scores.examinee import Examinee
from ..scores.open_cells import is_open
from ..scores.scoring import batch_of, in_batches
from .trace import COMMITTED, LONGEST_PERIOD, Motion, Trace

_TOKENS_AT_ONCE = 8192


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorder:
    """How answers are recorded.

    Attributes:
        examinee: who is asked, and to which depth.
        judge: says what answers are worth.
        own_steps: the run's own number of supervision steps.
        loss: name of the loss that the network was trained by, which says what its logits mean.
        progress: told of every row.
    """

    examinee: Examinee
    judge: Judge
    own_steps: int
    loss: str
    progress: Progress

    def record(self, examples: Examples, *, restart: int = 0, stage: str = "asking") -> Trace:
        """Ask about examples [N], one or more.

        Args:
            examples: the puzzles.
            restart: of a network that draws at random.
            stage: what the progress is told that is done.
        """
        work = partial(self._record_batch, examples, restart)
        parts = in_batches(work, self.examinee, len(examples), None, self.progress, stage)
        assert parts is not None
        return Trace.join(parts)

    def _record_batch(self, examples: Examples, restart: int, start: int) -> Trace:
        rows = batch_of(examples, start)
        size = max(1, _TOKENS_AT_ONCE // rows.inputs.shape[1])
        parts = [rows.take(slice(first, first + size)) for first in range(0, len(rows), size)]
        return Trace.join([self._record_rows(part, restart) for part in parts])

    def _record_rows(self, rows: Examples, restart: int) -> Trace:
        inputs, labels = (as_tokens(values, self.examinee.device) for values in (rows.inputs, rows.labels))
        said, motion, asked = _Said(), _Motion(), is_open(inputs, labels)
        for answer in self.examinee.answers(rows.inputs, rows.identifiers, restart):
            verdict = self.judge(inputs, labels, answer.tokens)
            asked = asked if verdict.open is None else verdict.open
            committed = (_probability(self.loss, answer) > COMMITTED) & asked
            wrong = committed & (answer.tokens != labels)
            said.answers.append(torch.where(labels == PAD, PAD, answer.tokens).to(torch.uint8))
            said.solved.append(verdict.solved)
            said.exact.append(verdict.exact)
            said.committed.append(committed.sum(-1))
            said.committed_wrong.append(wrong.sum(-1))
            if answer.halt is not None and answer.margin is not None:
                said.halt.append(answer.halt.float())
                said.margin.append(answer.margin.float())
            if answer.move is not None:
                motion.add(answer.move)
        halts = bool(said.halt)
        return Trace(
            inputs=rows.inputs,
            labels=rows.labels,
            open=asked.cpu().numpy(),
            answers=_stacked(said.answers),
            solved=_stacked(said.solved),
            exact=_stacked(said.exact),
            committed=_stacked(said.committed),
            committed_wrong=_stacked(said.committed_wrong),
            halt=_stacked(said.halt) if halts else None,
            margin=_stacked(said.margin) if halts else None,
            motion=motion.joined(),
            own_steps=self.own_steps,
        )


@dataclass(slots=True)
class _Said:
    """What is noted of every step, a tensor each."""

    answers: list[Tensor] = field(default_factory=list)
    solved: list[Tensor] = field(default_factory=list)
    exact: list[Tensor] = field(default_factory=list)
    committed: list[Tensor] = field(default_factory=list)
    committed_wrong: list[Tensor] = field(default_factory=list)
    halt: list[Tensor] = field(default_factory=list)
    margin: list[Tensor] = field(default_factory=list)


class _Motion:
    """Follows latents from step to step."""

    def __init__(self) -> None:
        self._before: deque[Tensor] = deque(maxlen=LONGEST_PERIOD)
        self._last: Tensor | None = None
        self._steps: list[tuple[Tensor, ...]] = []

    def add(self, move: Move) -> None:
        """One more step."""
        before, after = flat(move.before), flat(move.after)
        if not self._before:
            self._before.append(before)
        move_now = after - before
        length, moved = after.norm(dim=1), move_now.norm(dim=1)
        turn = torch.full_like(moved, torch.nan) if self._last is None else _cosine(move_now, self._last)
        distances = [(after - one).norm(dim=1) / length for one in reversed(self._before)]
        unknown = [torch.full_like(moved, torch.nan)] * (LONGEST_PERIOD - len(distances))
        self._steps.append((moved / length, moved, turn, _cosine(after, before), torch.stack([*distances, *unknown])))
        self._last = move_now
        self._before.append(after)

    def joined(self) -> Motion | None:
        """All steps; None where there was none."""
        if not self._steps:
            return None
        residual, moved, turn, closeness, back = (_stacked(column) for column in zip(*self._steps, strict=True))
        return Motion(residual=residual, moved=moved, turn=turn, closeness=closeness, back=back.transpose(1, 0, 2))


def flat(latents: Latents) -> Tensor:
    """All latents of each of B rows as one vector, float32 [B, F]."""
    return torch.cat([z.transpose(0, 1).flatten(1).float() for z in latents.values()], 1)


def _cosine(one: Tensor, other: Tensor) -> Tensor:
    """[B], NaN where either vector is none."""
    found: Tensor = (one * other).sum(1) / (one.norm(dim=1) * other.norm(dim=1))
    return found


def _probability(loss: str, answer: Answer) -> Tensor:
    """Of every token that is answered, [B, S]."""
    said: Tensor = log_probabilities(loss, answer.logits)
    found: Tensor = said.gather(-1, answer.tokens.unsqueeze(-1)).squeeze(-1).exp()
    return found


def _stacked(values: Sequence[Tensor]) -> Any:
    """The same of every step as an array [T, ...]."""
    return torch.stack(list(values)).cpu().numpy()
