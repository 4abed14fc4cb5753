"""A corpus from what a user asks for: the way from the words of a command, or of a call in Python, to a recipe.

Options of the task, and inputs and options of its suppliers, are asked for by the names that they declare; the command
line's flags are those names with dashes.
"""

import os
from collections.abc import Mapping, Sequence
from typing import Any

from trmpipe.generators.errors import OptionError
from trmpipe.generators.family import Family
from trmpipe.generators.options import YES, Option
from trmpipe.generators.registry import family_of, get_task
from trmpipe.shards import Corpus
from trmpipe.shards.progress import Progress

from .cluster import check_workers
from .generate import Outcome, generate
from .recipe import Recipe
from .sources import Source, digests_of
from .suppliers import SUPPLIERS, Supplier
from .suppliers.supplier import Input

Suppliers = Mapping[str, Supplier[Any]]
"""The suppliers of a family by name, in its order."""

_SHARDS = ("shard_groups", "shard_variants")
"""Fields of a recipe that say how a corpus is cut."""


def suppliers_of(family: Family) -> dict[str, Supplier[Any]]:
    """The suppliers of a family by name, in its order."""
    return {name: SUPPLIERS[name] for name in family.suppliers}


def given_options(options: Sequence[Option], wishes: Mapping[str, Any]) -> dict[str, str]:
    """The options that a user gave, as text by name.

    Args:
        options: those that are looked for.
        wishes: values by name; None and False stand for what was not given.
    """
    found = {option.name: wishes.get(option.name) for option in options}
    given = {name: value for name, value in found.items() if value is not None and value is not False}
    return {name: YES if value is True else str(value) for name, value in given.items()}


def generate_asked(
    task: str,
    wishes: Mapping[str, Any],
    *,
    n: int | None = None,
    test: int | None = None,
    out: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    **layout: Any,
) -> tuple[Outcome, Supplier[Any]]:
    """Make the corpus that is asked for, or complete it.

    Args:
        task: its name, such as ``sudoku9``.
        wishes: options of the task, inputs and options of its suppliers, by name; None and False for what is not given.
        n: training groups; None for the supplier's default.
        test: held-out groups; None for the supplier's default.
        out: folder or URL; None for ``shards/`` and the name of the recipe.
        workers: as `generate` takes it.
        scheduler: as `generate` takes it.
        progress: who is told how far it is.
        layout: the fields of `Recipe` that are left: aug, seed, format, shard_groups, shard_variants.

    Returns:
        What was done, and the supplier of the bases.

    Raises:
        TrmpipeError: anything that the user can mend, in one line.
    """
    check_workers(workers, scheduler)
    recipe, sources, supplier = _recipe_of(task, wishes, n, test, layout)
    where = out or f"shards/{recipe.name}"
    outcome = generate(recipe, where, sources=sources, workers=workers, scheduler=scheduler, progress=progress)
    return outcome, supplier


def _recipe_of(
    task: str, wishes: Mapping[str, Any], n: int | None, test: int | None, layout: Mapping[str, Any]
) -> tuple[Recipe, Sequence[Source], Supplier[Any]]:
    """The recipe of what is asked for, its sources, which are read, and the supplier that takes bases from them."""
    family = family_of(task)
    suppliers = suppliers_of(family)
    options = given_options(family.options, wishes)
    given = _given_inputs(suppliers, wishes)
    name = _choose_supplier(suppliers, given)
    supplier = suppliers[name]
    _refuse_those_of_others(supplier, suppliers, given, wishes)
    if not supplier.generates:
        _refuse_making(family, options, supplier)
    supply = given_options(supplier.options, wishes)
    sources = supplier.read(get_task(task, options), given, supply)
    recipe = Recipe(
        task=task,
        n=supplier.default_n if n is None else n,
        test=test,
        options=options,
        supplier=name,
        supply=supply,
        sources=digests_of(sources),
        **layout,
    )
    return recipe, sources, supplier


def _refuse_making(family: Family, options: Mapping[str, str], supplier: Supplier[Any]) -> None:
    """Refuse options that say how puzzles are made, where none are."""
    for option in family.options:
        if option.making and option.name in options:
            raise OptionError(
                f"{option.flag} says how {family.name} puzzles are made, and with {supplier.flags} none are; leave one "
                "of them out"
            )


