"""The published network written plainly, batch first, for comparison with the sequence-first one."""

import math

import torch
import torch.nn.functional as F


def norm(x):
    return x / torch.sqrt((x * x).mean(-1, keepdim=True) + 1e-5)


def mlp(x, state, name, kind):
    gate_up = x @ state[f"{name}.gate_up_proj.weight"].T
    half = gate_up.shape[-1] // 2
    gate, up = gate_up[..., :half], gate_up[..., half:]
    inner = F.silu(gate) * up if kind == "swiglu" else torch.sigmoid(gate) * norm(gate * up)
    return inner @ state[f"{name}.down_proj.weight"].T


def attention(x, state, name, num_heads):
    """Softmax attention head by head, with rotary positions turned pair by pair."""
    width = x.shape[-1]
    size = width // num_heads
    stacked = x @ state[f"{name}.qkv_proj.weight"].T
    heads = []
    for head in range(num_heads):
        part = [stacked[..., i * width + head * size : i * width + (head + 1) * size] for i in range(3)]
        query, key = turn(part[0]), turn(part[1])
        weights = torch.softmax(query @ key.transpose(1, 2) / math.sqrt(size), dim=-1)
        heads.append(weights @ part[2])
    return torch.cat(heads, -1) @ state[f"{name}.o_proj.weight"].T


def turn(x):
    half = x.shape[-1] // 2
    turned = x.clone()
    for position in range(x.shape[1]):
        for i in range(half):
            angle = position / 10000 ** (i / half)
            a, b = x[:, position, i], x[:, position, i + half]
            turned[:, position, i] = a * math.cos(angle) - b * math.sin(angle)
            turned[:, position, i + half] = b * math.cos(angle) + a * math.sin(angle)
    return turned


def core(x, state, config):
    """`x` [B, S, D] through all layers."""
    kind = getattr(config, "mlp", "swiglu")
    for i in range(config.num_layers):
        layer = f"L_level.layers.{i}"
        if config.mixer == "mlp_t":
            x = x.transpose(1, 2)
            x = norm(x + mlp(x, state, f"{layer}.mlp_t", kind)).transpose(1, 2)
        else:
            x = norm(x + attention(x, state, f"{layer}.self_attn", config.num_heads))
        x = norm(x + mlp(x, state, f"{layer}.mlp", kind))
    return x


def step(z_H, z_L, inputs, identifiers, state, config):
    """One supervision step on latents [B, S, D]; returns latents, logits [B, S, V] and halting logits [B]."""
    rows = state["embed_tokens.embedding_weight"][inputs]
    if config.num_prefix:
        prefix = torch.zeros(len(inputs), config.num_prefix, config.width, dtype=rows.dtype)
        prefix[:, 0] = state["puzzle_emb.weights"][identifiers]
        rows = torch.cat((prefix, rows), 1)
    x = math.sqrt(config.width) * rows
    for _ in range(config.h_cycles):
        for _ in range(config.l_cycles):
            z_L = core(z_L + z_H + x, state, config)
        z_H = core(z_H + z_L, state, config)
    logits = z_H[:, config.num_prefix :] @ state["lm_head.weight"].T
    halt = z_H[:, 0] @ state["q_head.weight"].T + state["q_head.bias"]
    return z_H, z_L, logits, halt[:, 0]
