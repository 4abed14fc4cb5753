"""``trmpipe generate``: make a corpus."""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from .console import bytes_in_words, echo_json, show_progress

_LINES_SHOWN = 5

Function = TypeVar("Function", bound=Callable[..., Any])


@click.group(name="generate")
def command() -> None:
    """Make a corpus of puzzles and their variants: the same recipe gives the same bytes on any machine."""


def _options_of_every_task(function: Function) -> Function:
    for option in reversed(
        (
            click.option("--aug", default=1000, show_default=True, help="Variants of each puzzle beside itself."),
            click.option("--test", type=int, help="Held-out puzzles. [default: 1000; 8 at 4x4; of a file a tenth]"),
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
    input_path: str | None,
    test_input_path: str | None,
    drop_improper: bool,
    difficulty: str | None,
    clues: str | None,
    pattern: str | None,
    aug: int,
    test: int | None,
    seed: int,
    out: str | None,
    codec: str,
    workers: int | None,
    scheduler: str | None,
    shard_groups: int | None,
    shard_variants: int | None,
    as_json: bool,
) -> None:
    """Sudokus with one solution and no clue too many, or puzzles of yours.

    --difficulty, --clues and --pattern decide what is generated; of puzzles of yours, they keep those that meet them.

    Variants relabel the digits and reorder rows, columns, bands and stacks; no two of a puzzle are equal.
    """
    from trmpipe.generators.sudoku import SudokuTask
    from trmpipe.pipeline import Recipe, generate, read_puzzle_file

    started = time.monotonic()
    task = SudokuTask(size=size)
    source = read_puzzle_file(input_path, size) if input_path else None
    test_source = read_puzzle_file(test_input_path, size) if test_input_path else None
    recipe = Recipe(
        task=task.spec.name,
        n=1000 if n is None and source is None else n,
        aug=aug,
        test=test,
        seed=seed,
        options={
            word: value
            for word, value in {"difficulty": difficulty, "clues": clues, "pattern": pattern}.items()
            if value is not None
        },
        format=codec,
        input_sha256=source.sha256 if source else None,
        test_input_sha256=test_source.sha256 if test_source else None,
        drop_improper=drop_improper,
        shard_groups=shard_groups,
        shard_variants=shard_variants,
    )
    with show_progress() as progress:
        outcome = generate(
            recipe,
            out or f"shards/{recipe.name}",
            source=source,
            test_source=test_source,
            workers=workers,
            scheduler=scheduler,
            progress=progress,
        )
    _report(outcome, recipe.aug, time.monotonic() - started, as_json)


def _drop_facts(drop: Any) -> dict[str, Any]:
    facts = {"line": drop.candidate, "reason": drop.reason}
    return facts if drop.twin is None else {**facts, "twin_of_line": drop.twin}


def _report_drops(role: str, drops: Any) -> None:
    """The lines of a file that were left out: how many, why, and the first of them."""
    for reason in dict.fromkeys(drop.reason for drop in drops):
        lines = [drop for drop in drops if drop.reason == reason]
        shown = ", ".join(
            str(drop.candidate) if drop.twin is None else f"{drop.candidate} (like line {drop.twin})"
            for drop in lines[:_LINES_SHOWN]
        )
        more = ", ... (--json lists all)" if len(lines) > _LINES_SHOWN else ""
        noun = "line" if len(lines) == 1 else "lines"
        click.echo(f"  {len(lines):,} {noun} of --{role.replace('_', '-')} dropped, {reason}: {shown}{more}")


def _report(outcome: Any, aug: int, seconds: float, as_json: bool) -> None:
    manifest = outcome.manifest
    num_bytes = sum(file.size_bytes for file in manifest.all_files())
    if as_json:
        echo_json(
            {
                "path": outcome.store.url,
                "name": manifest.name,
                "content_digest": manifest.content_digest,
                "groups": {name: split.groups for name, split in manifest.splits.items()},
                "puzzles": {name: split.puzzles for name, split in manifest.splits.items()},
                "bytes": num_bytes,
                "seconds": round(seconds, 3),
                "skipped": outcome.skipped,
                "dropped": {role: [_drop_facts(drop) for drop in drops] for role, drops in outcome.drops.items()},
                "groups_with_fewer_variants": outcome.num_short,
                "units_written": outcome.written,
                "units_kept": outcome.kept,
            }
        )
        return
    train, test = manifest.splits["train"], manifest.splits["test"]
    if outcome.written == 0:
        click.echo(f"{outcome.store.url} is complete already: nothing to do (`trmpipe verify` checks its bytes)")
    else:
        resumed = f", {outcome.kept} of {outcome.kept + outcome.written} parts were there" if outcome.kept else ""
        click.echo(f"{outcome.store.url} written in {seconds:.1f} s{resumed}")
    click.echo(
        f"  {train.groups:,} training puzzles with {train.puzzles:,} variants, {test.groups:,} held out, "
        f"{bytes_in_words(num_bytes)}"
    )
    if not outcome.drops:
        for reason, count in outcome.skipped.items():
            click.echo(f"  {count:,} candidates passed over: {reason}")
    for role, drops in outcome.drops.items():
        _report_drops(role, drops)
    if outcome.num_short:
        click.echo(f"  {outcome.num_short:,} puzzles have fewer than {aug + 1:,} distinct variants and got all of them")
    click.echo(f"  content digest {manifest.content_digest}")
