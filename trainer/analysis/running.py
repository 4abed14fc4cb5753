"""Analysing a run: which puzzles are asked, and what every measure comes to.

The puzzles are the first held-out ones, as an evaluation takes them; with the checkpoint and the depth they decide all
that is measured.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from trmpipe.generators.errors import OptionError
from trmpipe.shards import Corpus
from trmpipe.shards.progress import Progress

from ..errors import RunError
from ..evaluators import evaluator_of
from ..scores.held_out import names_of, read_held_out_parts, tested_corpora
from ..trained.inference import TrainedRun, fitted
from .measure import Measured, NotMeasuredError, Subject
from .recording import Recorder
from .registry import MEASURES
from .subject import RunSubject

DEFAULT_LIMIT = 200
DEFAULT_STEPS = 64
MOST_STEPS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysed:
    """What an analysis came to.

    Attributes:
        puzzles: how many were asked, test inputs in tasks that have several a puzzle.
        measured: what was measured, by the measures' names.
        not_measured: why the others were not.
    """

    puzzles: int
    measured: Mapping[str, Measured]
    not_measured: Mapping[str, str]


def chosen_measures(names: Sequence[str]) -> list[str]:
    """The measures that a user asks for, in their order; all where none is named.

    Raises:
        OptionError: one is unknown.
    """
    unknown = [name for name in names if name not in MEASURES]
    if unknown:
        raise OptionError(f"no measure is called {unknown[0]!r:.60}; known: {', '.join(MEASURES)}")
    return [name for name in MEASURES if not names or name in names]


def analyse(
    trained: TrainedRun,
    corpora: Sequence[Corpus],
    *,
    limit: int | None,
    steps: int,
    only: Collection[str],
    progress: Progress,
) -> Analysed:
    """Measure a run.

    Args:
        trained: the run.
        corpora: those that it was trained on, or of the same kind.
        limit: the first so many held-out puzzles; None for all.
        steps: supervision steps of an answer; the run's own number where that is more.
        only: names of the measures to take.
        progress: told of what is asked.

    Raises:
        RunError: there are no held-out puzzles, or they are not what the network was made for.
    """
    parts = read_held_out_parts(corpora, limit)
    if not parts:
        raise RunError(f"{corpora[0].path} holds no held-out puzzles to analyse; generate it with --test N")
    tested = tested_corpora(corpora)
    by_name = dict(zip(names_of(tested), tested, strict=True))
    evaluator = evaluator_of(corpora[0].spec)
    with fitted(trained, corpora).examinee() as examinee:
        recorder = Recorder(
            examinee=replace(examinee, num_steps=max(steps, examinee.num_steps)),
            judge=evaluator.judge,
            own_steps=examinee.num_steps,
            loss=getattr(trained.config.learner, "loss", ""),
            progress=progress,
        )
        subject = RunSubject(
            recorder=recorder,
            evaluator=evaluator,
            corpora=corpora,
            parts=[(by_name[name], examples) for name, examples in parts.items()],
            limit=limit,
            num_variants=trained.num_variants,
        )
        return take_measures(subject, only)


def take_measures(subject: Subject, only: Collection[str]) -> Analysed:
    """All measures of these names, or why there are none."""
    measured, not_measured = {}, {}
    for name in only:
        try:
            measured[name] = MEASURES[name].measure(subject)
        except NotMeasuredError as error:
            not_measured[name] = str(error)
    return Analysed(puzzles=len(subject.examples), measured=measured, not_measured=not_measured)
