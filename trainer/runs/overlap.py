"""Held-out puzzles of some corpora that a run was trained on, as they are or as symmetric copies.

Within one corpus, and among those that are trained on together, there are none. Of any other corpora somebody has to
look: a small task has few classes, so that two corpora of other seeds share many.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus
from trmpipe.shards.words import counted

from .regime import training_corpora
from .run_config import RunConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Overlap:
    """How many held-out puzzles of some corpora a run was trained on.

    Attributes:
        puzzles: held-out puzzles (groups) that have a symmetric copy, or themselves, among those trained on; None
            where nobody can tell.
        all_puzzles: held-out puzzles that there are.
        others: paths of the corpora with some that are not the run's own.
        why: nobody can tell; empty where it is known.
    """

    puzzles: int | None
    all_puzzles: int
    others: tuple[str, ...] = ()
    why: str = ""

    def to_json(self) -> dict[str, int | None]:
        """Plain values."""
        return {"puzzles": self.puzzles, "of": self.all_puzzles}

    def lines(self, run: str) -> list[str]:
        """A line where there are some, or nobody can tell; nothing of the run's own corpora.

        Args:
            run: its path.
        """
        if not self.others:
            return []
        names = ", ".join(self.others)
        if self.puzzles is None:
            return [f"not checked whether {run} was trained on held-out puzzles of {names}: {self.why}"]
        if not self.puzzles:
            return []
        return [
            f"{self.puzzles:,} of {counted(self.all_puzzles, 'held-out puzzle')} of {names} are in the training set of "
            f"{run}, as they are or as symmetric copies, so scores on them are not of unseen puzzles alone"
        ]


def overlap_of(about: RunConfig, step: int, corpora: Sequence[Corpus]) -> Overlap:
    """How many held-out puzzles of corpora a run was trained on; not what the weights that it began with were.

    Args:
        about: the run.
        step: steps that its weights were trained for; of imported ones nobody knows the training set.
        corpora: that are open, those of the run or others. Where the run's are not among them, they are looked for
            where they were, if that is on this machine.
    """
    own = {corpus.content_digest for corpus in about.corpora}
    tested = [corpus for corpus in corpora if corpus.num_groups("test")]
    others = [corpus for corpus in tested if corpus.manifest.content_digest not in own]
    total = sum(corpus.num_groups("test") for corpus in tested)
    found = Overlap(puzzles=None, all_puzzles=total, others=tuple(corpus.path for corpus in others))
    if about.imported and step <= about.imported.step:
        return replace(found, why="the training set of published weights is not at hand")
    if not others or corpora[0].spec.name != about.task:
        return replace(found, puzzles=0)
    try:
        trained = _classes_trained_on(about, training_corpora(about, corpora))
        held_out = [corpus.catalog["test"] for corpus in others]
    except (TrmpipeError, OSError) as error:
        return replace(found, why=str(error))
    return replace(found, puzzles=sum(key in trained for catalog in held_out for key in catalog.canonical))


def _classes_trained_on(about: RunConfig, corpora: Sequence[Corpus]) -> frozenset[bytes]:
    """Classes of the training puzzles that a run uses: the first ones over its corpora, without those kept aside."""
    catalogs = [corpus.catalog["train"] for corpus in corpora if corpus.num_groups("train")]
    used = sum(map(len, catalogs)) - about.train_config().evaluation.monitor
    if about.groups is not None:
        used = min(used, about.groups)
    return frozenset(islice(chain.from_iterable(catalog.canonical for catalog in catalogs), used))
