"""``trmpipe generate``: make a corpus."""

import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import click

from .console import show_progress
from .generate_report import report

Function = TypeVar("Function", bound=Callable[..., Any])


@click.group(name="generate")
def command() -> None:
    """Make a corpus of puzzles and their variants: the same recipe gives the same bytes on any machine."""


def _options_of_every_task(function: Function) -> Function:
    """Options that `_make` takes."""
    for option in reversed(
        (
            click.option("--aug", default=1000, show_default=True, help="Variants of each puzzle beside itself."),
            click.option("--seed", default=0, show_default=True, help="Root seed."),
            click.option("--out", help="Folder or URL of the corpus. [default: shards/<name of the recipe>]"),
            click.option("--format", "codec", default="webdataset", show_default=True, help="webdataset or zarr."),
            click.option("--workers", type=click.IntRange(1), help="Worker threads. [default: one a core]"),
            click.option("--scheduler", help="Address of a Dask scheduler, such as tcp://host:8786."),
            click.option("--shard-groups", type=int, help="Puzzles of a shard. [default: by size]"),
            click.option("--shard-variants", type=int, help="Variants of a shard. [default: by size]"),
            click.option("--json", "as_json", is_flag=True, help="Print the result as JSON."),
        )
    ):
        function = option(function)
    return function


@command.command()
@click.option("--size", default=9, show_default=True, help="Rows of the grid: 4, 6, 9 or 16.")
@click.option("--n", type=int, help="Training puzzles. [default: 1000; all of --input]")
@click.option("--test", type=int, help="Held-out puzzles. [default: 1000; 8 at 4x4; of a file a tenth]")
@click.option("--input", "input_path", help="File of puzzles to use as bases: lines or CSV, .gz too.")
@click.option("--test-input", "test_input_path", help="File of held-out puzzles.")
@click.option("--drop-improper", is_flag=True, help="Drop puzzles of a file with no or several solutions.")
@click.option("--difficulty", help="easy, hard, extreme, or MIN:MAX mean guesses of a solver, such as 5:10.")
@click.option("--clues", help="MIN:MAX clues, such as 22:24.")
@click.option("--pattern", help="Symmetry of the clues' pattern, such as half-turn.")
@_options_of_every_task
def sudoku(
    *,
    size: int,
    n: int | None,
    test: int | None,
    input_path: str | None,
    test_input_path: str | None,
    drop_improper: bool,
    difficulty: str | None,
    clues: str | None,
    pattern: str | None,
    **common: Any,
) -> None:
    """Sudokus with one solution and no clue too many, or puzzles of yours.

    --difficulty, --clues and --pattern decide what is generated; of puzzles of yours, they keep those that meet them.

    Variants relabel the digits and reorder rows, columns, bands and stacks; no two of a puzzle are equal.
    """
    from trmpipe.generators.sudoku import SudokuTask
    from trmpipe.pipeline import read_puzzle_file

    started = time.monotonic()
    task = SudokuTask(size=size)
    paths = {"input": input_path, "test_input": test_input_path}
    sources = [read_puzzle_file(path, size, role) for role, path in paths.items() if path]
    asked = {"difficulty": difficulty, "clues": clues, "pattern": pattern}
    recipe = {
        "task": task.spec.name,
        "n": 1000 if n is None and not sources else n,
        "test": test,
        "options": {word: value for word, value in asked.items() if value is not None},
        "drop_improper": drop_improper,
    }
    _make(recipe, sources, started, **common)


@command.command()
@click.option("--dataset", help="arc-agi-1 or arc-agi-2: training tasks as --train-set, evaluation as --test-set.")
@click.option("--train-set", "train_sets", multiple=True, help="Tasks to learn whole; may be given again.")
@click.option(
    *("--test-set", "--input", "test_sets"),
    multiple=True,
    help="Tasks whose demonstrations are learned and whose tests are scored; may be given again.",
)
@click.option("--n", type=int, help="Take so many of the tasks, drawn by the seed. [default: all]")
@click.option("--exclude-test-twins", is_flag=True, help="Drop tasks of --train-set that are test tasks in disguise.")
@_options_of_every_task
def arc(
    *,
    dataset: str | None,
    train_sets: tuple[str, ...],
    test_sets: tuple[str, ...],
    n: int | None,
    exclude_test_twins: bool,
    **common: Any,
) -> None:
    """ARC tasks: colours permuted, grids turned and mirrored, examples to learn from moved about.

    A set is arc-agi-1 or arc-agi-2 (all of it, or with :training or :evaluation), a folder of task files, or a file of
    many tasks such as arc-agi_evaluation_challenges.json, with its solutions beside it or without.
    """
    from trmpipe.pipeline import read_arc_set

    started = time.monotonic()
    if dataset is not None:
        train_sets, test_sets = (f"{dataset}:training", *train_sets), (f"{dataset}:evaluation", *test_sets)
    if not train_sets and not test_sets:
        raise click.UsageError("no tasks are given; give --dataset arc-agi-1, or sets with --train-set and --test-set")
    sources = [
        *(read_arc_set(path, "train_set") for path in train_sets),
        *(read_arc_set(path, "test_set") for path in test_sets),
    ]
    _make({"task": "arc", "n": n, "exclude_test_twins": exclude_test_twins}, sources, started, **common)


def _make(
    recipe_fields: dict[str, Any],
    sources: Sequence[Any],
    started: float,
    *,
    aug: int,
    seed: int,
    out: str | None,
    codec: str,
    workers: int | None,
    scheduler: str | None,
    shard_groups: int | None,
    shard_variants: int | None,
    as_json: bool,
) -> None:
    from trmpipe.pipeline import Recipe, digests_of, generate

    recipe = Recipe(
        **recipe_fields,
        aug=aug,
        seed=seed,
        format=codec,
        sources=digests_of(sources),
        shard_groups=shard_groups,
        shard_variants=shard_variants,
    )
    with show_progress() as progress:
        outcome = generate(
            recipe,
            out or f"shards/{recipe.name}",
            sources=sources,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
        )
    report(outcome, aug=recipe.aug, seconds=time.monotonic() - started, as_json=as_json)
