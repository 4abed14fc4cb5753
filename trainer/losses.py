"""What is minimised: cross-entropy over the answer's tokens and a binary cross-entropy over the halting logit.

Shapes: B batch, S sequence, V vocabulary.
"""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from trmpipe.generators.plugins import Registry
from trmpipe.generators.task import PAD

from .errors import SettingError
from .widening import wide

STABLEMAX = "stablemax"
_SMOOTHING = 0.2


def wide_dtype(device: torch.device) -> torch.dtype:
    """float64 where the device has it, float32 elsewhere (mps has none)."""
    return torch.float32 if device.type == "mps" else torch.float64


def log_stablemax(logits: Tensor) -> Tensor:
    """Logarithm of stablemax over the last axis: s(x) = x + 1 for x >= 0, 1 / (1 - x) below, normalised.

    Args:
        logits: [..., V], in the dtype to compute in.

    Source: "Grokking at the edge of numerical stability", arXiv 2501.04697, as the published TRM uses it.
    """
    # Both branches of `where` are differentiated, so each gets arguments at which it is finite.
    scale = torch.where(logits < 0, 1 / (1 - logits.clamp(max=0)), logits.clamp(min=0) + 1)
    return torch.log(scale) - torch.log(scale.sum(dim=-1, keepdim=True))


def stablemax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy under stablemax of each token.

    Args:
        logits: float [B, S, V].
        labels: int64 [B, S].

    Returns:
        [B, S], in float64 where the device has it; pad tokens count too, see `example_loss`.
    """
    log_probabilities = log_stablemax(logits.to(wide_dtype(logits.device)))
    return -log_probabilities.gather(-1, labels.unsqueeze(-1)).squeeze(-1)


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy under softmax of each token, float32 or wider; shapes as in `stablemax_cross_entropy`."""
    flat = F.cross_entropy(wide(logits).reshape(-1, logits.shape[-1]), labels.reshape(-1), reduction="none")
    return flat.view(labels.shape)


def smoothed_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy under softmax against labels of which a fifth is spread over all tokens, float32 or wider.

    Shapes as in `stablemax_cross_entropy`. Source: "Speed is Confidence", arXiv 2601.19085.
    """
    exact = wide(logits).reshape(-1, logits.shape[-1])
    flat = F.cross_entropy(exact, labels.reshape(-1), reduction="none", label_smoothing=_SMOOTHING)
    return flat.view(labels.shape)


def log_probabilities(loss: str, logits: Tensor) -> Tensor:
    """What logits [..., V] trained by a loss of this name mean: logarithms of probabilities, float32 or wider.

    They are those of stablemax for the loss of that name, and of softmax for all others.
    """
    if loss == STABLEMAX:
        return log_stablemax(logits.to(wide_dtype(logits.device)))
    return F.log_softmax(wide(logits), dim=-1)


TokenLoss = Callable[[Tensor, Tensor], Tensor]
"""From logits [B, S, V] and labels int64 [B, S] to the loss of each token, [B, S]."""

LOSSES: Registry[TokenLoss] = Registry(
    "trmpipe.losses",
    "loss",
    {
        STABLEMAX: "trmpipe.trainer.losses:stablemax_cross_entropy",
        "softmax": "trmpipe.trainer.losses:softmax_cross_entropy",
        "smoothed": "trmpipe.trainer.losses:smoothed_cross_entropy",
    },
    SettingError,
)
"""Losses of a token by name, for the learners that take one."""


def example_loss(token_losses: Tensor, labels: Tensor) -> Tensor:
    """Mean of `token_losses` [B, S] over the tokens of each example that are not pad: [B]."""
    counted = labels != PAD
    return (token_losses * counted).sum(-1) / counted.sum(-1).clamp(min=1)


def halting_loss(halt: Tensor, solved: Tensor) -> Tensor:
    """Binary cross-entropy [B] of halting logits [B] against `solved` [B], bool or chances from 0 to 1."""
    exact = wide(halt)
    return F.binary_cross_entropy_with_logits(exact, solved.to(exact.dtype), reduction="none")
