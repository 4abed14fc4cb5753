"""How much of its corpora a run trains on, in words: what scores of small-data runs mean nothing without."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from trmpipe.shards import Corpus


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """How much of its corpora a run trains on.

    Attributes:
        puzzles: training puzzles (groups) that are used.
        all_puzzles: that there are.
        variants: most variants of a puzzle that are used, its base included.
        all_variants: most that a puzzle has.
        kept_aside: training puzzles that are kept aside to choose the best checkpoint by.
    """

    puzzles: int
    all_puzzles: int
    variants: int
    all_variants: int
    kept_aside: int

    def in_words(self) -> str:
        """On one line."""
        aside = f"; {self.kept_aside:,} kept aside" if self.kept_aside else ""
        puzzles = f"{self.puzzles:,} of {self.all_puzzles:,} training puzzles"
        return f"{puzzles} x {self.variants:,} of {self.all_variants:,} variants{aside}"

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)


def regime_of(corpora: Sequence[Corpus], num_groups: int, num_variants: int | None, kept_aside: int) -> Regime:
    """The regime of a run.

    Args:
        corpora: that it is trained on.
        num_groups: groups that it uses, the first ones over all corpora.
        num_variants: variants of each that it uses; None for all.
        kept_aside: groups that are kept aside.
    """
    used, most, left = 0, 0, num_groups
    for corpus in corpora:
        variants = corpus.catalog["train"].variants
        used = max(used, int(variants[:left].max(initial=0)))
        most = max(most, int(variants.max(initial=0)))
        left -= min(left, len(variants))
    return Regime(
        puzzles=num_groups,
        all_puzzles=sum(corpus.num_groups("train") for corpus in corpora),
        variants=used if num_variants is None else min(used, num_variants),
        all_variants=most,
        kept_aside=kept_aside,
    )
