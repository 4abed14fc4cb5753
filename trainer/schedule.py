"""Schedules: pure functions of the step, so that a run does the same on any machine and after any resume."""

import math

from .config import TrainConfig


def lr_factor(config: TrainConfig, step: int) -> float:
    """What the learning rates are multiplied by at `step` (from 0).

    Linear warm-up over `warmup_steps`, then what ``config.schedule`` says.
    """
    warm = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    done = min(1.0, step / config.max_steps)
    if config.schedule == "cosine":
        return warm * 0.5 * (1 + math.cos(math.pi * done))
    if config.schedule == "linear":
        return warm * (1 - done)
    return warm


def longest_stay(config: TrainConfig, step: int) -> int:
    """Supervision steps after which a slot takes a new puzzle at `step` (from 0), whatever the halting head says."""
    early = step < config.halt_early_share * config.max_steps
    return config.halt_early_steps if early else config.halt_max_steps
