"""The Lattice Deduction Transformer as its paper writes it: one state after the other, plain loops over cells."""

import functools
import math

import torch

from tests.references import noise

STRIDE = 0x9E3779B97F4A7C15


def all_stay(number, shape, draw):
    return 1


def kept(key, loop, chance):
    """What dropout leaves in a loop, by layer, shape and draw: 0, or what a number is multiplied with.

    A word of the noise decides of four numbers, a byte of it of one.
    """
    chance = round(256 * chance) / 256
    key = (key + loop * STRIDE + 2**63) % 2**64 - 2**63

    def of(number, shape, draw):
        count = math.prod(shape)
        words = [noise.word(key, 3 * number + draw, place) for place in range(-(-count // 4))]
        stays = [words[one // 4] >> 8 * (one % 4) & 255 >= 256 * chance for one in range(count)]
        return torch.tensor(stays).double().view(shape) / (1 - chance)

    return of


def affine(x, state, name):
    return x @ state[f"{name}.weight"].T + state[f"{name}.bias"]


def norm(x, state, name):
    centred = x - x.mean(-1, keepdim=True)
    return (
        centred / torch.sqrt((centred**2).mean(-1, keepdim=True) + 1e-5) * state[f"{name}.weight"]
        + state[f"{name}.bias"]
    )


def gelu(x):
    return x * (1 + torch.erf(x / math.sqrt(2))) / 2


def attention(x, state, name, num_heads, stays):
    """`stays` are what the weights of every head are multiplied with."""
    width = x.shape[-1]
    size = width // num_heads
    stacked, heads = affine(x, state, f"{name}.qkv"), []
    for head in range(num_heads):
        query, key, value = (stacked[:, i * width + head * size :][:, :size] for i in range(3))
        scores = torch.exp(query @ key.T / math.sqrt(size))
        heads.append(stays[head] * (scores / scores.sum(-1, keepdim=True)) @ value)
    return affine(torch.cat(heads, -1), state, f"{name}.out")


def layer(x, state, name, num_heads, left):
    """One layer; `left` gives what numbers of a shape are multiplied with, by the number of a draw."""
    scores = torch.ones(num_heads, len(x), len(x)).double() * left((num_heads, len(x), len(x)), 0)
    x = x + left(x.shape, 1) * attention(norm(x, state, f"{name}.norms.0"), state, name, num_heads, scores)
    inner = gelu(affine(norm(x, state, f"{name}.norms.1"), state, f"{name}.up"))
    return x + left(x.shape, 2) * affine(inner, state, f"{name}.down")


def deduction(candidates, state, sizes, num_loops, key=None):
    """Logits of keeping [S, N], of digits [S, N] and of contradiction [] of one state [S, N], loop by loop.

    With a key, of this step, dropout draws from it.
    """
    n = candidates.shape[-1]
    first = affine(candidates.to(torch.float64), state, "candidates")
    places = torch.stack([state["places.0"][cell // n] + state["places.1"][cell % n] for cell in range(n * n)])
    h, said = first, []
    for loop in range(num_loops):
        h = h + first
        x = torch.cat((h + places, state["state_token"][None]))
        left = all_stay if key is None else kept(key, loop, sizes.dropout)
        for number in range(sizes.num_layers):
            x = layer(x, state, f"level.{number}", sizes.num_heads, functools.partial(left, number))
        h = norm(h + x[:-1], state, "loop_norm")
        said.append((affine(h, state, "keep"), affine(h, state, "digit"), affine(x[-1], state, "contradiction")[0]))
    return said
