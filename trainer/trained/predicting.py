"""Logits of a network for inputs as users have them: NumPy arrays or torch tensors, of any integer dtype.

Shapes: B inputs, S sequence, V vocabulary.
"""

from dataclasses import replace
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.errors import InputError
from trmpipe.shards import BLANK_IDENTIFIER, Examples

from ..learners import last_answer
from ..models import CorpusSizes
from ..scores.examinee import Examinee
from ..scores.scoring import EVALUATION_BATCH
from ..settings.config import MOST_ANSWERS

Values = TypeVar("Values", NDArray[Any], Tensor)
"""NumPy arrays or torch tensors: what is given is what comes back."""


def predict(
    examinee: Examinee, sizes: CorpusSizes, inputs: Values, puzzle_identifiers: Values | None, num_steps: int
) -> tuple[Values, Values | None]:
    """The answers after the last supervision step, as logits.

    Args:
        examinee: who is asked.
        sizes: of the corpora that it was trained on.
        inputs: whole numbers [B, S], tokens.
        puzzle_identifiers: whole numbers [B]; None for the blank identifier of puzzles without an embedding.
        num_steps: supervision steps.

    Returns:
        Logits float32 [B, S, V], and halting logits float32 [B], above 0 where the network takes its answer for right;
        None for a learner without these. Tensors where `inputs` is one, on its device, else arrays.

    Raises:
        InputError: a shape, a dtype or a value is none of these.
    """
    if not 1 <= num_steps <= MOST_ANSWERS:
        raise InputError(f"num_steps is {num_steps}, expected 1 to {MOST_ANSWERS}")
    examinee = replace(examinee, num_steps=num_steps)
    tokens, numbers = _checked_rows(sizes, inputs, puzzle_identifiers)
    count = len(tokens)
    # Of no rows a row is asked all the same: it says whether the learner halts.
    tokens, numbers = (tokens, numbers) if count else (np.zeros((1, sizes.seq_len), np.uint8), np.zeros(1, np.int32))

    def of_rows(start: int) -> tuple[Tensor, Tensor | None]:
        rows = slice(start, start + EVALUATION_BATCH)
        last = last_answer(examinee.answers(tokens[rows], numbers[rows]))
        return last.logits, last.halt

    answers = list(examinee.spread(of_rows, range(0, len(tokens), EVALUATION_BATCH)))
    logits = torch.cat([logits for logits, _ in answers])[:count]
    halt = [halt[:count] for _, halt in answers if halt is not None]
    return _like(inputs, logits), _like(inputs, torch.cat(halt)) if halt else None


def answer_examples(examinee: Examinee, sizes: CorpusSizes, examples: Examples) -> NDArray[np.uint8]:
    """The answers uint8 [B, S] after the last supervision step to rows whose identifiers are the network's.

    Raises:
        InputError: they do not fit the network.
    """
    tokens, numbers = _checked_rows(sizes, examples.inputs, examples.identifiers)
    found = np.empty_like(tokens)
    for start in range(0, len(tokens), EVALUATION_BATCH):
        rows = slice(start, start + EVALUATION_BATCH)
        found[rows] = last_answer(examinee.answers(tokens[rows], numbers[rows])).tokens.cpu().numpy()
    return found


def _checked_rows(
    sizes: CorpusSizes, inputs: NDArray[Any] | Tensor, puzzle_identifiers: NDArray[Any] | Tensor | None
) -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Tokens [B, S] and identifiers [B] as a network takes them; see `predict`."""
    limit = min(sizes.vocab_size, 1 + np.iinfo(np.uint8).max)
    tokens = _checked("inputs", inputs, (None, sizes.seq_len), limit).astype(np.uint8)
    if puzzle_identifiers is None:
        return tokens, np.full(len(tokens), BLANK_IDENTIFIER, np.int32)
    found = _checked("puzzle_identifiers", puzzle_identifiers, (len(tokens),), sizes.num_identifiers)
    return tokens, found.astype(np.int32)


def _checked(
    name: str, values: NDArray[np.integer] | Tensor, shape: tuple[int | None, ...], limit: int
) -> NDArray[np.integer]:
    """The values as an array, of a given shape and from 0 to below `limit`; see `predict`."""
    array = values.detach().cpu().numpy() if isinstance(values, Tensor) else np.asarray(values)
    if array.ndim != len(shape) or any(one not in (None, found) for one, found in zip(shape, array.shape, strict=True)):
        wanted = ", ".join("B" if one is None else str(one) for one in shape)
        raise InputError(f"{name} has shape {list(array.shape)}, expected [{wanted}]")
    if not np.issubdtype(array.dtype, np.integer):
        raise InputError(f"{name} is {array.dtype}, expected whole numbers")
    if array.size and not 0 <= int(array.min()) <= int(array.max()) < limit:
        raise InputError(f"{name} has {int(array.min())} to {int(array.max())}, expected 0 to {limit - 1}")
    return array


def _like(inputs: Values, found: Tensor) -> Values:
    """The numbers as float32, on the inputs' device where these are a tensor, else as an array."""
    if isinstance(inputs, Tensor):
        return found.to(inputs.device, torch.float32)
    return found.float().cpu().numpy()
