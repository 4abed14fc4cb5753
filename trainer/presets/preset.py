"""What a preset declares."""

from collections.abc import Callable
from dataclasses import dataclass

from ..config import TrainConfig

EVERYWHERE = ("cpu", "cuda", "mps")
"""All kinds of devices."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named training config.

    Attributes:
        config: makes it.
        doc: one line on what it is, for ``trmpipe presets``.
        tasks: names of the tasks that it was made for.
        devices: kinds of devices that it is chosen on.
        general: whether it is chosen for tasks that no preset was made for.
    """

    config: Callable[[], TrainConfig]
    doc: str
    tasks: tuple[str, ...]
    devices: tuple[str, ...]
    general: bool = False
