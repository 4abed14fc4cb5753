"""The Lattice Deduction Transformer: a looped transformer over cells, each shown as which digits it may still hold.

All that it is told of a puzzle is the state of candidates. Every loop adds the first vectors again, runs the layers,
and norms the sum; one token beside the cells, new at every loop, says whether the state has lost its solution. Initial
weights are drawn as torch's modules draw theirs, which the published code is made of; dropout is where it has it, and
draws from the keys of a training step.

Shapes: B batch, S cells, D width, N digits, H heads, T loops; activations are [S + 1, B, D] in the layers.
Source: Lattice Deduction Transformers, arXiv 2605.08605, and its code.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..checks import at_least, share
from ..errors import SettingError
from ..parts import Part, later
from ..widening import wide
from .blocks import MOST_REPEATS
from .net import CorpusSizes, Deduction
from .noise import keys_at, picked

_MOST_WIDTH = 1 << 16
_TOKEN_DEVIATION = 0.02
_NORM_EPS = 1e-5
_MOST_DROPOUT = 0.9
_SCORES, _MIXED, _ADDED, _NUM_DRAWS = range(4)
"""The draws of a layer: what it leaves out of attention's weights, of what they mix, of what the MLP adds; and how many
those are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LDTConfig:
    """Sizes of the network; the defaults are the published ones.

    Attributes:
        width: D, numbers in the vector of a cell.
        num_layers: layers of a loop; how many loops there are is the learner's affair.
        num_heads: heads of attention.
        inner: inner width of the MLP; 0 for four times the width.
        dropout: chance that a number is left out in training, in three places of every layer, anew in every loop; from
            0 to .9, rounded to 256ths. Published is .1.
    """

    width: int = 128
    num_layers: int = 4
    num_heads: int = 4
    inner: int = 0
    dropout: float = later(0.0)

    def __post_init__(self) -> None:
        at_least(1, self, "model", "num_layers", most=MOST_REPEATS)
        at_least(1, self, "model", "width", "num_heads", most=_MOST_WIDTH)
        at_least(0, self, "model", "inner", most=_MOST_WIDTH)
        share(self, "model", "dropout", most=_MOST_DROPOUT)
        if self.width % self.num_heads:
            raise SettingError(
                f"model.width {self.width} does not split into {self.num_heads} heads; "
                "set model.width or model.num_heads"
            )

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        return f"lattice deduction, width {self.width}, {self.num_layers} layers a loop"


class Affine(nn.Module):
    """A matrix and a bias, cast to its input's dtype.

    Args:
        inputs: numbers that go in.
        outputs: numbers that come out.
        bound: initial weights are uniform between it and its negative.
        bias_bound: the same of the bias.
        generator: the source of the initial weights, on the CPU.
    """

    def __init__(
        self, inputs: int, outputs: int, bound: float, bias_bound: float, *, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(outputs, inputs).uniform_(-bound, bound, generator=generator))
        self.bias = nn.Parameter(torch.empty(outputs).uniform_(-bias_bound, bias_bound, generator=generator))

    def forward(self, x: Tensor) -> Tensor:
        """Map the last axis of `x` [..., inputs] to [..., outputs]."""
        return F.linear(x, self.weight.to(x.dtype), self.bias.to(x.dtype))


def plain_affine(inputs: int, outputs: int, generator: torch.Generator) -> Affine:
    """One with the initial weights of torch's linear layer."""
    bound = 1 / math.sqrt(inputs)
    return Affine(inputs, outputs, bound, bound, generator=generator)


class Norm(nn.Module):
    """LayerNorm over D with weights, cast to its input's dtype."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [..., D] to [..., D]."""
        return F.layer_norm(x, x.shape[-1:], self.weight.to(x.dtype), self.bias.to(x.dtype), _NORM_EPS)


