"""torch.compile for the whole supervision step, given up in one line where it does not work."""

from collections.abc import Callable
from typing import Any

import torch

from trmpipe.shards.urls import printable

from ..building.trial import work_of_nothing
from ..device import CompileChoice
from .trainer import Trainer

_Learn = Callable[..., Any]

_MOST_WORDS = 120
"""Characters of an error that are told."""


def compile_steps(trainer: Trainer, choice: CompileChoice, seq_len: int) -> str:
    """Compile what a trainer learns by, if `choice` says so; returns a line on what was done.

    Compiling happens at the first call, so rows of nothing are learned from once, forward and backward: as many as a
    slice has, since the graph is made for that number. Where it fails, whatever the reason, the trainer goes on
    without.

    Args:
        trainer: of the run.
        choice: of `device.choose_compile`.
        seq_len: tokens of an example.
    """
    if not choice.wanted:
        return choice.reason
    learn = trainer.learner.learn
    trainer.learn_by(as_one_graph(learn, trainer.device, graphs=choice.graphs), compiled=True)
    try:
        for num_rows in trainer.slice_sizes:
            trainer.try_learning(work_of_nothing(trainer.computing, trainer.learner, seq_len, num_rows)[1])
    except Exception as error:
        torch._dynamo.reset()
        trainer.learn_by(learn, compiled=False)
        return f"torch.compile failed here ({_in_words(error)}); training goes on without it"
    return choice.reason


def as_one_graph(learn: _Learn, device: torch.device, *, graphs: bool = False) -> _Learn:
    """A learner's `learn` as one graph of static shapes, made at its first call.

    On a CPU the graph is called from C++. From Python it would hold the interpreter's lock in every kernel that torch
    makes, and of the threads that work on slices one at a time would get on.

    Args:
        learn: of a `Learner`.
        device: where it runs.
        graphs: whether its kernels are replayed as CUDA graphs.
    """
    if device.type == "cpu":
        return torch.compile(learn, fullgraph=True, dynamic=False, options={"cpp_wrapper": True})
    return torch.compile(learn, fullgraph=True, dynamic=False, mode="reduce-overhead" if graphs else "default")


def _in_words(error: Exception) -> str:
    """The kind of an error and the first line that it has: Dynamo names there what it cannot compile."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), "no more is known")
    return printable(f"{type(error).__name__}: {first}"[:_MOST_WORDS])
