"""Puzzles from lists of lines, for any task that reads text (`Task.parse`) and solves puzzles (`Task.solve`).

All puzzles are solved, compared with the task's options, and drawn from in a seeded order. Lines that are passed over
are named.

Shapes: B puzzles, S sequence length.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import ExhaustedError, InputError
from trmpipe.generators.options import Flag, Option, in_words
from trmpipe.generators.registry import family_of
from trmpipe.generators.rng import SAMPLE, bijection_keys, permute
from trmpipe.generators.task import TEST, TRAIN, Examined, Groups, Solutions, Task
from trmpipe.shards.progress import Progress

from ..bases import Bases, Drop, Selection, count_reasons
from ..cluster import Cluster
from ..errors import ArgumentError, PuzzleFileError
from ..puzzle_files import PuzzleFile, read_puzzle_file
from .supplier import Count, Input, Request, Supplier

_INPUT, _TEST_INPUT = "input", "test_input"
_DROP_IMPROPER = "drop_improper"
_MOST_HELD_OUT = 1000
_TEST_SHARE = 10
"""Without --test, at most one in ten of the puzzles that there are is held out, and so many at most."""
_PUZZLES_PER_TASK = 1024
_IMPROPER = {0: "no solution", 2: "several solutions"}


class Lines(Supplier[PuzzleFile]):
    """Files of puzzles, one a line, or CSV: one for both splits, or one for each."""

    n = Count(help="Training puzzles.", default="all of --input")
    test = Count(help="Held-out puzzles.", default="of a file a tenth")
    noun = "line"
    inputs = (
        Input(name=_INPUT, help="File of puzzles to use as bases: lines or CSV, .gz too."),
        Input(name=_TEST_INPUT, help="File of held-out puzzles."),
    )
    options = (
        Option(
            name=_DROP_IMPROPER,
            kind=Flag(),
            word="proper",
            help="Drop puzzles of a file with no or several solutions.",
        ),
    )

    def read(self, task: Task, given: Mapping[str, tuple[str, ...]]) -> Sequence[PuzzleFile]:
        """The files; see `Supplier.read`.

        Raises:
            ArgumentError: there are held-out puzzles and no others.
            PuzzleFileError: a file cannot be read, or a line of it is no puzzle.
        """
        if _INPUT not in given:
            raise ArgumentError("--test-input needs --input: generated puzzles come with generated held-out ones")
        return [_read(path, task, one.name) for one in self.inputs for path in given.get(one.name, ())]

    def read_again(self, task: Task, names: Sequence[str], paths: Sequence[str]) -> Sequence[PuzzleFile]:
        """The files at `paths`; see `Supplier.read_again`.

        Raises:
            PuzzleFileError: a file cannot be read, or a line of it is no puzzle.
        """
        return [_read(path, task, _INPUT) for path in paths]

    def choose(self, recipe: Request, sources: Sequence[PuzzleFile], cluster: Cluster, progress: Progress) -> Bases:
        """Solve, examine and choose the puzzles of one file, or of two with a role each; see `Supplier.choose`.

        Raises:
            PuzzleFileError: a puzzle is not a proper one, or its answer is wrong.
            ExhaustedError: a file does not hold so many distinct puzzles.
            InputError: the task has no solver.
        """
        usable = {}
        for source in sources:
            solved = solve_file(source, recipe, cluster, progress)
            usable[source.role] = examine(recipe, solved, cluster, progress)
        return choose_lines(recipe, usable[_INPUT], usable.get(_TEST_INPUT))


SUPPLIER = Lines()


def _read(path: str, task: Task, role: str) -> PuzzleFile:
    has_sizes = bool(family_of(task.spec.name).sizes)
    advice = "mend the line, or give the right --size" if has_sizes else "mend the line"
    return read_puzzle_file(path, task, role, advice)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Solved:
    """The puzzles of a file with their solutions.

    Attributes:
        groups: those with one solution; candidates are line numbers.
        drops: the lines of the others.
    """

    groups: Groups
    drops: tuple[Drop, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Usable:
    """The puzzles of a file that a recipe can use.

    Attributes:
        puzzles: those that have one solution and meet the options; candidates are line numbers.
        drops: the other lines.
    """

    puzzles: Examined
    drops: tuple[Drop, ...]


def solve_file(file: PuzzleFile, recipe: Request, cluster: Cluster, progress: Progress) -> Solved:
    """Solve all puzzles of a file.

    Args:
        file: the puzzles.
        recipe: the task, and whether puzzles that are not proper are dropped.
        cluster: solves them.
        progress: who is told how far it is.

    Raises:
        PuzzleFileError: a puzzle has no solution or several and is not to be dropped, or the file's answer is another
            one than ours.
        InputError: the task has no solver.
    """
    progress.start(f"solving {file.name}", len(file.inputs))
    labels = np.empty_like(file.inputs)
    counts = np.empty(len(file.inputs), np.int64)
    parts = list(_parts(len(file.inputs)))
    solutions = cluster.map(solve_puzzles, ((recipe, file.inputs[part]) for part in parts))
    for part, found in zip(parts, solutions, strict=True):
        counts[part], labels[part] = found
        if _DROP_IMPROPER not in recipe.supply:
            _refuse_improper(file, part, found.counts)
        progress.advance(len(found.counts))
    proper = counts == 1
    _refuse_other_answers(file, labels, proper)
    progress.finish()
    kept = slice(None) if proper.all() else np.flatnonzero(proper)
    improper = zip(file.lines[~proper].tolist(), counts[~proper].tolist(), strict=True)
    return Solved(
        groups=Groups.single(file.lines[kept], file.inputs[kept], labels[kept]),
        drops=tuple(Drop(candidate=line, reason=_IMPROPER[count], twin=None) for line, count in improper),
    )


def solve_puzzles(recipe: Request, inputs: NDArray[np.uint8]) -> Solutions:
    """Solutions of puzzles uint8 [B, S]: runs on the workers.

    Raises:
        InputError: the task has no solver.
    """
    found = recipe.make_task().solve(inputs)
    if found is None:
        raise InputError(f"{recipe.task} puzzles cannot be taken from lines: the task has no solver; generate them")
    return found


def _refuse_improper(file: PuzzleFile, part: slice, counts: NDArray[np.int64]) -> None:
    wrong = np.flatnonzero(counts != 1)
    if len(wrong):
        line = file.lines[part.start + wrong[0]]
        raise PuzzleFileError(
            f"{file.given} line {line}: the puzzle has {_IMPROPER[int(counts[wrong[0]])]}, expected exactly one; "
            "take the line out, or drop all such lines with --drop-improper"
        )


def _refuse_other_answers(file: PuzzleFile, labels: NDArray[np.uint8], proper: NDArray[np.bool_]) -> None:
    wrong = np.flatnonzero(proper & file.answers.any(axis=1) & (file.answers != labels).any(axis=1))
    if len(wrong):
        line = file.lines[wrong[0]]
        raise PuzzleFileError(f"{file.given} line {line}: the answer given is not the puzzle's solution; mend the line")


def examine(recipe: Request, solved: Solved, cluster: Cluster, progress: Progress) -> Usable:
    """Compare the puzzles of a file with the task's options, and find their classes.

    Args:
        recipe: the task and its options.
        solved: the puzzles that have one solution, and the lines of the others.
        cluster: examines them.
        progress: who is told how far it is.
    """
    groups = solved.groups
    progress.start("comparing puzzles", len(groups))
    found = []
    # Of no puzzles too, since the task alone knows the widths of the arrays.
    parts = (groups.take(part) for part in _parts(max(1, len(groups))))
    for examined in cluster.map(examine_puzzles, ((recipe, part) for part in parts)):
        found.append(examined)
        progress.advance(len(examined))
    progress.finish()
    puzzles = Examined.join(found)
    reason = f"outside {in_words(recipe.options)}"
    outside = groups.candidates[~puzzles.accepted].tolist()
    return Usable(
        puzzles=puzzles if puzzles.accepted.all() else puzzles.take(np.flatnonzero(puzzles.accepted)),
        drops=(*solved.drops, *(Drop(candidate=line, reason=reason, twin=None) for line in outside)),
    )


def examine_puzzles(recipe: Request, groups: Groups) -> Examined:
    """`Task.examine` by the recipe: runs on the workers."""
    return recipe.make_task().examine(groups)


def _parts(count: int) -> Iterator[slice]:
    return (slice(start, min(start + _PUZZLES_PER_TASK, count)) for start in range(0, count, _PUZZLES_PER_TASK))


def choose_lines(recipe: Request, source: Usable, test_source: Usable | None) -> Bases:
    """Choose among the puzzles of a file in a seeded order: the held-out ones from a file of their own, or first.

    Args:
        recipe: n, test and seed.
        source: the puzzles of the input file.
        test_source: the puzzles of the test file, where there is one.

    Raises:
        ExhaustedError: a file does not hold so many distinct puzzles.
    """
    puzzles = _shuffled(source.puzzles, recipe.seed, TRAIN)
    if test_source is None:
        default = min(_MOST_HELD_OUT, len(puzzles) // _TEST_SHARE)
        test = Selection(default if recipe.test is None else recipe.test)
        test.offer(puzzles)
        puzzles = puzzles.take(slice(test.num_offered, None))
    else:
        test = Selection(recipe.test)
        test.offer(_shuffled(test_source.puzzles, recipe.seed, TEST))
    _require(test, "--test", least=0)
    train = Selection(recipe.n, test)
    train.offer(puzzles)
    _require(train, "--n", least=1)
    drops = {_INPUT: [*source.drops, *train.drops]}
    if test_source is None:
        drops[_INPUT] += test.drops
    else:
        drops[_TEST_INPUT] = [*test_source.drops, *test.drops]
    return Bases(
        train=train.chosen(),
        test=test.chosen(),
        skipped=count_reasons(*drops.values()),
        drops={role: tuple(sorted(some, key=lambda drop: drop.candidate)) for role, some in drops.items()},
    )


def _require(selection: Selection, option: str, least: int) -> None:
    wanted = max(least, selection.wanted or 0)
    if selection.count < wanted:
        raise ExhaustedError(
            f"{option} asks for {wanted} puzzles, the file leaves {selection.count} distinct ones for it; ask for fewer"
        )


def _shuffled(puzzles: Examined, seed: int, purpose: int) -> Examined:
    count = len(puzzles)
    keys = bijection_keys(seed, SAMPLE, 0, 0, purpose)
    return puzzles.take(np.array([permute(i, count, keys) for i in range(count)], np.int64))
