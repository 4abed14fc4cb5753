"""The Tiny Recursive Model: one small network, called again and again on two latent states.

Parameter names and shapes are the published ones, so a published state dict loads once its prefix
(``_orig_mod.model.inner.``) is taken off its keys.

Shapes: B batch, S sequence with its P prefix slots, D width, V vocabulary.
Source: TinyRecursiveModels, arXiv 2510.04871; defaults are its Sudoku-Extreme model.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..checks import at_least, one_of
from ..errors import RunError, SettingError
from ..parts import Part
from ..published_form import PublishedForm, Shapes, count_layers, dimension
from .layers import Attention, ChannelMLP, Linear, TokenMLP, inner_width, rms_norm, rotary_tables, trunc_normal
from .net import CorpusSizes, Latents, Outcome

MIXERS = ("mlp_t", "attention")
_Q_BIAS = -5.0
"""The halting head starts sure that nothing is solved (published code)."""
_ROPE_BASE = 10000.0
_MOST_REPEATS = 1000
"""Layers, and cycles of a step: far beyond any TRM, and few enough that the modules are made in a second."""
_MOST_WIDTH = 1 << 20
_CYCLES = ("h_cycles", "l_cycles")


@dataclass(frozen=True, slots=True, kw_only=True)
class TRMConfig:
    """Sizes of a TRM; the defaults are the published Sudoku-Extreme mixer.

    Attributes:
        mixer: ``"mlp_t"`` mixes tokens by an MLP over the sequence, ``"attention"`` by attention with rotary positions.
        width: D, numbers in the vector of a token.
        num_layers: layers of the one network that every call shares.
        num_heads: heads of the attention mixer.
        inner: inner width of the MLP over the width; 0 takes the published rule, about 8/3 of it.
        token_inner: inner width of the MLP over the sequence; 0 takes the published rule, about 8/3 of its length.
        num_prefix: prefix slots; slot 0 holds the puzzle embedding, the others zeros.
        h_cycles: H, cycles of a supervision step; only the last one is differentiated.
        l_cycles: L, updates of z_L in a cycle, before the one of z_H.
    """

    mixer: str = "mlp_t"
    width: int = 512
    num_layers: int = 2
    num_heads: int = 8
    inner: int = 0
    token_inner: int = 0
    num_prefix: int = 16
    h_cycles: int = 3
    l_cycles: int = 6

    def __post_init__(self) -> None:
        one_of("model.mixer", self.mixer, MIXERS)
        at_least(1, self, "model", "num_layers", "h_cycles", "l_cycles", most=_MOST_REPEATS)
        at_least(1, self, "model", "width", "num_heads", most=_MOST_WIDTH)
        at_least(0, self, "model", "inner", "token_inner", "num_prefix", most=_MOST_WIDTH)
        if self.mixer == "attention" and self.width % (2 * self.num_heads):
            raise SettingError(
                f"model.width {self.width} does not split into {self.num_heads} heads of even width; "
                "set model.width or model.num_heads"
            )

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        return f"{self.mixer}, width {self.width}, H {self.h_cycles} L {self.l_cycles}"


class Block(nn.Module):
    """One layer, post-norm: mix the tokens, then the channels of each."""

    def __init__(self, config: TRMConfig, seq_len: int, *, generator: torch.Generator) -> None:
        super().__init__()
        if config.mixer == "mlp_t":
            token_inner = config.token_inner or inner_width(seq_len)
            self.mlp_t = TokenMLP(seq_len, token_inner, generator=generator)
        else:
            self.self_attn = Attention(config.width, config.num_heads, generator=generator)
        self.mlp = ChannelMLP(config.width, config.inner or inner_width(config.width), generator=generator)
        self.mixes_by_mlp = config.mixer == "mlp_t"

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None) -> Tensor:
        """Map `x` [S, B, D] to [S, B, D]."""
        if rotary is None:
            # The published mixer works on [B, D, S], so its first norm runs over the sequence.
            x = rms_norm(x + self.mlp_t(x), dim=0)
        else:
            x = rms_norm(x + self.self_attn(x, *rotary), dim=-1)
        return rms_norm(x + self.mlp(x), dim=-1)


class Level(nn.Module):
    """The shared network: its layers, one after another."""

    def __init__(self, config: TRMConfig, seq_len: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block(config, seq_len, generator=generator) for _ in range(config.num_layers))

    def forward(self, x: Tensor, rotary: tuple[Tensor, Tensor] | None) -> Tensor:
        """Map `x` [S, B, D] to [S, B, D]."""
        for layer in self.layers:
            x = layer(x, rotary)
        return x


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


class HaltingHead(nn.Module):
    """Two logits from one latent: that the answer is right, and the published code's "continue"."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(2, width))
        self.bias = nn.Parameter(torch.full((2,), _Q_BIAS))

    def forward(self, latent: Tensor) -> tuple[Tensor, Tensor]:
        """Both logits, float32 [B] each, from `latent` [B, D]."""
        both = nn.functional.linear(latent.float(), self.weight, self.bias)
        return both[:, 0], both[:, 1]


