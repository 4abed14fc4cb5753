"""Where the time of a session of training went."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Clock:
    """Seconds of this session by what they went to; `waiting` is for data and part of `training`."""

    training: float = 0.0
    waiting: float = 0.0
    evaluating: float = 0.0
    saving: float = 0.0
    steps: int = 0

    def timed(self, kind: str, work: Callable[[], Any]) -> Any:
        """The result of `work`, its seconds added to `kind`."""
        start = time.perf_counter()
        try:
            return work()
        finally:
            setattr(self, kind, getattr(self, kind) + time.perf_counter() - start)

    def values(self) -> dict[str, float]:
        """What goes to timings.jsonl."""
        return {
            "session_steps": self.steps,
            "training_seconds": round(self.training, 3),
            "evaluating_seconds": round(self.evaluating, 3),
            "saving_seconds": round(self.saving, 3),
            "wait_share": round(self.wait_share, 6),
            "steps_per_second": round(self.rate, 3),
        }

    @property
    def wait_share(self) -> float:
        """Share of the training time spent waiting for data."""
        return self.waiting / self.training if self.training else 0.0

    @property
    def rate(self) -> float:
        """Training steps per second, evaluations aside."""
        return self.steps / self.training if self.training else 0.0

    @property
    def total(self) -> float:
        """Seconds of all kinds."""
        return self.training + self.evaluating + self.saving
