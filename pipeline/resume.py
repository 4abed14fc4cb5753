"""What lies in a corpus's folder already, and how a broken-off generation goes on.

While a corpus is made, its folder holds ``.progress/``: the plan, and a record of every finished unit (see
`unit_records`). The same recipe then reads the plan and does only what is missing; another one is refused. A plan
counts if no bit of it is changed and it was made by the same code; else it is made again. The order of writing lets the
same command go on from wherever it was killed: the plan comes before all else, the manifest last, and the notes are
taken away only beside a manifest.
"""

import re
from dataclasses import dataclass
from typing import Any

from trmpipe.shards import (
    CODECS,
    MANIFEST,
    PROGRESS,
    DamagedError,
    Manifest,
    NoCorpusError,
    SplitLayout,
    Store,
    read_manifest,
    sha256_hex,
)
from trmpipe.shards.fields import Digest, Word
from trmpipe.shards.files import is_temporary
from trmpipe.shards.json_files import MOST_BYTES, digest_of_sealed, read_sealed, seal
from trmpipe.shards.store import SCRATCH
from trmpipe.shards.writer import TABLES

from .code import code_key
from .errors import RecipeError
from .plan import Plan
from .recipe import Recipe

_PLAN = f"{PROGRESS}/plan.json"
_BASES = f"{PROGRESS}/bases.npz"
_OURS = re.compile(rf"plan\.json|bases\.npz|(train|test)-[0-9]{{6,}}\.json|{SCRATCH}.*")
"""What a generation puts into its folder of notes, beside what is its owner's to remove."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A plan that lies in a corpus's folder.

    Attributes:
        plan: what it says.
        digest: of its file, which records of units are kept under; it covers the arrays too.
    """

    plan: Plan
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notes:
    """What the file of a plan holds: the recipe and the code that it was made by, and all of it but its arrays."""

    recipe: dict[str, Any]
    code: Word
    plan: dict[str, Any]
    bases_sha256: Digest


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
    # Sizes alone: `verify` is for the bytes, and a look at a finished corpus takes no time.
    if all(store.size_bytes(file.path) == file.size_bytes for file in manifest.all_files()):
        return manifest
    return None


def is_littered(store: Store) -> bool:
    """Whether a command that was broken off left something beside a finished corpus."""
    return store.exists(PROGRESS) or any(map(is_temporary, store.list_files()))


def refuse_links(store: Store) -> None:
    """Refuse to write where a symbolic link leads out of the corpus's folder.

    Raises:
        RecipeError: a folder in it is such a link.
    """
    if (linked := store.linked_folder()) is not None:
        raise RecipeError(
            f"{store.locate(linked)} is a symbolic link, and nothing is written outside {store.url}; put the folder "
            "itself there, or give --out a new folder"
        )


def _refuse_foreign_folder(store: Store, recipe: Recipe) -> None:
    if store.exists() and not store.is_folder():
        raise RecipeError(f"{store.url} is a file; give --out a folder")
    # In one look: another command may be finishing here, which takes the notes away once there is a manifest.
    names = set(store.list_folder())
    if not names - {PROGRESS} or MANIFEST in names:
        return
    if PROGRESS not in names or not (store.exists(_PLAN) or store.exists(_BASES)):
        raise RecipeError(
            f"{store.url} is not empty and holds no corpus; give --out a new folder, or empty this one first"
        )
    # Of a plan that is damaged or lost nothing is believed: its files are compared once a new plan is made.
    if (notes := _read_notes(store)) is not None:
        _refuse_other_recipe(store, recipe, notes[0].recipe)


def _refuse_other_recipe(store: Store, recipe: Recipe, there: dict[str, Any]) -> None:
    if differences := recipe.differences(there):
        raise RecipeError(
            f"{store.url} holds a corpus of another recipe ({differences}); "
            "give --out another folder, or the same options"
        )


