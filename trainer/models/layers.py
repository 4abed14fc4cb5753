"""The parts of a recursive network, as published, in a sequence-first layout.

Activations are [S, B, D] inside a network: then both kinds of mixing are one plain matrix product, over tokens
``W @ x.view(S, B * D)`` and over channels ``x.view(S * B, D) @ W.T``, and nothing is ever transposed in memory. The
published code keeps [B, S, D] and copies twice a token mixing; the numbers are the same.

Shapes: B batch, S sequence (prefix slots included), D width, F inner width, N heads.
Source: TinyRecursiveModels, arXiv 2510.04871.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..widening import wide

NORM_EPS = 1e-5
"""RMSNorm's epsilon (published code)."""

_INNER_MULTIPLE = 256
_MOST_SEQUENCES = 65_535
"""Sequences times heads of one call of attention on CUDA, whose kernels count them along a side of their grid."""

Rotary = tuple[Tensor, Tensor]
"""Cosines and sines of rotary positions, [S, D/N] each."""


def inner_width(width: int, expansion: float = 4.0) -> int:
    """Published inner width of a SwiGLU: round(expansion * width * 2/3), up to a multiple of 256."""
    return -(-round(expansion * width * 2 / 3) // _INNER_MULTIPLE) * _INNER_MULTIPLE


def trunc_normal(
    shape: tuple[int, ...], std: float, generator: torch.Generator, dtype: torch.dtype = torch.float32
) -> Tensor:
    """A tensor of truncated normal values (cut at two sigma) whose standard deviation is exactly `std`.

    Args:
        shape: the tensor's shape.
        std: standard deviation after the cut; 0 gives zeros.
        generator: the source of randomness, on the CPU.
        dtype: dtype of the result; values are drawn in float32.

    Source: the published ``trunc_normal_init_``, which follows JAX: the cut alone would shrink the deviation.
    """
    if std == 0:
        return torch.zeros(shape, dtype=dtype)
    low, high = math.erf(-2 / math.sqrt(2)), math.erf(2 / math.sqrt(2))
    mass = (high - low) / 2
    density = math.exp(-2.0) / math.sqrt(2 * math.pi)
    shrink = math.sqrt(1 - 4 * density / mass)
    uniform = torch.empty(shape).uniform_(low, high, generator=generator)
    values = uniform.erfinv_().mul_(math.sqrt(2) * std / shrink)
    bound = 2 * std / shrink
    return values.clamp_(-bound, bound).to(dtype)


def rms_norm(x: Tensor, dim: int) -> Tensor:
    """RMSNorm without weights over axis `dim`, computed in float32 or wider and returned in the dtype of `x`."""
    exact = wide(x)
    return (exact * torch.rsqrt(exact.square().mean(dim, keepdim=True) + NORM_EPS)).to(x.dtype)


class Linear(nn.Module):
    """A matrix without bias that is cast to its input's dtype (published ``CastedLinear``)."""

    def __init__(self, inputs: int, outputs: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.weight = nn.Parameter(trunc_normal((outputs, inputs), 1 / math.sqrt(inputs), generator))

    def forward(self, x: Tensor) -> Tensor:
        """Map the last axis of `x` [..., inputs] to [..., outputs]."""
        return F.linear(x, self.weight.to(x.dtype))


def swiglu(gate: Tensor, up: Tensor, dim: int) -> Tensor:
    """The published gate, silu(gate) * up; `dim` does not matter."""
    return F.silu(gate) * up


def normed_gate(gate: Tensor, up: Tensor, dim: int) -> Tensor:
    """Sigmoid(gate) * RMSNorm(gate * up), the norm over axis `dim`; it bears the learning rates of Muon.

    Source: "Speed is Confidence", arXiv 2601.19085.
    """
    return gate.sigmoid() * rms_norm(gate * up, dim)


GATES = {"swiglu": swiglu, "normed": normed_gate}
"""What an MLP does between its two matrices, by name: from gate and up, and their axis of inner width."""


class ChannelMLP(nn.Module):
    """A gated MLP over channels: the gate is the first half of ``gate_up_proj``.

    Args:
        width: D.
        inner: F.
        generator: the source of the initial weights, on the CPU.
        gate: a name of `GATES`.
    """

    def __init__(self, width: int, inner: int, *, generator: torch.Generator, gate: str = "swiglu") -> None:
        super().__init__()
        self.gate = GATES[gate]
        self.gate_up_proj = Linear(width, 2 * inner, generator=generator)
        self.down_proj = Linear(inner, width, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [S, B, D] to [S, B, D]."""
        gate, up = self.gate_up_proj(x).chunk(2, dim=-1)
        result: Tensor = self.down_proj(self.gate(gate, up, -1))
        return result


class TokenMLP(nn.Module):
    """A gated MLP over the sequence (published ``mlp_t``), each channel for itself.

    Args:
        seq_len: S.
        inner: F.
        generator: the source of the initial weights, on the CPU.
        gate: a name of `GATES`.
    """

    def __init__(self, seq_len: int, inner: int, *, generator: torch.Generator, gate: str = "swiglu") -> None:
        super().__init__()
        self.gate = GATES[gate]
        self.gate_up_proj = Linear(seq_len, 2 * inner, generator=generator)
        self.down_proj = Linear(inner, seq_len, generator=generator)

    def forward(self, x: Tensor) -> Tensor:
        """Map `x` [S, B, D] to [S, B, D]."""
        flat = x.reshape(x.shape[0], -1)
        gate, up = (self.gate_up_proj.weight.to(x.dtype) @ flat).chunk(2, dim=0)
        return (self.down_proj.weight.to(x.dtype) @ self.gate(gate, up, 0)).view(x.shape)


class Attention(nn.Module):
    """Non-causal self-attention; Q, K and V are stacked in one projection.

    Args:
        width: D.
        num_heads: N.
        generator: the source of the initial weights, on the CPU.
        head_width: numbers of a head; 0 for D / N.
    """

    def __init__(self, width: int, num_heads: int, *, generator: torch.Generator, head_width: int = 0) -> None:
        super().__init__()
        self.num_heads, self.head_width = num_heads, head_width or width // num_heads
        stacked = num_heads * self.head_width
        self.qkv_proj = Linear(width, 3 * stacked, generator=generator)
        self.o_proj = Linear(stacked, width, generator=generator)

    def forward(self, x: Tensor, rotary: Rotary | None) -> Tensor:
        """Map `x` [S, B, D] to [S, B, D], given the tables of rotary positions; None for no positions at all."""
        seq_len, batch, _ = x.shape
        heads = self.qkv_proj(x).view(seq_len, batch, 3, self.num_heads, self.head_width)
        query, key, value = heads.permute(2, 1, 3, 0, 4)
        if rotary is not None:
            query, key = rotate(query, *rotary), rotate(key, *rotary)
        mixed = _attend(query, key, value)
        result: Tensor = self.o_proj(mixed.permute(2, 0, 1, 3).flatten(2))
        return result


def _attend(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Attention over [B, N, S, D/N] each, in as many parts as the device can take."""
    length = max(1, _MOST_SEQUENCES // query.shape[1])
    parts = (torch.split(tensor, length) for tensor in (query, key, value))
    mixed = [F.scaled_dot_product_attention(*part) for part in zip(*parts, strict=True)]
    return mixed[0] if len(mixed) == 1 else torch.cat(mixed)


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """Turn `x` [B, N, S, D/N] by its positions, the rotate-half form, in float32 or wider."""
    first, second = x.chunk(2, dim=-1)
    half = torch.cat((-second, first), dim=-1)
    return (x * cosine + half * sine).to(x.dtype)
