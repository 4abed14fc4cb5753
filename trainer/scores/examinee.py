"""A network that is asked for answers, with all that asking takes; evaluators know no more of a run.

Shapes: N rows, S sequence.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ..device import as_tokens
from ..keys import example_keys
from ..learners import Answer, Learner
from ..threads import Map


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
    def answers(self, inputs: NDArray[np.uint8], identifiers: NDArray[np.int32], restart: int = 0) -> Iterator[Answer]:
        """The answers after every step, one or more.

        Args:
            inputs: [N, S].
            identifiers: [N], puzzle identifiers.
            restart: a network that draws at random answers otherwise at every restart; others do not.
        """
        tokens, numbers, keys = (
            as_tokens(values, self.device) for values in (inputs, identifiers, example_keys(inputs, restart))
        )
        yield from self.learner.answers(self.net, tokens, numbers, self.num_steps, keys)
