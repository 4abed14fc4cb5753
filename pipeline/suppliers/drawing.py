"""The lines of a file in the order in which a seed draws them, each solved and examined when its turn comes.

The order is a keyed bijection of the lines that can be used, so that the i-th is known without the others. It depends
on how many they are: where lines are left out for what they say, all are looked at first, and only what was found out
is kept. Blocks grow, so that few puzzles wait for few, and do not depend on the workers; nor does the choice.

Shapes: B puzzles, S sequence length.
"""

from collections import deque
from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators import contract
from trmpipe.generators.errors import InputError
from trmpipe.generators.options import in_words
from trmpipe.generators.rng import SAMPLE, bijection_keys, permute
from trmpipe.generators.task import PAD, Examined, Groups, Solutions, Task
from trmpipe.shards.progress import Progress

from ..bases import Drop, Selection
from ..cluster import Cluster
from ..errors import PuzzleFileError
from ..puzzle_files import BadLineError, PuzzleFile
from .supplier import Request

DROP_IMPROPER = "drop_improper"
_SMALLEST_BLOCK, _LARGEST_BLOCK = 64, 1024
_FINE, _NONE, _SEVERAL, _OTHER_ANSWER, _FILLED, _OUTSIDE = range(6)
_IMPROPER = {
    _NONE: "no solution",
    _SEVERAL: "several solutions",
    _OTHER_ANSWER: "an answer that is no solution",
    _FILLED: "no cell to fill in",
}
"""What --drop-improper drops."""

_Parts = Generator[tuple[Examined, PuzzleFileError | None], None, None]
"""Puzzles in their order, and what is wrong with the line that comes next."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Pool:
    """The lines of a file that a recipe can use.

    Attributes:
        file: the file.
        usable: int64 [B], their places in it; None where all are.
        drops: the other lines.
    """

    file: PuzzleFile
    usable: NDArray[np.int64] | None
    drops: tuple[Drop, ...]

    def __len__(self) -> int:
        return len(self.file) if self.usable is None else len(self.usable)

    @property
    def has_ratings(self) -> bool:
        """Whether the file's own ratings are to be kept."""
        return self.file.ratings is not None


def sift(file: PuzzleFile, recipe: Request, cluster: Cluster, progress: Progress) -> Pool:
    """The lines that a recipe can use, as far as that is asked: all, where it leaves none out.

    Args:
        file: the puzzles.
        recipe: the task, its options, and whether puzzles that are not proper are dropped.
        cluster: solves and examines them.
        progress: who is told how far it is.

    Raises:
        PuzzleFileError: a line is no puzzle; or no proper one, and those are not to be dropped.
        InputError: the task has no solver.
    """
    if not recipe.options and DROP_IMPROPER not in recipe.supply:
        return Pool(file=file, usable=None, drops=())
    task = recipe.make_task()
    progress.start(f"solving {file.name}", len(file))
    findings = np.empty(len(file), np.int8)
    blocks = list(_blocks(len(file)))
    rows = ((recipe, *_texts_of(file, task, block, DROP_IMPROPER in recipe.supply)) for block in blocks)
    for block, found in zip(blocks, cluster.map(sift_puzzles, rows), strict=True):
        findings[block] = found
        improper = np.flatnonzero(np.isin(found, list(_IMPROPER)))
        if len(improper) and DROP_IMPROPER not in recipe.supply:
            raise _refusal(file, task, block.start + int(improper[0]), int(found[improper[0]]))
        progress.advance(len(found))
    progress.finish()
    words = {**_IMPROPER, _OUTSIDE: f"outside {in_words(recipe.options)}"}
    left_out = np.flatnonzero(findings != _FINE)
    told = zip(file.lines[left_out].tolist(), findings[left_out].tolist(), strict=True)
    return Pool(
        file=file,
        usable=np.flatnonzero(findings == _FINE),
        drops=tuple(Drop(candidate=line, reason=words[finding], twin=None) for line, finding in told),
    )


