"""What a preset declares."""

from collections.abc import Callable
from dataclasses import dataclass

from ..settings.config import TrainConfig

EVERYWHERE = ("cpu", "cuda", "mps")
"""All kinds of devices."""
OTHER_THAN_PUBLISHED = "other than published, variants are drawn in blocks and the halting head computes in float32"
"""What every preset that is named after a paper has in common; most have nothing else, and say so by this alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What one training with a preset reached, as it was recorded; all of it in words for the screen.

    Attributes:
        task: name of the task that it was trained on.
        reached: what was reached, and on what.
        time: how long that took.
        machine: on which machine.
        source: where it is recorded: a page, a paper.
        remark: what else somebody who waits should know, such as when the first puzzle is solved; '' for nothing.
    """

    task: str
    reached: str
    time: str
    machine: str
    source: str
    remark: str = ""

    def in_words(self) -> str:
        """All of it on one line."""
        remark = f"; {self.remark}" if self.remark else ""
        return f"{self.reached} in {self.time} on {self.machine}{remark} ({self.source})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """A named training config.

    Attributes:
        config: makes it.
        doc: one line on what it is, for ``trmpipe presets``.
        tasks: names of the tasks that it was made for.
        devices: kinds of devices that it is chosen on.
        general: whether it is chosen for tasks that no preset was made for.
        expectations: what it reached, one a task at most; none for a task on which nothing is recorded.
        published: whether published weights were trained so: then it says what their tensors do not tell.
    """

    config: Callable[[], TrainConfig]
    doc: str
    tasks: tuple[str, ...]
    devices: tuple[str, ...]
    general: bool = False
    expectations: tuple[Expectation, ...] = ()
    published: bool = False

    def expectation(self, task: str) -> Expectation | None:
        """What it reached on the task of this name; None where nothing is recorded."""
        return next((one for one in self.expectations if one.task == task), None)
