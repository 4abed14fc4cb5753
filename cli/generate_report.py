"""What ``trmpipe generate`` says at its end."""

from collections.abc import Iterable
from typing import Any

import click

from .console import bytes_in_words, echo_json

_SHOWN = 5


def report(outcome: Any, *, aug: int, seconds: float, as_json: bool) -> None:
    """Print the outcome of a generation.

    Args:
        outcome: a `trmpipe.pipeline.Outcome`.
        aug: variants asked for, beside the base.
        seconds: that it took.
        as_json: for programs rather than people.
    """
    if as_json:
        echo_json(_facts(outcome, seconds))
        return
    _say_what_was_written(outcome, seconds)
    if not outcome.drops:
        for reason, count in outcome.skipped.items():
            click.echo(f"  {count:,} candidates passed over: {reason}")
    for role, drops in outcome.drops.items():
        _say_drops(role, drops)
    if outcome.leaks:
        shown = _listed(outcome.leaks)
        click.echo(f"  {len(outcome.leaks):,} training tasks are {outcome.leaks[0].reason} and stay: {shown}")
        click.echo("  (--exclude-test-twins drops them)")
    if outcome.num_short:
        click.echo(f"  {outcome.num_short:,} puzzles have fewer than {aug + 1:,} distinct variants and got all of them")
    click.echo(f"  content digest {outcome.manifest.content_digest}")


def _facts(outcome: Any, seconds: float) -> dict[str, Any]:
    manifest = outcome.manifest
    return {
        "path": outcome.store.url,
        "name": manifest.name,
        "content_digest": manifest.content_digest,
        "groups": {name: split.groups for name, split in manifest.splits.items()},
        "puzzles": {name: split.puzzles for name, split in manifest.splits.items()},
        "examples": {name: split.examples for name, split in manifest.splits.items()},
        "bytes": sum(file.size_bytes for file in manifest.all_files()),
        "seconds": round(seconds, 3),
        "skipped": outcome.skipped,
        "dropped": {role: [_drop_facts(drop) for drop in drops] for role, drops in outcome.drops.items()},
        "train_twins_of_test": [_drop_facts(drop) for drop in outcome.leaks],
        "groups_with_fewer_variants": outcome.num_short,
        "units_written": outcome.written,
        "units_kept": outcome.kept,
    }


def _drop_facts(drop: Any) -> dict[str, Any]:
    if drop.names:
        return {"task": drop.names[0], "reason": drop.reason, "twin": drop.names[1]}
    facts = {"line": drop.candidate, "reason": drop.reason}
    return facts if drop.twin is None else {**facts, "twin_of_line": drop.twin}


def _say_what_was_written(outcome: Any, seconds: float) -> None:
    manifest = outcome.manifest
    train, test = manifest.splits["train"], manifest.splits["test"]
    if outcome.written == 0:
        click.echo(f"{outcome.store.url} is complete already: nothing to do (`trmpipe verify` checks its bytes)")
    else:
        resumed = f", {outcome.kept} of {outcome.kept + outcome.written} parts were there" if outcome.kept else ""
        click.echo(f"{outcome.store.url} written in {seconds:.1f} s{resumed}")
    examples = f" and {train.examples:,} examples" if train.examples != train.puzzles else ""
    num_bytes = sum(file.size_bytes for file in manifest.all_files())
    click.echo(
        f"  {train.groups:,} training puzzles with {train.puzzles:,} variants{examples}, {test.groups:,} held out, "
        f"{bytes_in_words(num_bytes)}"
    )


def _say_drops(role: str, drops: Iterable[Any]) -> None:
    """The lines or tasks of a source that were left out: how many, why, and the first of them."""
    for reason in dict.fromkeys(drop.reason for drop in drops):
        some = [drop for drop in drops if drop.reason == reason]
        noun = ("task" if some[0].names else "line") + ("" if len(some) == 1 else "s")
        click.echo(f"  {len(some):,} {noun} of --{role.replace('_', '-')} dropped, {reason}: {_listed(some)}")


def _listed(drops: Any) -> str:
    more = ", ... (--json lists all)" if len(drops) > _SHOWN else ""
    return ", ".join(_in_words(drop) for drop in drops[:_SHOWN]) + more


def _in_words(drop: Any) -> str:
    if drop.names:
        return f"{drop.names[0]} (like {drop.names[1]})"
    return str(drop.candidate) if drop.twin is None else f"{drop.candidate} (like line {drop.twin})"
