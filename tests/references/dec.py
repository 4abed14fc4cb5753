"""DEC field by field, batch first: z [B, F, S, D], as its source maps one field after another."""

import math

import torch

from tests.references.networks import norm, swiglu


def layer(z, state, name, config):
    fields = []
    for one in z.unbind(1):
        across = one.transpose(1, 2)
        fields.append(norm(across + swiglu(across, state, f"{name}.mlp_t")).transpose(1, 2))
    if config.coupling == "mean":
        told = []
        for number, one in enumerate(fields):
            others = [other for place, other in enumerate(fields) if place != number]
            mean = sum(others) / len(others)
            told.append(norm(one + mean @ state[f"{name}.coupling.weight"].T))
        fields = told
    z = torch.stack(fields, 1)
    return norm(z + swiglu(z, state, f"{name}.mlp"))


def embedded(state, tokens, digits):
    """Of tokens [B, S], for every digit: is the cell open, this digit, or another."""
    rows = []
    for puzzle in tokens.tolist():
        of_field = []
        for digit in digits:
            roles = [1 if token == digit else 0 if token < digits.start else 2 for token in puzzle]
            of_field.append(state["roles"][roles])
        rows.append(torch.stack(of_field))
    return math.sqrt(state["roles"].shape[1]) * torch.stack(rows)


def step(z_H, z_L, state, inputs, digits, config, noise):
    """A supervision step. `noise` gives [B, F, S, D] for every call; returns both z, logits [B, S, V], halting [B]."""
    x = embedded(state, inputs, digits)

    def called(z, injection):
        told = z + injection
        for number in range(config.num_layers):
            told = layer(told, state, f"level.layers.{number}", config)
        return config.damping * z + (1 - config.damping) * told + config.noise * next(noise)

    for cycle in range(config.h_cycles):
        last = cycle == config.h_cycles - 1
        with torch.enable_grad() if last else torch.no_grad():
            for _ in range(config.l_cycles):
                z_L = called(z_L, z_H + x)
            z_H = called(z_H, z_L)
    told = (z_H @ state["digit_head"][0]).transpose(1, 2)
    never = torch.full((*told.shape[:2], digits.start), -10000.0, dtype=told.dtype)
    halt = z_H.mean((1, 2)) @ state["q_head.weight"].T + state["q_head.bias"]
    return z_H, z_L, torch.cat((never, told), -1), halt[:, 0]
