"""What lies in a corpus's folder already, and how a broken-off generation goes on.

While a corpus is made, its folder holds ``.progress/``: the plan, and a record of every finished unit. The same recipe
then reads the plan and does only what is missing; another one is refused. A plan counts if it was made by the same
code, and a record if its files have the sizes that it names.
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from trmpipe.shards import (
    MANIFEST,
    PROGRESS,
    DamagedError,
    Manifest,
    NoCorpusError,
    SplitLayout,
    Store,
    UnitRecord,
    canonical_json,
    read_manifest,
)
from trmpipe.shards.json_files import read_json

from .code import code_key
from .errors import RecipeError
from .plan import Plan
from .recipe import Recipe

_PLAN = f"{PROGRESS}/plan.json"
_BASES = f"{PROGRESS}/bases.npz"


def finished_corpus(store: Store, recipe: Recipe) -> Manifest | None:
    """The manifest, where the corpus of `recipe` is there with all its files; None where there is something to do.

    Raises:
        RecipeError: the folder holds another corpus, or something else.
    """
    try:
        manifest = read_manifest(store)
    except NoCorpusError:
        _refuse_foreign_folder(store, recipe)
        return None
    _refuse_other_recipe(store, recipe, manifest.recipe)
    if all(store.size_bytes(file.path) == file.size_bytes for file in manifest.all_files()):
        return manifest
    return None


def _refuse_foreign_folder(store: Store, recipe: Recipe) -> None:
    if store.exists(_PLAN):
        _refuse_other_recipe(store, recipe, _read_notes(store)["recipe"])
    elif store.exists() and not store.is_folder():
        raise RecipeError(f"{store.url} is a file; give --out a folder")
    elif set(store.list_folder()) - {PROGRESS}:
        raise RecipeError(
            f"{store.url} is not empty and holds no corpus; give --out a new folder, or empty this one first"
        )


def _refuse_other_recipe(store: Store, recipe: Recipe, there: dict[str, Any]) -> None:
    if differences := recipe.differences(there):
        raise RecipeError(
            f"{store.url} holds a corpus of another recipe ({differences}); "
            "give --out another folder, or the same options"
        )


def saved_plan(store: Store, recipe: Recipe) -> Plan | None:
    """The plan that a command with this recipe and this code has saved; None where there is none, or it is not whole.

    Raises:
        DamagedError: the notes of a generation cannot be read.
    """
    if not store.exists(_PLAN):
        return None
    notes = _read_notes(store)
    if not _are_ours(notes, recipe):
        return None
    try:
        arrays = store.read(_BASES)
        if hashlib.sha256(arrays).hexdigest() != notes["bases_sha256"]:
            return None
        return Plan.load(notes["plan"], arrays, recipe.make_task(), recipe.aug)
    except (DamagedError, ValueError, KeyError, TypeError, AttributeError, MemoryError, zipfile.BadZipFile):
        return None


def save_plan(store: Store, recipe: Recipe, plan: Plan) -> None:
    """Keep a plan for later runs of the same command.

    Raises:
        WriteError: the file system refused.
    """
    if store.exists(_PLAN) and not _are_ours(_read_notes(store), recipe):
        # Records of other code could stand for other bytes: all units are made again.
        store.remove(PROGRESS)
    arrays = plan.to_bytes()
    notes = {
        "recipe": recipe.to_json(),
        "code": code_key(),
        "plan": plan.to_json(),
        "bases_sha256": hashlib.sha256(arrays).hexdigest(),
    }
    # The notes first: a folder that has them is known for one that this recipe can complete.
    store.write(_PLAN, canonical_json(notes))
    store.write(_BASES, arrays)


def begin(store: Store) -> None:
    """Make the folder one that is under way: no manifest, no files of killed writers."""
    store.remove(MANIFEST)
    store.remove_temporaries()


def _are_ours(notes: dict[str, Any], recipe: Recipe) -> bool:
    return notes.get("code") == code_key() and not recipe.differences(notes["recipe"])


def _read_notes(store: Store) -> dict[str, Any]:
    try:
        notes: dict[str, Any] = json.loads(store.read(_PLAN))
        return {**notes, "recipe": dict(notes["recipe"])}
    except (ValueError, KeyError, TypeError) as error:
        raise DamagedError(
            f"{store.locate(_PLAN)} is damaged; delete the folder and generate the corpus again"
        ) from error


def keep_record(store: Store, record: UnitRecord) -> None:
    """Note that a unit is finished."""
    store.write(_record_path(record.split, record.unit), canonical_json(record.to_json()))


def finished_units(store: Store, layouts: Mapping[str, SplitLayout]) -> list[UnitRecord]:
    """Records of the units whose shards are all there."""
    names = set(store.list_files())
    found = []
    for split, layout in layouts.items():
        for unit in range(layout.num_units):
            path = _record_path(split, unit)
            if path in names and (record := _read_record(store, path)) is not None:
                found.append(record)
    return found


def _read_record(store: Store, path: str) -> UnitRecord | None:
    """A unit's record, or None where it or one of its files is not whole."""
    try:
        record = read_json(store.read(path), UnitRecord, path, "it is made again")
    except DamagedError:
        return None
    files = [file for shard in record.shards for file in shard.files]
    return record if all(store.size_bytes(file.path) == file.size_bytes for file in files) else None


def _record_path(split: str, unit: int) -> str:
    return f"{PROGRESS}/{split}-{unit:06d}.json"


def clear(store: Store) -> None:
    """Take the notes of a generation away once the manifest is written."""
    store.remove(PROGRESS)
