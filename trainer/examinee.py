"""A network that is asked for answers, with all that asking takes; evaluators know no more of a run.

Shapes: N rows, S sequence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from .device import as_tokens
from .learners import Answer, Learner
from .threads import Map


@dataclass(frozen=True, slots=True, kw_only=True)
class Examinee:
    """Who is asked, and how.

    Attributes:
        net: the network, in evaluation mode.
        learner: how it is asked.
        num_steps: supervision steps of an answer.
        device: where the network is.
        spread: how batches are mapped, see `threads.side_by_side`.
    """

    net: Any
    learner: Learner
    num_steps: int
    device: torch.device
    spread: Map = map

    @torch.no_grad()
    def answers(self, inputs: NDArray[np.uint8], identifiers: NDArray[np.int32]) -> Iterator[Answer]:
        """The answers to `inputs` [N, S] with puzzle identifiers [N] after every step, one or more."""
        tokens, numbers = as_tokens(inputs, self.device), as_tokens(identifiers, self.device)
        yield from self.learner.answers(self.net, tokens, numbers, self.num_steps)
