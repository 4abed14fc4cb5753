"""How many steps a run has, by what runs are made equal; a pure function of the plan and of measured costs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trmpipe.shards import json_digest
from trmpipe.trainer.training.costs import Costs

from .errors import StudyError
from .plan import FLOPS, SECONDS, STEPS, Data, Plan, Settings
from .setups import Setup, key_of, setups_of, tries_of

SAME = 0.03
"""Numbers of steps that differ by a smaller share are one run, which serves both budgets."""
_KEY_LETTERS = 16
_FREE_SECTIONS, _COSTLY = ("optimiser", "schedule", "embedding"), ("name", "num_steps")
"""Where settings are that change how weights move and not what that costs; those among them that do cost."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Length:
    """A number of steps, and the kinds of budgets that it serves."""

    kinds: tuple[str, ...]
    steps: int


def cost_key(plan: Plan, setup: Setup, settings: Settings) -> str:
    """Name of the costs of a setup under some settings; other rates, subsets of the data and lengths have the same.

    What is tuned may be anything, a width too: only rates of optimisers and schedules leave costs as they are.
    """
    section, _, name = plan.tuning.key.partition(".")
    is_free = section in _FREE_SECTIONS and name not in _COSTLY
    counted = [one for one in settings if not (is_free and key_of(one) == plan.tuning.key)]
    return json_digest([setup.data, setup.preset, *counted])[:_KEY_LETTERS]


def reference_of(plan: Plan, data: Data) -> tuple[Setup, Settings]:
    """The reference arm's first setup on some data, and the settings of its first try."""
    name = data.reference or plan.budget.reference
    setup = next(one for one in setups_of(plan) if one.data == data.name and (one.arm == name or not name))
    return setup, tries_of(plan, setup)[0][2]


def lengths_of(plan: Plan, setup: Setup, own: Costs, costs: Mapping[str, Costs], share: float) -> Sequence[Length]:
    """The runs that a setup has of each seed.

    Args:
        plan: the plan.
        setup: of it.
        own: its costs, with the variant that was chosen.
        costs: of all setups, see `cost_key`.
        share: of the plan's amount, where runs were made shorter.

    Raises:
        StudyError: the costs of the reference arm are not known, as it failed.
    """
    data = next(one for one in plan.data if one.name == setup.data)
    amount = (data.budget or plan.budget.amount) * share * setup.length
    found = {kind: _steps(kind, amount, plan, data, own, costs) for kind in plan.budget.kinds}
    if len(found) == 2 and abs(found[SECONDS] - found[FLOPS]) <= SAME * found[FLOPS]:
        return [Length(kinds=tuple(found), steps=found[FLOPS])]
    return [Length(kinds=(kind,), steps=steps) for kind, steps in found.items()]


def _steps(kind: str, amount: float, plan: Plan, data: Data, own: Costs, costs: Mapping[str, Costs]) -> int:
    if kind == STEPS:
        return max(1, round(amount))
    if kind == SECONDS:
        return max(1, int(amount / own.step_seconds))
    setup, settings = reference_of(plan, data)
    reference = costs.get(cost_key(plan, setup, settings))
    if reference is None:
        raise StudyError(f"the reference arm {setup.arm!r} could not be measured, and all others get its FLOPs")
    # As many as the reference has whole steps in that time, so that it has those.
    whole = max(1, int(amount / reference.step_seconds))
    return max(1, round(whole * reference.step_flops / max(1, own.step_flops)))
