"""The equivariant cell for one puzzle: candidate after candidate, digit after digit, unit after unit.

A candidate is (row, column, digit), digits from 0; units are lists of candidates by kind; z maps candidates to vectors.
"""

import itertools

import torch

from tests.references import noise, training

GAINS = {"all": 2 / 9, "possible": 1 / 2}
SURE = 30.0


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


def kept(key, number, config):
    """What dropout leaves of the inner numbers of a puzzle's candidates, 1 for all: layer `number` draws from `key`.

    A word of the noise decides of four numbers, a byte of it of one.
    """
    chance = round(256 * config.dropout) / 256
    words = [noise.word(key, 1 + number, place) for place in range(-(-config.inner // 4))]
    stays = [words[one // 4] >> 8 * (one % 4) & 255 >= 256 * chance for one in range(config.inner)]
    return torch.tensor(stays).double() / (1 - chance)


def layer(z, state, name, config, units, dropout):
    """Inner numbers are multiplied with `dropout`."""
    told = {}
    for kind, lists in units.items():
        matrix = state[f"{name}.units.{'lines' if kind in ('rows', 'columns') else kind}"]
        for unit in lists:
            here = [one for one in unit if one in z]
            message = GAINS[config.candidates] * (matrix @ sum(z[one] for one in here)) if here else None
            for one in here:
                told[one] = told[one] + message if one in told else message
    after = {}
    for one, own in z.items():
        inner = state[f"{name}.up_own"] @ own + state[f"{name}.up_units"] @ told[one]
        inner = activated(inner, config.activation) * dropout
        after[one] = norm(own + state[f"{name}.down"] @ inner)
    return after


def said(state, puzzle, n, num_others):
    """What each cell's token says of its candidates: it is theirs, another's, or no digit."""
    found = {}
    for row, column, digit in itertools.product(range(n), repeat=3):
        token = puzzle[row * n + column]
        known = 2 + token if token < num_others else 0 if token == num_others + digit else 1
        found[row, column, digit] = state["embedding"][known]
    return found


def possible(puzzle, n, num_others, box_rows):
    """The candidates that share no unit with a given digit."""
    given = {
        (row, column, digit)
        for row, column, digit in itertools.product(range(n), repeat=3)
        if puzzle[row * n + column] == num_others + digit
    }
    units = [unit for kind in units_of(n, box_rows).values() for unit in kind]
    gone = {one for unit in units if given & set(unit) for one in unit}
    return [one for one in itertools.product(range(n), repeat=3) if one not in gone]


def settled(own, called, key, call, config, n):
    """The latents after a call: a share of the old ones stays; with a key, noise comes to them."""
    stays = config.damping
    after = {one: stays * own[one] + (1 - stays) * called[one] for one in own}
    if key is None:
        return after
    drawn = training.normal([key], (1 << 16) + call, n**3, config.width)[0].view(n, n, n, -1)
    return {one: value + config.noise * drawn[one] for one, value in after.items()}


def step(z, state, puzzle, config, n, num_others, box_rows, key=None):
    """A supervision step on `puzzle`, a list of tokens; None for z begins it. Returns z, logits [S, V], halt, go on.

    With a key, of this step, dropout and noise draw from it.
    """
    x = said(state, puzzle, n, num_others)
    z = dict.fromkeys(x, state["start"]) if z is None else z
    computed = list(x) if config.candidates == "all" else possible(puzzle, n, num_others, box_rows)
    own = {one: z[one] for one in computed}
    dropout = [1 if key is None else kept(key, number, config) for number in range(config.num_layers)]
    for call in range(config.calls):
        called = {one: norm(own[one] + x[one]) for one in own}
        for number in range(config.num_layers):
            called = layer(called, state, f"level.layers.{number}", config, units_of(n, box_rows), dropout[number])
        own = settled(own, called, key, call, config, n)
    z, logits = z | own, []
    for row, column in itertools.product(range(n), repeat=2):
        cell = [(row, column, digit) for digit in range(n)]
        others = state["other_head"] @ (sum(z[one] for one in cell) / n)
        token, found = puzzle[row * n + column], []
        for one in cell:
            sure = torch.tensor(SURE if token == num_others + one[2] else -SURE, dtype=others.dtype)
            found.append(state["digit_head"][0] @ z[one] if one in own else sure)
        logits.append(torch.cat([others, torch.stack(found)]))
    halt, go_on = state["q_head.weight"] @ (sum(z.values()) / n**3) + state["q_head.bias"]
    return z, torch.stack(logits), halt, go_on
