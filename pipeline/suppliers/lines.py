"""Puzzles from lists of lines, for any task that reads text (`Task.parse`) and solves puzzles (`Task.solve`).

Puzzles are drawn in an order that the seed gives, and a puzzle is read, solved and compared when its turn comes: of 3.8
million lines a corpus of 1000 looks at 2000. Where lines are left out by what they say (--drop-improper, the task's
options), all are looked at first, since the order is one of those that stay. Lines that are passed over are named.

Shapes: B puzzles, S sequence length.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.options import Flag, Option, Text
from trmpipe.generators.registry import family_of
from trmpipe.generators.task import TEST, TRAIN, Examined, Task
from trmpipe.shards.progress import Progress

from ..bases import Bases, Drop, Selection, count_reasons
from ..cluster import Cluster
from ..errors import ArgumentError
from ..puzzle_files import PuzzleFile, read_puzzle_file
from .drawing import DROP_IMPROPER, Draws, Pool, sift
from .supplier import Count, Input, Request, Supplier

_INPUT, _TEST_INPUT = "input", "test_input"
_COLUMN, _FILE_RATING = "column", "file_rating"
_MOST_HELD_OUT = 1000
_TEST_SHARE = 10
"""Without --test, at most one in ten of the puzzles that there are is held out, and so many at most."""


class Lines(Supplier[PuzzleFile]):
    """Files of puzzles, one a line, or tables with a column of them: one for both splits, or one for each."""

    n = Count(help="Training puzzles.", default="all of --input, or so many drawn by the seed")
    test = Count(help="Held-out puzzles.", default="of a file a tenth")
    noun = "line"
    inputs = (
        Input(name=_INPUT, help="File of puzzles to use as bases: lines, CSV, TSV or Parquet, .gz too."),
        Input(name=_TEST_INPUT, help="File of held-out puzzles."),
    )
    options = (
        Option(
            name=DROP_IMPROPER,
            kind=Flag(),
            word="proper",
            help="Drop puzzles of a file with no solution, with several where only one may be, or with a wrong answer.",
        ),
        Option(
            name=_COLUMN,
            kind=Text(),
            help="Column of the puzzles in a table, where it has none of the usual names (question, quizzes, puzzle).",
        ),
        Option(
            name=_FILE_RATING,
            kind=Flag(),
            word="filerating",
            help="Keep a table's column `rating` as the difficulty in the catalog, instead of the solver's guesses.",
        ),
    )

    def read(
        self, task: Task, given: Mapping[str, tuple[str, ...]], supply: Mapping[str, str] | None = None
    ) -> Sequence[PuzzleFile]:
        """The files; see `Supplier.read`.

        Raises:
            ArgumentError: there are held-out puzzles and no others.
            PuzzleFileError: a file cannot be read, or has no column of puzzles.
        """
        if _INPUT not in given:
            raise ArgumentError("--test-input needs --input: generated puzzles come with generated held-out ones")
        roles = [(one.name, path) for one in self.inputs for path in given.get(one.name, ())]
        return [_read(path, task, role, supply or {}) for role, path in roles]

    def read_again(
        self, task: Task, names: Sequence[str], paths: Sequence[str], supply: Mapping[str, str] | None = None
    ) -> Sequence[PuzzleFile]:
        """The files at `paths`; see `Supplier.read_again`.

        Raises:
            PuzzleFileError: a file cannot be read, or has no column of puzzles.
        """
        return [_read(path, task, _INPUT, supply or {}) for path in paths]

    def choose(self, recipe: Request, sources: Sequence[PuzzleFile], cluster: Cluster, progress: Progress) -> Bases:
        """Choose the puzzles of one file, or of two with a role each; see `Supplier.choose`.

        Raises:
            PuzzleFileError: the turn of a line comes that is no puzzle or no proper one, or whose answer is wrong.
            ExhaustedError: a file does not hold so many distinct puzzles.
            InputError: the task has no solver.
        """
        pools = {source.role: sift(source, recipe, cluster, progress) for source in sources}
        return _choose(recipe, pools[_INPUT], pools.get(_TEST_INPUT), cluster, progress)


SUPPLIER = Lines()


def _read(path: str, task: Task, role: str, supply: Mapping[str, str]) -> PuzzleFile:
    has_sizes = bool(family_of(task.spec.name).sizes)
    advice = "mend the line, or give the right --size" if has_sizes else "mend the line"
    return read_puzzle_file(path, task, role, advice, column=supply.get(_COLUMN, ""), ratings=_FILE_RATING in supply)


def _choose(recipe: Request, pool: Pool, test_pool: Pool | None, cluster: Cluster, progress: Progress) -> Bases:
    """Choose in a seeded order: the held-out puzzles from a file of their own, or first.

    Args:
        recipe: n, test and seed.
        pool: the lines of the input file.
        test_pool: the lines of the test file, where there is one.
        cluster: solves and examines them.
        progress: who is told how far it is.

    Raises:
        ExhaustedError: a file does not hold so many distinct puzzles.
    """
    with Draws(pool, recipe, TRAIN, cluster, whole=recipe.n is None) as draws:
        if test_pool is None:
            default = min(_MOST_HELD_OUT, len(pool) // _TEST_SHARE)
            test = Selection(default if recipe.test is None else recipe.test)
            draws.fill(test, "held-out puzzles", progress)
        else:
            test = Selection(recipe.test)
            with Draws(test_pool, recipe, TEST, cluster, whole=recipe.test is None) as test_draws:
                test_draws.fill(test, "held-out puzzles", progress)
        if test.count < (test.wanted or 0):
            raise ExhaustedError(_too_few("--test", recipe.test, test, test_pool or pool))
        train = Selection(recipe.n, test)
        draws.fill(train, "training puzzles", progress)
    if train.count < max(1, recipe.n or 0):
        raise ExhaustedError(_too_few("--n", recipe.n, train, pool, test, test_pool))
    drops = {_INPUT: [*pool.drops, *train.drops]}
    if test_pool is None:
        drops[_INPUT] += test.drops
    else:
        drops[_TEST_INPUT] = [*test_pool.drops, *test.drops]
    chosen = {"train": (train.chosen(), pool), "test": (test.chosen(), test_pool or pool)}
    return Bases(
        train=chosen["train"][0],
        test=chosen["test"][0],
        skipped=count_reasons(*drops.values()),
        drops={role: tuple(sorted(some, key=lambda drop: drop.candidate)) for role, some in drops.items()},
        ratings={split: _ratings_of_file(*some) for split, some in chosen.items()} if pool.has_ratings else {},
    )


def _ratings_of_file(puzzles: Examined, pool: Pool) -> NDArray[np.float64]:
    return pool.file.parse_ratings(puzzles.groups.candidates)


def _too_few(
    flag: str,
    asked: int | None,
    selection: Selection,
    pool: Pool,
    test: Selection | None = None,
    test_pool: Pool | None = None,
) -> str:
    """Why a file does not give the puzzles of a split, in one line.

    Args:
        flag: that says how many.
        asked: its value; None where it was not given.
        selection: what was chosen.
        pool: the lines of the file.
        test: the held-out puzzles, where the training puzzles are too few.
        test_pool: the file that they are of, where that is another one.
    """
    drops = [*pool.drops, *selection.drops]
    held_out = test.count if test is not None and test_pool is None else 0
    if test is not None and test_pool is None:
        drops += test.drops
    reasons = ", ".join([*_reasons_in_words(drops), *([f"{held_out:,} held out"] if held_out else [])])
    file = pool.file.given
    lines = f"its {len(pool.file):,} lines" if len(pool.file) != 1 else "its only line"
    because = f": of {lines}, {reasons}" if reasons else f": it has {len(pool.file):,} in all"
    if test_pool is not None and test_pool.file.sha256 == pool.file.sha256:
        because += (
            "; --test-input is the same file: leave it out (--test says how many of --input are held out), "
            "or give another one"
        )
        advice = ""
    else:
        advice = "; ask for fewer, or give more puzzles"
    if asked is not None:
        return f"{flag} asks for {asked:,} puzzles, {file} leaves {selection.count:,} distinct ones{because}{advice}"
    if test is None:
        return (
            f"{selection.wanted:,} puzzles of {file} would be held out, {selection.count:,} distinct ones are there"
            f"{because}; say how many with --test"
        )
    return f"no puzzle of {file} is left to train on{because}{advice}"


def _reasons_in_words(drops: Sequence[Drop]) -> list[str]:
    """How many lines were left out, for each reason: ``3 have several solutions``."""
    found = []
    for reason, count in count_reasons(drops).items():
        has = reason.endswith(("solution", "solutions"))
        verb = ("has" if count == 1 else "have") if has else ("is" if count == 1 else "are")
        found.append(f"{count:,} {verb} {reason}")
    return found
