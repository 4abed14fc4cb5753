"""Losses and a step of an optimiser, written plainly for float64."""

import math
from statistics import NormalDist

import torch

from tests.references.noise import word

PAD = 0


def stablemax(logits):
    """Probabilities over the last axis."""
    scale = torch.where(logits >= 0, logits + 1, 1 / torch.where(logits >= 0, torch.ones_like(logits), 1 - logits))
    return scale / scale.sum(-1, keepdim=True)


def smoothed(logits, smoothing):
    """Cross-entropy of every token against every label that may be right, a share of which is every token's."""
    log = logits - torch.logsumexp(logits, -1, keepdim=True)
    return lambda row, place, label: -(1 - smoothing) * log[row, place, label] - smoothing * log[row, place].mean()


def token_loss(logits, labels, loss="softmax"):
    """The loss of each example [B], the mean over the tokens of it that are not pad."""
    found, chances = [], stablemax(logits)
    for row in range(len(labels)):
        parts = []
        for place in range(labels.shape[1]):
            label = int(labels[row, place])
            if label != PAD:
                if loss == "stablemax":
                    parts.append(-torch.log(chances[row, place, label]))
                else:
                    parts.append(smoothed(logits, 0.2 if loss == "smoothed" else 0.0)(row, place, label))
        found.append(sum(parts) / len(parts))
    return torch.stack(found)


def halting_loss(logits, solved):
    """Binary cross-entropy [B]."""
    chance = torch.sigmoid(logits)
    return -torch.where(solved, torch.log(chance), torch.log(1 - chance))


def solved(logits, labels):
    """bool [B]: whether every token that is not pad is the likeliest."""
    return ((logits.argmax(-1) == labels) | (labels == PAD)).all(1)


def adamw_first_step(state, gradients, lr, weight_decay, eps=1e-8):
    """Weights after AdamW's first step: both moments, once corrected, are those of the gradient alone."""
    moved = {}
    for name, gradient in gradients.items():
        update = gradient / (gradient.abs() + eps)
        moved[name] = state[name] * (1 - lr * weight_decay) - lr * update
    return moved


def normal(keys, draw, seq_len, width, cut=None):
    """Normal values [B, S, D]; cut at so many sigma, and then of deviation 1."""
    mass, deviation = 1.0, 1.0
    if cut is not None:
        mass = math.erf(cut / math.sqrt(2))
        density = math.exp(-cut * cut / 2) / math.sqrt(2 * math.pi)
        deviation = math.sqrt(1 - 2 * cut * density / mass)
    rows = []
    for key in keys:
        values = []
        for position in range(seq_len * width):
            uniform = (2 * (word(key, draw, position) // 256) + 1) / 2**24 - 1
            values.append(NormalDist().inv_cdf((1 + uniform * mass) / 2) / deviation)
        rows.append(values)
    return torch.tensor(rows, dtype=torch.float64).view(len(keys), seq_len, width)
