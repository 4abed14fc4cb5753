"""What befalls a rank of a training in tests: clocks that differ, a loss that is no number, an end of its own.

Each is called in every rank, with its number, before the command is run; see `train_forks.Forks.command`.
"""

from itertools import count
from types import SimpleNamespace

import torch

from trmpipe.trainer.errors import RunError
from trmpipe.trainer.training import asked, fitting
from trmpipe.trainer.training.loop import Loop

SECONDS_OF_A_LOOK = 0.1
"""By which the first rank's clock goes on whenever it is looked at; that of the others goes a thousand times faster."""
TROUBLED_STEP = 1


def clocks_differ(rank):
    """The clocks by which steps are measured go on by looks at them alone, and by more on all ranks but the first."""
    step = SECONDS_OF_A_LOOK * (1000 if rank else 1)
    looks = count()
    clock = SimpleNamespace(perf_counter=lambda: step * next(looks))
    fitting.time = asked.time = clock


def second_rank_diverges_in_the_first_run(rank):
    """The losses of the second rank are no numbers in a step of the run whose seed is 0."""
    train = Loop._train

    def training(loop, feeder):
        metrics = train(loop, feeder)
        if rank == 1 and (loop.config.seed, loop.step) == (0, TROUBLED_STEP):
            metrics = {**metrics, "loss": torch.full_like(metrics["loss"], float("nan"))}
        return metrics

    Loop._train = training


def first_rank_cannot_save(rank):
    """The first rank fails where all wait for it to have written."""

    def refuse(loop, state):
        raise RunError("the disk is full")

    Loop._write = refuse


def second_rank_leaves(rank):
    """The second rank fails alone, in the middle of the run whose seed is 0."""
    train = Loop._train

    def training(loop, feeder):
        if rank == 1 and (loop.config.seed, loop.step) == (0, TROUBLED_STEP):
            raise RunError("a rank of its own mind")
        return train(loop, feeder)

    Loop._train = training
