"""EqR written plainly, batch first, with noise that is given."""

import math

import torch

from tests.references.trm import core


def step(z_H, z_L, inputs, identifiers, state, config, noise):
    """One supervision step on latents [B, S, D]; `noise` gives [B, S, D] for every call, in their order."""
    x = state["embed_tokens.embedding_weight"][inputs]
    if config.num_prefix:
        prefix = torch.zeros(len(inputs), config.num_prefix, config.width, dtype=x.dtype)
        prefix[:, 0] = state["puzzle_emb.weights"][identifiers]
        x = torch.cat((prefix, x), 1)
    x = x * math.sqrt(config.width)
    for cycle in range(config.h_cycles):
        last = cycle == config.h_cycles - 1
        if not last:
            z_H, z_L = z_H.detach(), z_L.detach()
        with torch.enable_grad() if last else torch.no_grad():
            for _ in range(config.l_cycles):
                moved = core(z_L + z_H + x, state, config)
                z_L = config.damping * z_L + (1 - config.damping) * moved + config.noise * next(noise)
            moved = core(z_H + z_L, state, config)
            z_H = config.damping * z_H + (1 - config.damping) * moved + config.noise * next(noise)
    logits = z_H[:, config.num_prefix :] @ state["lm_head.weight"].T
    halt = z_H[:, 0] @ state["q_head.weight"].T + state["q_head.bias"]
    return z_H, z_L, logits, halt[:, 0]
