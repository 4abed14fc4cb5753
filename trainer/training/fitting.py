"""`--minutes`: how many steps fit a span of time, measured before the run starts.

A run is a pure function of its config, so its length must not hang on a clock while it runs: on a resume the schedule
would be another one. A few steps are taken by a throwaway copy of network and optimiser, the evaluation is made once,
and the number of steps that follows goes to config.json as if the user had given it.

Ranks measure together, since a step of theirs is one of all: they take as many as the first one's clock says, and it
says what follows.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from trmpipe.shards import Examples, Stream

from ..errors import SettingError
from ..judging import Judge
from ..scores.examinee import Examinee
from ..scores.scoring import score
from .feeding import Feeder
from .trainer import Trainer

_MOST_SECONDS = 5.0
_SHARE = 0.05
"""Steps are measured for so many seconds, or for so large a share of the time that there is; one at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """What a run is scored on.

    Attributes:
        sample: puzzles to measure with; none where nothing is scored.
        while_training: how many each evaluation has while it trains.
        at_the_end: and the one at its end.
        judge: says what answers are worth.
    """

    sample: Examples
    while_training: int
    at_the_end: int
    judge: Judge


def fitted_steps(minutes: float, trainer: Trainer, stream: Stream, scored: Scored, spent: float) -> int:
    """Steps of a run that ends, its evaluations included, after so many minutes on this machine as it is now.

    Every rank must call it, and all are given the first one's answer.

    Args:
        minutes: for all of it.
        trainer: a throwaway one, of this rank; it is trained.
        stream: of the run; it is read and not moved.
        scored: what is scored, and when.
        spent: seconds that are gone already.

    Raises:
        SettingError: not one step fits.
        EndedElsewhereError: so the first rank told.
    """
    config, started = trainer.config, time.perf_counter()
    step = seconds_of_a_step(trainer, stream, min(_MOST_SECONDS, 60 * _SHARE * minutes))
    measured = len(scored.sample)
    each = _seconds(lambda: _score(trainer, scored)) / measured if measured else 0.0
    evaluation, final = each * scored.while_training, each * max(scored.while_training, scored.at_the_end)
    gone = spent + time.perf_counter() - started
    every = config.evaluation.every
    pace = step + (evaluation / every if every else 0.0)

    def decide() -> int:
        steps = int((60 * minutes - gone - final) / pace)
        if steps < 1:
            raise SettingError(
                f"{minutes:g} minutes do not hold a step of {step:.1f} s and the evaluation at the end, of "
                f"{final:.1f} s, beside the {gone:.1f} s that measuring them took; give more --minutes, a smaller "
                "batch_size or a smaller model"
            )
        return steps

    decided: int = trainer.ranks.first(decide)
    return decided


def seconds_of_a_step(
    trainer: Trainer, stream: Stream, enough: float, clock: Callable[[], float] | None = None
) -> float:
    """The median over steps that take `enough` seconds together; the first one, which warms up, does not count.

    Args:
        trainer: a throwaway one, of this rank; it is trained.
        stream: of the run; it is read and not moved.
        enough: seconds.
        clock: by which steps are timed; None for the one on the wall.
    """
    taken: list[float] = []
    clock = clock or time.perf_counter
    with Feeder(stream, trainer.learner, trainer.slots, trainer.device) as feeder:
        trainer.train_step(feeder.rows(0), 0)
        trainer.wait()
        goes_on = True
        while goes_on:
            started = clock()
            step = 1 + len(taken)
            trainer.train_step(feeder.rows(step), step)
            trainer.wait()
            # The ranks of a run agree after every step on whether it goes on, so what that takes is a part of a step.
            has_not_enough = sum(taken) + clock() - started < enough
            goes_on = trainer.ranks.of_all(has_not_enough)[0]
            taken.append(clock() - started)
    return median(taken)


def _score(trainer: Trainer, scored: Scored) -> None:
    config = trainer.config
    examinee = Examinee(
        net=trainer.averaged,
        learner=trainer.learner,
        num_steps=config.evaluation.steps,
        device=trainer.device,
        spread=trainer.spread,
    )
    score(examinee, scored.sample, scored.judge, trainer.ranks)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
