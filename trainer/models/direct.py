"""Direct prediction: layers of a transformer or a mixer, once through, without any recursion.

The baseline of both papers: eight layers of attention are as large as HRM, 27M parameters. The learner is ``one_pass``.

Shapes: B batch, S sequence with its P prefix slots, D width, V vocabulary.
Source: the direct prediction of HRM, arXiv 2506.21734, and TRM, arXiv 2510.04871 (its tables 4 and 5).
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..checks import one_of
from ..parts import Part
from .blocks import Level, StackConfig, TokenNetwork, check_stack
from .net import CorpusSizes

NORMS = ("post", "pre")


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectConfig(StackConfig):
    """Sizes of a network without recursion; the defaults are as large as the published HRM.

    Attributes:
        num_layers: how deep it is.
        norm: where the layers' norms stand: ``"post"``, after what is added, as in TRM, or ``"pre"``, before it.
    """

    mixer: str = "attention"
    num_layers: int = 8
    num_prefix: int = 1
    norm: str = "post"

    def __post_init__(self) -> None:
        check_stack(self)
        one_of("model.norm", self.norm, NORMS)

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        return f"direct prediction, {self.mixer}, width {self.width}, {self.num_layers} layers, {self.norm}-norm"


class DirectPrediction(TokenNetwork):
    """Direct prediction: `DirectNetwork`; see `TokenNetwork` for its arguments."""

    def __init__(
        self,
        config: DirectConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(config, sizes, generator=generator, dtype=dtype)
        self.config = config
        self.level = Level(config, sizes, generator=generator, pre_norm=config.norm == "pre")

    @property
    def core(self) -> nn.Module:
        """All layers, worth compiling."""
        return self.level

    def forward(self, inputs: Tensor, rows: Tensor | None) -> Tensor:
        """Logits [B, S, V]; see `DirectNetwork`."""
        return self.answer(self.level(self.embed(inputs, rows), self.rotary))


PART = Part(config=DirectConfig, build=DirectPrediction)
