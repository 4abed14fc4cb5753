"""What the runs of a study come to, setup by setup, and which setups lie on a front: best for what they cost."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from trmpipe.shards.words import counted

from .results import RunRow, StudyResults
from .statistics import Estimate, estimate_of

SAME_COST = 0.05
"""Costs that differ by a smaller share are the same to a front."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The runs of a setup that serve one kind of budget; they differ in their seed alone.

    Attributes:
        data: its name.
        kind: of the budget.
        axes: those by which setups differ; one that a cut left a single label of says nothing.
        done: runs that came to an end and were scored.
        failed: those that did not.
    """

    data: str
    kind: str
    axes: tuple[str, ...]
    done: tuple[RunRow, ...]
    failed: tuple[RunRow, ...]

    @property
    def first(self) -> RunRow:
        """One of the runs, for what all of them have in common."""
        return (*self.done, *self.failed)[0]

    @property
    def name(self) -> str:
        """Of the setup among those of its data."""
        return ", ".join([self.first.arm, *(f"{axis} {label}" for axis, label in self.point.items())])

    @property
    def point(self) -> dict[str, str]:
        """Labels by the axes by which setups differ."""
        return {axis: label for axis, label in self.first.point.items() if axis in self.axes}

    @property
    def label(self) -> str:
        """The name, and of how many seeds its means are where some failed."""
        total = len(self.done) + len(self.failed)
        return f"{self.name} ({len(self.done)} of {total} seeds)" if self.failed else self.name

    @property
    def num_answers(self) -> int:
        """Supervision steps after each of which all runs were scored; 0 where none was."""
        return min((len(run.solved) for run in self.done), default=0)

    def at(self, step: int) -> Estimate | None:
        """What is solved after a supervision step, or after the last one where there are fewer; None of no runs."""
        depth = min(step, self.num_answers)
        return self.over(lambda run: run.solved[depth - 1]) if depth else None

    @property
    def last(self) -> Estimate | None:
        """What is solved after the last supervision step."""
        return self.at(self.num_answers) if self.num_answers else None

    def over(self, value: Callable[[RunRow], float | None]) -> Estimate | None:
        """The estimate of some share of every run; None where a run has none."""
        found = [value(run) for run in self.done]
        shares = [share for share in found if share is not None]
        if not shares or len(shares) < len(found):
            return None
        return estimate_of(shares, [run.puzzles for run in self.done])

    def mean(self, value: Callable[[RunRow], float | None]) -> float | None:
        """The mean of a number of every run; None where a run has none."""
        found = [value(run) for run in self.done]
        numbers = [number for number in found if number is not None]
        return sum(numbers) / len(numbers) if numbers and len(numbers) == len(found) else None


def groups_of(results: StudyResults) -> list[Group]:
    """All setups by data and kind of budget, in the order of the plan."""
    plan, found = results.record.plan, []
    labels = {(axis, label) for run in results.runs for axis, label in run.point.items()}
    counts = Counter(axis for axis, _ in labels)
    axes = tuple(sorted(axis for axis, count in counts.items() if count > 1))
    for data in plan.data:
        for kind in plan.budget.kinds:
            own = [run for run in results.runs if run.data == data.name and kind in run.equal]
            for key in dict.fromkeys((run.arm, tuple(run.point.items())) for run in own):
                runs = [run for run in own if (run.arm, tuple(run.point.items())) == key]
                done = tuple(run for run in runs if run.done and run.solved)
                failed = tuple(run for run in runs if not run.done)
                found.append(Group(data=data.name, kind=kind, axes=axes, done=done, failed=failed))
    return found


def words_on_overlap(groups: Sequence[Group], names: Sequence[str]) -> list[str]:
    """A sentence for every data whose scores are not known to be of unseen puzzles alone.

    Args:
        groups: that were scored on other data.
        names: of the data.
    """
    found = []
    for name in names:
        looked_at = [run.in_training[name] for group in groups for run in group.done if name in run.in_training]
        if any(one.puzzles is None for one in looked_at):
            found.append(f"Not checked whether held-out puzzles of {name} were trained on.")
        most = max((one.puzzles or 0 for one in looked_at), default=0)
        if most:
            found.append(
                f"Of the {counted(looked_at[0].of, 'held-out puzzle')} of {name}, up to {most:,} were trained on, as "
                "they are or as symmetric copies, so scores on them are not of unseen puzzles alone."
            )
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """A cost that accuracy is set against.

    Attributes:
        name: for figures' files.
        title: in words, with its unit.
        short: a word or two.
    """

    name: str
    title: str
    short: str


PARAMETERS = Cost(name="parameters", title="parameters", short="parameters")
TRAINING = Cost(name="training-flops", title="FLOPs of training", short="training")
ANSWERING = Cost(name="answer-flops", title="FLOPs of an answer", short="evaluation")
COSTS = (PARAMETERS, TRAINING, ANSWERING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What a setup offers: so much for such a cost.

    Attributes:
        group: the setup.
        step: supervision step after which answers are taken.
        cost: what it costs.
        solved: what it solves.
        best: whether no other offer solves as much for less, or more for as much; no setup with a run that failed is,
            as nobody knows what that one would have come to.
    """

    group: Group
    step: int
    cost: float
    solved: Estimate
    best: bool


def offers_of(groups: Iterable[Group], cost: Cost, depths: Sequence[int]) -> list[Offer]:
    """The offers of the groups of one data and kind, those of all depths where answers are what costs.

    Args:
        groups: of one data and kind of budget.
        cost: which one.
        depths: supervision steps after which answers may be taken; elsewhere the last one counts.
    """
    found = []
    for group in groups:
        steps = [depth for depth in depths if depth <= group.num_answers] if cost is ANSWERING else []
        for step in steps or ([group.num_answers] if group.num_answers else []):
            estimate = group.at(step)
            if estimate is not None:
                found.append((group, step, _cost_of(group.first, cost, step), estimate))
    whole = [i for i, (group, *_) in enumerate(found) if not group.failed]
    best = {whole[i] for i in front([(found[i][2], found[i][3].mean) for i in whole])}
    return [
        Offer(group=group, step=step, cost=value, solved=estimate, best=i in best)
        for i, (group, step, value, estimate) in enumerate(found)
    ]


def _cost_of(run: RunRow, cost: Cost, step: int) -> float:
    if cost is ANSWERING:
        return run.answer_flops_at(step)
    return float(run.parameters) if cost is PARAMETERS else run.training_flops


def front(points: Sequence[tuple[float, float]]) -> set[int]:
    """Which (cost, worth) no other point beats: none costs about as little and is worth more, or as much for less.

    Costs that differ by less than `SAME_COST` are the same: where they are made equal, whole steps leave that much.
    """

    def beaten(i: int) -> bool:
        (cost, worth), most = points[i], points[i][0] * (1 + SAME_COST)
        return any(
            (other <= most and better > worth) or (better == worth and (other, j) < (cost, i))
            for j, (other, better) in enumerate(points)
        )

    return {i for i in range(len(points)) if not beaten(i)}
