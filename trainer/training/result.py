"""What a session of training came to, and the scores at its end."""

import copy
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trmpipe.shards import Corpus, Seen

from ..files import write_sealed
from ..judging import solved_column
from ..runs.checkpoint import best_path
from ..runs.lines import MONITOR, SAMPLE
from ..runs.regime import Regime
from ..runs.run_state import load_run_state
from ..scores.difficulty import Bin, BinScore, scores_of_bins
from ..scores.held_out import read_held_out_parts
from ..scores.scoring import Scores, score_parts
from .clock import Clock
from .loop import Loop
from .scored_sets import Parts


@dataclass(frozen=True, slots=True, kw_only=True)
class BestScores:
    """The best checkpoint of a run.

    Attributes:
        step: that it is of.
        monitor: share of the puzzles kept aside that it solves, by which it was chosen.
        column: what it solves them by: as labelled, or as the task accepts it.
        worse: evaluations since then, none of which was better.
        held_out: its scores on held-out puzzles; None where there are none, or its file was deleted.
    """

    step: int
    monitor: float
    column: str
    worse: int
    held_out: Scores | None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "step": self.step,
            "monitor": self.monitor,
            "column": self.column,
            "scores": self.held_out.to_json() if self.held_out else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class FinalScores:
    """The scores at the end of a session.

    Attributes:
        held_out: of the last weights on up to `TrainRequest.final_limit` held-out puzzles; None where there are none.
        training: of the last weights on `evaluation.train_limit` of the puzzles that they were trained on, or None.
        best: of the best checkpoint; None where no puzzles are kept aside.
        difficulty: what `held_out` came to by difficulty; none where all are in one bin.
    """

    held_out: Scores | None = None
    training: Scores | None = None
    best: BestScores | None = None
    difficulty: Sequence[BinScore] = ()

    @property
    def gap(self) -> float | None:
        """By how much more training puzzles are solved than held-out ones; None where one of them is not known."""
        if self.held_out is None or self.training is None:
            return None
        trained, held_out = self.training.last(), self.held_out.last()
        return trained[solved_column(trained)] - held_out[solved_column(held_out)]

    def headline(self) -> dict[str, float]:
        """What runs are compared by: of the last weights, of the best ones where they were chosen, and the gap."""
        last = self.held_out.headline() if self.held_out else {}
        best = self.best.held_out.headline() if self.best and self.best.held_out else {}
        gap = {} if self.gap is None else {"gap": self.gap}
        return {**last, **{f"{name} at best": value for name, value in best.items()}, **gap}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainResult:
    """What a session came to.

    Attributes:
        run: the run's folder.
        seed: of the run.
        reason: see `Loop.run_steps`.
        step: steps taken in all sessions.
        max_steps: steps of the whole run.
        rate_left: share of the full learning rate that the schedule stands at.
        scores: at the end; none where the user interrupted.
        regime: how much of the corpora the run trains on.
        seen: how many of their variants it has seen.
        clock: where this session's time went.
        pictures: pictures written.
        puzzle_to_solve: what `trmpipe solve` may be given to try the run; empty where it takes none of the task.
    """

    run: Path
    seed: int
    reason: str
    step: int
    max_steps: int
    rate_left: float
    scores: FinalScores
    regime: Regime
    seen: Seen
    clock: Clock
    pictures: tuple[Path, ...]
    puzzle_to_solve: str

    @property
    def finished(self) -> bool:
        """Whether nothing is left to train."""
        return self.reason in ("steps", "patience")


def final_scores(loop: Loop, held_out: Parts, bins: Sequence[Bin]) -> FinalScores:
    """Score the last weights and, of a run that has some, the best ones, and keep it as evaluation.json.

    Every rank has to call it, and the first one has the scores.

    Args:
        loop: at its end.
        held_out: puzzles; all that is said of them stays away where there are none.
        bins: the held-out puzzles by difficulty; none where all are in one bin.

    Raises:
        OwnedError: the run's folder was deleted, or is another command's meanwhile.
        RunError: the best checkpoint is damaged.
        RunWriteError: the file cannot be written.
    """
    judge = loop.judge
    scores = score_parts(loop.examinee, held_out, judge, loop.ranks) if held_out else None
    sample = loop.scored.get(SAMPLE)
    training = score_parts(loop.examinee, sample, judge, loop.ranks) if sample else None
    found = FinalScores(
        held_out=scores,
        training=training,
        best=_best_scores(loop, held_out, scores),
        difficulty=scores_of_bins(bins, scores.outcomes) if scores else (),
    )
    if scores is not None:
        more = {
            **({"difficulty": [one.to_json() for one in found.difficulty]} if found.difficulty else {}),
            **({"training": training.to_json(), "gap": found.gap} if training else {}),
            **({"best": found.best.to_json()} if found.best else {}),
        }
        loop.check_owned()
        write_sealed(loop.run.evaluation_file, {"step": loop.step, **scores.to_json(), **more})
    return found


def _best_scores(loop: Loop, held_out: Parts, last: Scores | None) -> BestScores | None:
    """The scores of the best checkpoint, which are `last` where it is the last one; None where there is no best."""
    best, scores = loop.best, last
    if best is None:
        return None
    path = best_path(loop.run.checkpoints, best.step)
    if best.step != loop.step:
        scores = _score_checkpoint(loop, path, held_out) if held_out and path.is_file() else None
    return BestScores(step=best.step, monitor=best.exact, column=best.column, worse=best.worse, held_out=scores)


def _score_checkpoint(loop: Loop, path: Path, held_out: Parts) -> Scores | None:
    """The scores of the weights in another checkpoint of a run."""
    net = copy.deepcopy(loop.trainer.averaged)
    net.load_state_dict(load_run_state(path, loop.config_digest).trainer.ema)
    return score_parts(dataclasses.replace(loop.examinee, net=net), held_out, loop.judge, loop.ranks)


def num_scored_at_the_end(corpora: Sequence[Corpus], scored: dict[str, Parts], limit: int) -> int:
    """Puzzles that `final_scores` scores, `limit` held-out ones at most, of the best weights and of the last ones."""
    held_out = sum(map(len, read_held_out_parts(corpora, limit).values()))
    times = 2 if MONITOR in scored else 1
    return times * held_out + sum(len(examples) for examples in scored.get(SAMPLE, {}).values())
