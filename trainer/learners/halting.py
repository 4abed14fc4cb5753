"""ACT halting: when a slot leaves its puzzle, because the network is sure of its answer or because time is up.

Shapes: B slots of this rank.
Source: TinyRecursiveModels, ``TinyRecursiveReasoningModel_ACTV1``.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.rng import HALT

from .draws import slot_words


def exploration_draws(seed: int, step: int, slots: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Two uint64 for each slot, [B, 2]: the first decides on exploring, the second on the minimum.

    Args:
        seed: root seed, 0 <= seed < 2**63.
        step: training step from 0.
        slots: int64 [B], indices within the global batch.
    """
    return slot_words(seed, HALT, step, slots)


def minimum_steps(draws: NDArray[np.uint64], probability: float, max_steps: int) -> NDArray[np.int64]:
    """Fewest steps that each slot must spend: with `probability` one of 2 to `max_steps`, otherwise 0.

    Args:
        draws: uint64 [B, 2] of `exploration_draws`.
        probability: chance that a slot explores, 0 to 1 (0.1 in the published code).
        max_steps: longest time on a puzzle (16 in the published code).

    Returns:
        int64 [B].
    """
    explores = draws[:, 0] < np.uint64(min(probability * 2.0**64, 2.0**64 - 2048))
    minimum = 2 + draws[:, 1] % np.uint64(max(max_steps - 1, 1))
    return np.where(explores, minimum.astype(np.int64), 0)


def halted(halt: Tensor, steps: Tensor, minimum: Tensor, longest: Tensor | int) -> Tensor:
    """bool [B]: slots that are done, because q says so or time is up, and have spent their minimum.

    Args:
        halt: float [B] halting logits, above 0 where the answer is right; with the continue loss what they are above
            those of going on.
        steps: int64 [B] steps spent, this one included.
        minimum: int64 [B] of `minimum_steps`.
        longest: int64 [B] or one number, steps after which a slot is done anyway.
    """
    return (steps >= longest) | ((halt > 0) & (steps >= minimum))


def continue_target(halt: Tensor, go_on: Tensor, is_last: Tensor) -> Tensor:
    """What going on is worth, [B] from 0 to 1: the better of what can be done next, which is halting after the last.

    Args:
        halt: float [B], logits of halting at the next supervision step.
        go_on: float [B], logits of going on there.
        is_last: bool [B], whether this supervision step is a slot's last.

    Source: HRM's code, ``target_q_continue``; there is neither a replay buffer nor a target network.
    """
    return torch.sigmoid(torch.where(is_last, halt, torch.maximum(halt, go_on)))
