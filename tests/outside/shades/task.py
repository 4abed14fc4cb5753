"""The puzzles: a grid of N x N cells in three shades, no two neighbours alike."""

import hashlib
from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from trmpipe.generators.errors import InputError, TextError
from trmpipe.generators.inverse import map_back_by_probes
from trmpipe.generators.options import Range
from trmpipe.generators.picture import Picture
from trmpipe.generators.rng import AUGMENT, below, bijection_keys, open_stream, permute
from trmpipe.generators.task import Examined, Groups, Task, TaskSpec, WarmUp

BLANK = 1
SHADES = (2, 3, 4)
RENAMINGS = np.array([(0, 1, *order) for order in permutations(SHADES)], np.uint8)
FILLS = {BLANK: "#ffffff", 2: "#dddddd", 3: "#888888", 4: "#222222"}
MOST_OPEN = {3: Range(2, 5), 4: Range(4, 9)}
"""How many cells are open where nobody asks."""
SCORING = {3: "clashes", 4: "check"}
"""The small ones are judged by an evaluator of this package, which does not ask for what is shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadesTask(Task):
    """Shades of one size.

    Attributes:
        size: N.
        open_cells: how many cells are not shown; None for a number by size.
        corners: whether all corners have to be shown.
    """

    size: int
    open_cells: Range | None = None
    corners: bool = False

    @property
    def spec(self):
        return TaskSpec(
            name=f"shades{self.size}",
            vocabulary="_.abc",
            grid_shape=(self.size, self.size),
            num_symmetries=len(RENAMINGS),
            classes="symmetry",
            scoring=SCORING[self.size],
        )

    @property
    def default_test(self):
        return 20

    @property
    def blank(self):
        return BLANK

    def warm_ups(self, *, generates):
        mixing = WarmUp(bijection_keys, (0, AUGMENT, 0, 0, 0), 1)
        return (mixing, WarmUp(open_stream, (0, 0, 0, 0, 0), 1)) if generates else (mixing,)

    def generate(self, seed, purpose, start, count):
        wanted = self.open_cells or MOST_OPEN[self.size]
        most = int(min(wanted.most, self.size**2 - 1))
        labels = np.empty((count, self.size**2), np.uint8)
        inputs = np.full_like(labels, BLANK)
        for i in range(count):
            stream = open_stream(seed, purpose, 0, 0, start + i)
            labels[i] = self._fill(stream)
            num_open = int(wanted.least) + below(stream, most - int(wanted.least) + 1)
            shown = sorted(range(self.size**2), key=lambda cell: (below(stream, 1 << 30), cell))[num_open:]
            inputs[i, shown] = labels[i, shown]
        return Groups.single(np.arange(start, start + count), inputs, labels)

    def _fill(self, stream):
        grid = np.zeros((self.size, self.size), np.uint8)
        for row, column in np.ndindex(grid.shape):
            taken = {grid[row - 1, column] if row else 0, grid[row, column - 1] if column else 0}
            free = [shade for shade in SHADES if shade not in taken]
            grid[row, column] = free[below(stream, len(free))]
        return grid.ravel()

    def examine(self, groups):
        forms = [min(map(bytes, RENAMINGS[:, puzzle])) for puzzle in groups.inputs]
        digests = b"".join(hashlib.sha256(form).digest() for form in forms)
        examined = Examined.plain(groups, np.frombuffer(digests, np.uint8).reshape(-1, 32))
        is_open = groups.inputs == BLANK
        accepted = (self.open_cells or Range(1, self.size**2)).holds(is_open.sum(axis=1))
        if self.corners:
            accepted = accepted & ~is_open[:, [0, self.size - 1, -self.size, -1]].any(axis=1)
        return replace(examined, accepted=accepted)

    def rate(self, examined):
        """How many cells are open."""
        return replace(examined, ratings=(examined.groups.inputs == BLANK).sum(axis=1).astype(np.float64))

    def num_variants(self, groups):
        return np.array([len(np.unique(RENAMINGS[:, puzzle], axis=0)) for puzzle in groups.inputs], np.int64)

    def augment(self, groups, seed, start, counts):
        renamings = []
        for puzzle, candidate, count in zip(groups.inputs, groups.candidates.tolist(), counts.tolist(), strict=True):
            renamings.append(_renamings(puzzle, candidate, seed, start + count)[start:])
        index = np.repeat(np.arange(len(groups)), counts)
        chosen = np.concatenate([np.empty((0, RENAMINGS.shape[1]), np.uint8), *renamings])
        return tuple(np.take_along_axis(chosen, tokens[index], axis=1) for tokens in (groups.inputs, groups.labels))

    def map_back(self, groups, seed, start, counts, answers):
        return map_back_by_probes(self, groups, seed, start, counts, answers)

    def check(self, inputs, labels):
        grids = labels.reshape(-1, self.size, self.size)
        keeps = ((inputs == BLANK) | (inputs == labels)).all(axis=1)
        return keeps & np.isin(labels, SHADES).all(axis=1) & (clashes(grids) == 0)

    def picture(self, tokens):
        return Picture(
            shape=(self.size, self.size),
            symbols=tuple(self.spec.vocabulary[token] for token in tokens.tolist()),
            fills=tuple(FILLS.get(token, "#ff0000") for token in tokens.tolist()),
        )

    def parse(self, texts):
        table = {character: token for token, character in enumerate(self.spec.vocabulary) if token}
        for index, text in enumerate(texts):
            if len(text) != self.spec.seq_len or not set(text) <= set(table):
                raise TextError(index, f"expected {self.spec.seq_len} of the characters {''.join(table)}")
        return np.array([[table[character] for character in text] for text in texts], np.uint8)


def clashes(grids):
    """How many pairs of neighbours are alike, int64 [N], in grids [N, R, C]."""
    across = (grids[:, :, 1:] == grids[:, :, :-1]).sum(axis=(1, 2))
    down = (grids[:, 1:] == grids[:, :-1]).sum(axis=(1, 2))
    return across + down


def _renamings(puzzle, candidate, seed, stop):
    """Renamings that give the puzzle `stop` different images, uint8 [stop, 5]; the first leaves it as it is."""
    keys = bijection_keys(seed, AUGMENT, 0, 0, candidate)
    others = len(RENAMINGS) - 1
    order = [0] + [1 + permute(i, others, keys) for i in range(others)]
    found = {}
    for number in order:
        found.setdefault(bytes(RENAMINGS[number][puzzle]), RENAMINGS[number])
    if len(found) < stop:
        raise InputError(f"puzzle {candidate} has {len(found)} distinct variants; {stop} were asked for")
    return np.array(list(found.values())[:stop], np.uint8).reshape(-1, RENAMINGS.shape[1])
