"""What the networks share: layers of token and channel mixing, and from tokens to vectors and back.

Module and parameter names are the published ones, as are the initial weights and the order in which they are drawn.

Shapes: B batch, S sequence with its P prefix slots, D width, N heads, V vocabulary, I identifiers.
Source: TinyRecursiveModels, arXiv 2510.04871, whose parts are HRM's (arXiv 2506.21734) with the mixer beside attention.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from ..checks import at_least, one_of
from ..errors import SettingError
from ..parts import later
from ..widening import wide
from .layers import (
    GATES,
    Attention,
    ChannelMLP,
    Linear,
    Rotary,
    TokenMLP,
    inner_width,
    rms_norm,
    trunc_normal,
)
from .neighbours import NeighbourMixer
from .net import CorpusSizes
from .positions import POSITIONS, Positions

MIXERS = ("mlp_t", "attention", "conv")
_SETTINGS_OF_MIXERS = {"mlp_t": ("token_inner",), "attention": ("num_heads", "positions"), "conv": ()}
MOST_REPEATS = 1000
"""Layers, and cycles of a step: far beyond any such network, and few enough that the modules are made in a second."""
MOST_WIDTH = 1 << 20
"""Numbers of a vector, and heads and slots: far beyond any such network."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StackConfig:
    """Sizes that all networks of these layers have; each has a config of its own, with defaults as it was published.

    Attributes:
        mixer: ``"mlp_t"`` mixes tokens by an MLP over the sequence, ``"attention"`` by attention, ``"conv"``, which is
            ours, by a convolution with the cells around, see `neighbours`.
        width: D, numbers in the vector of a token.
        num_layers: layers of a network, or of each of two.
        num_heads: heads of the attention mixer.
        inner: inner width of the MLP over the width; 0 takes the published rule, about 8/3 of it.
        token_inner: inner width of the MLP over the sequence; 0 takes the published rule, about 8/3 of its length.
        num_prefix: prefix slots; slot 0 holds the puzzle embedding, the others zeros.
        positions: what attention knows of where a token is: ``"rotary"``, its place in the sequence, ``"rotary2d"``,
            row and column of its cell, or ``"none"``.
        mlp: the gate of both MLPs: ``"swiglu"``, as published, or ``"normed"``, sigmoid(gate) * RMSNorm(gate * up).
    """

    mixer: str = "mlp_t"
    width: int = 512
    num_layers: int = 2
    num_heads: int = 8
    inner: int = 0
    token_inner: int = 0
    num_prefix: int = 16
    positions: str = later("rotary")
    mlp: str = later("swiglu")

    def idle_settings(self) -> tuple[str, ...]:
        """Names of the settings that other mixers have and this one does not look at."""
        others = [names for mixer, names in _SETTINGS_OF_MIXERS.items() if mixer != self.mixer]
        return tuple(name for names in others for name in names)


def check_stack(config: StackConfig) -> None:
    """Refuse sizes that are out of range.

    Raises:
        SettingError: one of them is, or they do not go together.
    """
    one_of("model.mixer", config.mixer, MIXERS)
    one_of("model.positions", config.positions, POSITIONS)
    one_of("model.mlp", config.mlp, GATES)
    at_least(1, config, "model", "num_layers", most=MOST_REPEATS)
    at_least(1, config, "model", "width", "num_heads", most=MOST_WIDTH)
    at_least(0, config, "model", "inner", "token_inner", "num_prefix", most=MOST_WIDTH)
    if config.mixer == "conv" and not config.num_prefix:
        raise SettingError(
            "model.mixer conv gathers what halting needs in a prefix slot, and model.num_prefix is 0; set it to 1"
        )
    if config.mixer != "attention":
        return
    numbers, words = (4, "a width that 4 divides") if config.positions == "rotary2d" else (2, "even width")
    if config.width % (numbers * config.num_heads):
        raise SettingError(
            f"model.width {config.width} does not split into {config.num_heads} heads of {words}; "
            "set model.width or model.num_heads"
        )


