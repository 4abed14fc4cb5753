"""The runs below a folder, each with what it was started with, how far it came, and its scores."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trmpipe.generators.errors import TrmpipeError

from ..errors import NoRunError, SettingError
from ..runs.checkpoint import list_best, list_checkpoints, step_of
from ..runs.naming import changed_settings
from ..runs.run_config import RunConfig
from ..runs.run_folder import RunFolder
from .kept_scores import KeptScores, read_kept


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedRun:
    """A run as it is listed.

    Attributes:
        path: of its folder.
        about: its config.
        settings: what differs from its preset, by name; None where its preset is not installed here.
        step: steps that its last checkpoint has.
        best: steps that its best checkpoint has; None where no puzzles are kept aside to choose it by.
        scores: all that is kept, on what it was trained on before others, the most telling of each first.
        damaged: a line for each file of scores that cannot be read.
    """

    path: Path
    about: RunConfig
    settings: dict[str, Any] | None
    step: int
    best: int | None
    scores: list[KeptScores]
    damaged: list[str]

    def elsewhere(self, kept: KeptScores) -> str:
        """The corpora that scores are of, where the run was not trained on all of them; else ''."""
        own = {corpus.content_digest for corpus in self.about.corpora}
        return "" if {corpus.content_digest for corpus in kept.corpora} <= own else " and ".join(kept.names)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        about = self.about
        return {
            "run": str(self.path),
            "preset": about.preset,
            "corpora": [corpus.name for corpus in about.corpora],
            "settings": self.settings,
            "seed": about.train["seed"],
            "from": about.origin.run if about.origin else None,
            "step": self.step,
            "best_step": self.best,
            "max_steps": about.max_steps,
            "scores": [
                {
                    "step": kept.step,
                    "corpus": kept.corpus,
                    "corpora": list(kept.names),
                    "limit": kept.limit,
                    "variants": kept.variants,
                    "steps": kept.steps,
                    "restarts": kept.restarts,
                    "choose": kept.choose,
                    "search": kept.search,
                    **kept.headline,
                }
                for kept in self.scores
            ],
            "damaged": self.damaged,
        }


def list_runs(folder: Path) -> tuple[list[ListedRun], list[str]]:
    """The runs in a folder and in those below it, by their paths, and a line for each that cannot be read.

    Args:
        folder: of runs, or a run itself.

    Raises:
        NoRunError: there is none.
    """
    paths = sorted({path.parent for path in [*folder.glob("config.json"), *folder.glob("**/config.json")]})
    found, damaged = [], []
    for path in paths:
        try:
            found.append(_listed(RunFolder(path)))
        except (TrmpipeError, OSError) as error:
            damaged.append(f"{path} is left out: {error}")
    if not paths:
        raise NoRunError(f"there is no run in {folder}; give a folder of runs, such as runs, or train one")
    return found, damaged


def _listed(run: RunFolder) -> ListedRun:
    about = run.read_config()
    scores, damaged = read_kept(run)
    checkpoints, best = list_checkpoints(run.checkpoints), list_best(run.checkpoints)
    listed = ListedRun(
        path=run.path,
        about=about,
        settings=_settings(about),
        step=step_of(checkpoints[-1]) if checkpoints else 0,
        best=step_of(best[-1]) if best else None,
        scores=scores,
        damaged=damaged,
    )
    # What it was trained on comes first: a puzzle set that it was once asked about says nothing of runs side by side.
    return dataclasses.replace(listed, scores=sorted(scores, key=lambda kept: bool(listed.elsewhere(kept))))


def _settings(about: RunConfig) -> dict[str, Any] | None:
    subset = {name: value for name, value in (("groups", about.groups), ("variants", about.variants)) if value}
    try:
        return {**changed_settings(about.preset, about.train_config()), **subset}
    except SettingError:
        return None
