"""The Hierarchical Reasoning Model: a slow network over a fast one, and a gradient through the last call of each.

Its halting is learned by Q-learning: `continue_loss` of the learner, which reads the second logit of the head.

Parameter names and shapes are the published ones.

Shapes: B batch, S sequence with its P prefix slots, D width, V vocabulary.
Source: HRM, arXiv 2506.21734, and its code; defaults are its Sudoku-Extreme model of 27.3M parameters.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..checks import at_least
from ..parts import Part
from .blocks import MOST_REPEATS, Level, StackConfig, check_stack, cores
from .net import CorpusSizes, Latents, Outcome
from .published_stack import published_stack
from .recursion import FixedStartNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class HRMConfig(StackConfig):
    """Sizes of an HRM; the defaults are the published ones.

    Attributes:
        num_layers: layers of each of the two networks.
        h_cycles: N, cycles of a supervision step, each ended by an update of z_H.
        l_cycles: T, updates of z_L in a cycle.
    """

    mixer: str = "attention"
    num_layers: int = 4
    num_prefix: int = 1
    h_cycles: int = 2
    l_cycles: int = 2

    def __post_init__(self) -> None:
        check_stack(self)
        at_least(1, self, "model", "h_cycles", "l_cycles", most=MOST_REPEATS)

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        return f"HRM, {self.mixer}, width {self.width}, H {self.h_cycles} L {self.l_cycles}"


class HRM(FixedStartNetwork):
    """Hierarchical Reasoning Model; see `TokenNetwork` for its arguments."""

    answer_latent = "z_H"
    H_init: Tensor
    L_init: Tensor

    def __init__(
        self,
        config: HRMConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(config, sizes, generator=generator, dtype=dtype)
        self.config = config
        self.H_level = Level(config, sizes, generator=generator)
        self.L_level = Level(config, sizes, generator=generator)
        for name in ("H_init", "L_init"):
            self.draw_start(name, generator=generator)

    @property
    def core(self) -> nn.Module:
        """Both networks, worth compiling."""
        return cores((self.H_level, self.L_level))

    def starts(self) -> Mapping[str, Tensor]:
        """Those of `z_H` and `z_L`; see `FixedStartNetwork.starts`."""
        return {"z_H": self.H_init, "z_L": self.L_init}

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor | None = None) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step` for shapes. Nothing is drawn."""
        x, (N, T) = self.embed(inputs, rows), (self.config.h_cycles, self.config.l_cycles)
        z_H, z_L = latents["z_H"], latents["z_L"]
        with torch.no_grad():
            for i in range(1, N * T):
                z_L = self.L_level(z_L + (z_H + x), self.rotary)
                if i % T == 0:
                    z_H = self.H_level(z_H + z_L, self.rotary)
        z_L = self.L_level(z_L + (z_H + x), self.rotary)
        z_H = self.H_level(z_H + z_L, self.rotary)
        return self.outcome({"z_H": z_H, "z_L": z_L})


PART = Part(config=HRMConfig, build=HRM, published=published_stack(HRMConfig, "L_level", "H_level", mixer="attention"))
