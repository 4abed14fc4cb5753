"""The Lattice Deduction Transformer as its paper writes it: one state after the other, plain loops over cells."""

import math

import torch


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


def attention(x, state, name, num_heads):
    width = x.shape[-1]
    size = width // num_heads
    stacked, heads = affine(x, state, f"{name}.qkv"), []
    for head in range(num_heads):
        query, key, value = (stacked[:, i * width + head * size :][:, :size] for i in range(3))
        scores = torch.exp(query @ key.T / math.sqrt(size))
        heads.append(scores / scores.sum(-1, keepdim=True) @ value)
    return affine(torch.cat(heads, -1), state, f"{name}.out")


def deduction(candidates, state, sizes, num_loops):
    """Logits of keeping [S, N], of digits [S, N] and of contradiction [] of one state [S, N], loop by loop."""
    n = candidates.shape[-1]
    first = affine(candidates.to(torch.float64), state, "candidates")
    places = torch.stack([state["places.0"][cell // n] + state["places.1"][cell % n] for cell in range(n * n)])
    h, said = first, []
    for _ in range(num_loops):
        h = h + first
        x = torch.cat((h + places, state["state_token"][None]))
        for layer in range(sizes.num_layers):
            name = f"level.{layer}"
            x = x + attention(norm(x, state, f"{name}.norms.0"), state, name, sizes.num_heads)
            x = x + affine(gelu(affine(norm(x, state, f"{name}.norms.1"), state, f"{name}.up")), state, f"{name}.down")
        h = norm(h + x[:-1], state, "loop_norm")
        said.append((affine(h, state, "keep"), affine(h, state, "digit"), affine(x[-1], state, "contradiction")[0]))
    return said
