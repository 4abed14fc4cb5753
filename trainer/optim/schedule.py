"""Schedules: pure functions of the step, so that a run does the same on any machine and after any resume.

Each is a config class with its line in `SCHEDULES`; ``build(config, max_steps=...)`` gives the function. It multiplies
the learning rates of the optimisers and of the puzzle embedding.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from trmpipe.generators.plugins import Registry

from ..checks import at_least, one_of, share
from ..errors import SettingError
from ..parts import Part

Schedule = Callable[[int], float]
"""From a step, counted from 0, to what learning rates are multiplied by."""

_FALLS: dict[str, Callable[[float], float]] = {"sqrt": math.sqrt, "linear": float}
"""Ways to fall: from the share of the decay that is done to the share of the rate that is gone."""


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
    """Half a cosine, that reaches 0 when all steps are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearConfig(WarmUp):
    """A straight line that reaches 0 when all steps are taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WSDConfig(WarmUp):
    """Constant, then down to 0 over the last steps.

    Attributes:
        decay_share: share of all steps over which the rates fall to 0, at the end.
        decay: how they fall: ``"sqrt"``, by one minus the square root of the share that is done, or ``"linear"``.
    """

    decay_share: float = 0.1
    decay: str = "sqrt"

    def __post_init__(self) -> None:
        # slots=True makes the class anew, which super() without arguments does not see.
        WarmUp.__post_init__(self)
        share(self, "schedule", "decay_share")
        one_of("schedule.decay", self.decay, _FALLS)

    def idle_settings(self) -> tuple[str, ...]:
        """Names of the settings that are not looked at, by what the others say."""
        return () if self.decay_share else ("decay",)


def constant(config: ConstantConfig, *, max_steps: int) -> Schedule:
    """Warm-up, then 1."""
    return config.warm


def cosine(config: CosineConfig, *, max_steps: int) -> Schedule:
    """Warm-up times half a cosine that reaches 0 at `max_steps`."""
    return lambda step: config.warm(step) * 0.5 * (1 + math.cos(math.pi * _done(step, max_steps)))


def linear(config: LinearConfig, *, max_steps: int) -> Schedule:
    """Warm-up times a line that reaches 0 at `max_steps`."""
    return lambda step: config.warm(step) * (1 - _done(step, max_steps))


def wsd(config: WSDConfig, *, max_steps: int) -> Schedule:
    """Warm-up, a stable phase at 1, then down to 0 at `max_steps`.

    Source: Hu et al., "MiniCPM", arXiv 2404.06395, section 4.2 (phases; a tenth of the steps is enough to decay); one
    minus the square root: Haegele et al., "Scaling laws and compute-optimal training beyond fixed training durations",
    arXiv 2405.18392, section 3.
    """
    decay_steps, fall = max_steps * config.decay_share, _FALLS[config.decay]
    stable_steps = max_steps - decay_steps

    def factor(step: int) -> float:
        if not decay_steps or step <= stable_steps:
            return config.warm(step)
        return config.warm(step) * (1 - fall(min(1.0, (step - stable_steps) / decay_steps)))

    return factor


def _done(step: int, max_steps: int) -> float:
    return min(1.0, step / max_steps)


CONSTANT = Part(config=ConstantConfig, build=constant)
COSINE = Part(config=CosineConfig, build=cosine)
LINEAR = Part(config=LinearConfig, build=linear)
WSD = Part(config=WSDConfig, build=wsd)

SCHEDULES: Registry[Part] = Registry(
    "trmpipe.schedules",
    "schedule",
    {name: f"trmpipe.trainer.optim.schedule:{name.upper()}" for name in ("constant", "cosine", "linear", "wsd")},
    SettingError,
)
"""Schedules by name; a plug-in's is built by ``build(config, max_steps=...)`` too."""
