"""``trmpipe generate FAMILY``: a command made from what a family of tasks and its suppliers declare."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import click

from trmpipe.generators.errors import InputError
from trmpipe.generators.family import Family
from trmpipe.pipeline import Supplier, generate_asked, suppliers_of
from trmpipe.pipeline.suppliers.supplier import Count
from trmpipe.shards import CODECS

from .arguments import MOST_COUNT, Address, CorpusPlace, WholeNumber
from .console import Context, show_progress
from .generate_report import report
from .options import option_of

Suppliers = Mapping[str, Supplier[Any]]
"""The suppliers of a family by name, in its order."""

_NAMED = ("n", "test", "out", "workers", "scheduler")
_LAYOUT = ("aug", "seed", "format", "shard_groups", "shard_variants")


class _FamilyCommand(click.Command):
    """A command whose texts a package may bring."""

    context_class = Context


def family_command(family: Family) -> click.Command:
    """The command that makes corpora of a family's tasks.

    Raises:
        TrmpipeError: a supplier that the family names cannot be loaded, or two options have one name.
    """
    suppliers = suppliers_of(family)
    params = [
        *_size(family),
        *_counts(family, suppliers),
        *_inputs(suppliers),
        *_options(family, suppliers),
        *_common(),
    ]
    names = [param.name for param in params]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"two options of {family.name!r} are called {name!r}; mend the package that brings it")

    def make(**values: Any) -> None:
        _make(family, values)

    return _FamilyCommand(family.name, params=params, callback=make, help=family.help)


def _size(family: Family) -> list[click.Parameter]:
    if not family.sizes:
        return []
    return [
        click.Option(
            ["--size"], type=WholeNumber(1), default=family.default_size, show_default=True, help=family.size_help
        )
    ]


def _counts(family: Family, suppliers: Suppliers) -> list[click.Parameter]:
    """``--n``, and ``--test`` where a supplier leaves that to the user."""
    counts = {
        "n": [one.n for one in suppliers.values()],
        "test": [one.test for one in suppliers.values() if one.test is not None],
    }
    least = {"n": 1, "test": 0}
    return [
        click.Option([f"--{name}", name], type=WholeNumber(least[name], MOST_COUNT), help=_help_of_count(family, some))
        for name, some in counts.items()
        if some
    ]


def _help_of_count(family: Family, counts: Sequence[Count]) -> str:
    defaults = "; ".join(count.default or _default_tests(family) for count in counts)
    return f"{counts[0].help} [default: {defaults}]"


def _default_tests(family: Family) -> str:
    """How many groups are held out by default, and at which sizes it is another number."""
    # Built without the registry, which asks for the spec: at 16x16 that is megabytes of tables.
    usual = family.make(family.default_size, {}).default_test
    tests = {size: family.make(size, {}).default_test for size in family.sizes}
    return "; ".join([str(usual), *(f"{test} at size {size}" for size, test in tests.items() if test != usual)])


def _inputs(suppliers: Suppliers) -> list[click.Parameter]:
    """The inputs of all suppliers; a flag that two of them declare stands once, as the first declares it."""
    found: list[click.Parameter] = []
    taken: set[str] = set()
    for one in (one for supplier in suppliers.values() for one in supplier.inputs):
        flags = [flag for flag in (one.flag, *one.aliases) if flag not in taken]
        if one.flag in flags:
            taken.update(flags)
            found.append(click.Option([*flags, one.name], multiple=one.many, metavar="PATH", help=one.help))
    return found


def _options(family: Family, suppliers: Suppliers) -> list[click.Parameter]:
    declared = [option for supplier in suppliers.values() for option in supplier.options]
    return [option_of(option) for option in dict.fromkeys((*declared, *family.options))]


def _common() -> list[click.Parameter]:
    """Options of every family."""
    return [
        click.Option(
            ["--aug"],
            type=WholeNumber(most=MOST_COUNT),
            default=1000,
            show_default=True,
            help="Variants of each puzzle beside itself.",
        ),
        click.Option(["--seed"], type=WholeNumber(), default=0, show_default=True, help="Root seed."),
        click.Option(
            ["--out"], type=CorpusPlace(), help="Folder or URL of the corpus. [default: shards/<name of the recipe>]"
        ),
        click.Option(["--format"], default="webdataset", show_default=True, help=f"{' or '.join(CODECS.names())}."),
        click.Option(["--workers"], type=WholeNumber(1), help="Worker threads. [default: one a core]"),
        click.Option(
            ["--scheduler"],
            type=Address(),
            help="Address of a Dask scheduler, such as tcp://host:8786, to use its workers.",
        ),
        click.Option(
            ["--shard-groups"],
            type=WholeNumber(1, MOST_COUNT),
            help="Base puzzles in a shard. [default: an eighth, 64 MiB at most]",
        ),
        click.Option(
            ["--shard-variants"],
            type=WholeNumber(1, MOST_COUNT),
            help="Variants of each base puzzle in a shard. [default: 256, more where puzzles are small]",
        ),
        click.Option(["--json", "as_json"], is_flag=True, help="Print the result as JSON."),
    ]


def _make(family: Family, values: Mapping[str, Any]) -> None:
    """Make the corpus that the arguments ask for, and report."""
    started = time.monotonic()
    asked = dict(values)
    as_json, task = asked.pop("as_json"), family.task_name(asked.pop("size", None))
    named = {name: asked.pop(name, None) for name in _NAMED}
    layout = {name: asked.pop(name) for name in _LAYOUT}
    with show_progress() as progress:
        outcome, supplier = generate_asked(task, asked, **named, **layout, progress=progress)
    report(outcome, supplier, aug=layout["aug"], seconds=time.monotonic() - started, as_json=as_json)
