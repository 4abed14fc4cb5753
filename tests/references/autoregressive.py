"""The autoregressive transformer written plainly: one sequence, one place and one head after the other."""

import math

import torch
import torch.nn.functional as F

from tests.references.trm import mlp, norm


def turned(vector, place):
    """Pairs of `vector` turned by the place."""
    half = len(vector) // 2
    angle = torch.tensor([place / 10000 ** (i / half) for i in range(half)], dtype=vector.dtype)
    a, b = vector[:half], vector[half:]
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()))


def logits(tokens, row, state, config):
    """Logits [t, V] of what follows each place of one sequence: a puzzle embedding or None, then tokens."""
    x = [state["tokens"][token] for token in tokens]
    if row is not None:
        x = [row, *x]
    if config.positions == "learned":
        x = [one + state["places"][place] for place, one in enumerate(x)]
    x = torch.stack(x) * math.sqrt(config.width)
    size = config.width // config.num_heads
    for number in range(config.num_layers):
        layer = f"decoder.layers.{number}"
        stacked = norm(x) @ state[f"{layer}.self_attn.qkv_proj.weight"].T
        outcomes = []
        for place in range(len(x)):
            heads = []
            for head in range(config.num_heads):
                query, keys, values = (
                    stacked[: place + 1, i * config.width + head * size :][:, :size] for i in range(3)
                )
                query = query[place]
                if config.positions == "rotary":
                    query = turned(query, place)
                    keys = torch.stack([turned(key, other) for other, key in enumerate(keys)])
                weights = torch.softmax(torch.stack([(query * key).sum() / math.sqrt(size) for key in keys]), 0)
                heads.append(sum(weight * value for weight, value in zip(weights, values, strict=True)))
            outcomes.append(state[f"{layer}.self_attn.o_proj.weight"] @ torch.cat(heads))
        x = x + torch.stack(outcomes)
        x = x + mlp(norm(x), state, f"{layer}.mlp", "swiglu")
    return F.linear(norm(x), state["lm_head.weight"])


def follow(inputs, answers, rows, state, config):
    """Logits [B, S, V] of every token of given answers."""
    found = []
    for i in range(len(inputs)):
        tokens = [*inputs[i].tolist(), *answers[i].tolist()[:-1]]
        row = None if rows is None else rows[i]
        found.append(logits(tokens, row, state, config)[-answers.shape[1] :])
    return torch.stack(found)


def write(inputs, row, state, config):
    """One answer, the whole sequence anew for every token: its tokens [S] and logits [S, V]."""
    tokens, found = inputs.tolist(), []
    for _ in range(len(inputs)):
        found.append(logits(tokens, row, state, config)[-1])
        tokens.append(int(found[-1].argmax()))
    return torch.tensor(tokens[len(inputs) :]), torch.stack(found)