def generate_corpus(
    task: str,
    *,
    n: int | None = None,
    aug: int = 1000,
    test: int | None = None,
    seed: int = 0,
    out: str | os.PathLike[str] | None = None,
    format: str = "webdataset",
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
    **wishes: Any,
) -> Corpus:
    """Make a corpus, or complete or find it where it was made before: `trmpipe generate` in Python.

    Args:
        task: its name, such as ``"sudoku9"`` or ``"arc"``.
        n: training puzzles.
        aug: variants of each puzzle beside itself.
        test: held-out puzzles.
        seed: root seed.
        out: folder or URL of the corpus; by default ``shards/`` and a name that says what it is made from.
        format: name of the codec.
        workers: threads that work at the same time; by default one a core.
        scheduler: address of an existing Dask scheduler.
        progress: who is told how far it is.
        wishes: what else the command takes for the task, by its flags with underscores: ``shard_groups=16``,
            ``difficulty="hard"``, ``input="list.txt.gz"``, ``drop_improper=True``.

    Raises:
        OptionError: a wish is none of the task, or has a value that it does not take.
        TrmpipeError: anything else that the user can mend, in one line.
    """
    _refuse_unknown(task, wishes)
    layout = {"seed": seed, "aug": aug, "format": format, **{name: wishes.get(name) for name in _SHARDS}}
    place = None if out is None else os.fspath(out)
    outcome, _ = generate_asked(
        task, wishes, n=n, test=test, out=place, workers=workers, scheduler=scheduler, progress=progress, **layout
    )
    return Corpus(outcome.store, outcome.manifest)


def _refuse_unknown(task: str, wishes: Mapping[str, Any]) -> None:
    family = family_of(task)
    suppliers = suppliers_of(family).values()
    named = [*(option.name for option in family.options), *_SHARDS]
    for supplier in suppliers:
        named += [option.name for option in supplier.options]
        named += [name for one in supplier.inputs for name in (one.name, *map(_name_of, one.aliases))]
    for wish in wishes:
        if wish not in named:
            raise OptionError(f"{task} takes no {wish}; it takes: {', '.join(dict.fromkeys(named))}")


def _name_of(flag: str) -> str:
    """The name in Python of a flag of the command line."""
    return flag.lstrip("-").replace("-", "_")


def _given_inputs(suppliers: Suppliers, wishes: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """What the user names as sources, by input; by an alias too, which the supplier that declares it first has."""
    found: dict[str, tuple[str, ...]] = {}
    taken: set[str] = set()
    for one in (one for supplier in suppliers.values() for one in supplier.inputs):
        for name in (one.name, *map(_name_of, one.aliases)):
            value = wishes.get(name)
            if value and name not in taken:
                paths = [value] if isinstance(value, str | os.PathLike) else value
                found[one.name] = found.get(one.name, ()) + tuple(os.fspath(path) for path in paths)
            taken.add(name)
    return found


def _choose_supplier(suppliers: Suppliers, given: Mapping[str, tuple[str, ...]]) -> str:
    """The first whose inputs are given, else one that needs none, else the first, which says what is missing."""
    fitting = [name for name, supplier in suppliers.items() if any(one.name in given for one in supplier.inputs)]
    needing_none = [name for name, supplier in suppliers.items() if not supplier.inputs]
    return [*fitting, *needing_none, *suppliers][0]


def _refuse_those_of_others(
    supplier: Supplier[Any],
    suppliers: Suppliers,
    given: Mapping[str, tuple[str, ...]],
    wishes: Mapping[str, Any],
) -> None:
    """Refuse inputs and options that only a supplier has which does not serve."""
    inputs: set[Input] = set(supplier.inputs)
    for other in suppliers.values():
        for one in other.inputs:
            if one.name in given and one.name not in {mine.name for mine in inputs}:
                raise OptionError(f"{one.flag} does not go with {supplier.flags}; leave one of them out")
        for option in set(other.options) - set(supplier.options):
            if given_options([option], wishes):
                raise OptionError(f"{option.flag} goes with {other.flags}; give that too, or leave it out")
