"""The Symbol-Equivariant Recurrent Reasoning Model: a vector for every symbol in every place, and two attentions.

A layer lets the places of each symbol attend to each other, then the symbols of each place, then maps every vector by
an MLP. No weight knows which symbol is which, but for the special ones (pad and blank): a puzzle whose digits are
exchanged has the answer so exchanged. Nor does a weight know how many symbols or places there are. Without puzzle
embeddings, which published ARC runs have, the network cannot tell a task's variants apart.

Latents are [(P + S) * V, B, D]: place by place, its symbols in a row.

Shapes: B batch, S sequence behind P prefix slots, V vocabulary, D width.
Source: arXiv 2603.02193 and its code; defaults are its Sudoku-Extreme model.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from trmpipe.shards.words import counted

from ..checks import at_least, one_of
from ..errors import SettingError
from ..parts import Part
from ..widening import wide
from .blocks import MOST_REPEATS, MOST_WIDTH, call
from .layers import Attention, ChannelMLP, Linear, Rotary, inner_width, rms_norm, trunc_normal
from .net import CorpusSizes, Latents, Outcome
from .positions import POSITIONS, Positions

_Z = "z"
"""The name of the latents."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SERRMConfig:
    """Sizes of an SE-RRM; the defaults are the published Sudoku-Extreme model.

    Attributes:
        width: D, numbers of every symbol in every place.
        num_layers: layers of the one network that every call shares.
        num_heads: heads of the attention between places.
        symbol_heads: heads of the attention between symbols.
        head_width: numbers of each head, in both attentions.
        inner: inner width of the MLP; 0 takes the published rule, about 8/3 of the width.
        num_prefix: prefix slots, each of which holds learned vectors.
        positions: what attention knows of where a place is: ``"rotary"``, its place in the sequence, ``"rotary2d"``,
            row and column of its cell, or ``"none"``.
        num_special: the first tokens of the vocabulary, each with vectors of its own (pad, blank); all others share
            theirs. It is the whole vocabulary but one where no two tokens can be exchanged, as in mazes.
        h_cycles: H, cycles of a supervision step; only the last one is differentiated.
        l_cycles: L, calls of a cycle.
        recompute: keep nothing of the differentiated calls but what goes into them, and call again on the way back: the
            same gradient, much less memory, about a third more time.
    """

    width: int = 256
    num_layers: int = 2
    num_heads: int = 4
    symbol_heads: int = 2
    head_width: int = 64
    inner: int = 0
    num_prefix: int = 4
    positions: str = "rotary2d"
    num_special: int = 2
    h_cycles: int = 3
    l_cycles: int = 6
    recompute: bool = False

    def __post_init__(self) -> None:
        at_least(1, self, "model", "num_layers", "h_cycles", "l_cycles", most=MOST_REPEATS)
        at_least(1, self, "model", "width", "num_heads", "symbol_heads", "head_width", most=MOST_WIDTH)
        at_least(0, self, "model", "inner", "num_prefix", "num_special", most=MOST_WIDTH)
        if self.num_heads * self.head_width > MOST_WIDTH:
            product = self.num_heads * self.head_width
            raise SettingError(f"model.num_heads x model.head_width is {product}; it must be {MOST_WIDTH} at most")
        one_of("model.positions", self.positions, POSITIONS)
        divisor = {"rotary": 2, "rotary2d": 4}.get(self.positions, 1)
        if self.head_width % divisor:
            raise SettingError(
                f"model.head_width is {self.head_width}; with model.positions {self.positions} {divisor} must divide it"
            )

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        return f"width {self.width}, {counted(self.num_layers, 'layer')}, H {self.h_cycles} L {self.l_cycles}"


class SERRMLayer(nn.Module):
    """Attention between places, attention between symbols, and an MLP, each followed by a norm of the sum.

    Args:
        config: its sizes.
        num_symbols: V.
        generator: the source of the initial weights, on the CPU.
    """

    def __init__(self, config: SERRMConfig, num_symbols: int, *, generator: torch.Generator) -> None:
        super().__init__()
        width, head = config.width, config.head_width
        self.num_symbols = num_symbols
        self.attn = Attention(width, config.num_heads, head_width=head, generator=generator)
        self.attn_t = Attention(width, config.symbol_heads, head_width=head, generator=generator)
        self.mlp = ChannelMLP(width, config.inner or inner_width(width), generator=generator)

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Map `x` [(P + S) * V, B, D] to the same shape."""
        rows, batch, width = x.shape
        symbols, places = self.num_symbols, rows // self.num_symbols
        by_place = x.view(places, symbols * batch, width)
        by_place = rms_norm(by_place + self.attn(by_place, rotary), dim=-1)
        by_symbol = by_place.view(places, symbols, batch, width).transpose(0, 1).reshape(symbols, -1, width)
        told = self.attn_t(by_symbol, None).view(symbols, places, batch, width).transpose(0, 1)
        x = rms_norm(by_place.view(told.shape) + told, dim=-1).view(rows, batch, width)
        return rms_norm(x + self.mlp(x), dim=-1)


class SERRMLevel(nn.Module):
    """The layers of a call; see `SERRMLayer` for its arguments."""

    def __init__(self, config: SERRMConfig, num_symbols: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            SERRMLayer(config, num_symbols, generator=generator) for _ in range(config.num_layers)
        )

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Map `x` [(P + S) * V, B, D] to the same shape."""
        for layer in self.layers:
            x = layer(x, rotary)
        return x


