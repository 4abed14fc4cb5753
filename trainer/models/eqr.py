"""EqR: a recursion that starts anywhere and settles, its latents drawn at random and its calls damped and noisy.

A call of the one small network on a latent z gives ``damping z + (1 - damping) f(z + injection) + noise e``, with e
standard normal. Trained so, answers are points to which the latents settle from everywhere: more steps go on helping, a
start that settles less is told by its residual, and another start gives another try.

All that is random is a function of the keys, see `noise`: evaluation draws too, as published.

Shapes: B batch, S sequence with its P prefix slots, D width, V vocabulary.
Source: "Equilibrium Reasoners", arXiv 2605.21488, and its code; defaults are its Sudoku-Extreme model.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..checks import at_least, share
from ..parts import Part, later
from .blocks import MOST_REPEATS, Level, StackConfig, call, check_stack
from .net import CorpusSizes, Latents, Outcome
from .noise import normal, truncated_normal
from .recursion import HaltingNetwork

_START_H, _START_L, _FIRST_CALL = 0, 1, 2
"""Numbers of draws: where both latents start, and the noise of the first call of a step; the others count on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EqRConfig(StackConfig):
    """Sizes of an EqR; the defaults are the published Sudoku-Extreme model.

    Attributes:
        num_prefix: prefix slots; slot 0 holds the puzzle embedding, the others zeros; 0 for no puzzle embedding.
        h_cycles: H, cycles of a supervision step; only the last one is differentiated.
        l_cycles: L, updates of z_L in a cycle, before the one of z_H.
        damping: share of the old latent that a call keeps.
        noise: deviation of the noise that a call adds, in training and evaluation.
        recompute: keep nothing of the differentiated calls but what goes into them, and call again on the way back: the
            same gradient, much less memory, about a third more time.
    """

    num_prefix: int = 0
    h_cycles: int = 3
    l_cycles: int = 6
    damping: float = 0.05
    noise: float = 0.01
    recompute: bool = later(False)

    def __post_init__(self) -> None:
        check_stack(self)
        at_least(1, self, "model", "h_cycles", "l_cycles", most=MOST_REPEATS)
        share(self, "model", "damping")
        at_least(0, self, "model", "noise")

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        recursion = f"{self.mixer}, width {self.width}, H {self.h_cycles} L {self.l_cycles}"
        return f"{recursion}, damping {self.damping:g}, noise {self.noise:g}"


class EqR(HaltingNetwork):
    """The network, a `RecursiveNetwork`; see `TokenNetwork` for its arguments."""

    draws = True
    answer_latent = "z_H"

    def __init__(
        self,
        config: EqRConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(config, sizes, generator=generator, dtype=dtype)
        self.config = config
        self.L_level = Level(config, sizes, generator=generator)

    @property
    def core(self) -> nn.Module:
        """The part that recursion calls, worth compiling."""
        return self.L_level

    def initial(self, keys: Tensor) -> Latents:
        """`z_H` and `z_L` [S, B, D], drawn for each token from a truncated normal of deviation 1."""
        starts = {"z_H": _START_H, "z_L": _START_L}
        sizes = (self.seq_len, self.config.width)
        return {name: truncated_normal(keys, draw, *sizes, self.dtype) for name, draw in starts.items()}

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step`."""
        x = self.embed(inputs, rows)
        z_H, z_L = latents["z_H"], latents["z_L"]
        with torch.no_grad():
            for cycle in range(self.config.h_cycles - 1):
                z_H, z_L = self._cycle(z_H, z_L, x, keys, cycle)
        z_H, z_L = self._cycle(z_H, z_L, x, keys, self.config.h_cycles - 1)
        return self.outcome({"z_H": z_H, "z_L": z_L})

    def _cycle(self, z_H: Tensor, z_L: Tensor, x: Tensor, keys: Tensor, cycle: int) -> tuple[Tensor, Tensor]:
        first = _FIRST_CALL + cycle * (self.config.l_cycles + 1)
        for number in range(self.config.l_cycles):
            z_L = self._call(z_L, z_H + x, keys, first + number)
        return self._call(z_H, z_L, keys, first + self.config.l_cycles), z_L

    def _call(self, z: Tensor, injection: Tensor, keys: Tensor, draw: int) -> Tensor:
        damping, noise = self.config.damping, self.config.noise
        called = call(self.L_level, z + injection, self.rotary, recompute=self.config.recompute)
        z = damping * z + (1 - damping) * called
        return z + noise * normal(keys, draw, self.seq_len, self.config.width, self.dtype) if noise else z


PART = Part(config=EqRConfig, build=EqR)