class Block(nn.Module):
    """One layer: mix the tokens, then the channels of each; post-norm as published, or pre-norm.

    Args:
        config: its sizes.
        sizes: of the corpus.
        generator: the source of the initial weights, on the CPU.
        pre_norm: whether the norms stand before what is added, not after the sum.
    """

    def __init__(
        self, config: StackConfig, sizes: CorpusSizes, *, generator: torch.Generator, pre_norm: bool = False
    ) -> None:
        super().__init__()
        self.mixer, self.pre_norm = config.mixer, pre_norm
        if self.mixer == "mlp_t":
            seq_len = sizes.seq_len + config.num_prefix
            token_inner = config.token_inner or inner_width(seq_len)
            self.mlp_t = TokenMLP(seq_len, token_inner, generator=generator, gate=config.mlp)
        elif self.mixer == "conv":
            self.conv = NeighbourMixer(config.width, config.num_prefix, sizes, generator=generator)
        else:
            self.self_attn = Attention(config.width, config.num_heads, generator=generator)
        inner = config.inner or inner_width(config.width)
        self.mlp = ChannelMLP(config.width, inner, generator=generator, gate=config.mlp)

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Map `x` [S, B, D] to [S, B, D]."""
        # The published mixer works on [B, D, S], so its first norm runs over the sequence.
        first = 0 if self.mixer == "mlp_t" else -1
        if self.pre_norm:
            x = x + self._mix(rms_norm(x, dim=first), rotary)
            summed: Tensor = x + self.mlp(rms_norm(x, dim=-1))
            return summed
        x = rms_norm(x + self._mix(x, rotary), dim=first)
        return rms_norm(x + self.mlp(x), dim=-1)

    def _mix(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        if self.mixer == "attention":
            attended: Tensor = self.self_attn(x, rotary)
            return attended
        mixed: Tensor = self.mlp_t(x) if self.mixer == "mlp_t" else self.conv(x)
        return mixed


class Level(nn.Module):
    """A network of layers, one after another; with pre-norm their sum is normed at the end.

    See `Block` for its arguments.
    """

    def __init__(
        self, config: StackConfig, sizes: CorpusSizes, *, generator: torch.Generator, pre_norm: bool = False
    ) -> None:
        super().__init__()
        self.pre_norm = pre_norm
        self.layers = nn.ModuleList(
            Block(config, sizes, generator=generator, pre_norm=pre_norm) for _ in range(config.num_layers)
        )

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Map `x` [S, B, D] to [S, B, D]."""
        for layer in self.layers:
            x = layer(x, rotary)
        return rms_norm(x, dim=-1) if self.pre_norm else x


class TokenEmbedding(nn.Module):
    """A row for each token."""

    def __init__(self, vocab_size: int, width: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.embedding_weight = nn.Parameter(trunc_normal((vocab_size, width), 1 / math.sqrt(width), generator))

    def forward(self, tokens: Tensor) -> Tensor:
        """Rows [..., D] of `tokens` [...]."""
        return nn.functional.embedding(tokens, self.embedding_weight)


class PuzzleEmbedding(nn.Module):
    """A row for each puzzle identifier; a buffer, as sign-SGD trains it and not the network's optimiser."""

    weights: Tensor

    def __init__(self, num_identifiers: int, width: int) -> None:
        super().__init__()
        self.register_buffer("weights", torch.zeros(num_identifiers, width))


class TokenNetwork(nn.Module):
    """From tokens to vectors and from vectors to logits; abstract, the layers between are a network's own.

    Args:
        config: its sizes.
        sizes: of the corpus.
        generator: the source of the initial weights, on the CPU.
        dtype: of the forward pass; weights are float32.
    """

    def __init__(
        self, config: StackConfig, sizes: CorpusSizes, *, generator: torch.Generator, dtype: torch.dtype
    ) -> None:
        super().__init__()
        self.stack, self.dtype = config, dtype
        self.seq_len = sizes.seq_len + config.num_prefix
        self.embed_tokens = TokenEmbedding(sizes.vocab_size, config.width, generator=generator)
        self.lm_head = Linear(config.width, sizes.vocab_size, generator=generator)
        if config.num_prefix:
            self.puzzle_emb = PuzzleEmbedding(sizes.num_identifiers, config.width)
        positions = config.positions if config.mixer == "attention" else "none"
        self.positions = Positions(positions, config.num_prefix, config.width // config.num_heads, sizes, dtype)

    @property
    def rotary(self) -> Rotary | None:
        """What attention is given of positions."""
        return self.positions.tables

    @property
    def puzzle_table(self) -> Tensor | None:
        """See `Network`; there is none without prefix slots, which would hold its rows."""
        return self.puzzle_emb.weights if self.stack.num_prefix else None

    def embed(self, inputs: Tensor, rows: Tensor | None) -> Tensor:
        """Embedded tokens [S, B, D] with the prefix, times sqrt(D), in the forward dtype: cast first, as published."""
        x = self.embed_tokens(inputs.T.contiguous())
        if rows is not None:
            zeros = x.new_zeros((self.stack.num_prefix - 1, *x.shape[1:]))
            x = torch.cat((rows[None], zeros, x))
        scaled: Tensor = math.sqrt(self.stack.width) * x.to(self.dtype)
        return scaled

    def answer(self, z: Tensor) -> Tensor:
        """Logits [B, S, V] of the tokens behind the prefix, float32 or wider, from `z` [S, B, D]."""
        return wide(self.lm_head(z[self.stack.num_prefix :]).transpose(0, 1))


def call(level: nn.Module, x: Tensor, rotary: Rotary | None, *, recompute: bool) -> Tensor:
    """A call of a network of layers.

    Nothing is drawn in the layers, so a second call gives the same numbers, and the gradient is the same bit for bit.

    Args:
        level: the network.
        x: [S, B, D].
        rotary: what attention is given of positions.
        recompute: keep nothing of the call for the way back but `x`, and call again there.
    """
    if recompute and torch.is_grad_enabled():
        again: Tensor = checkpoint(level, x, rotary, use_reentrant=False, preserve_rng_state=False)
        return again
    result: Tensor = level(x, rotary)
    return result


def cores(levels: Iterable[nn.Module]) -> nn.Module:
    """Several networks of layers as the one core that a network has to name; nothing is registered anew."""
    return nn.ModuleList(levels)
