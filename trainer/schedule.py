"""Schedules: pure functions of the step, so that a run does the same on any machine and after any resume.

Each is a config class with its line in `SCHEDULES`; ``build(config, max_steps=...)`` gives the function. It multiplies
the learning rates of the optimisers and of the puzzle embedding.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from trmpipe.generators.plugins import Registry

from .checks import at_least
from .errors import SettingError
from .parts import Part

Schedule = Callable[[int], float]
"""From a step, counted from 0, to what learning rates are multiplied by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WarmUp:
    """What all schedules begin with.

    Attributes:
        warmup_steps: steps over which the rates rise linearly.
    """

    warmup_steps: int = 2000

    def __post_init__(self) -> None:
        at_least(0, self, "schedule", "warmup_steps")

    def warm(self, step: int) -> float:
        """The share of the full rate at `step`."""
        return min(1.0, (step + 1) / self.warmup_steps) if self.warmup_steps else 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ConstantConfig(WarmUp):
    """Constant after the warm-up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CosineConfig(WarmUp):
    """Half a cosine, to 0 at the last step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearConfig(WarmUp):
    """A straight line to 0 at the last step."""


def constant(config: ConstantConfig, *, max_steps: int) -> Schedule:
    """Warm-up, then 1."""
    return config.warm


def cosine(config: CosineConfig, *, max_steps: int) -> Schedule:
    """Warm-up times half a cosine that reaches 0 at `max_steps`."""
    return lambda step: config.warm(step) * 0.5 * (1 + math.cos(math.pi * _done(step, max_steps)))


def linear(config: LinearConfig, *, max_steps: int) -> Schedule:
    """Warm-up times a line that reaches 0 at `max_steps`."""
    return lambda step: config.warm(step) * (1 - _done(step, max_steps))


def _done(step: int, max_steps: int) -> float:
    return min(1.0, step / max_steps)


CONSTANT = Part(config=ConstantConfig, build=constant)
COSINE = Part(config=CosineConfig, build=cosine)
LINEAR = Part(config=LinearConfig, build=linear)

SCHEDULES: Registry[Part] = Registry(
    "trmpipe.schedules",
    "schedule",
    {name: f"trmpipe.trainer.schedule:{name.upper()}" for name in ("constant", "cosine", "linear")},
    SettingError,
)
"""Schedules by name; a plug-in's is built by ``build(config, max_steps=...)`` too."""
