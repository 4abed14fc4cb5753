"""Fitting a study to the time that there is: what it takes by measured costs, and what is given up, in words.

First runs are made shorter, down to the plan's least share; then there are fewer seeds, down to its least; then arms
and points are left out in the plan's order; and where all that is not enough, runs are made shorter still.
"""

import heapq
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from trmpipe.shards.fields import Positive, Word
from trmpipe.shards.words import counted, time_in_words
from trmpipe.trainer.training.costs import Costs

from .errors import StudyError
from .lengths import cost_key, lengths_of
from .plan import LENGTH, Plan
from .setups import Setup, setups_of, tries_of

START_SECONDS = 3.0
"""What a run takes beside its steps and answers: corpora, network, checkpoints. Measured: 1 to 3 s on a core."""
_SPARE = 0.92
"""Share of the time that is planned for: paces drift, and the last runs of a stage leave cores idle."""
_FINEST = 0.01
"""Step of the search for the share of a run's length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A study as it is executed.

    Attributes:
        share: of the plan's length that runs have.
        seeds: runs of each setup.
        dropped: arms and points that are left out, as the plan's `budget.drop` names them.
        seconds: that all of it takes on this machine from here on.
        cuts: what was given up, in words.
    """

    share: float
    seeds: Positive
    dropped: tuple[Word, ...]
    seconds: float
    cuts: tuple[Word, ...]


def fit(plan: Plan, costs: Mapping[str, Costs], jobs: int, seconds: float | None) -> Fitted:
    """Fit a plan to a time.

    Args:
        plan: the plan.
        costs: by `lengths.cost_key`, of setups whose costs could be measured.
        jobs: runs side by side.
        seconds: that are left; None for as many as it takes.

    Raises:
        StudyError: it does not fit, whatever is given up.
    """
    whole = Fitted(share=1.0, seeds=plan.seeds, dropped=(), seconds=0.0, cuts=())
    whole = replace(whole, seconds=_seconds(plan, whole, costs, jobs))
    if seconds is None or whole.seconds <= _SPARE * seconds:
        return whole
    found = next(_fitting(plan, whole, costs, jobs, _SPARE * seconds), None)
    if found is None:
        least = _shortest(plan, whole, costs, jobs)
        raise StudyError(
            f"the study does not fit {in_words(max(0.0, seconds))} that are left: it takes {in_words(whole.seconds)} "
            f"as planned and {in_words(least)} with all that may be given up; give more --budget, more --jobs, or a "
            "smaller plan"
        )
    return replace(found, cuts=tuple(_cuts(plan, whole, found)))


def _fitting(plan: Plan, whole: Fitted, costs: Mapping[str, Costs], jobs: int, seconds: float) -> Iterator[Fitted]:
    """What fits, the least cut first."""
    least_seeds, least = min(plan.seeds, plan.budget.least_seeds), plan.budget.least_share
    drop = plan.budget.drop
    states = [replace(whole, seeds=seeds) for seeds in range(plan.seeds, least_seeds - 1, -1)]
    states += [replace(states[-1], dropped=drop[:number]) for number in range(1, len(drop) + 1)]
    for state in states:
        if _arms_left(plan, state):
            yield from _longest(plan, state, costs, jobs, seconds, least)
    last = [state for state in states if _arms_left(plan, state)][-1]
    yield from _longest(plan, last, costs, jobs, seconds, _FINEST)


def _longest(
    plan: Plan, state: Fitted, costs: Mapping[str, Costs], jobs: int, seconds: float, least: float
) -> Iterator[Fitted]:
    """The state with the longest runs that fit, if their share is `least` or more; else nothing."""
    # Up, so that runs are not made shorter than the plan allows; a share such as .29 is a little more than 29 parts.
    low, high = math.ceil(least / _FINEST - 1e-9), 100
    if _seconds(plan, replace(state, share=low * _FINEST), costs, jobs) > seconds:
        return
    while low < high:
        middle = (low + high + 1) // 2
        fits = _seconds(plan, replace(state, share=middle * _FINEST), costs, jobs) <= seconds
        low, high = (middle, high) if fits else (low, middle - 1)
    found = replace(state, share=low * _FINEST)
    yield replace(found, seconds=_seconds(plan, found, costs, jobs))


def _shortest(plan: Plan, whole: Fitted, costs: Mapping[str, Costs], jobs: int) -> float:
    """Seconds of what is left when all that may be given up is."""
    found = replace(whole, share=_FINEST, seeds=min(plan.seeds, plan.budget.least_seeds), dropped=plan.budget.drop)
    return _seconds(plan, found, costs, jobs)