def _texts_of(
    file: PuzzleFile, task: Task, block: slice, with_answers: bool
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Puzzles of a run of lines and the file's own solutions, uint8 [B, S] each; all pad where those do not count."""
    places = np.arange(block.start, block.stop)
    inputs = file.parse(task, places)
    return inputs, file.parse_answers(task, places) if with_answers else np.full_like(inputs, PAD)


def sift_puzzles(recipe: Request, inputs: NDArray[np.uint8], answers: NDArray[np.uint8]) -> NDArray[np.int8]:
    """What is to be said of puzzles uint8 [B, S] and the file's own solutions, int8 [B]: runs on the workers.

    Raises:
        InputError: the task has no solver.
    """
    labels, findings = _labelled(recipe, inputs, answers)
    if recipe.options:
        proper = np.flatnonzero(findings == _FINE)
        groups = Groups.single(proper, inputs[proper], labels[proper])
        accepted = contract.examine(recipe.make_task(), groups).accepted
        findings[proper[~accepted]] = _OUTSIDE
    return findings


def examine_puzzles(
    recipe: Request, lines: NDArray[np.int64], inputs: NDArray[np.uint8], answers: NDArray[np.uint8]
) -> tuple[Examined, NDArray[np.int8]]:
    """Puzzles solved and examined, up to the first that cannot be used: runs on the workers.

    Args:
        recipe: the task with its options.
        lines: int64 [B].
        inputs: uint8 [B, S].
        answers: uint8 [B, S], the file's own solutions, all pad where it has none.

    Returns:
        The puzzles, and what is to be said of all [B].

    Raises:
        InputError: the task has no solver.
    """
    labels, findings = _labelled(recipe, inputs, answers)
    wrong = np.flatnonzero(findings != _FINE)
    good = slice(0, int(wrong[0]) if len(wrong) else len(findings))
    groups = Groups.single(lines[good], inputs[good], labels[good])
    return contract.examine(recipe.make_task(), groups), findings


def _solve(recipe: Request, inputs: NDArray[np.uint8]) -> Solutions:
    if not len(inputs):  # Of nothing a task need not be able to solve.
        return Solutions(np.empty(0, np.int64), inputs)
    found = contract.solve(recipe.make_task(), inputs)
    if found is None:
        raise InputError(f"{recipe.task} puzzles cannot be taken from lines: the task has no solver; generate them")
    return found


def _labelled(
    recipe: Request, inputs: NDArray[np.uint8], answers: NDArray[np.uint8]
) -> tuple[NDArray[np.uint8], NDArray[np.int8]]:
    """Labels uint8 [B, S], the file's own where it has a right one, and what is to be said of puzzles, int8 [B]."""
    solutions, task = _solve(recipe, inputs), recipe.make_task()
    codes = np.array([_NONE, _FINE, _FINE if task.takes_any_answer else _SEVERAL], np.int8)
    findings, given = codes[solutions.counts], (answers != PAD).any(axis=1)
    if not task.takes_any_answer:
        differs: NDArray[np.bool_] = (answers != solutions.labels).any(axis=1)
    elif given.any():
        differs = ~contract.check(task, inputs, answers)
    else:  # Where there are no answers, a task need not be able to check them.
        differs = given
    findings[(findings == _FINE) & given & differs] = _OTHER_ANSWER
    if task.blank is not None:
        findings[(findings == _FINE) & (inputs != task.blank).all(axis=1)] = _FILLED
    return np.where(given[:, None], answers, solutions.labels), findings


def _blocks(count: int) -> Iterator[slice]:
    """Blocks of `count` puzzles; of none one, since the task alone knows the widths of the arrays."""
    start, size = 0, _SMALLEST_BLOCK
    while start < max(count, 1):
        yield slice(start, min(start + size, count))
        start, size = start + size, min(2 * size, _LARGEST_BLOCK)


def _refusal(file: PuzzleFile, task: Task, place: int, finding: int) -> PuzzleFileError:
    where = f"{file.given} line {file.lines[place]}"
    expected = "one or more" if task.takes_any_answer else "exactly one"
    if finding == _OTHER_ANSWER:
        return PuzzleFileError(
            f"{where}: the answer given is not the puzzle's solution; mend the line, or drop all such lines with "
            "--drop-improper"
        )
    if finding == _FILLED:
        expected = "a puzzle rather than its answer"
    return PuzzleFileError(
        f"{where}: the puzzle has {_IMPROPER[finding]}, expected {expected}; "
        "take the line out, or drop all such lines with --drop-improper"
    )


class Draws:
    """The puzzles of a pool in their order, taken by one selection after the other.

    Args:
        pool: the lines that can be used.
        recipe: task, options and seed.
        purpose: which order, `TRAIN` or `TEST`.
        cluster: solves and examines them.
        whole: whether all will be wanted: then they are looked at in the order of the file, and the first line that
            cannot be used is named.
    """

    def __init__(self, pool: Pool, recipe: Request, purpose: int, cluster: Cluster, *, whole: bool) -> None:
        self._pool, self._recipe, self._cluster = pool, recipe, cluster
        self._keys = bijection_keys(recipe.seed, SAMPLE, 0, 0, purpose)
        self._is_whole = whole
        self._parts: _Parts | None = None
        self._left: Examined | None = None
        self._error: PuzzleFileError | None = None

    def __enter__(self) -> "Draws":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._parts is not None:
            self._parts.close()

    def fill(self, selection: Selection, stage: str, progress: Progress) -> None:
        """Offer puzzles until a selection is full or there are no more.

        Args:
            selection: takes those of classes that are new.
            stage: for the progress.
            progress: who is told how far it is.

        Raises:
            PuzzleFileError: the turn comes of a line that cannot be used.
        """
        puzzles = self._next(progress)
        progress.start(stage, len(self._pool) if selection.wanted is None else selection.wanted)
        while puzzles is not None:
            offered, count = selection.num_offered, selection.count
            selection.offer(puzzles)
            progress.advance(selection.count - count)
            self._left = puzzles.take(slice(selection.num_offered - offered, None))
            if selection.is_full:
                break
            self._left = None
            if self._error is not None:
                raise self._error
            puzzles = self._next(progress)
        progress.finish()

    def _next(self, progress: Progress) -> Examined | None:
        """The puzzles whose turn it is, those left by the selection before first; None where there are no more."""
        if self._left is None:
            self._parts = self._parts or self._begin(progress)
            self._left, self._error = next(self._parts, (None, None))
        return self._left

    def _begin(self, progress: Progress) -> _Parts:
        return self._all_at_once(progress) if self._is_whole else self._one_by_one()

    def _drawn(self, block: slice) -> NDArray[np.int64]:
        """Places in the file of a run of the draws."""
        count = len(self._pool)
        drawn = np.array([permute(i, count, self._keys) for i in range(block.start, block.stop)], np.int64)
        return drawn if self._pool.usable is None else self._pool.usable[drawn]

    def _all_at_once(self, progress: Progress) -> _Parts:
        places = np.arange(len(self._pool)) if self._pool.usable is None else self._pool.usable
        progress.start("comparing puzzles", len(places))
        found = []
        with closing(self._examined(places[block] for block in _blocks(len(places)))) as parts:
            for part, error in parts:
                if error is not None:
                    raise error
                found.append(part)
                progress.advance(len(part))
        progress.finish()
        order = np.searchsorted(places, self._drawn(slice(0, len(places))))
        yield Examined.join(found).take(order), None

    def _one_by_one(self) -> _Parts:
        with closing(self._examined(self._drawn(block) for block in _blocks(len(self._pool)))) as parts:
            yield from parts

    def _examined(self, blocks: Iterator[NDArray[np.int64]]) -> _Parts:
        """Each block of places up to the first line that cannot be used, and what is wrong with that."""
        file, task = self._pool.file, self._recipe.make_task()
        under_way: deque[tuple[NDArray[np.int64], PuzzleFileError | None]] = deque()

        def arguments() -> Iterator[tuple[Request, NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]]:
            for places in blocks:
                inputs, answers, error = _parsed(file, task, places)
                under_way.append((places, error))
                yield self._recipe, file.lines[places[: len(inputs)]], inputs, answers

        with closing(self._cluster.map(examine_puzzles, arguments())) as results:
            for puzzles, findings in results:
                places, error = under_way.popleft()
                wrong = np.flatnonzero(findings != _FINE)
                if len(wrong):
                    error = _refusal(file, task, int(places[wrong[0]]), int(findings[wrong[0]]))
                yield puzzles, error
                if error is not None:
                    return


def _parsed(
    file: PuzzleFile, task: Task, places: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], PuzzleFileError | None]:
    """Puzzles and answers up to the first line that is none, and what is wrong with that."""
    count, error = len(places), None
    while True:
        try:
            some = places[:count]
            return file.parse(task, some), file.parse_answers(task, some), error
        except BadLineError as found:
            count, error = found.index, found
