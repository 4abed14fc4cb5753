"""A run's answers to held-out puzzles after every supervision step, on any corpus that fits it and with restarts.

Shapes: T steps, N puzzles.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from trmpipe.shards import Corpus
from trmpipe.shards.progress import Silent

from ..errors import RunError
from ..evaluators import evaluator_of
from ..learners import starts_at_random
from ..models.net import draws_at_random
from ..ranks import Ranks
from ..scores.held_out import read_held_out_parts
from ..scores.trials import Ways, try_puzzles
from .inference import TrainedRun, fitted


@dataclass(frozen=True, slots=True, kw_only=True)
class StepScores:
    """Shares of puzzles.

    Attributes:
        puzzles: that were scored.
        columns: T values each, by name: whole puzzles that a judge says yes to; of one restart also right cells and
            what else is measured, see `Scores`.
    """

    puzzles: int
    columns: Mapping[str, tuple[float, ...]]


def draws(trained: TrainedRun) -> bool:
    """Whether a run's answers to a puzzle differ from restart to restart."""
    return draws_at_random(trained.net) or starts_at_random(trained.learner)


def scores_by_step(trained: TrainedRun, corpus: Corpus, *, limit: int, restarts: int = 1) -> StepScores:
    """Score a run on held-out puzzles of a corpus, its own number of supervision steps deep.

    Args:
        trained: the run.
        corpus: of the task that it was trained on, or, where the model takes any size, of another size of it.
        limit: the first so many held-out puzzles.
        restarts: answers of a network that draws at random, of which the surest is taken after each step.

    Raises:
        RunError: the corpus holds nothing to score, or is not what the network was made for.
        OptionError: the network tells nothing that restarts could be chosen by.
    """
    trained = fitted(trained, [corpus])
    parts = read_held_out_parts([corpus], limit)
    if not parts:
        raise RunError(f"{corpus.path} holds no held-out puzzles to score; generate it with --test N")
    (examples,) = parts.values()
    judge = evaluator_of(corpus.spec).judge
    with trained.examinee() as examinee:
        ways = Ways(steps=examinee.num_steps, restarts=restarts)
        found = try_puzzles(examinee, corpus, examples, judge, ways, Ranks(), Silent())
    assert found is not None
    scores, trial = found
    columns = scores.columns
    if restarts > 1:
        columns = {name: tuple(np.mean(right, axis=1).tolist()) for name, right in trial.chosen.items()}
    return StepScores(puzzles=len(examples), columns=columns)
