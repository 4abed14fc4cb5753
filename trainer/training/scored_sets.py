"""The puzzles that a run is scored on while it trains, and which training puzzles are kept aside.

Held-out puzzles come from the test split. With ``evaluation.monitor`` so many training groups, the last ones, are never
trained on. A run trains on the first groups, so the groups of a smaller training set are among those of a larger one,
and with any number of them the same puzzles are kept aside.

Of training puzzles, kept aside or not, the bases are scored, as they are of held-out ones: the three differ in what the
network has seen, and in nothing else.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from trmpipe.shards import Corpus, Examples

from ..errors import SettingError
from ..runs.lines import HELD_OUT, MONITOR, SAMPLE
from ..scores.held_out import counted_on, identifiers_before, names_of, read_held_out_parts
from ..settings.config import TrainConfig
from ..settings.request import TrainRequest

Parts = Mapping[str, Examples]
"""Puzzles by the name of their corpus."""


def num_training_groups(config: TrainConfig, corpora: Sequence[Corpus], request: TrainRequest) -> int | None:
    """How many groups are trained on, the first ones of the corpora; None for all.

    Raises:
        SettingError: with those that are kept aside they would be more than there are, some of those are trained on
            in another corpus, or the task's puzzles have embeddings, which only training on them teaches.
    """
    aside = config.evaluation.monitor
    if not aside:
        return request.groups
    if corpora[0].spec.variant_identifiers:
        raise SettingError(
            f"evaluation.monitor keeps puzzles aside, and those of {corpora[0].spec.name} have embeddings that only "
            "training on them teaches; leave it at 0"
        )
    have = sum(corpus.num_groups("train") for corpus in corpora)
    wanted = have - aside if request.groups is None else request.groups
    if wanted < 1 or wanted + aside > have:
        asked = "at least one puzzle to train on" if request.groups is None else f"--groups {wanted:,}"
        raise SettingError(
            f"evaluation.monitor={aside} keeps {aside:,} training puzzles aside, and {asked} is needed beside them; "
            f"there are {have:,} in all, so lower one of them"
        )
    both = _classes(corpora, have - aside, have) & _classes(corpora, 0, wanted)
    if both:
        raise SettingError(
            f"evaluation.monitor={aside} keeps puzzles aside of which {len(both):,} are trained on as well, as corpora "
            "share them (`trmpipe inspect A --against B` counts those); train on corpora of different seeds, or on one"
        )
    return wanted


def _classes(corpora: Sequence[Corpus], start: int, stop: int) -> set[bytes]:
    """The class digests of the training groups from `start` to `stop`, counted on over the corpora."""
    return {
        digest
        for corpus, groups in zip(corpora, _cut(corpora, start, stop), strict=True)
        for digest in corpus.catalog["train"].canonical[groups.start : groups.stop]
    }


def scored_sets(config: TrainConfig, corpora: Sequence[Corpus], num_groups: int) -> dict[str, Parts]:
    """What every evaluation scores while a run trains: parts that hold puzzles, by the split that metrics call them.

    Args:
        config: of the run.
        corpora: that it is trained on.
        num_groups: that are trained on.

    Raises:
        DamagedError: a shard is missing, cut off or changed.
    """
    evaluation, have = config.evaluation, sum(corpus.num_groups("train") for corpus in corpora)
    sets = {
        HELD_OUT: read_held_out_parts(corpora, evaluation.limit),
        MONITOR: _read_groups(corpora, _cut(corpora, have - evaluation.monitor, have)),
        SAMPLE: _read_sample(corpora, _cut(corpora, 0, num_groups), evaluation.train_limit),
    }
    return {split: parts for split, parts in sets.items() if parts}


def join_sets(sets: Mapping[str, Parts]) -> list[Examples]:
    """All puzzles of all sets, part by part."""
    return [examples for parts in sets.values() for examples in parts.values()]


def _cut(corpora: Sequence[Corpus], start: int, stop: int) -> list[range]:
    """Of each corpus, the groups that are from `start` to `stop` where groups are counted on over the corpora."""
    found, before = [], 0
    for corpus in corpora:
        have = corpus.num_groups("train")
        found.append(range(min(max(start - before, 0), have), min(max(stop - before, 0), have)))
        before += have
    return found


def _read_groups(corpora: Sequence[Corpus], wanted: Sequence[range]) -> dict[str, Examples]:
    """The bases of some training groups of each corpus."""
    return {
        name: _read_bases(corpora, corpus, groups)
        for name, corpus, groups in zip(names_of(corpora), corpora, wanted, strict=True)
        if groups
    }


def _read_sample(corpora: Sequence[Corpus], trained: Sequence[range], limit: int) -> dict[str, Examples]:
    """The first bases that are trained on, an equal share of each corpus; what one has not the others have."""
    counts = dict(_shares([len(groups) for groups in trained], limit))
    parts = _read_groups(corpora, [groups[: counts.get(i, 0)] for i, groups in enumerate(trained)])
    shares = {name: counts.get(i, 0) for i, name in enumerate(names_of(corpora))}
    return {name: examples.take(slice(shares[name])) for name, examples in parts.items()}


def _shares(sizes: Sequence[int], limit: int) -> Iterator[tuple[int, int]]:
    """How many of each of `sizes` things are taken, `limit` of all where there are as many, by their places."""
    places = sorted((place for place, size in enumerate(sizes) if size), key=lambda place: sizes[place])
    for done, place in enumerate(places):
        share = min(sizes[place], -(-limit // (len(places) - done)))
        limit -= share
        yield place, share


def _read_bases(corpora: Sequence[Corpus], corpus: Corpus, groups: range) -> Examples:
    """The bases of training groups of one corpus, by rising group."""
    rows = corpus.rows("train", first_group=groups.start, num_groups=len(groups), num_variants=1)
    found = Examples.join(list(rows))
    if corpus.spec.alternatives:
        found = found.take(np.flatnonzero(found.examples == 0))
    order = np.lexsort((found.examples, found.groups))
    return counted_on(found.take(order), identifiers_before(corpora, corpus))
