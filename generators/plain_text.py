"""Puzzles as text where a task does not say how they are written: a character of the vocabulary for every cell."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .errors import TextError
from .spec import TaskSpec

_SHOWN = 40
"""Characters of a vocabulary that a message lists."""


def plain_tokens(spec: TaskSpec, texts: Sequence[str]) -> NDArray[np.uint8]:
    """Sequences uint8 [N, S] from the characters of their cells, row by row.

    Args:
        spec: says how many cells there are, and which characters.
        texts: N of them.

    Raises:
        TextError: one of them has another length, or a character that is none.
    """
    tokens = {character: token for token, character in enumerate(spec.vocabulary)}
    for index, text in enumerate(texts):
        if len(text) != spec.seq_len:
            raise TextError(
                index, f"it has {len(text)} characters, expected {spec.seq_len}, one for each cell, row by row"
            )
        strange = next((character for character in text if character not in tokens), None)
        if strange is not None:
            more = "..." if spec.vocab_size > _SHOWN else ""
            raise TextError(index, f"it holds {strange!r}, expected characters of {spec.vocabulary[:_SHOWN]!r}{more}")
    return np.array([[tokens[character] for character in text] for text in texts], np.uint8).reshape(-1, spec.seq_len)