def kept_setups(plan: Plan, dropped: Sequence[str]) -> list[Setup]:
    """The setups that are not left out."""
    return [
        setup
        for setup in setups_of(plan)
        if setup.arm not in dropped and not any(f"{axis}={label}" in dropped for axis, label in setup.point.items())
    ]


def _arms_left(plan: Plan, state: Fitted) -> bool:
    return bool(kept_setups(plan, state.dropped))


def tuned_once(plan: Plan, setups: Sequence[Setup]) -> dict[str, Setup]:
    """Of setups that differ in their length alone the longest, which is tuned for all of them; by `tuning_name`."""
    found: dict[str, Setup] = {}
    for setup in setups:
        name = tuning_name(plan, setup)
        if name not in found or found[name].length < setup.length:
            found[name] = setup
    return found


def tuning_name(plan: Plan, setup: Setup) -> str:
    """What setups have in common that are tuned together: all but their length."""
    arm = next(one for one in plan.arms if one.name == setup.arm)
    lengths = {axis.name for axis in (*arm.axes, *plan.axes) if axis.key == LENGTH}
    point = [f"{axis} {label}" for axis, label in setup.point.items() if axis not in lengths]
    return ", ".join([setup.data, setup.arm, *point])


def _seconds(plan: Plan, state: Fitted, costs: Mapping[str, Costs], jobs: int) -> float:
    """What all tries and then all runs take, side by side; setups that could not be measured take nothing."""
    setups = kept_setups(plan, state.dropped)
    longest = tuned_once(plan, setups).values()
    trying: list[float] = []
    training: list[float] = []
    for setup in setups:
        tries = tries_of(plan, setup)
        known = [costs[key] for _, _, settings in tries if (key := cost_key(plan, setup, settings)) in costs]
        if not known:
            continue
        # Which variant tuning takes is not known, so it is the slowest.
        for seconds in max((_runs(plan, setup, one, costs, state.share) for one in known), key=sum):
            training += [seconds] * state.seeds
        if len(tries) > 1 and setup in longest:
            each = [_tries(plan, setup, one, costs, state.share) for one in known]
            trying += [sum(each) / len(each)] * len(tries)
    return _side_by_side(trying, jobs) + _side_by_side(training, jobs)


def _side_by_side(seconds: Iterable[float], jobs: int) -> float:
    """When the last of some jobs ends, each of which is begun in turn by whoever is free."""
    free = [0.0] * jobs
    for one in seconds:
        heapq.heapreplace(free, free[0] + one)
    return max(free)


def _runs(plan: Plan, setup: Setup, own: Costs, costs: Mapping[str, Costs], share: float) -> list[float]:
    """Seconds on the wall of each run of one seed."""
    asked = plan.evaluation
    restarts = sum(asked.restarts) if own.draws else 0
    times = 1 + restarts + (len(plan.data) - 1 if asked.across else 0)
    scoring = (asked.puzzles * times + asked.trained) * own.answer_seconds
    return [
        (length.steps * own.step_seconds + scoring + START_SECONDS) * own.wall_share
        for length in lengths_of(plan, setup, own, costs, share)
    ]


def _tries(plan: Plan, setup: Setup, own: Costs, costs: Mapping[str, Costs], share: float) -> float:
    """Seconds on the wall of one try."""
    training = try_steps(plan, setup, own, costs, share) * own.step_seconds
    return (training + plan.tuning.puzzles * own.answer_seconds + START_SECONDS) * own.wall_share


def try_steps(plan: Plan, setup: Setup, own: Costs, costs: Mapping[str, Costs], share: float) -> int:
    """Steps of a try: a share of the longest run's; see `lengths.lengths_of` for the arguments."""
    longest = max(length.steps for length in lengths_of(plan, setup, own, costs, share))
    return max(1, round(plan.tuning.share * longest))


def _cuts(plan: Plan, whole: Fitted, found: Fitted) -> Iterable[str]:
    """What was given up, in words."""
    if found.share < 1:
        less = " (less than the plan's least)" if found.share < plan.budget.least_share else ""
        yield f"runs have {found.share:.0%} of the planned length{less}"
    if found.seeds < whole.seeds:
        yield f"{counted(found.seeds, 'seed')} instead of {whole.seeds}"
    for name in found.dropped:
        yield f"left out: {name}"


in_words = time_in_words
