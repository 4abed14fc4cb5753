"""What networks share that improve an answer step by step: a head for halting, and where they start.

How the latents move in between is each network's own, and reads in its file as in its paper.

Shapes: B batch, S sequence with its P prefix slots, D width, V vocabulary.
"""

from abc import abstractmethod
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .blocks import StackConfig, TokenNetwork
from .layers import trunc_normal
from .net import CorpusSizes, Latents, Outcome

_Q_BIAS = -5.0
"""The halting head starts sure that nothing is solved (published code)."""


class HaltingHead(nn.Module):
    """Two logits from one latent: that the answer is right, and what Q-learning expects of going on.

    It computes in float32; in the published code of TRM, HRM and EqR it does so in the dtype of the forward pass.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, width))
        self.bias = nn.Parameter(torch.full((2,), _Q_BIAS))

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Both logits, in the dtype of the weights, [B] each, from `latent` [B, D]."""
        both = nn.functional.linear(latent.to(self.weight.dtype), self.weight, self.bias)
        return both[:, 0], both[:, 1]


class HaltingNetwork(TokenNetwork):
    """A token network with a halting head, which reads the first place of the answer's latent; abstract.

    See `TokenNetwork` for its arguments.
    """

    has_continue_head = True
    answer_latent: str
    """Name of the latent that the answer is read from; networks that derive from this say it."""

    def __init__(
        self, config: StackConfig, sizes: CorpusSizes, *, generator: torch.Generator, dtype: torch.dtype
    ) -> None:
        super().__init__(config, sizes, generator=generator, dtype=dtype)
        self.q_head = HaltingHead(config.width)

    def outcome(self, latents: Mapping[str, Tensor]) -> Outcome:
        """What a supervision step came to that left these latents, [S, B, D] each, with gradient."""
        z = latents[self.answer_latent]
        return Outcome(latents, self.answer(z), *self.q_head(z[0]))


class FixedStartNetwork(HaltingNetwork):
    """A halting network whose latents begin alike for every example and every token; abstract.

    So its first answer is a function of the puzzle, and it is a `DirectNetwork` too.
    """

    @abstractmethod
    def starts(self) -> Mapping[str, Tensor]:
        """The vector [D] that each latent begins with, by the latents' names."""

    @abstractmethod
    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor | None = None) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step` for shapes. Nothing is drawn."""

    def initial(self, keys: Tensor) -> Latents:
        """The latents that every example starts from, [S, B, D] each; nothing is drawn."""
        size = (self.seq_len, len(keys))
        return {name: start.to(self.dtype).expand(*size, len(start)) for name, start in self.starts().items()}

    def forward(self, inputs: Tensor, rows: Tensor | None) -> Tensor:
        """Logits [B, S, V] of a single supervision step from the initial latents: `DirectNetwork`."""
        return self.step(self.initial(inputs[:, 0]), inputs, rows).logits

    def draw_start(self, name: str, *shape: int, generator: torch.Generator) -> None:
        """Make a buffer of vectors that latents begin with, drawn from a truncated normal of deviation 1.

        Args:
            name: of the buffer, which checkpoints hold.
            shape: of the vectors beside D; none for a single one.
            generator: the source of the numbers, on the CPU.
        """
        vectors = trunc_normal((*shape, self.stack.width), 1.0, generator, torch.bfloat16)
        self.register_buffer(name, vectors)
