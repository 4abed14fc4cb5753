"""``trmpipe inspect``: show what a corpus holds."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import click
import numpy as np

from trmpipe.generators.picture import Picture

from .arguments import WholeNumber
from .boards import Board, echo_boards
from .console import bytes_in_words, counted, echo, echo_json

_PAIRS_SHOWN = 3
_DISTINCT = {
    "symmetry": "no two puzzles are symmetric copies, within and across the splits",
    "identity": "no two puzzles are equal, within and across the splits",
}
"""What corpora guarantee, in words."""
_AS_GIVEN = "puzzles are taken as they were given; copies in disguise may be among them"


@click.command(name="inspect")
@click.argument("corpus")
@click.option("--puzzles", default=2, show_default=True, type=WholeNumber(), help="Puzzles to print.")
@click.option(
    "--split",
    default="train",
    show_default=True,
    type=click.Choice(["train", "test"]),
    help="Split that puzzles are printed from.",
)
@click.option(
    "--against", help="Another corpus: instead of puzzles, say which ones, or copies of them in disguise, both hold."
)
@click.option("--json", "as_json", is_flag=True, help="Print the facts as JSON.")
def command(*, corpus: str, puzzles: int, split: str, against: str | None, as_json: bool) -> None:
    """Show the recipe, counts and sizes of CORPUS (a folder or URL), and a few of its puzzles."""
    from trmpipe.shards import Corpus, compare

    opened = Corpus.open(corpus)
    other = Corpus.open(against) if against else None
    shared = compare(opened, other) if other else []
    if as_json:
        comparison = {"against": _shared_facts(other, shared)} if other else {}
        echo_json({**_facts(opened), **comparison})
        return
    _print_facts(opened)
    if other:
        _print_shared(opened, other, shared)
    else:
        _print_puzzles(opened, split, puzzles)


def _facts(corpus: Any) -> dict[str, Any]:
    from trmpipe.generators.registry import installed_task

    manifest, task = corpus.manifest, installed_task(corpus.spec)
    return {
        "path": corpus.path,
        "name": manifest.name,
        "task": manifest.spec.name,
        "format": manifest.format,
        "recipe": manifest.recipe,
        "inputs": [asdict(source) for source in manifest.inputs],
        "guarantees": manifest.guarantees,
        "generator": manifest.generator,
        "libraries": manifest.libraries,
        "content_digest": manifest.content_digest,
        "bytes": sum(file.size_bytes for file in manifest.all_files()),
        "files": len(manifest.all_files()),
        "caveats": [] if task is None else list(task.caveats),
        "splits": {name: _split_facts(corpus, name) for name in manifest.splits},
    }


def _split_facts(corpus: Any, split: str) -> dict[str, Any]:
    from trmpipe.generators.registry import installed_task

    about = corpus.manifest.splits[split]
    facts = {"groups": about.groups, "puzzles": about.puzzles, "examples": about.examples, "shards": len(about.shards)}
    if about.groups:
        catalog = corpus.catalog[split]
        task = installed_task(corpus.spec)
        if task is not None and task.blank is not None:
            facts["clues"] = {
                "min": int(catalog.clues.min()),
                "mean": round(float(catalog.clues.mean()), 2),
                "max": int(catalog.clues.max()),
            }
        if not np.isnan(catalog.difficulty).all():
            facts["difficulty"] = {
                "min": round(float(np.nanmin(catalog.difficulty)), 3),
                "mean": round(float(np.nanmean(catalog.difficulty)), 3),
                "max": round(float(np.nanmax(catalog.difficulty)), 3),
            }
        facts["variants"] = {"min": int(catalog.variants.min()), "max": int(catalog.variants.max())}
        facts |= _measured_facts(catalog)
    return facts


def _measured_facts(catalog: Any) -> dict[str, Any]:
    """What the task measures of puzzles: how many right answers they have, and of the rest least, mean and most."""
    from trmpipe.generators.spec import ANSWERS
    from trmpipe.shards import census_of

    facts: dict[str, Any] = {}
    census = census_of(catalog)
    if census is not None:
        facts["answers"] = {"puzzles": census.puzzles, "ceiling": census.ceiling}
    ranges = {
        name: {"min": round(values.min(), 4), "mean": round(values.mean(), 4), "max": round(values.max(), 4)}
        for name, values in catalog.measures.items()
        if name != ANSWERS
    }
    if ranges:
        facts["measures"] = ranges
    return facts


def _print_facts(corpus: Any) -> None:
    facts = _facts(corpus)
    options = {**facts["recipe"].get("options", {}), **facts["recipe"].get("supply", {})}
    asked = {**facts["recipe"], **options, "options": None, "supply": None, "sources": None}
    recipe = ", ".join(f"{key} {value}" for key, value in asked.items() if not (value is None or value is False))
    lines = {
        "corpus": facts["path"],
        "recipe": recipe,
        "made by": _makers_in_words(facts["generator"]),
        "size": f"{bytes_in_words(facts['bytes'])} in {facts['files']} files, {facts['format']}",
        "distinct": _DISTINCT.get(facts["guarantees"].get("distinct_up_to"), _AS_GIVEN),
        "content": facts["content_digest"],
    }
    for file in facts["inputs"]:
        lines[file["role"].replace("_", " ")] = f"{file['name']}, SHA-256 {file['sha256']}"
    for name, split in facts["splits"].items():
        lines[name] = f"{_counts_in_words(split)}, {counted(split['shards'], 'shard')}"
        if "clues" in split:
            clues = split["clues"]
            lines[name] += f"; clues {clues['min']} to {clues['max']}, mean {clues['mean']}"
        lines[name] += _difficulty_in_words(split)
        for measure, found in split.get("measures", {}).items():
            lines[name] += (
                f"; {measure.replace('_', ' ')} {found['min']:g} to {found['max']:g}, mean {found['mean']:.2f}"
            )
        if "answers" in split:
            lines[f"{name} ties"] = _ties_in_words(split["answers"])
    for word, text in lines.items():
        echo(f"{word:>10}  {text}")
    for caveat in facts["caveats"]:
        echo(f"{'note':>10}  {caveat}")


def _makers_in_words(generator: dict[str, str]) -> str:
    """The programs that a corpus was made by: trmpipe, and the package that brings the task where it is not ours."""
    words = f"trmpipe {generator['version']}"
    package = generator.get("package")
    return f"{words}, the task by {package} {generator.get('package_version', '')}".rstrip() if package else words


def _counts_in_words(split: dict[str, Any]) -> str:
    """How many puzzles, how many variants each of them has, and how many examples that makes where there are more."""
    words = counted(split["groups"], "puzzle")
    if split["puzzles"] == split["groups"]:
        return words
    least, most = split["variants"]["min"], split["variants"]["max"]
    if split["groups"] == 1:
        return f"{words} with {counted(most, 'variant')}"
    each = f"{most:,}" if least == most else f"{least:,} to {most:,}"
    return f"{words} with {each} variants each, {split['puzzles']:,} in all"


def _difficulty_in_words(split: dict[str, Any]) -> str:
    if "difficulty" not in split:
        return ""
    found = split["difficulty"]
    return f"; difficulty {found['min']:g} to {found['max']:g}, mean {found['mean']:.2f}"


def _ties_in_words(answers: dict[str, Any]) -> str:
    """How many puzzles have how many right answers, and what that leaves of a score against stored labels."""
    counts = ", ".join(f"{number}: {count:,}" for number, count in answers["puzzles"].items())
    return (
        f"puzzles by their right answers {counts}; a perfect solver that does not know which is stored gets "
        f"{100 * answers['ceiling']:.3g}% of the labels"
    )


def _shared_facts(other: Any, shared: list[Any]) -> dict[str, Any]:
    return {
        "path": other.path,
        "shared": [
            {
                "split": part.split,
                "other_split": part.other_split,
                "classes": len(part),
                "groups": part.groups.tolist(),
                "other_groups": part.other_groups.tolist(),
            }
            for part in shared
        ],
    }


def _print_shared(corpus: Any, other: Any, shared: list[Any]) -> None:
    """How many classes each pair of splits shares, and the first of them."""
    echo(f"{'against':>10}  {other.path}")
    for part in shared:
        total = len(corpus.catalog[part.split])
        echo(
            f"{'shared':>10}  {len(part):,} of {total:,} {part.split} puzzles are among the other's "
            f"{part.other_split} puzzles"
            f"{_pairs_in_words(corpus, other, part)}"
        )


def _pairs_in_words(corpus: Any, other: Any, part: Any) -> str:
    """The first shared puzzles, as people call them."""
    if len(part) == 0:
        return ""
    mine = _called(corpus, part.split, part.groups[:_PAIRS_SHOWN])
    theirs = _called(other, part.other_split, part.other_groups[:_PAIRS_SHOWN])
    pairs = ", ".join(f"{a} here is {b} there" for a, b in zip(mine, theirs, strict=True))
    return f": {pairs}{', ... (--json lists all)' if len(part) > _PAIRS_SHOWN else ''}"


def _called(corpus: Any, split: str, groups: Any) -> list[str]:
    """What groups are called: by name; by the line or the like of the file that they came from; else by number."""
    from trmpipe.generators.errors import TrmpipeError
    from trmpipe.pipeline.suppliers import SUPPLIERS

    catalog, numbers, noun = corpus.catalog[split], groups, "number"
    if corpus.manifest.inputs:
        try:
            noun, numbers = SUPPLIERS[corpus.manifest.recipe["supplier"]].noun, catalog.candidates[groups]
        except (TrmpipeError, KeyError):
            pass  # Of a package that is not installed: then nobody knows what its numbers count.
    names = [catalog.names[group] for group in groups.tolist()]
    return [name or f"{noun} {number}" for name, number in zip(names, numbers.tolist(), strict=True)]


def _print_puzzles(corpus: Any, split: str, count: int) -> None:
    """The bases of the first groups, each example beside its solution."""
    from trmpipe.generators.registry import installed_task

    shown = min(count, corpus.num_groups(split))
    if not shown:
        return
    task = installed_task(corpus.spec)
    catalog = corpus.catalog[split]
    parts = list(corpus.rows(split, num_groups=shown, num_variants=1))
    names = _called(corpus, split, np.arange(shown))
    for group in range(shown):
        found = [(part, row) for part in parts for row in np.flatnonzero(part.groups == group)]
        words = [f"{split} puzzle {group}"]
        if catalog.names[group] is not None or corpus.manifest.inputs:
            words.append(names[group])
        if len(found) > 1:
            words.append(counted(len(found), "stored answer" if corpus.spec.alternatives else "example"))
        if task is not None and task.blank is not None:
            words.append(counted(int(catalog.clues[group]), "clue"))
        echo()
        echo(", ".join(words) + _rating_in_words(catalog.difficulty[group]))
        several = len(found) > 1 or corpus.spec.named_groups
        if several and corpus.spec.alternatives:
            part, row = found[0]
            answers = {f"answer {number}": part.labels[row] for number, (part, row) in enumerate(found, 1)}
            echo_boards(_boards(corpus.spec, task, {"puzzle": part.inputs[row], **answers}.items()))
            continue
        for number, (part, row) in enumerate(found, 1):
            titles = (f"input {number}", f"output {number}") if several else ("", "")
            echo_boards(_boards(corpus.spec, task, zip(titles, (part.inputs[row], part.labels[row]), strict=True)))


def _boards(spec: Any, task: Any, sequences: Iterable[tuple[str, Any]]) -> Any:
    """Sequences [S] with their titles, which may be empty: each cut to its puzzle."""
    from trmpipe.generators.picture import cropped, used_part
    from trmpipe.generators.registry import look_of
    from trmpipe.generators.task import PAD

    look, frame = look_of(spec), (PAD,) if task is None else task.frame
    for title, tokens in sequences:
        used = ~np.isin(tokens, frame)
        if not used.any():
            yield Board([f"{title} unknown".strip()], Picture(shape=(0, 0), symbols=()))
            continue
        whole = look(tokens)
        # A package may draw a sequence as another grid than it is, whose cells are then not the tokens.
        fits = whole.shape == tuple(spec.grid_shape)
        yield Board(
            [title] if title else [], cropped(whole, used_part(used.reshape(spec.grid_shape))) if fits else whole
        )


def _rating_in_words(difficulty: float) -> str:
    return "" if np.isnan(difficulty) else f", difficulty {difficulty:g}"
