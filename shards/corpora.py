"""Which corpora lie at a path, and which may be trained on together."""

import os
from collections.abc import Iterable, Iterator

from .corpus import Corpus
from .errors import CorpusError, NoCorpusError
from .manifest import MANIFEST, why_no_corpus
from .store import Store


def find_corpora(path: str | os.PathLike[str]) -> list[Corpus]:
    """The corpus at `path`, or else all corpora directly below it, by name.

    Raises:
        NoCorpusError: there is neither.
    """
    store = Store(path)
    if store.exists(MANIFEST):
        return [Corpus.open(path)]
    below = [name for name in store.list_folder() if store.exists(f"{name}/{MANIFEST}")]
    if not below:
        raise NoCorpusError(why_no_corpus(store))
    return [Corpus.open(store.locate(name)) for name in below]


def open_corpora(paths: Iterable[str | os.PathLike[str]]) -> list[Corpus]:
    """The corpora at `paths`, to be trained on together.

    Args:
        paths: each a corpus or a folder of corpora.

    Raises:
        NoCorpusError: a path is neither.
        CorpusError: they hold different tasks or the same content twice, or a test group of one is in another's
            training set.
    """
    found = {corpus.path: corpus for path in paths for corpus in find_corpora(path)}
    corpora = list(found.values())
    if not corpora:
        raise NoCorpusError("no corpus is given; give a folder that `trmpipe generate` wrote")
    _refuse_mixtures(corpora)
    _refuse_copies(corpora)
    _refuse_leaks(corpora)
    return corpora


def _refuse_mixtures(corpora: list[Corpus]) -> None:
    if any(corpus.spec != corpora[0].spec for corpus in corpora):
        names = ", ".join(f"{corpus.path} ({corpus.spec.name})" for corpus in corpora)
        raise CorpusError(f"these corpora hold different tasks and cannot be mixed: {names}; give one of them")


def _refuse_copies(corpora: list[Corpus]) -> None:
    seen: dict[str, Corpus] = {}
    for corpus in corpora:
        first = seen.setdefault(corpus.manifest.content_digest, corpus)
        if first is not corpus:
            raise CorpusError(f"{first.path} and {corpus.path} hold the same content; give one of them")


def _refuse_leaks(corpora: list[Corpus]) -> None:
    for tested, trained in _ordered_pairs(corpora):
        if "test" not in tested.catalog or "train" not in trained.catalog:
            continue
        shared = tested.catalog["test"].classes & trained.catalog["train"].classes
        if shared:
            raise CorpusError(
                f"{len(shared)} test groups of {tested.path} are in the training set of {trained.path}, "
                "so scores would mean nothing; train on one of them"
            )


def _ordered_pairs(corpora: list[Corpus]) -> Iterator[tuple[Corpus, Corpus]]:
    return ((first, second) for first in corpora for second in corpora if first is not second)
