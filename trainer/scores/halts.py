"""Halting in an evaluation: when the model would have stopped, what that costs, and whether it knows what it knows.

Answers are computed to the full depth in any case; here is what would have come of stopping at the first step after
which the model would: when its halting logit is above 0 or, where it has learned what going on is worth, above that.

Shapes: T steps, N puzzles.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .intervals import Share

NUM_BINS = 10
"""Equal parts of 0 to 1 that probabilities are sorted into for the calibration error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Halting:
    """What halting came to.

    Attributes:
        mean_steps: steps until the model would stop, the whole depth where it never would.
        num_steps: the whole depth, T.
        halted: puzzles that it would stop at within the depth.
        right: puzzles whose answer counts as right at the step at which they halt, the last one where they do not.
        calibration_error: see `calibration_error`, of the last step.
        auc: see `area_under_curve`, of the last step.
    """

    mean_steps: float
    num_steps: int
    halted: Share
    right: Share
    calibration_error: float
    auc: float | None

    @property
    def saved(self) -> float:
        """Share of the steps that stopping there saves."""
        return 1 - self.mean_steps / self.num_steps

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "mean_steps": self.mean_steps,
            "saved": self.saved,
            "halted": self.halted.to_json(),
            "right_when_halted": self.right.to_json(),
            "calibration_error": self.calibration_error,
            "auc": self.auc,
        }

    def words(self) -> str:
        """One line."""
        auc = "" if self.auc is None else f", AUC {self.auc:.3f}"
        return (
            f"halting at the first of {self.num_steps} steps after which the model says solved: {self.mean_steps:.2f} "
            f"steps on average ({self.saved:.0%} saved), {self.right.words()} right; after the last step its "
            f"calibration error is {self.calibration_error:.3f}{auc}"
        )


def halting_of(halt: NDArray[np.float32], margin: NDArray[np.float32], solved: NDArray[np.bool_]) -> Halting:
    """What halting comes to.

    Args:
        halt: float32 [T, N], logits of the answers being right.
        margin: float32 [T, N], above 0 where the model would stop.
        solved: bool [T, N], whether they are.
    """
    num_steps, number = halt.shape
    above = margin > 0
    stop = np.where(above.any(0), above.argmax(0), num_steps - 1)
    probabilities = 1 / (1 + np.exp(-halt[-1].astype(np.float64).clip(-700, 700)))
    return Halting(
        mean_steps=float((stop + 1).mean()),
        num_steps=num_steps,
        halted=Share(right=int(above.any(0).sum()), number=number),
        right=Share(right=int(solved[stop, np.arange(number)].sum()), number=number),
        calibration_error=calibration_error(probabilities, solved[-1]),
        auc=area_under_curve(halt[-1], solved[-1]),
    )


def calibration_error(probabilities: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """How far probabilities are from the shares that are right, on average over puzzles (ECE).

    Source: Guo et al., "On calibration of modern neural networks" (ICML 2017), equation 5, with `NUM_BINS` bins.

    Args:
        probabilities: float64 [N], 0 to 1; bin k holds those from k / 10 up to (k + 1) / 10, the last one 1 too.
        right: bool [N].
    """
    bins = np.minimum((probabilities * NUM_BINS).astype(np.int64), NUM_BINS - 1)
    gaps = np.bincount(bins, weights=right.astype(np.float64) - probabilities, minlength=NUM_BINS)
    return float(np.abs(gaps).sum() / len(right))


def area_under_curve(scores: NDArray[np.floating], right: NDArray[np.bool_]) -> float | None:
    """The chance that a right answer has a larger score than a wrong one, half of it where they are equal (AUC).

    Source: Mann and Whitney's U (1947), over the product of both numbers.

    Args:
        scores: [N].
        right: bool [N].

    Returns:
        0 to 1; None where all are right or all are wrong.
    """
    num_right, num_wrong = int(right.sum()), int((~right).sum())
    if not num_right or not num_wrong:
        return None
    wrong = np.sort(scores[~right])
    below, up_to = (np.searchsorted(wrong, scores[right], side=side) for side in ("left", "right"))
    return float((below + up_to).sum() / (2 * num_right * num_wrong))
