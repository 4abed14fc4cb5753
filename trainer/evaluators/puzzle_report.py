"""What an evaluation of single puzzles came to: the single pass first, what was asked for beside it, and by step.

docs/evaluation-json.md explains every key of the JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.options import Range
from trmpipe.shards.words import counted

from ..scores.difficulty import BinScore, bins_of, scores_of_bins
from ..scores.halts import Halting, halting_of
from ..scores.intervals import Share, wilson
from ..scores.restarts import CHOICES
from ..scores.scoring import HALTED, OPEN, Scores, headline_of
from ..scores.search_words import SOLVED, SearchCost, cost_of
from ..scores.searching import Searched
from ..scores.trials import Columns, Trial
from .evaluator import EvaluationRequest

_HEADINGS = {"cell": "cells", OPEN: "open cells", HALTED: "says solved"}
"""Columns that the table calls otherwise."""
_STEP = "supervision step"
_ALL_STEPS = 16
"""The table has every step up to this one, then powers of two."""
_NOTE = "in brackets: 95% intervals (Wilson)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pass:
    """One way in which all puzzles were answered.

    Attributes:
        name: ``"single pass"``, ``"depth"``, ``"restarts"``, ``"votes"`` or ``"search"``.
        steps: supervision steps of an answer.
        restarts: answers of which one was chosen.
        choose: what it was chosen by; None where there was one.
        variants: images of a puzzle that voted.
        shares: puzzles that each column holds of.
        halting: what halting would come to; None where the learner has none, or several answers were compared.
        search: what a search cost; None of all other ways.
    """

    name: str
    steps: int
    restarts: int = 1
    choose: str | None = None
    variants: int = 1
    shares: Mapping[str, Share]
    halting: Halting | None = None
    search: SearchCost | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        about = {name: getattr(self, name) for name in ("name", "steps", "restarts", "choose", "variants")}
        shares = {name: share.to_json() for name, share in self.shares.items()}
        more = {"halting": self.halting, "search": self.search}
        return {**about, **shares, **{name: one.to_json() for name, one in more.items() if one is not None}}

    def words(self, regime: str) -> str:
        """One line; `regime` is what the run was trained on."""
        shares = ", ".join(f"{share.words()} {name}" for name, share in self.shares.items())
        by = f" (by {CHOICES[self.choose]})" if self.choose else ""
        ways = [_count(self.steps, "step"), _count(self.restarts, "restart") + by, _count(self.variants, "variant")]
        if self.search is not None:
            # What a search solved is what the task accepts: it looked at nothing else.
            shares = f"{self.shares[SOLVED].words()} {SOLVED}"
            ways = [self.search.words(), f"{_count(self.steps, 'step')} a round"]
        return f"{self.name}: {shares}; {', '.join(ways)}, trained on {regime}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What came of some puzzles.

    Attributes:
        scores: of the single pass, after every step.
        trial: what came of each puzzle.
        request: what was asked for.
        own_steps: supervision steps that the run is evaluated with where nobody asks for another number.
        levels: of difficulty, as the task names them.
    """

    scores: Scores
    trial: Trial
    request: EvaluationRequest
    own_steps: int
    levels: Mapping[str, Range]

    @property
    def single(self) -> int:
        """Steps of the single pass: a learner may make fewer than it is asked for."""
        return min(self.own_steps, self.scores.num_steps)

    @property
    def asked(self) -> int:
        """Steps of all other passes."""
        return min(self.request.steps or self.own_steps, self.scores.num_steps)

    def passes(self) -> list[Pass]:
        """The single pass, then what was asked for beside it."""
        trial, request = self.trial, self.request
        chosen = partial(Pass, steps=self.asked)
        if trial.chosen:
            chosen = partial(chosen, restarts=request.restarts, choose=request.choose)
        found = [self._single_answers("single pass", self.single)]
        if self.asked != self.single:
            found.append(self._single_answers("depth", self.asked))
        if trial.chosen:
            found.append(chosen(name="restarts", shares=_shares_at(trial.chosen, self.asked)))
        if trial.voted:
            found.append(chosen(name="votes", shares=_shares_at(trial.voted, 1), variants=request.variants or 1))
        if trial.searched is not None:
            found.append(self._search(trial.searched))
        return found

    def _search(self, searched: Searched) -> Pass:
        """What the task accepts comes first: it alone was known while the search went on."""
        columns = {SOLVED: searched.solved, **searched.outcomes}
        shares = {name: _share(column) for name, column in columns.items()}
        return Pass(name="search", steps=min(searched.steps, self.asked), shares=shares, search=cost_of(searched))

    def _single_answers(self, name: str, steps: int) -> Pass:
        """One restart, the puzzle itself, to a depth."""
        shares = _shares_at(self.trial.right, steps)
        return Pass(name=name, steps=steps, shares=shares, halting=self._halting(steps))

    def _halting(self, steps: int) -> Halting | None:
        halt, margin = self.trial.halt, self.trial.margin
        if halt is None or margin is None:
            return None
        return halting_of(halt[:steps], margin[:steps], self.trial.solved[:steps])

    def difficulty(self) -> list[BinScore]:
        """The single pass by difficulty, from the easiest bin on; empty where no puzzle is rated."""
        columns = {name: column[self.single - 1] for name, column in self.trial.right.items()}
        return scores_of_bins(bins_of(self.trial.ratings, self.levels), columns)

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        trial = self.trial
        bins = [one.to_json() for one in self.difficulty()]
        return {
            **{name: value for name, value in self.scores.to_json().items() if name != "corpora"},
            "passes": [one.to_json() for one in self.passes()],
            "intervals": _intervals(trial.right),
            **({"restart_steps": _by_step(trial.chosen)} if trial.chosen else {}),
            **({"difficulty": bins} if bins else {}),
        }

    def lines(self) -> list[str]:
        """The passes, the table, halting and difficulty."""
        regime = self.request.regime.words()
        passes = self.passes()
        halts = [one.halting.words() for one in passes if one.halting is not None]
        curves = [one.search.curve_words() for one in passes if one.search is not None]
        return [
            *(one.words(regime) for one in passes),
            *_table(self.scores, shown_steps(self.scores.num_steps, self.single)),
            *halts,
            *curves,
            *_difficulty_lines(self.difficulty()),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class PuzzleReport:
    """What came of held-out puzzles; a `Report`.

    Attributes:
        whole: of all puzzles together.
        parts: of those of each corpus, by its name, where there are several.
        corpora: paths of the corpora that they are from.
    """

    whole: Findings
    parts: Mapping[str, Findings] = field(default_factory=dict)
    corpora: tuple[str, ...]

    @property
    def scores(self) -> Scores:
        """Of the single pass over all puzzles, after every step."""
        return self.whole.scores

    @property
    def subject(self) -> str:
        """See `Report`."""
        return f"{counted(self.scores.num_puzzles, 'held-out puzzle')} of {' and '.join(self.corpora)}"

    def to_json(self) -> dict[str, Any]:
        """See `Report`."""
        parts = [{"corpus": name, **part.to_json()} for name, part in self.parts.items()]
        request = self.whole.request
        protocol = request.protocol(puzzles=self.scores.num_puzzles, steps=self.whole.asked)
        return {
            **self.whole.to_json(),
            "protocol": {**protocol, "variants": request.variants or 1},
            **({"corpora": parts} if parts else {}),
        }

    def headline(self) -> dict[str, float]:
        """See `Report`: the single pass, whatever else was asked for."""
        return headline_of(self.scores.after(self.whole.single))

    def lines(self) -> list[str]:
        """Those of all puzzles, then of each corpus of several."""
        lines = [*self.whole.lines(), _NOTE]
        for name, part in self.parts.items():
            lines += ["", f"{part.scores.num_puzzles:,} of {name}", *part.lines()]
        return lines


def shown_steps(num_steps: int, own_steps: int) -> list[int]:
    """The steps that a table has rows of: all up to 16, then powers of two, the run's own number and the last one."""
    powers = [1 << k for k in range(num_steps.bit_length())]
    first = range(1, min(num_steps, _ALL_STEPS) + 1)
    return sorted({*first, *powers, own_steps, num_steps})


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _share(column: NDArray[np.bool_]) -> Share:
    return Share(right=int(column.sum()), number=len(column))


def _shares_at(columns: Columns, step: int) -> dict[str, Share]:
    return {name: _share(values[step - 1]) for name, values in columns.items()}


def _intervals(columns: Columns) -> list[dict[str, Any]]:
    """The ends of the interval of each share after every step."""
    counts = {name: (values.sum(1).tolist(), values.shape[1]) for name, values in columns.items()}
    steps = range(len(next(iter(columns.values()))))
    return [
        {"step": step + 1, **{name: list(wilson(right[step], number)) for name, (right, number) in counts.items()}}
        for step in steps
    ]


def _by_step(columns: Columns) -> list[dict[str, Any]]:
    """The shares after every step."""
    steps = range(len(next(iter(columns.values()))))
    return [
        {"step": step + 1, **{name: share.to_json() for name, share in _shares_at(columns, step + 1).items()}}
        for step in steps
    ]


def _table(scores: Scores, steps: list[int]) -> list[str]:
    rows, open_cells = scores.to_json()["steps"], scores.open_cells
    # Given cells, of which there may be many, are right whatever a network has learned: JSON alone counts them.
    names = [name for name in scores.columns if name != "cell"]
    names.insert(0, "cell" if open_cells is None else OPEN)
    headings = {name: _HEADINGS.get(name, name) for name in names}
    widths = {name: max(8, len(heading) + 2) for name, heading in headings.items()}
    head = f"{_STEP} " + " ".join(f"{heading:>{widths[name]}}" for name, heading in headings.items())
    table = [
        f"{step:>{len(_STEP)}} " + " ".join(f"{rows[step - 1][name]:>{widths[name]}.2%}" for name in names)
        for step in steps
    ]
    if open_cells is None:
        return [head, *table]
    return [
        head,
        *table,
        f"open cells: the {open_cells.number:,} whose answer the puzzles do not show; guessing the commonest one "
        f"for all of them gets {open_cells.guessing:.2%}",
    ]


def _difficulty_lines(bins: list[BinScore]) -> list[str]:
    """A table of the single pass, a row for each bin; nothing where there are none."""
    if not bins:
        return []
    rows = []
    for one in bins:
        shares = ", ".join(f"{share.words()} {name}" for name, share in one.shares.items())
        rows.append(f"{one.level or '':<10} {one.ratings:>16} {one.puzzles:>8,}  {shares}")
    return [f"{'difficulty':<10} {'rating':>16} {'puzzles':>8}", *rows]
