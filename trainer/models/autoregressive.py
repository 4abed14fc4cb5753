"""A transformer that reads a puzzle and writes its answer token by token, each by all that stands before it.

The sequence is the tokens of the puzzle, then those of the answer; attention is causal. The last token of the puzzle
predicts the first of the answer, each token of the answer the next one, so the last one is never read. Blocks are
pre-norm with RMSNorm without weights and SwiGLU, no biases. It is the ordinary way to predict, beside which recursive
networks are measured.

Answering keeps the keys and values of all that was read (a cache), so that a token costs one position.

Shapes: B batch, S tokens of a puzzle, and of an answer, P prefix slots (1 with a puzzle embedding, else 0), T places of
the sequence, P + 2 S - 1, t places at hand, D width, N heads, V vocabulary.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..checks import at_least, one_of
from ..errors import SettingError
from ..parts import Part
from ..widening import wide
from .layers import ChannelMLP, Linear, inner_width, rms_norm, rotate, trunc_normal
from .net import CorpusSizes
from .positions import Positions

POSITIONS = ("rotary", "learned")
_MOST_LAYERS = 1000
_MOST_WIDTH = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoregressiveConfig:
    """Sizes of the transformer; with the defaults it has 27M parameters, as HRM and direct prediction in TRM's tables.

    Attributes:
        width: D, numbers in the vector of a token.
        num_layers: layers, each with weights of its own.
        num_heads: heads of the attention.
        inner: inner width of the MLP; 0 takes about 8/3 of the width.
        positions: ``"rotary"``, or ``"learned"``, a vector for each place of the sequence.
        num_prefix: 1 for a slot before the puzzle that holds its puzzle embedding, 0 for none.
    """

    width: int = 512
    num_layers: int = 8
    num_heads: int = 8
    inner: int = 0
    positions: str = "rotary"
    num_prefix: int = 0

    def __post_init__(self) -> None:
        one_of("model.positions", self.positions, POSITIONS)
        at_least(1, self, "model", "num_layers", most=_MOST_LAYERS)
        at_least(1, self, "model", "width", "num_heads", most=_MOST_WIDTH)
        at_least(0, self, "model", "inner", most=_MOST_WIDTH)
        at_least(0, self, "model", "num_prefix", most=1)
        if self.width % (2 * self.num_heads):
            raise SettingError(
                f"model.width {self.width} does not split into {self.num_heads} heads of even width; "
                "set model.width or model.num_heads"
            )

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        return f"width {self.width}, {self.num_layers} layers, {self.positions} positions"


@dataclass(slots=True)
class Cache:
    """What was read of B sequences.

    Attributes:
        length: places that were read.
        keys: [layers, B, N, T, D/N], filled up to `length`.
        values: likewise.
    """

    length: int
    keys: Tensor
    values: Tensor


class CausalAttention(nn.Module):
    """Self-attention of every place to itself and those before it."""

    def __init__(self, width: int, num_heads: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.qkv_proj = Linear(width, 3 * width, generator=generator)
        self.o_proj = Linear(width, width, generator=generator)

    def heads(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values [B, N, t, D/N] of `x` [t, B, D], turned by their places."""
        length, batch, width = x.shape
        stacked = self.qkv_proj(x).view(length, batch, 3, self.num_heads, width // self.num_heads)
        query, key, value = stacked.permute(2, 1, 3, 0, 4)
        if rotary is not None:
            query, key = rotate(query, *rotary), rotate(key, *rotary)
        return query, key, value

    def merged(self, mixed: Tensor) -> Tensor:
        """The outcome [t, B, D] of heads [B, N, t, D/N]."""
        result: Tensor = self.o_proj(mixed.permute(2, 0, 1, 3).flatten(2))
        return result


class DecoderBlock(nn.Module):
    """One layer, pre-norm: attention, then the MLP."""

    def __init__(self, config: AutoregressiveConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.self_attn = CausalAttention(config.width, config.num_heads, generator=generator)
        self.mlp = ChannelMLP(config.width, config.inner or inner_width(config.width), generator=generator)

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None) -> Tensor:
        """Map whole sequences `x` [t, B, D] to [t, B, D]."""
        query, key, value = self.self_attn.heads(rms_norm(x, -1), rotary)
        x = x + self.self_attn.merged(F.scaled_dot_product_attention(query, key, value, is_causal=True))
        x = x + self.mlp(rms_norm(x, -1))
        return x

    def extend(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None, cache: Cache, layer: int) -> Tensor:
        """The same for places that follow those of the cache, which takes them in: all first ones at once, or one.

        Args:
            x: [t, B, D].
            rotary: the tables of these places.
            cache: what was read before.
            layer: number of this layer in the cache.
        """
        query, key, value = self.self_attn.heads(rms_norm(x, -1), rotary)
        stop = cache.length + len(x)
        cache.keys[layer, :, :, cache.length : stop] = key
        cache.values[layer, :, :, cache.length : stop] = value
        seen = cache.keys[layer, :, :, :stop], cache.values[layer, :, :, :stop]
        x = x + self.self_attn.merged(F.scaled_dot_product_attention(query, *seen, is_causal=cache.length == 0))
        x = x + self.mlp(rms_norm(x, -1))
        return x


class Decoder(nn.Module):
    """All layers, one after another, and the last norm."""

    def __init__(self, config: AutoregressiveConfig, *, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(DecoderBlock(config, generator=generator) for _ in range(config.num_layers))

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None) -> Tensor:
        """Map whole sequences `x` [t, B, D] to [t, B, D]."""
        for layer in self.layers:
            x = layer(x, rotary)
        return rms_norm(x, -1)

    def extend(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None, cache: Cache) -> Tensor:
        """The same for places that follow those of the cache, see `DecoderBlock.extend`."""
        for number, layer in enumerate(self.layers):
            assert isinstance(layer, DecoderBlock)
            x = layer.extend(x, rotary, cache, number)
        cache.length += len(x)
        return rms_norm(x, -1)


class Autoregressive(nn.Module):
    """The network: `WritingNetwork`.

    Args:
        config: its sizes.
        sizes: of the corpus.
        generator: the source of the initial weights, on the CPU.
        dtype: of the forward pass; weights are float32.
    """

    puzzle_rows: Tensor

    def __init__(
        self,
        config: AutoregressiveConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.config, self.dtype = config, dtype
        self.num_places = config.num_prefix + 2 * sizes.seq_len - 1
        width, std = config.width, 1 / math.sqrt(config.width)
        self.tokens = nn.Parameter(trunc_normal((sizes.vocab_size, width), std, generator))
        self.decoder = Decoder(config, generator=generator)
        self.lm_head = Linear(width, sizes.vocab_size, generator=generator)
        if config.num_prefix:
            self.register_buffer("puzzle_rows", torch.zeros(sizes.num_identifiers, width))
        if config.positions == "learned":
            self.places = nn.Parameter(trunc_normal((self.num_places, width), std, generator))
        kind = "none" if config.positions == "learned" else config.positions
        # Places count through the puzzle and its answer; those of the answer go in as if they were prefix slots.
        beside = self.num_places - sizes.seq_len
        self.positions = Positions(kind, beside, width // config.num_heads, sizes, dtype)

    @property
    def core(self) -> nn.Module:
        """The layers, worth compiling."""
        return self.decoder

    @property
    def puzzle_table(self) -> Tensor | None:
        """See `Network`; there is none without a prefix slot, which would hold its rows."""
        return self.puzzle_rows if self.config.num_prefix else None

    def follow(self, inputs: Tensor, answers: Tensor, rows: Tensor | None) -> Tensor:
        """Logits of every token of given answers, by those before it; see `WritingNetwork.follow`."""
        x = self._embedded(torch.cat((inputs, answers[:, :-1]), 1), rows)
        return self._logits(self.decoder(x, self._rotary(0, len(x)))[-answers.shape[1] :])

    def read(self, inputs: Tensor, rows: Tensor | None) -> tuple[Tensor, Cache]:
        """Logits of the first token of answers; see `WritingNetwork.read`."""
        x = self._embedded(inputs, rows)
        heads = self.config.num_heads
        shape = (self.config.num_layers, len(inputs), heads, self.num_places, self.config.width // heads)
        cache = Cache(0, x.new_zeros(shape), x.new_zeros(shape))
        x = self.decoder.extend(x, self._rotary(0, len(x)), cache)
        return self._logits(x[-1:])[:, 0], cache

    def write(self, tokens: Tensor, cache: Cache) -> Tensor:
        """Logits of the next token of answers; see `WritingNetwork.write`."""
        x = self._embedded(tokens[:, None], None, cache.length)
        x = self.decoder.extend(x, self._rotary(cache.length, 1), cache)
        return self._logits(x)[:, 0]

    def _embedded(self, tokens: Tensor, rows: Tensor | None, start: int = 0) -> Tensor:
        """`tokens` [B, t] from place `start` on, the puzzle embedding before them, as [t, B, D] times sqrt(D)."""
        x = F.embedding(tokens.T.contiguous(), self.tokens)
        if rows is not None:
            x = torch.cat((rows[None], x))
        if self.config.positions == "learned":
            x = x + self.places[start : start + len(x), None]
        scaled: Tensor = math.sqrt(self.config.width) * x
        return scaled.to(self.dtype)

    def _rotary(self, start: int, length: int) -> tuple[Tensor, Tensor] | None:
        tables = self.positions.tables
        return tables and (tables[0][start : start + length], tables[1][start : start + length])

    def _logits(self, x: Tensor) -> Tensor:
        """[B, t, V] of `x` [t, B, D]."""
        return wide(self.lm_head(x).transpose(0, 1))


PART = Part(config=AutoregressiveConfig, build=Autoregressive)
