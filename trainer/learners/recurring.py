"""How a recursive network is asked: step after step, each going on from the latents of the one before."""

from collections.abc import Iterator

from torch import Tensor

from ..models import RecursiveNetwork, puzzle_rows
from ..models.noise import keys_at
from .learner import Answer, Move
from .residual import residual


def answers_of_steps(
    net: RecursiveNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor
) -> Iterator[tuple[Answer, Tensor | None]]:
    """The likeliest tokens after every supervision step, and the network's logit of going on where it has one.

    Args:
        net: the network, in evaluation mode.
        inputs: int64 [B, S].
        identifiers: int64 [B].
        num_steps: steps to take; none is cut short by halting.
        keys: int64 [B], what a network draws from that draws at random.
    """
    latents, rows = net.initial(keys), puzzle_rows(net, identifiers)
    for step in range(num_steps):
        before = latents
        latents, logits, halt, go_on = net.step(latents, inputs, rows, keys_at(keys, step))
        move = Move(before, latents)
        yield Answer(logits.argmax(-1), halt, logits, residual(before, latents), move=move), go_on
