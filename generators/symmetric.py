"""Tasks with few symmetries, all of which are listed: classes, variants and the way back follow from the list.

A symmetry moves cells and renames tokens. A puzzle's images under all of them are its variants, those that are equal
counted once, and its class is known by the smallest. To compare images takes a few cells each, so that 16 symmetries
cost about a microsecond a puzzle; a task with thousands needs ranks of its own, see `sudoku`.

Examples of a puzzle that are several answers to one input (`TaskSpec.alternatives`) are turned alike.

Shapes: M symmetries, G groups, R rows (variants of all groups, an example each), S sequence, V vocabulary.
"""

import hashlib
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .groups import Examined, Groups, Rows, runs
from .jit import WarmUp, kernel
from .rng import AUGMENT, bijection_keys, permute
from .task import Task

MOST_SYMMETRIES = 128
"""So many may be listed: images are compared pair by pair."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Symmetries:
    """A group of symmetries, in the mathematical sense: with each two it holds the one that does both.

    Attributes:
        moves: int64 [M, S], the cell that each cell of an image is taken from; row 0 leaves all where they are.
        names: uint8 [M, V], what each token is called in the image; row 0 leaves all as they are, and pad stays pad.

    Raises:
        InputError: they are no such group.
    """

    moves: NDArray[np.int64]
    names: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Refuse what is no group: then smallest images would differ within a class."""
        moves, names = self.moves, self.names
        if not 1 <= len(moves) == len(names) <= MOST_SYMMETRIES:
            raise InputError(f"there are {len(moves)} moves and {len(names)} namings, expected 1 to {MOST_SYMMETRIES}")
        for word, maps, dtype in (("moves", moves, np.int64), ("names", names, np.uint8)):
            if maps.dtype != dtype or (np.sort(maps, axis=1) != np.arange(maps.shape[1])).any():
                raise InputError(f"{word} are {maps.dtype}, expected {np.dtype(dtype)}, a permutation in every row")
            if (maps[0] != np.arange(maps.shape[1])).any():
                raise InputError(f"the first row of {word} is expected to change nothing")
        if names[:, 0].any():
            raise InputError("a naming renames pad, which every task has for cells that are not there")
        known = {bytes(move) + bytes(name) for move, name in zip(moves, names, strict=True)}
        pairs = ((moves[i][moves[j]], names[j][names[i]]) for i in range(len(moves)) for j in range(len(moves)))
        if len(known) < len(moves) or any(bytes(move) + bytes(name) not in known for move, name in pairs):
            raise InputError("the symmetries are no group: two of them are alike, or one after the other is not listed")

    def __len__(self) -> int:
        return len(self.moves)

    @classmethod
    def of_moves(cls, moves: NDArray[np.int64], vocab_size: int) -> "Symmetries":
        """Symmetries that rename nothing; `moves` as above."""
        return cls(moves=moves, names=np.tile(np.arange(vocab_size, dtype=np.uint8), (len(moves), 1)))


def square_moves(side: int) -> NDArray[np.int64]:
    """int64 [8, side * side]: the ways to turn and mirror a square; see `Symmetries.moves`.

    Numbered as the published code does for ARC: 0 identity, 1 to 3 quarter turns against the clock, 4 left-right flip,
    5 up-down flip, 6 transpose, 7 transpose along the other diagonal.
    """
    return moves_by(np.arange(side * side).reshape(side, side), np.fliplr)