class SERRM(nn.Module):
    """The network: `RecursiveNetwork` and `DirectNetwork`; it has no puzzle embeddings, and no head for halting.

    How sure it is of its least sure token stands for the chance that the answer is right, as published.

    Args:
        config: its sizes.
        sizes: of the corpus.
        generator: the source of the initial weights, on the CPU.
        dtype: of the forward pass; weights are float32.

    Raises:
        SettingError: the corpus has special tokens alone, or no rows and columns that `positions` asks for.
    """

    puzzle_table = None
    start: Tensor

    def __init__(
        self,
        config: SERRMConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.config, self.dtype, self.num_symbols = config, dtype, sizes.vocab_size
        if config.num_special >= sizes.vocab_size:
            raise SettingError(
                f"model.num_special is {config.num_special}; the corpus has {sizes.vocab_size} tokens, and one at "
                "least must be a symbol"
            )
        kinds, width = config.num_special + 1, config.width
        self.embedding = nn.Parameter(trunc_normal((kinds, width), 1.0, generator))
        if config.num_prefix:
            self.prefix = nn.Parameter(trunc_normal((config.num_prefix, kinds, width), 1.0, generator))
        self.level = SERRMLevel(config, sizes.vocab_size, generator=generator)
        self.lm_head = Linear(width, 1, generator=generator)
        self.register_buffer("start", trunc_normal((width,), 1.0, generator, torch.bfloat16))
        self.positions = Positions(config.positions, config.num_prefix, config.head_width, sizes, dtype)
        self.num_places = config.num_prefix + sizes.seq_len

    @property
    def core(self) -> nn.Module:
        """The layers of a call, worth compiling."""
        return self.level

    def initial(self, keys: Tensor) -> Latents:
        """`z`, alike for all places, symbols and examples; nothing is drawn."""
        size = (self.num_places * self.num_symbols, len(keys), self.config.width)
        return {_Z: self.start.to(self.dtype).expand(size)}

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor | None = None) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step` for shapes. Nothing is drawn, `rows` are not looked at."""
        z, x, config = latents[_Z], self.embed(inputs), self.config
        with torch.no_grad():
            for _ in range((config.h_cycles - 1) * config.l_cycles):
                z = self._call(z + x)
        for _ in range(config.l_cycles):
            z = self._call(z + x)
        logits = self._answer(z)
        return Outcome({_Z: z}, logits, _logit_of_least_sure(logits.detach()))

    def forward(self, inputs: Tensor, rows: Tensor | None) -> Tensor:
        """Logits [B, S, V] of a single supervision step from the initial latents: `DirectNetwork`."""
        return self.step(self.initial(inputs[:, 0]), inputs, rows).logits

    def embed(self, inputs: Tensor) -> Tensor:
        """Vectors [(P + S) * V, B, D], in the forward dtype, of tokens int64 [B, S], each below V.

        In a cell the symbol that stands there has its vector times sqrt(V), and all others zeros; prefix slots hold
        theirs as they are.
        """
        symbols = torch.arange(self.num_symbols, device=inputs.device)
        kinds = symbols.clamp(max=self.config.num_special)
        there = (inputs.T.unsqueeze(1) == symbols.view(1, -1, 1)).unsqueeze(-1)
        vectors = math.sqrt(self.num_symbols) * self.embedding[kinds].unsqueeze(1)
        places = torch.where(there, vectors, 0)
        if self.config.num_prefix:
            places = torch.cat((self.prefix[:, kinds].unsqueeze(2).expand(-1, -1, len(inputs), -1), places))
        return places.flatten(0, 1).to(self.dtype)

    def _call(self, x: Tensor) -> Tensor:
        return call(self.level, x, self.positions.tables, recompute=self.config.recompute)

    def _answer(self, z: Tensor) -> Tensor:
        """Logits [B, S, V], float32 or wider, from `z` [(P + S) * V, B, D]."""
        told = self.lm_head(z).view(self.num_places, self.num_symbols, -1)
        return wide(told[self.config.num_prefix :].permute(2, 0, 1))


def _logit_of_least_sure(logits: Tensor) -> Tensor:
    """Logits [B] of the probability of the likeliest token where it is lowest, from `logits` [B, S, V]."""
    best, where = logits.max(-1)
    others = logits.scatter(-1, where.unsqueeze(-1), -math.inf).logsumexp(-1)
    return (best - others).amin(-1)


PART = Part(config=SERRMConfig, build=SERRM, any_size=True)
