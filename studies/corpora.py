"""The corpora of a study: given, or made by a recipe of the plan."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from trmpipe.generators.errors import InputError, OptionError
from trmpipe.pipeline import generate_corpus
from trmpipe.shards import Corpus
from trmpipe.shards.urls import is_local, printable
from trmpipe.shards.words import counted

from .errors import PlanError
from .listener import StudyListener
from .plan import Data, Plan


def with_corpora(plan: Plan, corpora: Sequence[str]) -> Plan:
    """The plan with corpora in the place of its data.

    Raises:
        PlanError: there are more or fewer of them than data, or some data has neither recipe nor path.
    """
    if corpora and len(corpora) != len(plan.data):
        names = ", ".join(one.name for one in plan.data)
        raise PlanError(
            f"{counted(len(corpora), 'path')} given, and the study has {len(plan.data)} data ({names}); give one for "
            "each, in their order, or none"
        )
    # By their own paths, so that the same command finds them from another folder too.
    paths = [str(Path(path).absolute()) if is_local(path) else path for path in corpora]
    if paths:
        data = [replace(one, path=path, recipe={}) for one, path in zip(plan.data, paths, strict=True)]
        plan = replace(plan, data=tuple(data))
    for one in plan.data:
        if not one.path and not one.recipe:
            raise PlanError(f"the data {one.name!r} has neither recipe nor path; give the path of a corpus")
    return plan


def tell_of_urls(plan: Plan, given: Sequence[str], told: StudyListener) -> None:
    """Name the URLs that a study file names, and not the user, before they are opened."""
    for one in plan.data:
        values = [one.path, *(value for value in one.recipe.values() if isinstance(value, str))]
        for url in values:
            if url and url not in given and not is_local(url):
                told.note(f"opening {printable(url)}, which the data {one.name!r} of the study names")


def made(data: Data, task: str, out: str, recipe: dict[str, Any], told: StudyListener) -> Corpus:
    """The corpus of a recipe, made or found.

    Args:
        data: whose recipe it is.
        task: that the recipe names.
        out: its folder.
        recipe: the rest of it.
        told: the front end.

    Raises:
        PlanError: nothing can be made by it; the message has the words of `trmpipe generate`.
    """
    try:
        return generate_corpus(task, out=out, progress=told, **recipe)
    except (OptionError, InputError) as error:
        raise PlanError(f"recipe of the data {data.name!r}: {error}") from error
