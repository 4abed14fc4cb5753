"""Which corpora lie at the paths that a user gives, and which may be trained on together."""

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from trmpipe.generators.errors import OptionError

from .corpus import Corpus
from .errors import CorpusError, NoCorpusError
from .manifest import MANIFEST, why_no_corpus
from .store import Store

_PATTERN = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class FoundCorpora:
    """The corpora at paths that a user gave, before it is decided which are used.

    Attributes:
        paths: as they were given.
        corpora: all that lie there, in the order of the paths, below a path by name.
        given: paths of those corpora that were given themselves, not as a part of a folder or pattern.
    """

    paths: tuple[str, ...]
    corpora: tuple[Corpus, ...]
    given: frozenset[str]

    def by_task(self) -> dict[str, list[Corpus]]:
        """The corpora of every task by its name; that of the corpus finished last comes first."""
        newest = sorted(self.corpora, key=_finished, reverse=True)
        tasks = dict.fromkeys(corpus.spec.name for corpus in newest)
        return {task: [corpus for corpus in self.corpora if corpus.spec.name == task] for task in tasks}

    def newest(self, task: str) -> Corpus:
        """The corpus of a task that was finished last."""
        return max((corpus for corpus in self.corpora if corpus.spec.name == task), key=_finished)

    def only(self, corpora: Iterable[Corpus]) -> "FoundCorpora":
        """Some of them, in the order here."""
        wanted = {corpus.path for corpus in corpora}
        return FoundCorpora(self.paths, tuple(one for one in self.corpora if one.path in wanted), self.given & wanted)

    def of_task(self, task: str) -> "FoundCorpora":
        """Those of one task.

        Raises:
            OptionError: there are none.
        """
        tasks = self.by_task()
        if task not in tasks:
            raise OptionError(
                f"there is no corpus of {task!r} at {', '.join(self.paths)}; there are corpora of: {', '.join(tasks)}"
            )
        return self.only(tasks[task])

    def fitting(self, task: str) -> "FoundCorpora":
        """Without those of other tasks that lie beside some of `task`; what was given itself stays."""
        tasks = self.by_task()
        given = [corpus for corpus in self.corpora if corpus.path in self.given]
        return self.only([*tasks[task], *given]) if task in tasks else self


def find_corpora(path: str | os.PathLike[str]) -> list[Corpus]:
    """The corpus at `path`, or else all corpora directly below it, or at and below what it matches as a pattern.

    Raises:
        NoCorpusError: there is none.
    """
    return _corpora_at(Store(path), patterns=True)[0]


def find_all(paths: Iterable[str | os.PathLike[str]], *, patterns: bool = True) -> FoundCorpora:
    """The corpora at `paths`.

    Args:
        paths: each a corpus, a folder of corpora, or a pattern of such as shells know them (``shards/sudoku6*``).
        patterns: whether patterns are known; they are not in paths out of files, which could ask for any search.

    Raises:
        NoCorpusError: there is none at a path.
        OptionError: a corpus is given twice.
    """
    asked = tuple(os.fspath(path) for path in paths)
    found: dict[str, tuple[Corpus, str]] = {}
    given: set[str] = set()
    for path in asked:
        corpora, itself = _corpora_at(Store(path), patterns=patterns)
        for corpus in corpora:
            if corpus.path in found:
                first = found[corpus.path][1]
                how = f"both times as {path}" if first == path else f"by {first} and by {path}"
                raise OptionError(f"{corpus.path} is given twice, {how}; give it once")
            found[corpus.path] = (corpus, path)
        given.update(corpus.path for corpus in corpora if itself)
    if not found:
        raise NoCorpusError("no corpus is given; give a folder that `trmpipe generate` wrote")
    return FoundCorpora(asked, tuple(corpus for corpus, _ in found.values()), frozenset(given))


def open_corpora(paths: Iterable[str | os.PathLike[str]]) -> list[Corpus]:
    """The corpora at `paths`, to be trained on together.

    Args:
        paths: as `find_all` takes them.

    Raises:
        NoCorpusError: there is none at a path.
        OptionError: a corpus is given twice.
        CorpusError: they cannot be trained on together, see `check_together`.
    """
    return check_together(find_all(paths).corpora)


def check_together(corpora: Sequence[Corpus]) -> list[Corpus]:
    """The corpora, if they may be trained on together.

    Raises:
        CorpusError: they hold different tasks or the same content twice, or a test group of one is in another's
            training set.
    """
    _refuse_mixtures(corpora)
    _refuse_copies(corpora)
    _refuse_leaks(corpora)
    return list(corpora)


def _corpora_at(store: Store, *, patterns: bool) -> tuple[list[Corpus], bool]:
    """The corpora at a path, and whether it is the one that is there."""
    if store.exists(MANIFEST):
        return [Corpus.open(store.url)], True
    below = [store.locate(name) for name in store.list_folder() if store.exists(f"{name}/{MANIFEST}")]
    if not below and patterns and _PATTERN.search(store.url):
        below = [path for place in store.matches() for path in _places(Store(place))]
    if not below:
        raise NoCorpusError(why_no_corpus(store))
    return [Corpus.open(path) for path in below], False


def _places(store: Store) -> list[str]:
    """Where the corpora at and directly below a match are."""
    if store.exists(MANIFEST):
        return [store.url]
    return [store.locate(name) for name in store.list_folder() if store.exists(f"{name}/{MANIFEST}")]


def _finished(corpus: Corpus) -> tuple[float, str]:
    """When the manifest, which comes last, was written; of two of one moment the later path counts as newer."""
    return corpus.store.modified(MANIFEST), corpus.path


def _refuse_mixtures(corpora: Sequence[Corpus]) -> None:
    # What a catalog has besides, and how many answers to a puzzle are stored, is each corpus's own.
    kinds = {replace(corpus.spec, measures=(), alternatives=False) for corpus in corpora}
    if len(kinds) > 1:
        names = ", ".join(f"{corpus.path} ({corpus.spec.name})" for corpus in corpora)
        raise CorpusError(
            f"these corpora hold different tasks and cannot be mixed: {names}; give those of one task, or say which "
            f"(`trmpipe train ... --task {corpora[0].spec.name}`)"
        )


def _refuse_copies(corpora: Sequence[Corpus]) -> None:
    seen: dict[str, Corpus] = {}
    for corpus in corpora:
        first = seen.setdefault(corpus.manifest.content_digest, corpus)
        if first is not corpus:
            raise CorpusError(f"{first.path} and {corpus.path} hold the same content; give one of them")


def _refuse_leaks(corpora: Sequence[Corpus]) -> None:
    for tested, trained in _ordered_pairs(corpora):
        if "test" not in tested.catalog or "train" not in trained.catalog:
            continue
        shared = tested.catalog["test"].classes & trained.catalog["train"].classes
        if shared:
            raise CorpusError(
                f"{len(shared)} test groups of {tested.path} are in the training set of {trained.path}, "
                "so scores would mean nothing; train on one of them"
            )


def _ordered_pairs(corpora: Sequence[Corpus]) -> Iterator[tuple[Corpus, Corpus]]:
    return ((first, second) for first in corpora for second in corpora if first is not second)
