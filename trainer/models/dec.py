"""DEC, the decimating equilibrium cell: the loop of TRM over a field of vectors for each digit, with the same weights.

A field holds a vector for every cell, and all fields are mapped by the same weights; at every cell a field is told the
mean of the others. So a puzzle whose digits are exchanged has the answer so exchanged, trained or not, and no variants
with other digits are needed. Cells are mixed as in TRM, so places are not alike to the network.

It is damped and noisy in training, and begins anywhere, as EqR; an answer begins anywhere too, but without noise.

Shapes: B batch, S cells, F fields, one for each digit, D width, V vocabulary; latents are [S * F, B, D], cell by cell.
Source: github.com/Aakash-Marthandan/Fixed-Point-Reasoner-Structures (its code and README of 2026); defaults are its
model of 789,125 parameters.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trmpipe.shards.words import counted

from ..checks import at_least, one_of, share
from ..parts import Part
from ..widening import wide
from .blocks import MOST_REPEATS, MOST_WIDTH, call
from .layers import ChannelMLP, Linear, TokenMLP, inner_width, rms_norm, trunc_normal
from .net import CorpusSizes, Latents, Outcome
from .noise import normal
from .recursion import HaltingHead
from .units import grid_of

COUPLINGS = ("mean", "none")
_EMPTY, _THIS, _OTHER, _ROLES = 0, 1, 2, 3
"""What a cell says of a field: it is open, it holds the field's digit, it holds another; how many that are."""
_START_H, _START_L, _FIRST_CALL = 0, 1, 2
"""Numbers of draws: where both latents start, and the noise of the first call of a step; the others count on."""
_NEVER = -1e4
"""Logit of a token that is no digit (published code); finite, so that it has a gradient of zero."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DECConfig:
    """Sizes of a DEC; the defaults are the published Sudoku-Extreme model of width 192.

    Attributes:
        width: D, numbers of every field at every cell.
        num_layers: layers of the one network that every call shares.
        inner: inner width of the channel MLP; 0 takes the published rule, about 8/3 of the width.
        token_inner: the same of the MLP over cells.
        coupling: what a field is told of the others: ``"mean"``, their mean at the same cell, or ``"none"``, nothing.
        h_cycles: H, cycles of a supervision step; only the last one is differentiated.
        l_cycles: L, updates of z_L in a cycle, before the one of z_H.
        damping: share of the old latent that a call keeps.
        noise: deviation of the noise that a call adds in training.
        start_noise: deviation of the normal values that latents start from; 0 for two vectors that never change.
        recompute: keep nothing of the differentiated calls but what goes into them, and call again on the way back: the
            same gradient, much less memory, about a third more time.
    """

    width: int = 192
    num_layers: int = 2
    inner: int = 0
    token_inner: int = 0
    coupling: str = "mean"
    h_cycles: int = 3
    l_cycles: int = 6
    damping: float = 0.05
    noise: float = 0.01
    start_noise: float = 1.0
    recompute: bool = False

    def __post_init__(self) -> None:
        at_least(1, self, "model", "num_layers", "h_cycles", "l_cycles", most=MOST_REPEATS)
        at_least(1, self, "model", "width", most=MOST_WIDTH)
        at_least(0, self, "model", "inner", "token_inner", most=MOST_WIDTH)
        one_of("model.coupling", self.coupling, COUPLINGS)
        share(self, "model", "damping")
        at_least(0, self, "model", "noise", "start_noise")

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        return f"width {self.width}, {counted(self.num_layers, 'layer')}, H {self.h_cycles} L {self.l_cycles}"


class DECLayer(nn.Module):
    """An MLP over the cells of each field, the mean of the other fields, and an MLP; each with a norm of the sum.

    Args:
        config: its sizes.
        num_cells: S.
        num_fields: F.
        generator: the source of the initial weights, on the CPU.
    """

    def __init__(self, config: DECConfig, num_cells: int, num_fields: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.num_fields, width = num_fields, config.width
        self.mlp_t = TokenMLP(num_cells, config.token_inner or inner_width(num_cells), generator=generator)
        self.coupling = Linear(width, width, generator=generator) if config.coupling == "mean" else None
        self.mlp = ChannelMLP(width, config.inner or inner_width(width), generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [S * F, B, D] to the same shape."""
        fields = x.view(-1, self.num_fields, *x.shape[1:])
        fields = rms_norm(fields + self.mlp_t(fields), dim=0)
        if self.coupling is not None:
            others = (fields.sum(1, keepdim=True) - fields) / (self.num_fields - 1)
            fields = rms_norm(fields + self.coupling(others), dim=-1)
        x = fields.view(x.shape)
        return rms_norm(x + self.mlp(x), dim=-1)


class DECLevel(nn.Module):
    """The layers of a call; see `DECLayer` for its arguments."""

    def __init__(self, config: DECConfig, num_cells: int, num_fields: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            DECLayer(config, num_cells, num_fields, generator=generator) for _ in range(config.num_layers)
        )

    def forward(self, x: Tensor, rotary: None = None) -> Tensor:
        """Map `x` [S * F, B, D] to the same shape; there are no positions to turn by."""
        for layer in self.layers:
            x = layer(x)
        return x


