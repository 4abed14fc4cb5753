"""The scores that a run's folder holds, each with its interval and the place in the file that it was read from."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards.fields import Count, Positive
from trmpipe.shards.json_files import read_sealed
from trmpipe.trainer.files import damage_of_a_run, read_file, typed
from trmpipe.trainer.runs.evaluation_file import Final
from trmpipe.trainer.runs.run_config import RunConfig
from trmpipe.trainer.runs.run_folder import RunFolder
from trmpipe.trainer.scores.intervals import wilson
from trmpipe.trainer.scores.scoring import headline_of
from trmpipe.trainer.trained.kept_scores import KeptScores

_ADVICE = "delete it, and evaluate the run again"
_SINGLE = "/scores/passes/0"
_Ratio = Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownScore:
    """A number that a run is compared by.

    Attributes:
        what: its name, such as ``exact``.
        value: 0 to 1 in all that trmpipe scores itself.
        interval: the 95 % interval of a share of puzzles; None where it is not known of how many.
        puzzles: scored; None where that is not known.
        step: training steps of the weights.
        how: how they were asked, in words.
        corpus: that it was scored on.
        source: the file, and the place in it.
        rank: the greatest says most, see `KeptScores.rank`.
        elsewhere: whether the run was not trained on that corpus.
    """

    what: str
    value: float
    interval: tuple[float, float] | None
    puzzles: int | None
    step: int
    how: str
    corpus: str
    source: str
    rank: tuple[Any, ...]
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Interval:
    right: Count
    number: Positive
    share: _Ratio
    low: _Ratio
    high: _Ratio


def scores_of(run: RunFolder, final: Final | None, about: RunConfig) -> tuple[list[ShownScore], list[str]]:
    """All scores of a run, the most telling first, and a line for each file that cannot be read.

    Args:
        run: its folder.
        final: its evaluation.json.
        about: its config.json.
    """
    found = [] if final is None else _of_final(final, about.corpora[0].name, run.evaluation_file.name)
    own = {corpus.content_digest for corpus in about.corpora}
    damaged = []
    for path in sorted(run.evaluations.glob("step-*.json")):
        try:
            found += _of_kept(path, own)
        except TrmpipeError as error:
            damaged.append(str(error))
    return sorted(found, key=lambda score: score.rank, reverse=True), damaged


def _of_final(final: Final, corpus: str, name: str) -> list[ShownScore]:
    found = []
    for step, scores, place in final.scored():
        how = "best checkpoint" if place else "at the end of training"
        for what, value in headline_of(scores.last()).items():
            source = f"{name}#{place}/steps/{len(scores.steps) - 1}/{what}"
            rank = (step, True, False, scores.puzzles, "")
            number = scores.puzzles
            interval = wilson(round(value * number), number) if 0 <= value <= 1 else None
            found.append(
                ShownScore(
                    what=what,
                    value=value,
                    interval=interval,
                    puzzles=number,
                    step=step,
                    how=how,
                    corpus=corpus,
                    source=source,
                    rank=rank,
                )
            )
    return found


def _of_kept(path: Path, own: set[str]) -> list[ShownScore]:
    """What one file of ``evaluations/`` holds; `own` are the digests of the corpora that the run was trained on."""
    data = read_file(path)
    with damage_of_a_run():
        kept = read_sealed(data, KeptScores, str(path), _ADVICE)
        whole = read_sealed(data, dict[str, Any], str(path), _ADVICE)
    first = _first_pass(whole)
    name = f"evaluations/{path.name}"
    found = []
    for what, value in kept.headline.items():
        interval, source = None, f"{name}#/headline/{what}"
        known = first.get(what)
        if isinstance(known, dict) and "low" in known:
            share = typed(known, _Interval, f"{path} ({what})", _ADVICE)
            if share.share == value:
                interval, source = share, f"{name}#{_SINGLE}/{what}/share"
        found.append(
            ShownScore(
                what=what,
                value=value,
                interval=(interval.low, interval.high) if interval else None,
                puzzles=interval.number if interval else kept.limit,
                step=kept.step,
                how=_how(kept),
                corpus=kept.corpus,
                source=source,
                rank=kept.rank,
                elsewhere=not {corpus.content_digest for corpus in kept.corpora} <= own,
            )
        )
    return found


def _first_pass(whole: dict[str, Any]) -> dict[str, Any]:
    """The single pass of an evaluation of single puzzles; nothing of others."""
    scores = whole.get("scores")
    passes = scores.get("passes") if isinstance(scores, dict) else None
    return passes[0] if isinstance(passes, list) and passes and isinstance(passes[0], dict) else {}


def _how(kept: KeptScores) -> str:
    words = ["trmpipe evaluate"]
    words += [f"--steps {kept.steps}"] if kept.steps is not None else []
    words += [f"--restarts {kept.restarts}"] if kept.restarts > 1 else []
    words += [f"--choose {kept.choose}"] if kept.choose else []
    words += [f"--variants {kept.variants}"] if kept.variants is not None else []
    words += [f"--search {kept.search}"] if kept.search is not None else []
    words += [f"--limit {kept.limit}"] if kept.limit is not None else []
    return " ".join(words)
