"""Bases from files of lines the plain way: read all, solve all, examine all, shuffle, choose."""

import csv
import gzip
import io

import numpy as np

from trmpipe.generators.rng import SAMPLE, bijection_keys, permute
from trmpipe.generators.task import TEST, TRAIN, Groups
from trmpipe.pipeline.bases import Drop, Selection

IMPROPER = {0: "no solution", 2: "several solutions"}


def rows_of(raw):
    """Line, puzzle and answer of every row, by Python's own reader."""
    text = (gzip.decompress(raw) if raw.startswith(b"\x1f\x8b") else raw).decode("utf-8-sig")
    lines = text.splitlines()
    if "question" not in lines[0].lower():
        numbered = enumerate(lines, 1)
        return [(n, line.split()[0], "") for n, line in numbered if line.strip() and not line.lstrip().startswith("#")]
    reader = csv.DictReader(io.StringIO("\n".join(lines)))
    names = {(name or "").strip().lower(): name for name in reader.fieldnames}
    answer = names.get("answer")
    return [
        (reader.line_num, (row[names["question"]] or "").strip(), (row[answer] or "").strip() if answer else "")
        for row in reader
    ]


def _usable(rows, recipe):
    task = recipe.make_task()
    lines = np.array([line for line, *_ in rows], np.int64)
    inputs = task.parse([puzzle for _, puzzle, _ in rows])
    counts, labels = task.solve(inputs)
    drops = [
        Drop(candidate=line, reason=IMPROPER[count], twin=None)
        for line, count in zip(lines.tolist(), counts.tolist(), strict=True)
        if count != 1
    ]
    assert not drops or "drop_improper" in recipe.supply
    proper = counts == 1
    examined = task.examine(Groups.single(lines[proper], inputs[proper], labels[proper]))
    drops += [
        Drop(candidate=line, reason="outside", twin=None)
        for line in examined.groups.candidates[~examined.accepted].tolist()
    ]
    return examined.take(np.flatnonzero(examined.accepted)), drops


def _shuffled(puzzles, seed, purpose):
    keys = bijection_keys(seed, SAMPLE, 0, 0, purpose)
    return puzzles.take(np.array([permute(i, len(puzzles), keys) for i in range(len(puzzles))], np.int64))


def chosen_lines(recipe, raw, test_raw=None):
    """Lines of training and held-out puzzles in their order, and those dropped with the lines that they are like."""
    usable, drops = _usable(rows_of(raw), recipe)
    puzzles = _shuffled(usable, recipe.seed, TRAIN)
    if test_raw is None:
        test = Selection(min(1000, len(puzzles) // 10) if recipe.test is None else recipe.test)
        test.offer(puzzles)
        puzzles = puzzles.take(slice(test.num_offered, None))
        test_drops = []
    else:
        test = Selection(recipe.test)
        test_usable, test_drops = _usable(rows_of(test_raw), recipe)
        test.offer(_shuffled(test_usable, recipe.seed, TEST))
    train = Selection(recipe.n, test)
    train.offer(puzzles)
    every = [*drops, *test_drops, *test.drops, *train.drops]
    told = sorted((drop.candidate, drop.reason.split()[0], drop.twin or 0) for drop in every)
    return *(part.chosen().groups.candidates.tolist() for part in (train, test)), told
