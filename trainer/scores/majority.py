"""The answer to a puzzle that most of its variants give.

Whole answers are counted, not single cells: cells that win one by one can make an answer that no variant gave and that
breaks the puzzle's rules. The price is that answers which differ in one cell do not help each other.

Shapes: K variants, B puzzles, S sequence.
"""

import numpy as np
from numpy.typing import NDArray


def majority(
    answers: NDArray[np.uint8], probabilities: NDArray[np.float64], cast: NDArray[np.bool_]
) -> NDArray[np.uint8]:
    """The answers with the most votes; of equally many, those that were surer on average, then the smaller ones.

    Args:
        answers: uint8 [K, B, S], in terms of the puzzles themselves.
        probabilities: float64 [K, B], what the halting head gives for each being right.
        cast: bool [K, B], which of them count; one of each puzzle or more.

    Returns:
        uint8 [B, S].
    """
    found = np.empty(answers.shape[1:], np.uint8)
    for puzzle in range(len(found)):
        votes: dict[bytes, list[float]] = {}
        for variant in np.flatnonzero(cast[:, puzzle]):
            answer = answers[variant, puzzle].tobytes()
            votes.setdefault(answer, []).append(float(probabilities[variant, puzzle]))
        best = min(votes, key=lambda answer: (-len(votes[answer]), -sum(votes[answer]) / len(votes[answer]), answer))
        found[puzzle] = np.frombuffer(best, np.uint8)
    return found
