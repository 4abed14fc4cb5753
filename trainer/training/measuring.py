"""What a training as asked for would cost, measured before it starts: parameters, FLOPs, seconds; nothing is written.

FLOPs are counted on the first puzzles of the corpus, so they are a function of settings and corpus alone. Seconds are
CPU seconds of this process where it computes on a CPU, so that other work on the machine takes none of them, and what
the clock on the wall showed meanwhile stands beside them.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
import torch

from trmpipe.shards import Corpus

from ..building.build import build_learner, build_net, corpus_sizes
from ..building.flops import flops_of, step_flops
from ..building.precision_choice import choose_precision, precision_of
from ..building.trial import first_puzzles
from ..device import pick_device
from ..learners import starts_at_random
from ..models.net import draws_at_random
from ..ranks import Ranks
from ..runs.choosing import choose_corpora
from ..scores.examinee import Examinee
from ..settings.config import TrainConfig
from ..settings.request import TrainRequest
from ..threads import num_threads, side_by_side, slices
from .asked import build_stream, throwaway_trainer
from .costs import Costs
from .fitting import seconds_of_a_step
from .listener import Unheard
from .resolving import config_for, path_of_run_on

_COUNTED, _TIMED = 8, 64
"""Puzzles whose answers are counted, and timed."""


def measure_costs(request: TrainRequest, *, seconds: float) -> Costs:
    """What a training would cost.

    Args:
        request: what would be asked for, as of `session.train`; of several corpora the first one is measured with.
        seconds: for which steps are timed; one at least.

    Raises:
        TrmpipeError: it could not be asked for, in one line.
    """
    device, ranks = pick_device(request.device), Ranks()
    corpora = choose_corpora(request, Unheard(), partial(path_of_run_on, request, device))
    config = config_for(request, corpora[0], device)[2]
    if device.type == "cuda" and config.precision == "auto":
        config = replace(config, precision=choose_precision(config, corpora, device)[0])
    clock = time.process_time if device.type == "cpu" else time.perf_counter
    wall, busy = time.perf_counter(), clock()
    with side_by_side(num_threads(config.num_slices, device)) as spread:
        trainer = throwaway_trainer(request, config, corpora, device, ranks, spread)
        stream = build_stream(config, corpora, request, ranks)
        step_seconds = seconds_of_a_step(trainer, stream, seconds, clock)
        examinee = Examinee(
            net=trainer.averaged,
            learner=trainer.learner,
            num_steps=config.evaluation.steps,
            device=device,
            spread=spread,
        )
        answer = partial(_answer, corpora[0])
        answer_seconds = _timed(lambda: answer(examinee, _TIMED), trainer.wait, clock) / _TIMED
        answer_steps = answer(examinee, 1)
        first, whole = (
            flops_of(partial(answer, replace(examinee, num_steps=steps), _COUNTED)) / _COUNTED
            for steps in (1, config.evaluation.steps)
        )
    return Costs(
        parameters=sum(parameter.numel() for parameter in trainer.averaged.parameters()),
        step_flops=_step_flops(config, corpora, device),
        answer_flops=(first, whole),
        answer_steps=answer_steps,
        step_seconds=step_seconds,
        draws=draws_at_random(trainer.averaged) or starts_at_random(trainer.learner),
        answer_seconds=answer_seconds,
        wall_share=max(1.0, (time.perf_counter() - wall) / max(clock() - busy, 1e-9)),
    )


def _step_flops(config: TrainConfig, corpora: Sequence[Corpus], device: torch.device) -> int:
    """Slice by slice, since a step may fit in no other way."""
    net = build_net(config, corpus_sizes(*corpora), device, precision_of(config, device))
    learner = build_learner(config, net)
    puzzles = [tokens.to(device) for tokens in first_puzzles(corpora[0], config.batch_size)]
    return sum(
        step_flops(net, learner, *(tokens[run] for tokens in puzzles))
        for run in slices(len(puzzles[0]), config.num_slices)
    )


def _answer(corpus: Corpus, examinee: Examinee, count: int) -> int:
    """Ask about the first puzzles; returns how many answers each got."""
    inputs, _ = first_puzzles(corpus, count)
    rows = inputs.numpy().astype(np.uint8)
    return sum(1 for _ in examinee.answers(rows, np.zeros(count, dtype=np.int32)))


def _timed(work: Callable[[], object], wait: Callable[[], None], clock: Callable[[], float]) -> float:
    """Seconds of `work`; `wait` is for a device that does it later than asked."""
    wait()
    started = clock()
    work()
    wait()
    return clock() - started
