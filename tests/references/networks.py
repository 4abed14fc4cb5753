"""The networks and their losses as the papers write them: batch first, plain loops, in the dtype of the weights.

A network is a state dict and a dictionary of sizes; latents are [B, S, D]. Every function takes all that it needs.
"""

import math

import torch

BASE = 10000


def norm(x, axis=-1):
    return x / torch.sqrt((x * x).mean(axis, keepdim=True) + 1e-5)


def silu(x):
    return x / (1 + torch.exp(-x))


def swiglu(x, state, name):
    up = x @ state[f"{name}.gate_up_proj.weight"].T
    inner = up.shape[-1] // 2
    return (silu(up[..., :inner]) * up[..., inner:]) @ state[f"{name}.down_proj.weight"].T


def angles(sizes, half):
    """By how much pair j of `half` is turned at every place, [S, half]; nested lists of Python's floats."""
    places = sizes["num_prefix"] + sizes["rows"] * sizes["columns"]
    if sizes["positions"] == "rotary":
        return [[place / BASE ** (j / half) for j in range(half)] for place in range(places)]
    found = [[0.0] * half for _ in range(sizes["num_prefix"])]
    quarter = half // 2
    waves = [BASE ** (j / quarter) for j in range(quarter)]
    for row in range(1, sizes["rows"] + 1):
        columns = range(1, sizes["columns"] + 1)
        found += [[row / wave for wave in waves] + [column / wave for wave in waves] for column in columns]
    return found


def turned(x, sizes):
    half = x.shape[-1] // 2
    angle = torch.tensor(angles(sizes, half), dtype=x.dtype)
    a, b = x[..., :half], x[..., half:]
    return torch.cat((a * angle.cos() - b * angle.sin(), b * angle.cos() + a * angle.sin()), -1)


def attention(x, state, name, sizes):
    width = x.shape[-1]
    size = width // sizes["num_heads"]
    stacked = x @ state[f"{name}.qkv_proj.weight"].T
    heads = []
    for head in range(sizes["num_heads"]):
        query, key, value = (stacked[..., i * width + head * size :][..., :size] for i in range(3))
        if sizes["positions"] != "none":
            query, key = turned(query, sizes), turned(key, sizes)
        scores = torch.exp(query @ key.transpose(1, 2) / math.sqrt(size))
        heads.append(scores / scores.sum(-1, keepdim=True) @ value)
    return torch.cat(heads, -1) @ state[f"{name}.o_proj.weight"].T


def mix(x, state, name, sizes):
    if sizes["mixer"] == "mlp_t":
        return swiglu(x.transpose(1, 2), state, f"{name}.mlp_t").transpose(1, 2)
    if sizes["mixer"] == "conv":
        return convolution(x, state, f"{name}.conv", sizes)
    return attention(x, state, f"{name}.self_attn", sizes)


def convolution(x, state, name, sizes):
    """Cell by cell: the products with each of the cells around it that there are, one part of the matrix a place."""
    prefix, width, mixed = sizes["num_prefix"], x.shape[-1], torch.zeros_like(x)
    mixed[:, :prefix] = (x[:, prefix:].mean(1) @ state[f"{name}.gather.weight"].T)[:, None]
    told = x[:, :prefix].mean(1) @ state[f"{name}.spread.weight"].T
    for row in range(sizes["rows"]):
        for column in range(sizes["columns"]):
            place = prefix + row * sizes["columns"] + column
            mixed[:, place] = told
            for number in range(9):
                down, right = row + number // 3 - 1, column + number % 3 - 1
                if 0 <= down < sizes["rows"] and 0 <= right < sizes["columns"]:
                    part = state[f"{name}.around.weight"][:, number * width : (number + 1) * width]
                    mixed[:, place] += x[:, prefix + down * sizes["columns"] + right] @ part.T
    return mixed


def layers(x, state, name, sizes, pre=False):
    axis = 1 if sizes["mixer"] == "mlp_t" else -1
    for number in range(sizes["num_layers"]):
        layer = f"{name}.layers.{number}"
        if pre:
            x = x + mix(norm(x, axis), state, layer, sizes)
            x = x + swiglu(norm(x), state, f"{layer}.mlp")
        else:
            x = norm(x + mix(x, state, layer, sizes), axis)
            x = norm(x + swiglu(x, state, f"{layer}.mlp"))
    return norm(x) if pre else x


def embedded(state, inputs, rows, sizes):
    x = state["embed_tokens.embedding_weight"][inputs]
    if sizes["num_prefix"]:
        prefix = torch.zeros(len(inputs), sizes["num_prefix"], x.shape[-1], dtype=x.dtype)
        x = torch.cat((torch.cat((rows[:, None], prefix[:, 1:]), 1), x), 1)
    return math.sqrt(x.shape[-1]) * x