def moves_by(cells: NDArray[np.int64], mirror: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> NDArray[np.int64]:
    """The same eight for a square that has a mirror image of its own, int64 [8, side * side].

    Args:
        cells: the numbers from 0 on, row by row, [side, side].
        mirror: exchanges left and right of such an array; with the transposition it gives eight moves.
    """
    turns = [cells]
    for _ in range(3):
        turns.append(mirror(turns[-1]).T)
    images = [*turns, mirror(cells), mirror(cells.T).T, cells.T, mirror(turns[1])]
    return np.stack([image.reshape(-1) for image in images])


class SymmetricTask(Task):
    """A task that lists its symmetries; what follows from them is said here."""

    @property
    @abstractmethod
    def symmetries(self) -> Symmetries:
        """All of them, made once: they are asked for with every batch. `TaskSpec.num_symmetries` is their number."""

    def symmetry_warm_ups(self) -> tuple[WarmUp, ...]:
        """The kernels here, for `Task.warm_ups`."""
        listed, numbers = self.symmetries, np.empty(0, np.int64)
        rows, lists = np.empty((0, self.spec.seq_len), np.uint8), (listed.moves, listed.names)
        return (
            WarmUp(find_forms, (rows, *lists, rows), 1),
            WarmUp(choose, (rows, numbers, 0, 0, numbers, *lists, numbers), 2),
            WarmUp(make_images, (rows, numbers, numbers, *lists, rows), 1),
        )

    def examine(self, groups: Groups) -> Examined:
        """Classes by SHA-256 of the task's name and an input's smallest image; all are accepted and none is rated."""
        name, forms = self.spec.name.encode(), self.smallest_images(groups)
        digests = b"".join(hashlib.sha256(name + form.tobytes()).digest() for form in forms)
        return Examined.plain(groups, np.frombuffer(digests, np.uint8).reshape(-1, 32))

    def smallest_images(self, groups: Groups) -> NDArray[np.uint8]:
        """uint8 [G, S]: the smallest image of each input, which all of its class share."""
        inputs, listed = puzzles_of(self, groups), self.symmetries
        forms = np.empty_like(inputs)
        find_forms(inputs, listed.moves, listed.names, forms)
        return forms

    def num_variants(self, groups: Groups) -> NDArray[np.int64]:
        """int64 [G]: distinct images of each input."""
        listed, found = self.symmetries, np.empty(len(groups), np.int64)
        count_images(puzzles_of(self, groups), listed.moves, listed.names, found)
        return found

    def augment(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
        """Images of inputs and labels, uint8 [R, S], in a keyed order; see `Task.augment`.

        Raises:
            InputError: a group has fewer than ``start + counts`` distinct variants.
        """
        listed, chosen = self.symmetries, self._chosen(groups, seed, start, counts)
        variants = np.repeat(np.arange(len(groups)), counts)
        owners = runs(groups.offsets[variants], groups.sizes[variants])
        inputs, labels = (np.empty((len(owners), self.spec.seq_len), np.uint8) for _ in range(2))
        make_images(groups.inputs, owners, chosen, listed.moves, listed.names, inputs)
        make_images(groups.labels, owners, chosen, listed.moves, listed.names, labels)
        return inputs, labels

    def map_back(
        self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64], answers: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Cells back in their places and tokens by their old names; see `Task.map_back`."""
        listed, chosen, found = self.symmetries, self._chosen(groups, seed, start, counts), np.empty_like(answers)
        undo_images(answers, chosen, listed.moves, np.argsort(listed.names, axis=1).astype(np.uint8), found)
        return found

    def _chosen(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> NDArray[np.int64]:
        """int64 [R]: which symmetry makes each row."""
        listed, chosen, inputs = self.symmetries, np.empty(int(counts.sum()), np.int64), puzzles_of(self, groups)
        short = choose(inputs, groups.candidates, seed, start, counts, listed.moves, listed.names, chosen)
        if short >= 0:
            most = self.num_variants(groups)[short]
            raise InputError(
                f"{self.spec.name} puzzle {groups.candidates[short]} has {most} distinct variants; "
                f"{start + counts[short]} were asked for"
            )
        return np.repeat(chosen, np.repeat(groups.sizes, counts))


def puzzles_of(task: Task, groups: Groups) -> NDArray[np.uint8]:
    """uint8 [G, S]: the input of each group, which its examples share.

    Raises:
        InputError: a puzzle has several examples, and the task does not say that they share one.
    """
    if len(groups) == len(groups.inputs):
        return groups.inputs
    if not task.spec.alternatives:
        raise InputError(f"{task.spec.name} has puzzles of several examples, which need variants of their own")
    return groups.inputs[groups.offsets[:-1]]


@kernel
def compare(grid: NDArray[np.uint8], moves: NDArray[np.int64], names: NDArray[np.uint8], one: int, other: int) -> int:
    """Which of two images of a puzzle comes first: -1 for the first, 0 where they are equal, or 1.

    Args:
        grid: uint8 [S].
        moves: int64 [M, S].
        names: uint8 [M, V].
        one: a symmetry.
        other: another.
    """
    for cell in range(len(grid)):
        a, b = names[one, grid[moves[one, cell]]], names[other, grid[moves[other, cell]]]
        if a != b:
            return -1 if a < b else 1
    return 0


@kernel
def find_forms(
    grids: NDArray[np.uint8], moves: NDArray[np.int64], names: NDArray[np.uint8], forms: NDArray[np.uint8]
) -> None:
    """The smallest image of each puzzle.

    Args:
        grids: uint8 [G, S].
        moves: int64 [M, S].
        names: uint8 [M, V].
        forms: uint8 [G, S], receives the images.
    """
    for i in range(len(grids)):
        best = 0
        for k in range(1, len(moves)):
            if compare(grids[i], moves, names, k, best) < 0:
                best = k
        for cell in range(grids.shape[1]):
            forms[i, cell] = names[best, grids[i, moves[best, cell]]]


@kernel
def _is_new(
    grid: NDArray[np.uint8], moves: NDArray[np.int64], names: NDArray[np.uint8], kept: NDArray[np.int64], number: int
) -> bool:
    """Whether the image by the symmetry `number` is none of those by `kept`."""
    for earlier in kept:
        if compare(grid, moves, names, number, earlier) == 0:
            return False
    return True


@kernel
def count_images(
    grids: NDArray[np.uint8], moves: NDArray[np.int64], names: NDArray[np.uint8], found: NDArray[np.int64]
) -> None:
    """How many different images each puzzle has.

    Args:
        grids: uint8 [G, S].
        moves: int64 [M, S].
        names: uint8 [M, V].
        found: int64 [G], receives the numbers.
    """
    kept = np.empty(len(moves), np.int64)
    for i in range(len(grids)):
        found[i] = 0
        for number in range(len(moves)):
            if _is_new(grids[i], moves, names, kept[: found[i]], number):
                kept[found[i]] = number
                found[i] += 1


@kernel
def choose(
    grids: NDArray[np.uint8],
    candidates: NDArray[np.int64],
    seed: int,
    start: int,
    counts: NDArray[np.int64],
    moves: NDArray[np.int64],
    names: NDArray[np.uint8],
    chosen: NDArray[np.int64],
) -> int:
    """The symmetries that make the variants: the one that changes nothing, then the others in a keyed order.

    An image that came before is passed over.

    Args:
        grids: uint8 [G, S].
        candidates: int64 [G].
        seed: root seed.
        start: the first variant.
        counts: int64 [G], variants of each puzzle.
        moves: int64 [M, S].
        names: uint8 [M, V].
        chosen: int64 [R], receives the symmetries.

    Returns:
        The first puzzle that has fewer than ``start + counts`` variants; -1 where all have as many.
    """
    kept, row = np.zeros(len(moves), np.int64), 0
    for i in range(len(grids)):
        keys, num_kept, place, stop = bijection_keys(seed, AUGMENT, 0, 0, candidates[i]), 1, 0, start + counts[i]
        while num_kept < stop and place < len(moves) - 1 and counts[i]:
            number = 1 + permute(place, len(moves) - 1, keys)
            if _is_new(grids[i], moves, names, kept[:num_kept], number):
                kept[num_kept] = number
                num_kept += 1
            place += 1
        if num_kept < stop and counts[i]:
            return i
        for variant in range(start, stop):
            chosen[row] = kept[variant]
            row += 1
    return -1


@kernel
def make_images(
    grids: NDArray[np.uint8],
    owners: NDArray[np.int64],
    chosen: NDArray[np.int64],
    moves: NDArray[np.int64],
    names: NDArray[np.uint8],
    images: NDArray[np.uint8],
) -> None:
    """Images of puzzles or labels.

    Args:
        grids: uint8 [G, S].
        owners: int64 [R], the grid that each row is an image of.
        chosen: int64 [R], by which symmetry.
        moves: int64 [M, S].
        names: uint8 [M, V].
        images: uint8 [R, S], receives them.
    """
    for row in range(len(images)):
        symmetry, owner = chosen[row], owners[row]
        for cell in range(images.shape[1]):
            images[row, cell] = names[symmetry, grids[owner, moves[symmetry, cell]]]


@kernel
def undo_images(
    answers: NDArray[np.uint8],
    chosen: NDArray[np.int64],
    moves: NDArray[np.int64],
    old_names: NDArray[np.uint8],
    found: NDArray[np.uint8],
) -> None:
    """Answers to images, as answers to what they are images of.

    Args:
        answers: uint8 [R, S].
        chosen: int64 [R], the symmetries of the images.
        moves: int64 [M, S].
        old_names: uint8 [M, V], what each token of an image was called.
        found: uint8 [R, S], receives them.
    """
    for row in range(len(answers)):
        symmetry = chosen[row]
        for cell in range(answers.shape[1]):
            found[row, moves[symmetry, cell]] = old_names[symmetry, answers[row, cell]]
