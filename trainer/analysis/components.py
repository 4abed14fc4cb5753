"""``components``: the ways of the answer's latent in the plane in which most puzzles' ways differ most (PCA).

The latents z_t of a dozen solved and a dozen failed puzzles, after every step and before the first, are the points,
each all places of the latent that the answer is read from as one vector. They are centred together; the axes are the
first two principal components of all of them. Source: arXiv 2601.10679 draws the same of z_H.

Shapes: T steps and the start, M puzzles, F numbers of a latent.
"""

import numpy as np
from numpy.typing import NDArray

from .columns import flag, real, whole
from .measure import Measure, Measured, NotMeasuredError, Subject

NUM_PUZZLES = 12
"""Solved puzzles that are drawn, and failed ones; fewer where there are not as many."""

COLUMNS = {
    "puzzle": whole("place among the puzzles analysed, from 0"),
    "right": flag("whether the answer after the last step counts as right"),
    "step": whole("supervision step; 0 is the start"),
    "x": real("first principal component"),
    "y": real("second principal component"),
}


def principal_components(
    latents: NDArray[np.float32], count: int = 2
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where points lie along the principal components, and the share of the variance that each explains.

    By the eigenvectors of the points' products with each other, as there are far fewer points than numbers in one.
    The sign of a component makes its largest value positive.

    Args:
        latents: float32 [R, F], the points.
        count: components.

    Returns:
        float64 [R, count] and [count].
    """
    centred = latents - latents.mean(0, dtype=np.float64).astype(np.float32)
    values, vectors = np.linalg.eigh((centred @ centred.T).astype(np.float64))
    values, vectors = np.maximum(values[::-1], 0), vectors[:, ::-1]
    first = np.zeros((len(latents), count))
    have = min(count, len(values))
    first[:, :have] = vectors[:, :have] * np.sqrt(values[:have])
    largest = np.abs(first).argmax(0)
    first *= np.where(first[largest, np.arange(count)] < 0, -1.0, 1.0)
    explained, total = np.zeros(count), values.sum()
    if total > 0:
        explained[:have] = values[:have] / total
    return first, explained


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    solved = subject.trace.solved[-1]
    if subject.trace.motion is None:
        raise NotMeasuredError("the network hands on no latents, so there is nothing to draw")
    places = np.sort(np.concatenate([np.flatnonzero(solved)[:NUM_PUZZLES], np.flatnonzero(~solved)[:NUM_PUZZLES]]))
    latents = subject.latents(places)
    steps, puzzles = latents.shape[:2]
    points, explained = principal_components(latents.reshape(steps * puzzles, -1))
    table = {
        "puzzle": np.tile(places, steps),
        "right": np.tile(solved[places], steps),
        "step": np.repeat(np.arange(steps), puzzles),
        "x": points[:, 0],
        "y": points[:, 1],
    }
    ends = points.reshape(steps, puzzles, 2)
    shown = solved[places]
    words = f"two components explain {explained.sum():.0%} of how the latents of {shown.sum()} solved and "
    return Measured(
        table=table,
        headline={"explained_1": float(explained[0]), "explained_2": float(explained[1])},
        lines=(f"{words}{(~shown).sum()} failed puzzles differ; {_last_move(ends)}",),
    )


def _last_move(ways: NDArray[np.float64]) -> str:
    """How much of the drawn way is made by the second half of the steps; ways are [T, M, 2]."""
    lengths = np.linalg.norm(np.diff(ways, axis=0), axis=-1).sum(1)
    total = lengths.sum()
    share = lengths[len(lengths) // 2 :].sum() / total if total > 0 else 0.0
    return f"the second half of the steps makes {share:.0%} of the way drawn"


MEASURE = Measure(
    name="components",
    title="Ways of the latents (PCA)",
    says="The latent that the answer is read from after every step, along the first two principal components of all.",
    columns=COLUMNS,
    measure=measure,
)
