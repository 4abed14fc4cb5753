"""A looped transformer: the same layers again and again on one state, into which the input is put before every loop.

Shapes: B batch, S sequence with its P prefix slots, D width, V vocabulary.
Source: input injection as in looped transformers (arXiv 2311.12424) and recurrent depth (arXiv 2502.05171); layers,
embeddings and halting are TRM's.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..checks import at_least
from ..errors import SettingError
from ..parts import Part
from .blocks import MOST_REPEATS, Level, StackConfig, call, check_stack
from .layers import rms_norm
from .net import CorpusSizes, Latents, Outcome
from .recursion import FixedStartNetwork


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopedConfig(StackConfig):
    """Sizes of a looped transformer; with the defaults its layers are called as often as those of the published TRM.

    Attributes:
        num_layers: layers of a loop.
        loops: loops of a supervision step.
        grad_loops: the last loops, which the gradient goes through; 0 for all of them.
        recompute: keep nothing of the differentiated loops but what goes into them, and compute them again on the way
            back: the same gradient, much less memory, about a third more time.
    """

    mixer: str = "attention"
    loops: int = 21
    grad_loops: int = 7
    recompute: bool = False

    def __post_init__(self) -> None:
        check_stack(self)
        at_least(1, self, "model", "loops", most=MOST_REPEATS)
        at_least(0, self, "model", "grad_loops")
        if self.grad_loops > self.loops:
            raise SettingError(f"model.grad_loops is {self.grad_loops}; it must be model.loops, {self.loops}, at most")

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        differentiated = self.grad_loops or self.loops
        return f"looped, {self.mixer}, width {self.width}, {self.loops} loops, gradient through {differentiated}"


class Looped(FixedStartNetwork):
    """Looped transformer: `RecursiveNetwork` with one latent; see `TokenNetwork` for its arguments."""

    answer_latent = "z"
    z_init: Tensor

    def __init__(
        self,
        config: LoopedConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(config, sizes, generator=generator, dtype=dtype)
        self.config = config
        self.level = Level(config, sizes, generator=generator)
        self.draw_start("z_init", generator=generator)

    @property
    def core(self) -> nn.Module:
        """The layers of a loop, worth compiling."""
        return self.level

    def starts(self) -> Mapping[str, Tensor]:
        """That of `z`; see `FixedStartNetwork.starts`."""
        return {"z": self.z_init}

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor | None = None) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step` for shapes. Nothing is drawn."""
        x, z = self.embed(inputs, rows), latents["z"]
        differentiated = self.config.grad_loops or self.config.loops
        with torch.no_grad():
            for _ in range(self.config.loops - differentiated):
                z = self._loop(z, x)
        for _ in range(differentiated):
            z = self._loop(z, x)
        return self.outcome({"z": z})

    def _loop(self, z: Tensor, x: Tensor) -> Tensor:
        return call(self.level, rms_norm(z + x, dim=-1), self.rotary, recompute=self.config.recompute)


PART = Part(config=LoopedConfig, build=Looped)
