"""What the training loop asks of a network: latents that it carries, logits and a halting logit that it scores.

Shapes: B batch, S sequence (prefix included inside Latents, excluded in logits), D width, V vocabulary.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from torch import Tensor, nn


class Latents(NamedTuple):
    """The state that recursion hands on: `z_H` and `z_L`, both [S, B, D] in the network's forward dtype."""

    z_H: Tensor
    z_L: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSizes:
    """What a network must know of its data.

    Attributes:
        seq_len: tokens of an example.
        vocab_size: number of tokens, pad included.
        num_identifiers: number of puzzle identifiers, the blank one included.
    """

    seq_len: int
    vocab_size: int
    num_identifiers: int = 1


class RecursiveNet(Protocol):
    """A network that improves its answer step by step. Every implementation is also a ``torch.nn.Module``."""

    @property
    def core(self) -> nn.Module:
        """The part that recursion calls again and again, worth compiling."""
        ...

    def initial(self, batch: int) -> Latents:
        """The latents that every example starts from, [S, batch, D]."""
        ...

    def puzzle_rows(self, identifiers: Tensor) -> Tensor | None:
        """Puzzle embeddings [B, D] of `identifiers` int64 [B], without gradient; None where there are none."""
        ...

    def __call__(self, latents: Latents, inputs: Tensor, puzzle_rows: Tensor | None) -> tuple[Latents, Tensor, Tensor]:
        """One supervision step.

        Args:
            latents: the carry of the step before, without gradient.
            inputs: int64 [B, S] tokens.
            puzzle_rows: what the method of that name gave for the batch.

        Returns:
            New latents (detached), logits float32 [B, S, V] and halting logits float32 [B].
        """
        ...
