"""What networks that draw at random draw: values that are a pure function of a key, a draw and a position.

A key is any int64, one for each example. The keys of a training step are drawn by the learner; the steps of an answer
count on from the keys that it is asked with. A draw is a number by which a network tells its uses apart: the start of
one latent, the noise of one call. So a value depends neither on the other rows of a batch nor on what was drawn before,
and every device computes the same integers: there is no generator, and no state.

Integers are 32-bit ones, kept in int64 as torch has no arithmetic on uint32. No product leaves int64.

Shapes: B batch, S sequence, D width.
"""

import math

import torch
from torch import Tensor

_STRIDE = 0x9E3779B97F4A7C15 - (1 << 64)
"""Odd, so that keys of different steps differ; as a signed number."""
_MASK = 0xFFFFFFFF
_MULTIPLIERS = (0x7FEB352D, 0x846CA68B - (1 << 32))
"""Of lowbias32; the second as a signed number, which is the same modulo 2**32 and keeps products within int64."""
_SIGMAS = 2.0
"""Where a truncated normal is cut, as the initial weights are (published code)."""


def keys_at(keys: Tensor, step: int) -> Tensor:
    """The keys int64 [B] of the supervision step `step`, from 0, of an answer that is asked for with `keys`."""
    return keys + ((step * _STRIDE + (1 << 63)) % (1 << 64) - (1 << 63))


def mixed(x: Tensor) -> Tensor:
    """Other 32-bit integers for those of `x`, one for one, of which every bit depends on every bit.

    Source: lowbias32, found by C. Wellons ("Prospecting for hash functions", 2018; bias 0.17).
    """
    x = (x ^ (x >> 16)) * _MULTIPLIERS[0] & _MASK
    x = (x ^ (x >> 15)) * _MULTIPLIERS[1] & _MASK
    return x ^ (x >> 16)


def words(keys: Tensor, draw: int, seq_len: int, width: int) -> Tensor:
    """Uniform 32-bit integers, int64 [S, B, D].

    Key and draw become two words for each example; a position is mixed with the first, the outcome with the second.

    Args:
        keys: int64 [B].
        draw: number of the draw, 0 <= draw < 2**32.
        seq_len: S.
        width: D; there are fewer than 2**32 positions in all.
    """
    first, second = _words_of(keys, draw)
    positions = torch.arange(seq_len * width, device=keys.device).view(seq_len, 1, width)
    return mixed(mixed(positions ^ first[:, None]) + second[:, None] & _MASK)


def uniform(keys: Tensor, draw: int, count: int) -> Tensor:
    """Float64 [B, N], evenly from 0 up to 1.

    Args:
        keys: int64 [B].
        draw: number of the draw, 0 <= draw < 2**32.
        count: N, numbers of every example.
    """
    return words(keys, draw, count, 1).squeeze(-1).T.double() / (_MASK + 1)


def picked(keys: Tensor, draw: int, width: int, chance: float) -> Tensor:
    """Bool [B, N], true with a chance that is rounded to a whole number of 256ths; one word decides four numbers.

    Args:
        keys: int64 [B].
        draw: number of the draw, 0 <= draw < 2**32.
        width: N, numbers of every example.
        chance: from 0 to 1.
    """
    drawn = words(keys, draw, 1, -(-width // 4)).squeeze(0).to(torch.int32)
    bytes_of = torch.stack([drawn >> shift & 0xFF for shift in (0, 8, 16, 24)], dim=-1)
    return bytes_of.view(len(keys), -1)[:, :width] < round(256 * chance)


def normal(keys: Tensor, draw: int, seq_len: int, width: int, dtype: torch.dtype) -> Tensor:
    """Standard normal values [S, B, D].

    Args:
        keys: int64 [B].
        draw: number of the draw, 0 <= draw < 2**32.
        seq_len: S.
        width: D.
        dtype: of the result; values are computed in float32, for float64 in that.
    """
    return _symmetric(words(keys, draw, seq_len, width), dtype).erfinv().mul(math.sqrt(2)).to(dtype)


def normal_at(keys: Tensor, draw: int, at: tuple[Tensor, Tensor], width: int, dtype: torch.dtype) -> Tensor:
    """Some of the values of `normal`, [M, D], without the others being drawn.

    Args:
        keys: int64 [B].
        draw: number of the draw, 0 <= draw < 2**32.
        at: int64 [M] each, the positions in the sequence and the examples.
        width: D.
        dtype: see `normal`.
    """
    places, examples = at
    first, second = (own[examples, None] for own in _words_of(keys, draw))
    positions = places[:, None] * width + torch.arange(width, device=keys.device)
    drawn = mixed(mixed(positions ^ first) + second & _MASK)
    return _symmetric(drawn, dtype).erfinv().mul(math.sqrt(2)).to(dtype)


def truncated_normal(keys: Tensor, draw: int, seq_len: int, width: int, dtype: torch.dtype) -> Tensor:
    """Values [S, B, D] of a normal that is cut at two sigma and whose deviation is 1 after the cut, see `normal`."""
    mass = math.erf(_SIGMAS / math.sqrt(2))
    density = math.exp(-_SIGMAS * _SIGMAS / 2) / math.sqrt(2 * math.pi)
    deviation = math.sqrt(1 - 2 * _SIGMAS * density / mass)
    uniform = _symmetric(words(keys, draw, seq_len, width), dtype) * mass
    return uniform.erfinv().mul(math.sqrt(2) / deviation).to(dtype)


def _words_of(keys: Tensor, draw: int) -> tuple[Tensor, Tensor]:
    """The two words that a draw of each example is made with, int64 [B] each."""
    place = mixed(torch.full_like(keys, draw))
    first = mixed((keys & _MASK) ^ place)
    return first, mixed((keys >> 32 & _MASK) + first + place & _MASK)


def _symmetric(uniform: Tensor, dtype: torch.dtype) -> Tensor:
    """Values between -1 and 1, both left out, by the upper 24 bits of words; float64 for that dtype, else float32.

    They are odd numbers of 2**-24 each, which float32 holds exactly; so no value becomes infinite.
    """
    odd = 2 * (uniform >> 8) + 1 - (1 << 24)
    return odd.to(torch.float64 if dtype == torch.float64 else torch.float32) * 2.0**-24
