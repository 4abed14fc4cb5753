"""How much a run was trained on, as evaluations name it: "1,000 puzzles x 1,000 variants"."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus, NoCorpusError, find_all
from trmpipe.shards.urls import is_local

from .run_config import RunConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingSet:
    """The puzzles that a run learned from, all corpora together.

    Attributes:
        puzzles: base puzzles; None where the corpora are not at hand to count them.
        variants: of each, the most that one has; None likewise.
        even: whether every puzzle has as many.
    """

    puzzles: int | None = None
    variants: int | None = None
    even: bool = True

    def words(self) -> str:
        """Such as ``1,000 puzzles x 1,000 variants``."""
        if self.puzzles is None or self.variants is None:
            return "a training set that is not at hand"
        return f"{self.puzzles:,} puzzles x {'' if self.even else 'up to '}{self.variants:,} variants"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {"puzzles": self.puzzles, "variants": self.variants}


def training_set_of(about: RunConfig, opened: Sequence[Corpus]) -> TrainingSet:
    """What a run was trained on.

    Args:
        about: the run.
        opened: corpora that are open, those of the run or others. Where the run's are not among them, they are looked
            for where they were, if that is on this machine.
    """
    try:
        every = [corpus.layout("train").variants for corpus in _corpora_of(about, opened) if corpus.num_groups("train")]
    except (TrmpipeError, OSError):
        return TrainingSet(puzzles=about.groups, variants=about.variants)
    counts = np.concatenate([np.empty(0, np.int64), *every])
    counts = counts[: len(counts) - about.train_config().evaluation.monitor][: about.groups]
    if about.variants is not None:
        counts = np.minimum(counts, about.variants)
    most = int(counts.max(initial=0))
    return TrainingSet(puzzles=len(counts), variants=most, even=bool((counts == most).all()))


def _corpora_of(about: RunConfig, opened: Sequence[Corpus]) -> list[Corpus]:
    """The corpora of a run, in its order.

    Raises:
        NoCorpusError: one is neither open nor at hand.
    """
    wanted = [corpus.content_digest for corpus in about.corpora]
    known = {corpus.manifest.content_digest: corpus for corpus in opened}
    if not known.keys() >= set(wanted) and all(map(is_local, about.paths)):
        known |= {corpus.manifest.content_digest: corpus for corpus in find_all(about.paths, patterns=False).corpora}
    if not known.keys() >= set(wanted):
        raise NoCorpusError("a corpus of the run is not where it was")
    return [known[digest] for digest in wanted]