class LDTLayer(nn.Module):
    """Attention and an MLP, each with the norm before it and added to what came in.

    Args:
        config: its sizes.
        number: of the layer, from 0; layers draw apart.
        generator: the source of the initial weights, on the CPU.
    """

    def __init__(self, config: LDTConfig, number: int, *, generator: torch.Generator) -> None:
        super().__init__()
        width, inner = config.width, config.inner or 4 * config.width
        self.num_heads, self.dropout, self.first_draw = config.num_heads, config.dropout, _NUM_DRAWS * number
        self.norms = nn.ModuleList(Norm(width) for _ in range(2))
        self.qkv = Affine(width, 3 * width, math.sqrt(6 / (4 * width)), 0.0, generator=generator)
        self.out = Affine(width, width, 1 / math.sqrt(width), 0.0, generator=generator)
        self.up = plain_affine(width, inner, generator)
        self.down = plain_affine(inner, width, generator)

    def forward(self, x: Tensor, keys: Tensor | None) -> Tensor:
        """Map `x` [S + 1, B, D] to [S + 1, B, D]; dropout draws from `keys` int64 [B], without which there is none."""
        x = x + self._dropped(self._attend(self.norms[0](x), keys), _MIXED, keys)
        return x + self._dropped(self.down(F.gelu(self.up(self.norms[1](x)))), _ADDED, keys)

    def _attend(self, x: Tensor, keys: Tensor | None) -> Tensor:
        seq_len, batch, width = x.shape
        heads = self.qkv(x).view(seq_len, batch, 3, self.num_heads, width // self.num_heads)
        query, key, value = heads.permute(2, 1, 3, 0, 4)
        if keys is None:
            mixed = F.scaled_dot_product_attention(query, key, value)
        else:
            scores = (query @ key.mT / math.sqrt(query.shape[-1])).softmax(-1)
            mixed = _without(scores, self._left_out(scores, _SCORES, keys), self.dropout) @ value
        result: Tensor = self.out(mixed.permute(2, 0, 1, 3).reshape(seq_len, batch, width))
        return result

    def _dropped(self, x: Tensor, draw: int, keys: Tensor | None) -> Tensor:
        """`x` [S + 1, B, ...] without what is left out."""
        if keys is None:
            return x
        return _without(x, self._left_out(x.transpose(0, 1), draw, keys).transpose(0, 1), self.dropout)

    def _left_out(self, x: Tensor, draw: int, keys: Tensor) -> Tensor:
        """What is left out of `x` [B, ...], bool of the same shape."""
        return picked(keys, self.first_draw + draw, x[0].numel(), self.dropout).view(x.shape)


def _without(x: Tensor, left_out: Tensor, chance: float) -> Tensor:
    """`x` without some numbers; the others are raised, so that sums stay as large."""
    return x.masked_fill(left_out, 0) / (1 - round(256 * chance) / 256)


class LDTLevel(nn.ModuleList):
    """The layers of a loop; see `LDTLayer.forward`."""

    def forward(self, x: Tensor, keys: Tensor | None) -> Tensor:
        """Map `x` [S + 1, B, D] to [S + 1, B, D]."""
        for layer in self:
            x = layer(x, keys)
        return x


class LDT(nn.Module):
    """The network: `CandidateNetwork`; it has no puzzle embeddings.

    Args:
        config: its sizes.
        sizes: of the corpus: as many rows as columns, and one token a digit, the last ones of the vocabulary.
        generator: the source of the initial weights, on the CPU.
        dtype: of the forward pass; weights are float32.

    Raises:
        SettingError: the corpus has no such grid.
    """

    puzzle_table = None

    def __init__(
        self,
        config: LDTConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.config, self.dtype = config, dtype
        self.digits, self.num_cells = _digits_of(sizes), sizes.seq_len
        n, width = len(self.digits), config.width
        self.candidates = plain_affine(n, width, generator)
        self.places = nn.ParameterList(nn.Parameter(torch.randn(n, width, generator=generator)) for _ in range(2))
        self.state_token = nn.Parameter(_TOKEN_DEVIATION * torch.randn(width, generator=generator))
        self.level = LDTLevel(LDTLayer(config, number, generator=generator) for number in range(config.num_layers))
        self.loop_norm = Norm(width)
        self.keep, self.digit = (plain_affine(width, n, generator) for _ in range(2))
        self.contradiction = plain_affine(width, 1, generator)

    @property
    def core(self) -> nn.Module:
        """The layers of a loop, worth compiling."""
        return self.level

    def eliminate(
        self, candidates: Tensor, inputs: Tensor, rows: Tensor | None, num_loops: int, keys: Tensor | None = None
    ) -> Deduction:
        """What is left of states of candidates, which alone are looked at; see `CandidateNetwork`.

        Raises:
            SettingError: in training, there is dropout and no keys to draw it from.
        """
        drawn = self._drawn_from(keys)
        first = self.candidates(candidates.transpose(0, 1).to(self.dtype))
        row, column = self.places
        places = (row.unsqueeze(1) + column).view(self.num_cells, 1, -1).to(self.dtype)
        token = self.state_token.to(self.dtype).expand(1, len(inputs), -1)
        h, said = first, []
        for loop in range(num_loops):
            h = h + first
            out = self.level(torch.cat((h + places, token)), None if drawn is None else keys_at(drawn, loop))
            h = self.loop_norm(h + out[:-1])
            cells = (wide(head(h)).transpose(0, 1) for head in (self.keep, self.digit))
            said.append((*cells, wide(self.contradiction(out[-1])).squeeze(-1)))
        return Deduction(*(torch.stack(one) for one in zip(*said, strict=True)))

    def _drawn_from(self, keys: Tensor | None) -> Tensor | None:
        """`keys` where there is dropout, None where there is none.

        Raises:
            SettingError: there is dropout and no keys to draw it from.
        """
        if not (self.training and self.config.dropout):
            return None
        if keys is None:
            raise SettingError("model.dropout has to draw, and this learner does not; set model.dropout=0")
        return keys


def _digits_of(sizes: CorpusSizes) -> range:
    """The tokens that may stand in a cell.

    Raises:
        SettingError: the corpus has no square grid with as many digits as rows.
    """
    n = sizes.rows
    if not 1 < n == sizes.columns < sizes.vocab_size or sizes.seq_len != n * n:
        raise SettingError(
            f"this model asks for grids with as many rows as columns, and as many digits; the corpus has {n} rows, "
            f"{sizes.columns} columns, {sizes.seq_len} cells and {sizes.vocab_size} tokens; set another model.name"
        )
    return range(sizes.vocab_size - n, sizes.vocab_size)


PART = Part(config=LDTConfig, build=LDT)
