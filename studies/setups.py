"""Setups: what a plan compares, one by one; each is an arm on some data at one point of all axes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product

from .plan import DATA_KEYS, GROUPS, LENGTH, VARIANTS, Arm, Axis, Data, Named, Plan, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What differs between runs apart from their seed.

    Attributes:
        arm: its name.
        data: its name.
        point: labels by the names of axes, in their order.
        preset: that settings are changed of; empty for the one that suits task and device.
        settings: all of them, those that win last.
        groups: training puzzles, the first ones; None for all.
        variants: of each that are used, the first ones; None for all.
        length: share of a run's length.
    """

    arm: str
    data: str
    point: dict[str, str]
    preset: str
    settings: Settings
    groups: int | None = None
    variants: int | None = None
    length: float = 1.0

    @property
    def name(self) -> str:
        """Of the setup among those of its data: the arm and its point."""
        return ", ".join([self.arm, *(f"{axis} {label}" for axis, label in self.point.items())])

    @property
    def folder(self) -> str:
        """Of its runs, below those of the data."""
        return slug(self.name)


def slug(name: str) -> str:
    """A name as a part of a path: lower case letters, digits, dots and hyphens."""
    return re.sub(r"[^a-z0-9.]+", "-", name.lower()).strip("-.") or "-"


def setups_of(plan: Plan) -> list[Setup]:
    """All setups, in the order of the plan: data, arms, the arm's axes, the plan's."""
    return [
        _setup(plan, data, arm, list(zip(axes, points, strict=True)))
        for data in plan.data
        for arm in plan.arms
        if not arm.data or data.name in arm.data
        for axes in [(*arm.axes, *plan.axes)]
        for points in product(*(axis.values for axis in axes))
    ]


def axes_of(plan: Plan) -> list[Axis]:
    """Those of all arms, then those of the plan; several of one name may have other labels."""
    return [axis for arm in plan.arms for axis in arm.axes] + list(plan.axes)


def _setup(plan: Plan, data: Data, arm: Arm, chosen: Sequence[tuple[Axis, Named]]) -> Setup:
    numbers = {axis.key: point.settings[0] for axis, point in chosen if axis.key in (*DATA_KEYS, LENGTH)}
    settings = (point.settings for axis, point in chosen if axis.key not in (*DATA_KEYS, LENGTH))
    return Setup(
        arm=arm.name,
        data=data.name,
        point={axis.name: point.name for axis, point in chosen},
        preset=arm.preset or data.preset or plan.preset,
        settings=joined([plan.settings, data.settings, arm.settings, *settings]),
        groups=int(numbers[GROUPS]) if GROUPS in numbers else None,
        variants=int(numbers[VARIANTS]) if VARIANTS in numbers else None,
        length=float(numbers.get(LENGTH, 1)),
    )


def key_of(setting: str) -> str:
    """The name of a setting that is written ``KEY=VALUE``."""
    return setting.partition("=")[0].strip()


def joined(parts: Iterable[Settings]) -> Settings:
    """Settings one after the other; of a key that comes again the last one alone."""
    found: dict[str, str] = {}
    for setting in (one for part in parts for one in part):
        key = key_of(setting)
        found.pop(key, None)
        found[key] = setting
    return tuple(found.values())


def tries_of(plan: Plan, setup: Setup) -> list[tuple[str, str, Settings]]:
    """Variant, rate and settings of each try of a setup; one of neither where nothing is tuned."""
    arm = next(arm for arm in plan.arms if arm.name == setup.arm)
    data = next(data for data in plan.data if data.name == setup.data)
    rates = (data.rates or plan.tuning.rates) if plan.tuning.rates else ()
    return [
        (variant.name, rate, joined([setup.settings, variant.settings, (f"{plan.tuning.key}={rate}",) if rate else ()]))
        for variant in arm.variants or (Named(name="", settings=()),)
        for rate in rates or ("",)
    ]
