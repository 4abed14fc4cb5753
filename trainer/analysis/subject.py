"""A run under analysis: its trace, and all that measures may ask of it besides.

Shapes: T steps, N puzzles, M puzzles of them, F numbers of a latent, K variants.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray

from trmpipe.generators.options import Range
from trmpipe.generators.registry import installed_task
from trmpipe.generators.task import Task
from trmpipe.shards import Corpus, Examples
from trmpipe.shards.words import counted

from ..evaluators import Evaluator, Polled, Pollster
from ..learners import starts_at_random
from ..models.net import answer_latent, draws_at_random
from ..scores.difficulty import levels_of, ratings_of
from .measure import NotMeasuredError
from .recording import Recorder
from .trace import Trace

_MOST_LATENT_BYTES = 512 << 20


@dataclass(frozen=True, kw_only=True)
class RunSubject:
    """A run with all that measures may ask of it: `measure.Subject`.

    Attributes:
        recorder: asks the network, to the depth of the analysis.
        evaluator: of the task.
        corpora: of the run, all of them.
        parts: corpora that hold puzzles to analyse, and these puzzles.
        limit: of held-out groups; None for all.
        num_variants: of every group that the run was trained on; None for all.
    """

    recorder: Recorder
    evaluator: Evaluator
    corpora: Sequence[Corpus]
    parts: Sequence[tuple[Corpus, Examples]]
    limit: int | None
    num_variants: int | None = None

    @cached_property
    def examples(self) -> Examples:
        """The N puzzles, one corpus after the other."""
        return Examples.join([rows for _, rows in self.parts])

    @cached_property
    def trace(self) -> Trace:
        """What the network says to them, at every step of the analysis."""
        return self.recorder.record(self.examples)

    def ask(self, examples: Examples, stage: str) -> Trace:
        """What the network says to other puzzles after the run's own number of steps."""
        shallow = replace(self.recorder.examinee, num_steps=self.recorder.own_steps)
        return replace(self.recorder, examinee=shallow).record(examples, stage=stage)

    def judged(self, examples: Examples, answers: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Whether answers uint8 [N, S] to examples count as right, bool [N]."""
        tensors = (torch.from_numpy(one.astype(np.int64)) for one in (examples.inputs, examples.labels, answers))
        found: NDArray[np.bool_] = self.evaluator.judge(*tensors).solved.numpy()
        return found

    def restarts(self, count: int) -> Iterator[Trace]:
        """The traces of so many restarts, the first one among them.

        Raises:
            NotMeasuredError: the network draws nothing, so that all would be equal.
        """
        examinee = self.recorder.examinee
        if not (draws_at_random(examinee.net) or starts_at_random(examinee.learner)):
            raise NotMeasuredError("the network draws nothing at random, so that all restarts answer alike")
        yield self.trace
        for number in range(1, count):
            yield self.recorder.record(self.examples, restart=number, stage=f"restart {number + 1}")

    def latents(self, places: NDArray[np.int64]) -> NDArray[np.float32]:
        """The latent that answers are read from, before the first step and after each: float32 [T + 1, M, F].

        Raises:
            NotMeasuredError: the network has several and does not say which it is, or they take too much memory.
        """
        rows, examinee = self.examples.take(places), self.recorder.examinee
        found: list[NDArray[np.float32]] = []
        for answer in examinee.answers(rows.inputs, rows.identifiers):
            assert answer.move is not None
            name = answer_latent(examinee.net, answer.move.after)
            if name is None:
                raise NotMeasuredError("the network has several latents and does not say which one it answers from")
            shown = answer.move if not found else answer.move[1:]
            found += [latents[name].transpose(0, 1).flatten(1).float().cpu().numpy() for latents in shown]
            if found[0].nbytes * (examinee.num_steps + 1) > _MOST_LATENT_BYTES:
                raise NotMeasuredError(
                    f"the latents of {counted(len(places), 'puzzle')} over {examinee.num_steps:,} steps take more than "
                    f"{_MOST_LATENT_BYTES >> 20} MiB; give fewer --steps"
                )
        return np.stack(found)

    @property
    def task(self) -> Task | None:
        """The task's code; None where it is not installed."""
        return installed_task(self.parts[0][0].spec)

    @property
    def ratings(self) -> NDArray[np.float64]:
        """How hard the puzzles are, float64 [N]; NaN where that is not known."""
        return np.concatenate([ratings_of(corpus, rows) for corpus, rows in self.parts])

    @property
    def levels(self) -> Mapping[str, Range]:
        """The task's names for ranges of ratings."""
        return levels_of([corpus for corpus, _ in self.parts])

    @property
    def clues(self) -> NDArray[np.int64]:
        """Cells that each puzzle shows, int64 [N]."""
        return np.concatenate([corpus.catalog["test"].clues[rows.groups] for corpus, rows in self.parts])

    @property
    def has_embeddings(self) -> bool:
        """Whether the network knows puzzles by identifiers, which have embeddings."""
        return self.recorder.examinee.net.puzzle_table is not None and bool(self.parts[0][0].spec.variant_identifiers)

    def poll(self) -> Polled:
        """The votes of variants on every test input.

        Raises:
            NotMeasuredError: answers of this task are not voted on.
        """
        if not isinstance(self.evaluator, Pollster):
            raise NotMeasuredError(
                f"answers to {self.parts[0][0].spec.name} are judged one by one; `relabelling` asks its variants"
            )
        shallow = replace(self.recorder.examinee, num_steps=self.recorder.own_steps)
        return self.evaluator.poll(shallow, self.corpora, self.limit, self.num_variants, self.recorder.progress)