class DEC(nn.Module):
    """The network: a `RecursiveNetwork`, and an `AnchoredNetwork`; it has no puzzle embeddings.

    Args:
        config: its sizes.
        sizes: of the corpus: as many rows as columns, and one token a digit, the last ones of the vocabulary.
        generator: the source of the initial weights, on the CPU.
        dtype: of the forward pass; weights are float32.

    Raises:
        SettingError: the corpus has no such grid.
    """

    has_continue_head = True
    answer_latent = "z_H"
    puzzle_table = None
    H_init: Tensor
    L_init: Tensor

    def __init__(
        self,
        config: DECConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.config, self.dtype = config, dtype
        self.num_cells, self.num_fields = sizes.seq_len, grid_of(sizes, 1).n
        self.digits = range(sizes.vocab_size - self.num_fields, sizes.vocab_size)
        width, deviation = config.width, 1 / math.sqrt(config.width)
        self.roles = nn.Parameter(trunc_normal((_ROLES, width), deviation, generator))
        self.level = DECLevel(config, self.num_cells, self.num_fields, generator=generator)
        self.digit_head = nn.Parameter(trunc_normal((1, width), deviation, generator))
        self.q_head = HaltingHead(width)
        for name in ("H_init", "L_init"):
            self.register_buffer(name, trunc_normal((width,), 1.0, generator))

    @property
    def core(self) -> nn.Module:
        """The layers of a call, worth compiling."""
        return self.level

    @property
    def draws(self) -> bool:
        """Whether latents start at random, so that another draw is another answer."""
        return self.config.start_noise > 0

    def initial(self, keys: Tensor) -> Latents:
        """`z_H` and `z_L` [S * F, B, D]: drawn for every field of every cell, or all alike."""
        starts = {"z_H": (self.H_init, _START_H), "z_L": (self.L_init, _START_L)}
        return {name: self._start(vector, keys, draw) for name, (vector, draw) in starts.items()}

    def at_answers(self, answers: Tensor, keys: Tensor) -> Latents:
        """Latents that hold answers: z_H says of them what puzzles say of their cells, z_L begins alike everywhere.

        Args:
            answers: int64 [B, S] tokens.
            keys: int64 [B]; nothing is drawn.
        """
        return {"z_H": self.embed(answers).detach(), "z_L": self._alike(self.L_init, len(keys))}

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step`. `rows` are not looked at, answers are not noisy."""
        x, z_H, z_L = self.embed(inputs), latents["z_H"], latents["z_L"]
        with torch.no_grad():
            for cycle in range(self.config.h_cycles - 1):
                z_H, z_L = self._cycle(z_H, z_L, x, keys, cycle)
        z_H, z_L = self._cycle(z_H, z_L, x, keys, self.config.h_cycles - 1)
        return self._outcome({"z_H": z_H, "z_L": z_L})

    def embed(self, tokens: Tensor) -> Tensor:
        """What cells say of the fields, [S * F, B, D] in the forward dtype, from tokens int64 [B, S]."""
        cells = tokens.T.unsqueeze(1)
        digits = torch.arange(self.digits.start, self.digits.stop, device=tokens.device).view(1, -1, 1)
        roles = torch.where(cells == digits, _THIS, torch.where(cells < self.digits.start, _EMPTY, _OTHER))
        vectors = math.sqrt(self.config.width) * nn.functional.embedding(roles.flatten(0, 1), self.roles)
        return vectors.to(self.dtype)

    def answer(self, z: Tensor) -> Tensor:
        """Logits [B, S, V], float32 or wider, from `z` [S * F, B, D]; those of tokens that are no digit are low."""
        told = wide(nn.functional.linear(z, self.digit_head.to(z.dtype)))
        told = told.view(self.num_cells, self.num_fields, -1).permute(2, 0, 1)
        never = told.new_full((*told.shape[:2], self.digits.start), _NEVER)
        return torch.cat((never, told), dim=-1)

    def _alike(self, vector: Tensor, batch: int) -> Tensor:
        return vector.to(self.dtype).expand(self.num_cells * self.num_fields, batch, -1)

    def _start(self, vector: Tensor, keys: Tensor, draw: int) -> Tensor:
        deviation, places = self.config.start_noise, self.num_cells * self.num_fields
        if not deviation:
            return self._alike(vector, len(keys))
        return deviation * normal(keys, draw, places, self.config.width, self.dtype)

    def _cycle(self, z_H: Tensor, z_L: Tensor, x: Tensor, keys: Tensor, cycle: int) -> tuple[Tensor, Tensor]:
        first = _FIRST_CALL + cycle * (self.config.l_cycles + 1)
        for number in range(self.config.l_cycles):
            z_L = self._call(z_L, z_H + x, keys, first + number)
        return self._call(z_H, z_L, keys, first + self.config.l_cycles), z_L

    def _call(self, z: Tensor, injection: Tensor, keys: Tensor, draw: int) -> Tensor:
        damping, noise = self.config.damping, self.config.noise
        told = call(self.level, z + injection, None, recompute=self.config.recompute)
        z = damping * z + (1 - damping) * told
        if not (noise and self.training):
            return z
        return z + noise * normal(keys, draw, len(z), self.config.width, self.dtype)

    def _outcome(self, latents: Mapping[str, Tensor]) -> Outcome:
        z = latents[self.answer_latent]
        return Outcome(latents, self.answer(z), *self.q_head(z.mean(0)))


PART = Part(config=DECConfig, build=DEC)