def saved_plan(store: Store, recipe: Recipe) -> tuple[SavedPlan | None, str]:
    """The plan that a command with this recipe and this code has saved.

    Returns:
        The plan, or None and why one that is there does not count; the reason is empty where there is none.
    """
    if not store.exists(_PLAN):
        return None, "the saved plan is lost" if store.exists(_BASES) else ""
    found = _read_notes(store)
    if found is None:
        return None, "the saved plan is damaged"
    notes, digest = found
    if notes.code != code_key():
        return None, "the saved plan is of other code"
    if recipe.differences(notes.recipe):
        return None, "the saved plan is of another recipe"
    if not store.exists(_BASES):
        # Killed between the two files, which is no damage.
        return None, ""
    try:
        arrays = store.read(_BASES)
        if sha256_hex(arrays) != notes.bases_sha256:
            return None, "the saved plan is damaged"
        plan = Plan.load(notes.plan, arrays, recipe.make_task(), recipe.aug)
    except DamagedError:
        return None, "the saved plan is damaged"
    return SavedPlan(plan=plan, digest=digest), ""


def save_plan(store: Store, recipe: Recipe, plan: Plan) -> SavedPlan:
    """Keep a plan for later runs of the same command, in the place of what is there.

    Raises:
        RecipeError: it would be too large to be read again.
        WriteError: the file system refused.
    """
    arrays = plan.to_bytes()
    notes = {
        "recipe": recipe.to_json(),
        "code": code_key(),
        "plan": plan.to_json(),
        "bases_sha256": sha256_hex(arrays),
    }
    data = seal(notes)
    if len(data) > MOST_BYTES:
        raise RecipeError(
            f"the plan has {len(data):,} bytes of names and other words, expected {MOST_BYTES:,} at most; give fewer "
            "puzzles or shorter names"
        )
    # The notes first: a folder that has them is known for one that this recipe can complete.
    store.write(_PLAN, data)
    store.write(_BASES, arrays)
    return SavedPlan(plan=plan, digest=digest_of_sealed(data))


def check_plan(store: Store, saved: SavedPlan) -> None:
    """Refuse to go on where another plan lies in the folder than the one that its units were made by.

    Raises:
        RecipeError: the plan was changed or deleted meanwhile.
    """
    notes = _read_notes(store)
    if notes is None or notes[1] != saved.digest:
        raise RecipeError(
            f"{store.locate(_PLAN)} was changed while this command was writing; run the same command again"
        )


def begin(store: Store) -> None:
    """Make the folder one that is under way: no manifest, no files of killed writers."""
    store.remove(MANIFEST)
    store.remove_temporaries()


def refuse_strangers(store: Store, recipe: Recipe, layouts: dict[str, SplitLayout]) -> None:
    """Refuse files that are no part of the corpus, where no plan that counts says whose they are.

    Raises:
        RecipeError: there is such a file.
    """
    codec = CODECS[recipe.format]
    known = {MANIFEST, *TABLES}
    for layout in layouts.values():
        known.update(codec.metadata(layout), *(codec.paths(layout, shard) for shard in layout.shards()))
    for path in store.list_files():
        if path not in known and not path.startswith(f"{PROGRESS}/") and not is_temporary(path):
            raise RecipeError(
                f"{store.locate(path)} is no part of the corpus that is asked for, and the plan beside it does not "
                "count; give --out a new folder, or empty this one first"
            )


def _read_notes(store: Store) -> tuple[_Notes, str] | None:
    """What a plan's file says and its digest, None where a bit of it is changed."""
    try:
        data = store.read(_PLAN, most_bytes=MOST_BYTES)
        return read_sealed(data, _Notes, store.locate(_PLAN), "it is made again"), digest_of_sealed(data)
    except DamagedError:
        return None


def clear(store: Store) -> None:
    """Take the notes of a generation away once the manifest is written, and what killed writers left."""
    for name in Store(store.locate(PROGRESS)).list_folder():
        if _OURS.fullmatch(name):
            store.remove(f"{PROGRESS}/{name}")
    store.remove_temporaries()