def heads(z, state, sizes):
    """Logits of the tokens, of halting and of going on."""
    logits = z[:, sizes["num_prefix"] :] @ state["lm_head.weight"].T
    both = z[:, 0] @ state["q_head.weight"].T + state["q_head.bias"]
    return logits, both[:, 0], both[:, 1]


def trm_calls(sizes):
    """The updates of a supervision step in their order: names of the latent, and whether it is differentiated."""
    n, cycles = sizes["l_cycles"], sizes["h_cycles"]
    names = {
        "two": ["z_L"] * n + ["z_H"],
        "single": ["z_H"] * (n + 1),
        "multi": [f"z_{i}" for i in range(n)] + ["z_H"],
    }[sizes["latents"]]
    calls = [name for _ in range(cycles) for name in names]
    grad = 2 if sizes["gradient"] == "one_step" else n + 1
    return [(name, place >= len(calls) - grad, place % (n + 1) == n) for place, name in enumerate(calls)]


def trm(z, state, inputs, rows, sizes):
    z, x = dict(z), embedded(state, inputs, rows, sizes)
    for name, differentiated, last in trm_calls(sizes):
        with torch.set_grad_enabled(differentiated):
            if sizes["latents"] == "two":
                given = z["z_H"] + z["z_L"] if last else z["z_L"] + z["z_H"] + x
            else:
                given = 0 * x if last and not sizes["puzzle_in_answer"] else x
                for one in z.values():
                    given = given + one
            level = "H_level" if last and sizes["num_nets"] == 2 else "L_level"
            z[name] = layers(given, state, level, sizes)
    return z, heads(z["z_H"], state, sizes)


def hrm(z, state, inputs, rows, sizes):
    x = embedded(state, inputs, rows, sizes)
    z_H, z_L = z["z_H"], z["z_L"]
    for h in range(sizes["h_cycles"]):
        last_h = h == sizes["h_cycles"] - 1
        for i in range(sizes["l_cycles"]):
            with torch.set_grad_enabled(last_h and i == sizes["l_cycles"] - 1):
                z_L = layers(z_L + z_H + x, state, "L_level", sizes)
        with torch.set_grad_enabled(last_h):
            z_H = layers(z_H + z_L, state, "H_level", sizes)
    return {"z_H": z_H, "z_L": z_L}, heads(z_H, state, sizes)


def looped(z, state, inputs, rows, sizes):
    x, h = embedded(state, inputs, rows, sizes), z["z"]
    for loop in range(sizes["loops"]):
        with torch.set_grad_enabled(sizes["grad_loops"] == 0 or loop >= sizes["loops"] - sizes["grad_loops"]):
            h = layers(norm(h + x), state, "level", sizes)
    return {"z": h}, heads(h, state, sizes)


def direct(state, inputs, rows, sizes):
    x = layers(embedded(state, inputs, rows, sizes), state, "level", sizes, pre=sizes["norm"] == "pre")
    return x[:, sizes["num_prefix"] :] @ state["lm_head.weight"].T


def stablemax_loss(logits, labels):
    """Of each example, over its cells that are not pad."""
    losses = []
    for example, answer in zip(logits, labels.tolist(), strict=True):
        cells = []
        for cell, label in zip(example, answer, strict=True):
            if label:
                s = torch.where(cell >= 0, cell + 1, 1 / (1 - cell))
                cells.append(-torch.log(s[label] / s.sum()))
        losses.append(sum(cells) / len(cells))
    return torch.stack(losses)


def softmax_loss(logits, labels):
    """Likewise."""
    chances = torch.exp(logits) / torch.exp(logits).sum(-1, keepdim=True)
    losses = []
    for example, answer in zip(chances, labels.tolist(), strict=True):
        cells = [-torch.log(cell[label]) for cell, label in zip(example, answer, strict=True) if label]
        losses.append(sum(cells) / len(cells))
    return torch.stack(losses)


def binary_loss(logit, target):
    chance = 1 / (1 + torch.exp(-logit))
    return -(target * torch.log(chance) + (1 - target) * torch.log(1 - chance))


def solved(logits, labels):
    answers = logits.argmax(-1)
    return torch.stack([((a == b) | (b == 0)).all() for a, b in zip(answers, labels, strict=True)]).double()


def going_on(halt, go_on, last):
    """What going on is worth, from the logits of the supervision step after it."""
    worth = [h if is_last else max(h, c) for h, c, is_last in zip(halt, go_on, last, strict=True)]
    return torch.tensor([1 / (1 + math.exp(-one)) for one in worth], dtype=torch.float64)
