"""How much of its corpora a run trains on: what scores of small-data runs mean nothing without.

A training tells it whole, beside all that there is: "100 of 1,000 training puzzles x 10 of 1,001 variants". An
evaluation names what was trained on, for which the corpora need not be at hand: "100 puzzles x 10 variants".
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus, NoCorpusError, find_all
from trmpipe.shards.urls import is_local

from .run_config import RunConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """The puzzles that a run learns from, all corpora together; None for what nobody can tell without the corpora.

    Attributes:
        puzzles: training puzzles (groups) that are used.
        all_puzzles: that there are.
        variants: most variants of a puzzle that are used, its base included.
        all_variants: most that a puzzle has.
        even: whether as many are used of every puzzle.
        kept_aside: training puzzles that are kept aside to choose the best checkpoint by.
        begun: the weights that the training began with, in words; '' for those of its seed.
    """

    puzzles: int | None = None
    all_puzzles: int | None = None
    variants: int | None = None
    all_variants: int | None = None
    even: bool = True
    kept_aside: int = 0
    begun: str = ""

    def words(self) -> str:
        """What is used, such as ``1,000 puzzles x 1,000 variants``."""
        begun = f", from {self.begun} on" if self.begun else ""
        if self.puzzles is None or self.variants is None:
            return f"a training set that is not at hand{begun}"
        return f"{self.puzzles:,} puzzles x {'' if self.even else 'up to '}{self.variants:,} variants{begun}"

    def to_json(self) -> dict[str, Any]:
        """What is used, as plain values."""
        begun = {"begun": self.begun} if self.begun else {}
        return {"puzzles": self.puzzles, "variants": self.variants, **begun}

    def whole_words(self) -> str:
        """What is used of all that there is, on one line; of a run whose corpora are at hand."""
        aside = f"; {self.kept_aside:,} kept aside" if self.kept_aside else ""
        puzzles = f"{self.puzzles:,} of {self.all_puzzles:,} training puzzles"
        return f"{puzzles} x {self.variants:,} of {self.all_variants:,} variants{aside}"

    def whole_json(self) -> dict[str, Any]:
        """What is used of all that there is, as plain values."""
        return {
            "puzzles": self.puzzles,
            "all_puzzles": self.all_puzzles,
            "variants": self.variants,
            "all_variants": self.all_variants,
            "kept_aside": self.kept_aside,
        }


def regime_of(corpora: Sequence[Corpus], num_groups: int | None, num_variants: int | None, kept_aside: int) -> Regime:
    """The regime of a run.

    Args:
        corpora: that it is trained on.
        num_groups: groups that it uses, the first ones over all corpora; None for all that are not kept aside.
        num_variants: variants of each that it uses; None for all.
        kept_aside: groups that are kept aside, the last ones.
    """
    have = _variants(corpora)
    used = have[: len(have) - kept_aside][:num_groups]
    if num_variants is not None:
        used = np.minimum(used, num_variants)
    most = int(used.max(initial=0))
    return Regime(
        puzzles=len(used),
        all_puzzles=len(have),
        variants=most,
        all_variants=int(have.max(initial=0)),
        even=bool((used == most).all()),
        kept_aside=kept_aside,
    )


def regime_of_run(about: RunConfig, step: int, opened: Sequence[Corpus]) -> Regime:
    """The regime of a run that is there.

    Args:
        about: the run.
        step: steps that the weights were trained for; imported ones of their own step are of a training set that is
            not at hand, whatever corpus they were imported for.
        opened: corpora that are open, those of the run or others. Where the run's are not among them, they are looked
            for where they were, if that is on this machine.
    """
    aside, begun = about.train_config().evaluation.monitor, _begun(about)
    if about.imported and step <= about.imported.step:
        return Regime(begun=begun)
    try:
        found = regime_of(training_corpora(about, opened), about.groups, about.variants, aside)
    except (TrmpipeError, OSError):
        found = Regime(puzzles=about.groups, variants=about.variants, kept_aside=aside)
    return replace(found, begun=begun)


def training_corpora(about: RunConfig, opened: Sequence[Corpus]) -> list[Corpus]:
    """The corpora of a run, in its order.

    Args:
        about: the run.
        opened: corpora that are open; others are looked for where they were, if all of them are on this machine.

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


def _begun(about: RunConfig) -> str:
    """The weights that a run began with, in words."""
    if about.imported:
        return f"published weights {about.imported.file}"
    return f"step {about.origin.step:,} of the run {about.origin.run}" if about.origin else ""


def _variants(corpora: Sequence[Corpus]) -> NDArray[np.int64]:
    """How many variants each training puzzle has, one corpus after the other."""
    every = [corpus.catalog["train"].variants for corpus in corpora if corpus.num_groups("train")]
    return np.concatenate([np.empty(0, np.int64), *every])
