"""What ``trmpipe generate`` says at its end."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any

from trmpipe.generators.options import flag_of

from .console import bytes_in_words, counted, echo, echo_json

_SHOWN = 5
_ANEW = "delete it, or give --out a new folder, to make it anew"


def report(outcome: Any, supplier: Any, *, aug: int, seconds: float, as_json: bool) -> None:
    """Print the outcome of a generation.

    Args:
        outcome: a `trmpipe.pipeline.Outcome`.
        supplier: the `trmpipe.pipeline.Supplier` of its bases.
        aug: variants asked for, beside the base.
        seconds: that it took.
        as_json: for programs rather than people.
    """
    if as_json:
        echo_json(_facts(outcome, supplier.noun, seconds))
        return
    _say_what_was_written(outcome, seconds)
    if outcome.remade:
        reasons = ", ".join(f"{counted(count, 'time')} {reason}" for reason, count in outcome.remade.items())
        echo(f"  made again, as it could not be trusted: {reasons}")
    if not outcome.drops:
        for reason, count in outcome.skipped.items():
            echo(f"  {counted(count, 'puzzle')} passed over on the way: {reason}")
    for role, drops in outcome.drops.items():
        _say_drops(role, drops, supplier.noun)
    if outcome.leaks:
        shown, words = _listed(outcome.leaks, supplier.noun), counted(len(outcome.leaks), f"training {supplier.noun}")
        verb, stay = ("is", "stays") if len(outcome.leaks) == 1 else ("are", "stay")
        echo(f"  {words} {verb} {outcome.leaks[0].reason} and {stay}: {shown}")
        if supplier.advice:
            echo(f"  ({supplier.advice})")
    if outcome.num_short:
        have, got = ("has", "its") if outcome.num_short == 1 else ("have", "their")
        short = f"{counted(outcome.num_short, 'puzzle')} {have} fewer than {aug + 1:,} distinct variants"
        echo(f"  {short}: all of {got} variants are there")
    for caveat in _caveats(outcome):
        echo(f"  note: {caveat}")
    echo(f"  content digest {outcome.manifest.content_digest}")


def _caveats(outcome: Any) -> list[str]:
    """What the task does not promise, see `Task.caveats`."""
    from trmpipe.generators.registry import installed_task

    task = installed_task(outcome.manifest.spec)
    return [] if task is None else list(task.caveats)


def _facts(outcome: Any, noun: str, seconds: float) -> dict[str, Any]:
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
        "skipped": dict(outcome.skipped),
        "dropped": {role: [_drop_facts(drop, noun) for drop in drops] for role, drops in outcome.drops.items()},
        "train_twins_of_test": [_drop_facts(drop, noun) for drop in outcome.leaks],
        "groups_with_fewer_variants": outcome.num_short,
        "units_written": outcome.written,
        "units_kept": outcome.kept,
        "remade": dict(outcome.remade),
        "caveats": _caveats(outcome),
    }


def _drop_facts(drop: Any, noun: str) -> dict[str, Any]:
    if drop.names:
        return {noun: drop.names[0], "reason": drop.reason, "twin": drop.names[1]}
    facts = {noun: drop.candidate, "reason": drop.reason}
    return facts if drop.twin is None else {**facts, f"twin_of_{noun}": drop.twin}


def _say_what_was_written(outcome: Any, seconds: float) -> None:
    manifest = outcome.manifest
    # A manifest from elsewhere may lack a split.
    counts = {name: (split.groups, split.puzzles, split.examples) for name, split in manifest.splits.items()}
    groups, puzzles, rows = counts.get("train", (0, 0, 0))
    held_out = counts.get("test", (0, 0, 0))[0]
    if outcome.was_finished:
        echo(f"{outcome.store.url} is complete already: nothing to do (`trmpipe verify` checks its bytes)")
        _say_who_made_it(manifest)
    else:
        resumed = f", {outcome.kept:,} of {outcome.kept + outcome.written:,} parts were there" if outcome.kept else ""
        echo(f"{outcome.store.url} written in {seconds:.1f} s{resumed}")
    examples = f" and {rows:,} examples" if rows != puzzles else ""
    num_bytes = sum(file.size_bytes for file in manifest.all_files())
    echo(
        f"  {counted(groups, 'training puzzle')} with {counted(puzzles, 'variant')}{examples}, "
        f"{held_out:,} held out, {bytes_in_words(num_bytes)}"
    )


def _say_who_made_it(manifest: Any) -> None:
    """Of a corpus that was there: whether it may be of other code than there is now, as nobody looks at its puzzles."""
    from trmpipe.generators.errors import InputError
    from trmpipe.pipeline.generate import makers

    with suppress(InputError):  # The task's package may be gone.
        now = makers(manifest.spec.name)
        if manifest.generator != now:
            echo(f"  note: made by {_maker(manifest.generator)}, this is {_maker(now)}; {_ANEW}")
        elif "package" in now:
            echo(f"  note: made by {_maker(now)}; if its code was changed since, {_ANEW}")


def _maker(generator: Any) -> str:
    name = generator.get("package", generator.get("name", "another program"))
    return f"{name} {generator.get('package_version', generator.get('version', ''))}".strip()


def _say_drops(role: str, drops: Iterable[Any], noun: str) -> None:
    """What was left out of a source: how many lines or tasks, why, and the first of them."""
    for reason in dict.fromkeys(drop.reason for drop in drops):
        some = [drop for drop in drops if drop.reason == reason]
        echo(f"  {counted(len(some), noun)} of {flag_of(role)} dropped, {reason}: {_listed(some, noun)}")


def _listed(drops: Any, noun: str) -> str:
    more = ", ... (--json lists all)" if len(drops) > _SHOWN else ""
    return ", ".join(_in_words(drop, noun) for drop in drops[:_SHOWN]) + more


def _in_words(drop: Any, noun: str) -> str:
    if drop.names:
        return f"{drop.names[0]} (like {drop.names[1]})"
    return str(drop.candidate) if drop.twin is None else f"{drop.candidate} (like {noun} {drop.twin})"
