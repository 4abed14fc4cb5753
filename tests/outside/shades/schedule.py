"""A schedule: the rate is halved again and again."""

from dataclasses import dataclass

from trmpipe.trainer.parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class PlateausConfig:
    """When rates are halved.

    Attributes:
        length: steps between two halvings.
    """

    length: int = 20


def build(config, *, max_steps):
    return lambda step: 0.5 ** (step // config.length)


PART = Part(config=PlateausConfig, build=build)
