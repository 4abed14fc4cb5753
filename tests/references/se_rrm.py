"""SE-RRM as its paper draws it: batch first, z [B, V, P + S, D], symbol after symbol and place after place."""

import math

import torch

from tests.references.networks import norm, swiglu, turned


def attention(x, state, name, num_heads, sizes):
    """Of `x` [B, n, D] among each other; with sizes they know their places."""
    stacked = x @ state[f"{name}.qkv_proj.weight"].T
    size = stacked.shape[-1] // (3 * num_heads)
    heads = []
    for head in range(num_heads):
        query, key, value = (stacked[..., (i * num_heads + head) * size :][..., :size] for i in range(3))
        if sizes is not None and sizes["positions"] != "none":
            query, key = turned(query, sizes), turned(key, sizes)
        scores = torch.exp(query @ key.transpose(1, 2) / math.sqrt(size))
        heads.append(scores / scores.sum(-1, keepdim=True) @ value)
    return torch.cat(heads, -1) @ state[f"{name}.o_proj.weight"].T


def layer(z, state, name, config, sizes):
    symbols, places = range(z.shape[1]), range(z.shape[2])
    told = [attention(z[:, one], state, f"{name}.attn", config.num_heads, sizes) for one in symbols]
    z = norm(z + torch.stack(told, 1))
    told = [attention(z[:, :, one], state, f"{name}.attn_t", config.symbol_heads, None) for one in places]
    z = norm(z + torch.stack(told, 2))
    return norm(z + swiglu(z, state, f"{name}.mlp"))


def embedded(state, inputs, config, vocab_size):
    """Of every symbol in every place, [B, V, P + S, D]: only the one that stands there has a vector."""
    width, rows = state["embedding"].shape[1], []
    for puzzle in inputs.tolist():
        symbols = []
        for symbol in range(vocab_size):
            kind = min(symbol, config.num_special)
            there = [token == symbol for token in puzzle]
            vectors = [math.sqrt(vocab_size) * state["embedding"][kind] if one else torch.zeros(width) for one in there]
            prefix = state["prefix"][:, kind] if config.num_prefix else []
            symbols.append(torch.stack([*prefix, *vectors]))
        rows.append(torch.stack(symbols))
    return torch.stack(rows)


def step(z, state, inputs, config, sizes, vocab_size):
    """A supervision step; None for z begins it. Returns z, logits [B, S, V] and the halting logit."""
    x = embedded(state, inputs, config, vocab_size)
    z = state["start"].expand(x.shape) if z is None else z
    for cycle in range(config.h_cycles):
        with torch.set_grad_enabled(cycle == config.h_cycles - 1):
            for _ in range(config.l_cycles):
                z = z + x
                for number in range(config.num_layers):
                    z = layer(z, state, f"level.layers.{number}", config, sizes)
    logits = (z @ state["lm_head.weight"][0])[:, :, config.num_prefix :].transpose(1, 2)
    surest = torch.softmax(logits.detach(), -1).amax(-1).amin(-1)
    return z, logits, torch.log(surest / (1 - surest))
