"""Runs that differ in their seed alone, found among those that are listed, and how far their scores differ."""

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trmpipe.shards import json_digest

from ..trained.kept_scores import KeptScores
from ..trained.listing import ListedRun
from .seeds import Spread, spreads_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedGroup:
    """Runs that differ in their seed alone.

    Attributes:
        runs: two or more, by their seeds.
        spreads: of their newest scores, which are answers to one question.
    """

    runs: tuple[ListedRun, ...]
    spreads: Mapping[str, Spread]

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "runs": [str(run.path) for run in self.runs],
            "seeds": [run.about.train["seed"] for run in self.runs],
            "summary": {name: spread.to_json() for name, spread in self.spreads.items()},
        }


def seed_groups(runs: Sequence[ListedRun]) -> list[SeedGroup]:
    """The groups of runs whose newest scores are those of their last weights, and can be compared."""
    found: dict[str, list[ListedRun]] = {}
    for run in runs:
        scored = run.scores[0] if run.scores else None
        if scored is not None and scored.step == run.step:
            found.setdefault(_question(run, scored), []).append(run)
    groups = [_one_of_each_seed(group) for group in found.values()]
    return [
        SeedGroup(runs=group, spreads=spreads_of([run.scores[0].headline for run in group]))
        for group in groups
        if len(group) > 1
    ]


def _one_of_each_seed(group: Sequence[ListedRun]) -> tuple[ListedRun, ...]:
    """By their seeds, the first listed of each: two runs of one seed are the same run made twice."""
    found: dict[int, ListedRun] = {}
    for run in group:
        found.setdefault(run.about.train["seed"], run)
    return tuple(found[seed] for seed in sorted(found))


def _has_ended(run: ListedRun) -> bool:
    """Whether a run that may end before its last step did end, there or before: runs that did are compared."""
    evaluation = run.about.train_config().evaluation
    if not evaluation.patience:
        return False
    ended_early = run.best is not None and run.step == run.best + evaluation.patience * evaluation.every
    return ended_early or run.step == run.about.max_steps


def _question(run: ListedRun, scored: KeptScores) -> str:
    """Digest of all that runs which are compared have in common: settings, data, length, and what was scored."""
    settings = {name: value for name, value in run.about.train.items() if name != "seed"}
    return json_digest(
        {
            **run.about.binding,
            "train": settings,
            "extended": [dataclasses.asdict(one) for one in run.about.extensions if one.from_step < run.step],
            "length": None if _has_ended(run) else run.step,
            "scored": [dataclasses.asdict(corpus) for corpus in scored.corpora],
            "limit": scored.limit,
            "votes": scored.variants,
            "asked": [scored.steps, scored.restarts, scored.choose, scored.search],
        }
    )
