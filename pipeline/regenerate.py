"""Making a corpus again from its manifest alone, and saying whether it came out the same."""

import os
from dataclasses import dataclass, replace

import trmpipe
from trmpipe.shards import MANIFEST, Manifest, Store, read_manifest
from trmpipe.shards.progress import Progress

from .cluster import check_workers
from .errors import RecipeError
from .generate import Outcome, generate
from .recipe import Recipe
from .sources import Source
from .suppliers import SUPPLIERS


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """A regenerated corpus beside the manifest that it was made from.

    Attributes:
        original: the manifest that was given.
        outcome: what was made.
    """

    original: Manifest
    outcome: Outcome

    @property
    def is_same(self) -> bool:
        """Whether both say the same."""
        return self.original.content_digest == self.outcome.manifest.content_digest

    @property
    def same_files(self) -> bool:
        """Whether all files are equal too, which holds under equal library versions."""
        return self.original.all_files() == self.outcome.manifest.all_files()

    @property
    def explanation(self) -> str:
        """What differs, in one line."""
        if self.is_same:
            return "content equal"
        there, here = self.original.generator.get("version"), trmpipe.__version__
        digests = (
            f"content digest {self.outcome.manifest.content_digest[:16]}, expected {self.original.content_digest[:16]}"
        )
        if there != here:
            return f"{digests}; it was made by trmpipe {there}, this is {here}: run `pip install trmpipe=={there}`"
        return f"{digests}, {self._cause_of_equal_versions(here)}"

    def _cause_of_equal_versions(self, here: str) -> str:
        """Why the same trmpipe gives another corpus: by the package that brings the task, where one does."""
        there, now = self.original.generator, self.outcome.manifest.generator
        package = now.get("package")
        if package is None:
            return f"from the same trmpipe {here}: this is a bug or a damaged manifest; please report it"
        if there.get("package_version") != now["package_version"]:
            was = there.get("package_version", "an unknown version")
            return (
                f"its task was that of {package} {was}, here it is that of {now['package_version']}: "
                f"run `pip install {package}=={was}`"
            )
        return (
            f"from the same {package} {now['package_version']}: its code is another one than it was, or its task does "
            "not give the same puzzles again (trmpipe.generators.testing.TaskConformance tests that)"
        )


def regenerate(
    manifest_path: str,
    out: str | None = None,
    *,
    inputs: tuple[str, ...] = (),
    workers: int | None = None,
    scheduler: str | None = None,
    progress: Progress | None = None,
) -> Comparison:
    """Make the corpus of a manifest again.

    Args:
        manifest_path: a ``manifest.json``, by whatever name, or the folder that holds it.
        out: where to write; by default ``regenerated/<name>``.
        inputs: the files or sets that the puzzles were taken from, in any order; they are told apart by their digests.
        workers: threads that work at the same time; by default one a core.
        scheduler: address of an existing Dask scheduler.
        progress: who is told how far it is.

    Raises:
        ArgumentError: `workers` is more than this machine can run.
        NoCorpusError: there is no manifest.
        RecipeError: an input file is missing or is another one; or `out` holds the whole corpus already, of which
            nothing would be made again.
    """
    check_workers(workers, scheduler)
    folder, name = _place_of(manifest_path)
    original = read_manifest(Store(folder), earlier=True, name=name)
    recipe = Recipe.from_json(original.recipe)
    sources = _find_sources(original, recipe, inputs)
    outcome = generate(
        recipe,
        out or f"regenerated/{recipe.name}",
        sources=sources,
        workers=workers,
        scheduler=scheduler,
        progress=progress,
    )
    if outcome.was_finished:
        raise RecipeError(
            f"{outcome.store.url} holds the whole corpus already, so nothing was made and nothing compared; give "
            "--out a new folder, or delete this one"
        )
    return Comparison(original=original, outcome=outcome)


def _place_of(manifest_path: str) -> tuple[str, str]:
    """The folder of a manifest and the name of its file."""
    folder, _, name = manifest_path.rpartition("/")
    if name == MANIFEST or os.path.isfile(manifest_path):
        return folder or ("/" if manifest_path.startswith("/") else "."), name
    return manifest_path.rstrip("/") or manifest_path or ".", MANIFEST


def _find_sources(manifest: Manifest, recipe: Recipe, paths: tuple[str, ...]) -> list[Source]:
    """The sources that the manifest names, each in its role."""
    names = [wanted.name for wanted in manifest.inputs]
    read = SUPPLIERS[recipe.supplier].read_again(recipe.make_task(), names, paths, recipe.supply)
    given: dict[str, Source] = {source.sha256: source for source in read}
    found = []
    for wanted in manifest.inputs:
        if wanted.sha256 not in given:
            raise RecipeError(
                f"the corpus was made from {wanted.name} (SHA-256 {wanted.sha256[:16]}...); "
                "give that very one with --input"
            )
        found.append(replace(given[wanted.sha256], role=wanted.role))
    return found
