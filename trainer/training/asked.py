"""From what a user asks of a training to its settings, its stream, its threads, and the steps that fit a time."""

import time
from collections.abc import Callable, Sequence

import torch

from trmpipe.shards import Corpus, Examples, Stream
from trmpipe.shards.errors import TooManyError

from ..building.build import build_learner, build_net, corpus_sizes
from ..building.precision_choice import precision_of
from ..device import choose_compile
from ..errors import SettingError
from ..evaluators import evaluator_of
from ..ranks import Ranks
from ..scores.held_out import read_held_out
from ..settings.config import TrainConfig
from ..settings.curriculum import refuse_other_measures
from ..settings.request import TrainRequest
from ..threads import Map, num_threads, side_by_side
from .compiling import compile_steps
from .fitting import Scored, fitted_steps
from .result import num_scored_at_the_end
from .scored_sets import join_sets, num_training_groups, scored_sets
from .trainer import Trainer

_SAMPLE = 64
"""Held-out puzzles by which scoring is measured, where none are scored before the end."""


def build_stream(config: TrainConfig, corpora: list[Corpus], request: TrainRequest, ranks: Ranks) -> Stream:
    """The training stream of the corpora, or of a nested subset of them.

    Args:
        config: that the run is started with: its steps are those of the curriculum.
        corpora: to train on.
        request: says which subset.
        ranks: whose part of every batch it is.

    Raises:
        CorpusError: there is no such subset, or its puzzles are not rated and a curriculum goes by that.
        SettingError: the ratings of several corpora cannot be compared.
    """
    refuse_other_measures(config.curriculum, corpora)
    return Stream(
        corpora,
        seed=config.seed,
        batch_size=config.batch_size,
        num_groups=num_training_groups(config, corpora, request),
        num_variants=request.variants,
        sampling=config.sampling,
        rank=ranks.rank,
        world_size=ranks.world_size,
        curriculum=config.curriculum.over(config.max_steps),
    )


def too_few_variants(request: TrainRequest, corpora: Sequence[Corpus]) -> list[str]:
    """That `--variants` of a run to go on with asks for more than any group has, as one line; else none.

    Raises:
        TooManyError: it does so of a new run.
    """
    most = max(int(corpus.catalog["train"].variants.max()) for corpus in corpora)
    if request.variants is None or request.variants <= most:
        return []
    if not request.resume:
        raise TooManyError(
            f"{request.variants:,} variants of each group are asked for and none has more than {most:,}; give a number "
            f"from 1 to {most:,}"
        )
    return [f"--variants asks for {request.variants:,} of each group, none has more than {most:,}: all are used"]


def refuse_uneven_batch(config: TrainConfig, ranks: Ranks) -> None:
    """Refuse a batch that the ranks cannot share evenly.

    Raises:
        SettingError: so it is.
    """
    if config.batch_size % ranks.world_size:
        raise SettingError(
            f"batch_size is {config.batch_size}, which {ranks.world_size} processes cannot share evenly; give a "
            "multiple of that with --set batch_size=..., or start another number of processes"
        )


def fit_steps(
    request: TrainRequest,
    config: TrainConfig,
    corpora: list[Corpus],
    device: torch.device,
    ranks: Ranks,
    note: Callable[[str], None],
) -> int:
    """The steps that fit the minutes that a user has, see `fitting`; the same on every rank, and all must call it.

    Args:
        request: what the user asks for.
        config: of the run, whose number of steps does not count.
        corpora: to train on.
        device: to train on.
        ranks: of the processes that train together.
        note: is told how many they are.

    Raises:
        SettingError: not one step fits; on the other ranks only that the first one told it.
    """
    assert request.minutes is not None
    started = time.perf_counter()
    with side_by_side(num_threads(config.num_slices, device)) as spread:
        trainer = throwaway_trainer(request, config, corpora, device, ranks, spread)
        stream = build_stream(config, corpora, request, ranks)
        scored = scored_sets(config, corpora, stream.num_groups)
        examples = Examples.join([Examples.empty(trainer.sizes.seq_len), *join_sets(scored)])
        sample = examples if len(examples) else read_held_out(corpora, _SAMPLE)
        final, spent = num_scored_at_the_end(corpora, scored, request.final_limit), time.perf_counter() - started
        judge = evaluator_of(corpora[0].spec).judge
        asked = Scored(sample=sample, while_training=len(examples), at_the_end=final, judge=judge)
        steps = fitted_steps(request.minutes, trainer, stream, asked, spent)
    by = f" by {ranks.world_size} processes" if ranks.world_size > 1 else ""
    note(f"{steps:,} steps{by} fit {request.minutes:g} minutes on this machine as it is now")
    return steps


def throwaway_trainer(
    request: TrainRequest,
    config: TrainConfig,
    corpora: list[Corpus],
    device: torch.device,
    ranks: Ranks,
    spread: Map,
) -> Trainer:
    """A trainer like that of the run, to measure steps with.

    Args:
        request: what the user asks for.
        config: of the run.
        corpora: to train on.
        device: to train on.
        ranks: of the processes that train together.
        spread: how slices of the batch are mapped.
    """
    sizes = corpus_sizes(*corpora)
    net = build_net(config, sizes, device, precision_of(config, device))
    learner = build_learner(config, net)
    judge = evaluator_of(corpora[0].spec).judge_lesson
    trainer = Trainer(config, net, learner, judge, sizes, ranks=ranks, spread=spread)
    compile_steps(trainer, choose_compile(device, request.compile), sizes.seq_len)
    return trainer