class TRM(nn.Module):
    """Tiny Recursive Model with an MLP or an attention mixer.

    Args:
        config: its sizes.
        sizes: of the corpus.
        generator: the source of the initial weights, on the CPU.
        dtype: of the forward pass; weights are float32.
    """

    H_init: Tensor
    L_init: Tensor
    cosine: Tensor
    sine: Tensor

    def __init__(
        self,
        config: TRMConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.config, self.dtype = config, dtype
        self.seq_len = sizes.seq_len + config.num_prefix
        width = config.width
        self.embed_tokens = TokenEmbedding(sizes.vocab_size, width, generator=generator)
        self.lm_head = Linear(width, sizes.vocab_size, generator=generator)
        self.q_head = HaltingHead(width)
        self.L_level = Level(config, self.seq_len, generator=generator)
        if config.num_prefix:
            self.puzzle_emb = PuzzleEmbedding(sizes.num_identifiers, width)
        for name in ("H_init", "L_init"):
            self.register_buffer(name, trunc_normal((width,), 1.0, generator, torch.bfloat16))
        self._register_rotary()

    def _register_rotary(self) -> None:
        config = self.config
        if config.mixer == "attention":
            cosine, sine = rotary_tables(self.seq_len, config.width // config.num_heads, _ROPE_BASE)
            self.register_buffer("cosine", cosine, persistent=False)
            self.register_buffer("sine", sine, persistent=False)

    @property
    def core(self) -> nn.Module:
        """The part that recursion calls, worth compiling."""
        return self.L_level

    @property
    def puzzle_table(self) -> Tensor | None:
        """See `Network`; there is none without prefix slots, which would hold its rows."""
        return self.puzzle_emb.weights if self.config.num_prefix else None

    def initial(self, keys: Tensor) -> Latents:
        """`z_H` and `z_L` that every example starts from, [S, B, D]; nothing is drawn."""
        shape = (self.seq_len, len(keys), self.config.width)
        return {"z_H": self.H_init.to(self.dtype).expand(shape), "z_L": self.L_init.to(self.dtype).expand(shape)}

    def embed(self, inputs: Tensor, rows: Tensor | None) -> Tensor:
        """Embedded tokens [S, B, D] with the prefix, times sqrt(D), in the forward dtype."""
        x = self.embed_tokens(inputs.T.contiguous())
        if rows is not None:
            zeros = x.new_zeros((self.config.num_prefix - 1, *x.shape[1:]))
            x = torch.cat((rows[None], zeros, x))
        scaled: Tensor = math.sqrt(self.config.width) * x
        return scaled.to(self.dtype)

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor | None = None) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step` for shapes. Nothing is drawn."""
        x = self.embed(inputs, rows)
        z_H, z_L = latents["z_H"], latents["z_L"]
        with torch.no_grad():
            for _ in range(self.config.h_cycles - 1):
                z_H, z_L = self._cycle(z_H, z_L, x)
        z_H, z_L = self._cycle(z_H, z_L, x)
        logits = self.lm_head(z_H[self.config.num_prefix :]).transpose(0, 1).float()
        return Outcome({"z_H": z_H.detach(), "z_L": z_L.detach()}, logits, *self.q_head(z_H[0]))

    def forward(self, inputs: Tensor, rows: Tensor | None) -> Tensor:
        """Logits [B, S, V] of a single supervision step from the initial latents: `DirectNetwork`."""
        return self.step(self.initial(inputs[:, 0]), inputs, rows).logits

    def _cycle(self, z_H: Tensor, z_L: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        rotary = (self.cosine, self.sine) if self.config.mixer == "attention" else None
        for _ in range(self.config.l_cycles):
            z_L = self.L_level(z_L + (z_H + x), rotary)
        return self.L_level(z_H + z_L, rotary), z_L


def published_sizes(shapes: Shapes, seq_len: int, base: Mapping[str, Any]) -> TRMConfig:
    """The config of a published state dict; see `PublishedForm.sizes`.

    Sizes that follow the published rule are given as 0, so that published checkpoints have the config of their preset.

    Args:
        shapes: of its tensors.
        seq_len: tokens of an example.
        base: settings of which heads and cycles hold, and the prefix where no mixer over the sequence tells it.
    """
    layer = "L_level.layers.0"
    width = dimension(shapes, "embed_tokens.embedding_weight", 1)
    inner = dimension(shapes, f"{layer}.mlp.down_proj.weight", 1)
    found = {
        **base,
        "width": width,
        "num_layers": count_layers(shapes, "L_level.layers."),
        "inner": 0 if inner == inner_width(width) else inner,
    }
    if f"{layer}.self_attn.qkv_proj.weight" in shapes:
        num_prefix = base["num_prefix"] if "puzzle_emb.weights" in shapes else 0
        return TRMConfig(**{**found, "mixer": "attention", "token_inner": 0, "num_prefix": num_prefix})
    whole, token_inner = (dimension(shapes, f"{layer}.mlp_t.down_proj.weight", axis) for axis in (0, 1))
    if whole < seq_len:
        raise RunError(f"{layer}.mlp_t.down_proj.weight mixes {whole:,} tokens, expected {seq_len:,} at least")
    token_inner = 0 if token_inner == inner_width(whole) else token_inner
    return TRMConfig(**{**found, "mixer": "mlp_t", "token_inner": token_inner, "num_prefix": whole - seq_len})


def untold_settings(config: TRMConfig) -> tuple[str, ...]:
    """What the tensors of a published state dict do not tell; see `PublishedForm.untold`."""
    return ("num_heads", "num_prefix", *_CYCLES) if config.mixer == "attention" else _CYCLES


PART = Part(
    config=TRMConfig,
    build=TRM,
    published=PublishedForm(
        modules=frozenset({"H_init", "L_init", "embed_tokens", "lm_head", "q_head", "L_level"}),
        optional_modules=frozenset({"puzzle_emb"}),
        tokens="embed_tokens.embedding_weight",
        puzzles="puzzle_emb.weights",
        sizes=published_sizes,
        untold=untold_settings,
    ),
)
