"""What a user asks of `trmpipe train`."""

import math
from dataclasses import dataclass

from trmpipe.shards.fields import MOST
from trmpipe.shards.urls import is_local, printable

from ..errors import SettingError

FINAL_LIMIT = 1000
"""Held-out puzzles scored at the end of a session; ``trmpipe evaluate`` scores all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainRequest:
    """What a user asks of `train`.

    Attributes:
        paths: corpora, folders of them, or patterns of such.
        task: take the corpora of this task alone; None where it is open.
        preset: name of a preset; None chooses one by task and device.
        settings: ``KEY=VALUE`` changes to it.
        max_steps: instead of the preset's; schedules are stretched to it, all but their warm-up.
        minutes: fit `max_steps` to so many minutes, by the pace measured before the run starts.
        max_minutes: stop and save after so many minutes in this session, evaluations included.
        out: the run's folder; None for one below ``runs``, see `naming.run_name`.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        compile: ``"auto"``, ``"on"``, ``"graphs"`` (CUDA graphs besides) or ``"off"``.
        seed: instead of the preset's.
        groups: train on the first so many groups.
        variants: use the first so many variants of each.
        resume: go on from the run's last checkpoint; a larger `max_steps` than the run's makes it longer.
        precision: that a new run is to have whose config leaves it open; None to choose it then.
        start: another run, whose averaged weights this one begins with.
        final_limit: held-out puzzles scored at the end of a session; 0 for none.
        most_warmup: share of all steps that a preset's warm-up may take, for runs that are shorter than presets think
            of; None for as long as it says. Settings of the user's own are left alone.
        pictures: whether pictures are drawn at the end of a session.

    Raises:
        SettingError: a number is not possible, two options contradict each other, or `out` is no local folder.
    """

    paths: tuple[str, ...]
    task: str | None = None
    preset: str | None = None
    settings: tuple[str, ...] = ()
    max_steps: int | None = None
    minutes: float | None = None
    max_minutes: float | None = None
    out: str | None = None
    device: str = "auto"
    compile: str = "auto"
    seed: int | None = None
    groups: int | None = None
    variants: int | None = None
    resume: bool = False
    precision: str | None = None
    start: str | None = None
    final_limit: int = FINAL_LIMIT
    most_warmup: float | None = None
    pictures: bool = True

    def __post_init__(self) -> None:
        for option, value in (
            ("--max-steps", self.max_steps),
            ("--groups", self.groups),
            ("--variants", self.variants),
        ):
            if value is not None and not 1 <= value <= MOST:
                raise SettingError(f"{option} is {value}; give a number from 1 to {MOST}")
        for option, minutes in (("--minutes", self.minutes), ("--max-minutes", self.max_minutes)):
            if minutes is not None and not 0 < minutes < math.inf:
                raise SettingError(f"{option} is {minutes}; give a number above 0")
        if self.minutes is not None and self.max_steps is not None:
            raise SettingError("--minutes and --max-steps both say how long to train; give one of them")
        if self.out is not None and not is_local(self.out):
            raise SettingError(f"--out is {printable(self.out)}; runs are written to a folder on this machine")
