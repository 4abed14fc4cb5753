"""Deep supervision with ACT halting: which slots of a batch go on with their puzzle and which take a new one.

A carry has B slots. At a step a halted slot takes the row of the same index from the step's batch and starts from the
network's initial latents; the others keep their puzzle and latents, and their row is not used. Exploration draws come
from a counter-based key (seed, HALT, step, slot), so they depend neither on history nor on the number of ranks.

Shapes: B batch (slots of this rank), S sequence, D width.
Source: TinyRecursiveModels, ``TinyRecursiveReasoningModel_ACTV1``.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.rng import HALT, philox
from trmpipe.generators.task import PAD

from .models import Latents, RecursiveNet


@dataclass(slots=True, kw_only=True)
class Carry:
    """What a training step hands to the next one.

    Attributes:
        latents: the network's state, [S, B, D] each.
        inputs: int64 [B, S] tokens of the puzzle that a slot works on.
        labels: int64 [B, S] its solution.
        identifiers: int64 [B] its puzzle identifier.
        steps: int64 [B] supervision steps that the slot has spent on it.
        halted: bool [B], whether the slot takes a new puzzle at the next step.
    """

    latents: Latents
    inputs: Tensor
    labels: Tensor
    identifiers: Tensor
    steps: Tensor
    halted: Tensor


def empty_carry(net: RecursiveNet, batch: int, seq_len: int, device: torch.device) -> Carry:
    """A carry of `batch` halted slots, so that the first step fills them all."""
    latents = net.initial(batch)
    tokens = torch.full((batch, seq_len), PAD, dtype=torch.int64, device=device)
    zeros = torch.zeros(batch, dtype=torch.int64, device=device)
    return Carry(
        latents=Latents(latents.z_H.clone(), latents.z_L.clone()),
        inputs=tokens,
        labels=tokens.clone(),
        identifiers=zeros,
        steps=zeros.clone(),
        halted=torch.ones(batch, dtype=torch.bool, device=device),
    )


def refill(carry: Carry, net: RecursiveNet, inputs: Tensor, labels: Tensor, identifiers: Tensor) -> Carry:
    """The carry with the rows of a new batch (int64 [B, S], [B, S], [B]) in its halted slots."""
    halted, initial = carry.halted, net.initial(len(carry.halted))
    rows = halted[:, None]
    return Carry(
        latents=Latents(*(torch.where(rows, new, old) for new, old in zip(initial, carry.latents, strict=True))),
        inputs=torch.where(rows, inputs, carry.inputs),
        labels=torch.where(rows, labels, carry.labels),
        identifiers=torch.where(halted, identifiers, carry.identifiers),
        steps=torch.where(halted, 0, carry.steps),
        halted=torch.zeros_like(halted),
    )


def exploration_draws(seed: int, step: int, slots: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Two uint64 for each slot, [B, 2]: the first decides on exploring, the second on the minimum.

    Args:
        seed: root seed, 0 <= seed < 2**64.
        step: training step from 0.
        slots: int64 [B], indices within the global batch.
    """
    return np.array([philox(seed, HALT, 0, step, slot, 0)[:2] for slot in slots.tolist()], dtype=np.uint64)


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


def halted(halt: Tensor, steps: Tensor, minimum: Tensor, max_steps: int) -> Tensor:
    """bool [B]: slots that are done, because q says so or time is up, and have spent their minimum.

    Args:
        halt: float [B] halting logits; above 0 means solved.
        steps: int64 [B] steps spent, this one included.
        minimum: int64 [B] of `minimum_steps`.
        max_steps: steps after which a slot is done anyway.
    """
    return (steps >= max_steps) | ((halt > 0) & (steps >= minimum))
