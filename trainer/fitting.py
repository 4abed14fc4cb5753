"""`--minutes`: how many steps fit a span of time, measured before the run starts.

A run is a pure function of its config, so its length must not hang on a clock while it runs: on a resume the schedule
would be another one. A few steps are taken by a throwaway copy of network and optimiser, the evaluation is made once,
and the number of steps that follows goes to config.json as if the user had given it.
"""

import time
from collections.abc import Callable
from statistics import median

from trmpipe.shards import Examples, Stream

from .errors import SettingError
from .examinee import Examinee
from .feeding import Feeder
from .scoring import score_here
from .trainer import Trainer

_MOST_SECONDS = 5.0
_SHARE = 0.05
"""Steps are measured for so many seconds, or for so large a share of the time that there is; one at least."""


def fitted_steps(
    minutes: float, trainer: Trainer, stream: Stream, scored: Examples, num_at_the_end: int, spent: float
) -> int:
    """Steps of a run that ends, its evaluations included, after so many minutes on this machine as it is now.

    Args:
        minutes: for all of it.
        trainer: a throwaway one; it is trained.
        stream: of the run; it is read and not moved.
        scored: puzzles of an evaluation while training.
        num_at_the_end: puzzles of the evaluation at the end, which has as many as `scored` at least.
        spent: seconds that are gone already.

    Raises:
        SettingError: not one step fits.
    """
    config, started = trainer.config, time.perf_counter()
    step = _seconds_of_a_step(trainer, stream, min(_MOST_SECONDS, 60 * _SHARE * minutes))
    evaluation = _seconds(lambda: _score(trainer, scored)) if len(scored) else 0.0
    final = evaluation * max(1.0, num_at_the_end / max(1, len(scored)))
    every = config.evaluation.every
    left = 60 * minutes - spent - (time.perf_counter() - started) - final
    steps = int(left / (step + (evaluation / every if every else 0.0)))
    if steps < 1:
        raise SettingError(
            f"{minutes:g} minutes do not hold a step of {step:.1f} s and the evaluation at the end, of {final:.1f} s; "
            "give more --minutes, a smaller batch_size or a smaller model"
        )
    return steps


def _seconds_of_a_step(trainer: Trainer, stream: Stream, enough: float) -> float:
    """The median over steps that take `enough` seconds together; the first one, which warms up, does not count."""
    taken: list[float] = []
    with Feeder(stream, trainer.learner, trainer.slots, trainer.device) as feeder:
        trainer.train_step(feeder.rows(0), 0)
        trainer.wait()
        while sum(taken) < enough or not taken:
            started = time.perf_counter()
            step = 1 + len(taken)
            trainer.train_step(feeder.rows(step), step)
            trainer.wait()
            taken.append(time.perf_counter() - started)
    return median(taken)


def _score(trainer: Trainer, scored: Examples) -> None:
    config = trainer.config
    examinee = Examinee(
        net=trainer.averaged,
        learner=trainer.learner,
        num_steps=config.evaluation.steps,
        device=trainer.device,
        spread=trainer.spread,
    )
    score_here(examinee, scored, trainer.judge)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
