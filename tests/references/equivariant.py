"""The equivariant cell for one puzzle: candidate after candidate, digit after digit, unit after unit.

A candidate is (row, column, digit), digits from 0; units are lists of candidates by kind; z maps candidates to vectors.
"""

import itertools

import torch

GAIN = 2 / 9


def units_of(n, box_rows):
    """Kind and candidates of every unit, in the order of rows, columns, cells, boxes."""
    box_columns = n // box_rows
    found = {"rows": [], "columns": [], "cells": [], "boxes": []}
    for a, b in itertools.product(range(n), repeat=2):
        found["rows"].append([(a, column, b) for column in range(n)])
        found["columns"].append([(row, a, b) for row in range(n)])
        found["cells"].append([(a, b, digit) for digit in range(n)])
    for top, left, digit in itertools.product(range(0, n, box_rows), range(0, n, box_columns), range(n)):
        box = itertools.product(range(top, top + box_rows), range(left, left + box_columns))
        found["boxes"].append([(row, column, digit) for row, column in box])
    if box_rows == 1:
        del found["boxes"]
    return found


def norm(x):
    centred = x - x.mean()
    return centred / torch.sqrt((centred * centred).mean() + 1e-5)


def activated(x, name):
    return x * (x > 0) if name == "relu" else x / (1 + torch.exp(-x))


def layer(z, state, name, activation, units):
    told = {}
    for kind, lists in units.items():
        matrix = state[f"{name}.units.{'lines' if kind in ('rows', 'columns') else kind}"]
        for unit in lists:
            message = GAIN * (matrix @ sum(z[one] for one in unit))
            for one in unit:
                told[one] = told[one] + message if one in told else message
    after = {}
    for one, own in z.items():
        inner = state[f"{name}.up_own"] @ own + state[f"{name}.up_units"] @ told[one]
        after[one] = norm(own + state[f"{name}.down"] @ activated(inner, activation))
    return after


def said(state, puzzle, n, num_others):
    """What each cell's token says of its candidates: it is theirs, another's, or no digit."""
    found = {}
    for row, column, digit in itertools.product(range(n), repeat=3):
        token = puzzle[row * n + column]
        known = 2 + token if token < num_others else 0 if token == num_others + digit else 1
        found[row, column, digit] = state["embedding"][known]
    return found


def step(z, state, puzzle, config, n, num_others, box_rows):
    """A supervision step on `puzzle`, a list of tokens; None for z begins it. Returns z, logits [S, V], halt, go on."""
    x = said(state, puzzle, n, num_others)
    z = dict.fromkeys(x, state["start"]) if z is None else z
    for _ in range(config.calls):
        z = {one: norm(z[one] + x[one]) for one in z}
        for number in range(config.num_layers):
            z = layer(z, state, f"level.layers.{number}", config.activation, units_of(n, box_rows))
    logits = []
    for row, column in itertools.product(range(n), repeat=2):
        cell = [z[row, column, digit] for digit in range(n)]
        others = state["other_head"] @ (sum(cell) / n)
        logits.append(torch.cat([others, torch.stack([state["digit_head"][0] @ one for one in cell])]))
    halt, go_on = state["q_head.weight"] @ (sum(z.values()) / n**3) + state["q_head.bias"]
    return z, torch.stack(logits), halt, go_on
