"""Choosing the bases of a corpus from files of puzzles, and saying which lines were dropped."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import ExhaustedError
from trmpipe.generators.options import in_words
from trmpipe.generators.rng import SAMPLE, bijection_keys, permute
from trmpipe.generators.sudoku import SudokuTask
from trmpipe.generators.task import TEST, TRAIN, Groups

from .bases import DEFAULT_TEST, Bases, Drop, Part, Selection, count_reasons
from .cluster import Cluster
from .errors import RecipeError
from .progress import Progress
from .puzzle_files import PuzzleFile, Solved, solve_puzzle_file
from .recipe import Recipe
from .sources import Source

_TEST_SHARE = 10
"""Without --test, at most one in ten of the puzzles that there are is held out."""
_PUZZLES_PER_TASK = 1024
_IMPROPER = {0: "no solution", 2: "several solutions"}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Lines:
    """The puzzles of a file that a recipe can use.

    Attributes:
        groups: the puzzles that meet the options; candidates are line numbers.
        digests: uint8 [G, 32], their classes.
        drops: the lines that miss the options, or have no solution or several.
    """

    groups: Groups
    digests: NDArray[np.uint8]
    drops: tuple[Drop, ...]


def bases_of_files(
    task: SudokuTask, recipe: Recipe, sources: Sequence[Source], cluster: Cluster, progress: Progress
) -> Bases:
    """Solve, compare and choose the puzzles of one file, or of two with a role each.

    Raises:
        RecipeError: there are held-out puzzles and no others.
        PuzzleFileError: a puzzle is not a proper one, or its answer is wrong.
        ExhaustedError: a file does not hold so many distinct puzzles.
    """
    if all(source.role != "input" for source in sources):
        raise RecipeError("--test-input needs --input: generated puzzles come with generated held-out ones")
    lines = {}
    for source in sources:
        assert isinstance(source, PuzzleFile)
        solved = solve_puzzle_file(source, task, cluster, progress, drop_improper=recipe.drop_improper)
        lines[source.role] = examine(recipe, solved, cluster, progress)
    return choose_from_file(recipe, lines["input"], lines.get("test_input"))


def examine(recipe: Recipe, solved: Solved, cluster: Cluster, progress: Progress) -> Lines:
    """Compare the puzzles of a file with the options, and find their classes."""
    groups = solved.groups
    progress.start("comparing puzzles", len(groups))
    parts = [groups.take(slice(start, start + _PUZZLES_PER_TASK)) for start in range(0, len(groups), _PUZZLES_PER_TASK)]
    digests, accepted = [np.empty((0, 32), np.uint8)], [np.empty(0, np.bool_)]
    for part, (part_digests, part_accepted) in zip(
        parts, cluster.map(examine_part, ((recipe, part) for part in parts)), strict=True
    ):
        digests.append(part_digests)
        accepted.append(part_accepted)
        progress.advance(len(part))
    progress.finish()
    usable = np.concatenate(accepted)
    reason = f"outside {in_words(recipe.options)}"
    return Lines(
        groups=groups.take(np.flatnonzero(usable)),
        digests=np.concatenate(digests)[usable],
        drops=(
            *(
                Drop(candidate=line, reason=_IMPROPER[count], twin=None)
                for line, count in zip(solved.lines.tolist(), solved.counts.tolist(), strict=True)
                if count != 1
            ),
            *(Drop(candidate=line, reason=reason, twin=None) for line in groups.candidates[~usable].tolist()),
        ),
    )


def examine_part(recipe: Recipe, groups: Groups) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """Digests uint8 [G, 32], and whether the options are met, bool [G]: runs on the workers."""
    task = recipe.make_task()
    examined = task.examine(groups)
    return examined.digests, examined.accepted


def choose_from_file(recipe: Recipe, source: Lines, test_source: Lines | None) -> Bases:
    """Choose among the puzzles of a file in a seeded order: the held-out ones from a file of their own, or first.

    Args:
        recipe: n, test and seed.
        source: the puzzles of the input file.
        test_source: the puzzles of the test file, where there is one.

    Raises:
        ExhaustedError: a file does not hold so many distinct puzzles.
    """
    groups, digests = _shuffled(source, recipe.seed, TRAIN)
    if test_source is None:
        default = min(DEFAULT_TEST, len(groups) // _TEST_SHARE)
        test = Selection(default if recipe.test is None else recipe.test)
        test.offer(groups, digests)
        left = slice(test.examined, None)
        groups, digests = groups.take(left), digests[left]
    else:
        test = Selection(recipe.test)
        test.offer(*_shuffled(test_source, recipe.seed, TEST))
    _require(test, "--test", least=0)
    train = Selection(recipe.n, test)
    train.offer(groups, digests)
    _require(train, "--n", least=1)
    drops = {"input": [*source.drops, *train.drops]}
    if test_source is None:
        drops["input"] += test.drops
    else:
        drops["test_input"] = [*test_source.drops, *test.drops]
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


def _shuffled(lines: Lines, seed: int, purpose: int) -> Part:
    count = len(lines.groups)
    keys = bijection_keys(seed, SAMPLE, 0, 0, purpose)
    order = np.array([permute(i, count, keys) for i in range(count)], np.int64)
    return lines.groups.take(order), lines.digests[order]
