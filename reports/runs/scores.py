"""The scores that a run's folder holds, each with its interval and the place in the file that it was read from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards.fields import Count, Positive, Word
from trmpipe.shards.json_files import read_sealed
from trmpipe.trainer.files import damage_of_a_run, read_file, typed
from trmpipe.trainer.runs.evaluation_file import Final
from trmpipe.trainer.runs.run_config import RunConfig
from trmpipe.trainer.runs.run_folder import RunFolder
from trmpipe.trainer.scores.intervals import wilson
from trmpipe.trainer.scores.scoring import headline_of
from trmpipe.trainer.trained.kept_scores import KeptScores

_ADVICE = "delete it, and evaluate the run again"
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
        corpora: names of those that it was scored on, one or more.
        source: the file, and the place in it.
        rank: the greatest says most, see `rank_of`.
        of: the pass of several that it is of, such as ``search``; empty where there is one alone.
        elsewhere: whether the run was not trained on all of those corpora.
        is_whole: whether they are all that the run was trained on, and no others.
    """

    what: str
    value: float
    interval: tuple[float, float] | None
    puzzles: int | None
    step: int
    how: str
    corpora: tuple[str, ...]
    source: str
    rank: tuple[Any, ...]
    of: str = ""
    elsewhere: bool = False
    is_whole: bool = True

    @property
    def corpus(self) -> str:
        """The names of the corpora, in words."""
        return " and ".join(self.corpora)


def rank_of(asked: tuple[Any, ...], *, elsewhere: bool, place: int = 0) -> tuple[Any, ...]:
    """How much a score says: on what the run was trained on before all others, in its first pass before the next.

    Args:
        asked: `KeptScores.rank`.
        elsewhere: whether it is of other corpora.
        place: of the pass among those of one evaluation.
    """
    return not elsewhere, *asked, -place


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
    names = tuple(corpus.name for corpus in about.corpora)
    found = [] if final is None else _of_final(final, names, run.evaluation_file.name)
    own = {corpus.content_digest for corpus in about.corpora}
    damaged = []
    for path in sorted(run.evaluations.glob("step-*.json")):
        try:
            found += _of_kept(path, own)
        except TrmpipeError as error:
            damaged.append(str(error))
    return sorted(found, key=lambda score: score.rank, reverse=True), damaged


def _of_final(final: Final, corpora: tuple[str, ...], name: str) -> list[ShownScore]:
    found = []
    for step, scores, place in final.scored():
        how = "best checkpoint" if place else "at the end of training"
        for what, value in headline_of(scores.last()).items():
            source = f"{name}#{place}/steps/{len(scores.steps) - 1}/{what}"
            rank = rank_of((step, True, False, scores.puzzles, ""), elsewhere=False)
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
                    corpora=corpora,
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
    passes = _passes(whole)
    return [
        *_headline(path, kept, own, passes),
        *(
            _shown(path, kept, own, what=what, place=place, passes=passes)
            for place in range(1, len(passes))
            for what in kept.headline
            if _is_share(passes[place].get(what))
        ),
    ]


def _headline(path: Path, kept: KeptScores, own: set[str], passes: Sequence[dict[str, Any]]) -> Iterator[ShownScore]:
    """The numbers that runs are compared by: those of the single pass where there are several."""
    for what, value in kept.headline.items():
        if passes and _is_share(passes[0].get(what)):
            score = _shown(path, kept, own, what=what, place=0, passes=passes)
            if score.value == value:
                yield score
                continue
        yield ShownScore(
            what=what,
            value=value,
            interval=None,
            puzzles=kept.limit,
            source=f"evaluations/{path.name}#/headline/{what}",
            **_about(kept, own, 0),
        )


def _shown(
    path: Path, kept: KeptScores, own: set[str], *, what: str, place: int, passes: Sequence[dict[str, Any]]
) -> ShownScore:
    """A share of a pass, with its interval.

    Args:
        path: of the file.
        kept: what it says of the evaluation.
        own: digests of the corpora that the run was trained on.
        what: the name of the share.
        place: of the pass.
        passes: all that there are.
    """
    share = typed(passes[place][what], _Interval, f"{path} ({what})", _ADVICE)
    # One alone needs no name, and evaluators of other packages may give it none.
    name = typed(passes[place].get("name"), Word, f"{path} (the name of a pass)", _ADVICE) if len(passes) > 1 else ""
    return ShownScore(
        what=what,
        value=share.share,
        interval=(share.low, share.high),
        puzzles=share.number,
        source=f"evaluations/{path.name}#/scores/passes/{place}/{what}/share",
        of=name,
        **_about(kept, own, place),
    )


def _about(kept: KeptScores, own: set[str], place: int) -> dict[str, Any]:
    """What the numbers of one pass of an evaluation have in common."""
    elsewhere = not {corpus.content_digest for corpus in kept.corpora} <= own
    return {
        "step": kept.step,
        "how": _how(kept),
        "corpora": kept.names,
        "rank": rank_of(kept.rank, elsewhere=elsewhere, place=place),
        "elsewhere": elsewhere,
        "is_whole": {corpus.content_digest for corpus in kept.corpora} == own,
    }


def _passes(whole: dict[str, Any]) -> list[dict[str, Any]]:
    """The passes of an evaluation of single puzzles, the single one first; none of others."""
    scores = whole.get("scores")
    passes = scores.get("passes") if isinstance(scores, dict) else None
    return passes if isinstance(passes, list) and all(isinstance(one, dict) for one in passes) else []


def _is_share(value: object) -> bool:
    return isinstance(value, dict) and "low" in value


def _how(kept: KeptScores) -> str:
    words = ["trmpipe evaluate"]
    words += [f"--steps {kept.steps}"] if kept.steps is not None else []
    words += [f"--restarts {kept.restarts}"] if kept.restarts > 1 else []
    words += [f"--choose {kept.choose}"] if kept.choose else []
    words += [f"--variants {kept.variants}"] if kept.variants is not None else []
    words += [f"--search {kept.search}"] if kept.search is not None else []
    words += [f"--limit {kept.limit}"] if kept.limit is not None else []
    return " ".join(words)
