"""What the names of variants say of rows of predictions: their task, and how they are mapped back to it."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.arc.grids import NUM_COLOURS
from trmpipe.generators.arc.maps import INVERSE_MOVES, parse_variant_name


class Maps(NamedTuple):
    """The way back of N rows.

    Attributes:
        tasks: int64 [N], index of the task; -1 where it is not among those asked for.
        moves: uint8 [N], the dihedral move that undoes the variant's.
        colours: uint8 [N, 10], what each colour of the variant is in the task.
    """

    tasks: NDArray[np.int64]
    moves: NDArray[np.uint8]
    colours: NDArray[np.uint8]


def parse_names(names: Iterable[str], tasks: Mapping[str, int]) -> Maps:
    """Read variant names [N].

    Args:
        names: ``id`` or ``id|||t{0..7}|||{10 digits}``, as published.
        tasks: index of each task's id.

    Raises:
        InputError: a name has another form.
    """
    indices, moves, images = [], [], []
    for name in names:
        task, (move, colours) = parse_variant_name(name)
        indices.append(tasks.get(task, -1))
        moves.append(INVERSE_MOVES[move])
        images.append(bytes(colours))
    permutations = np.frombuffer(b"".join(images), np.uint8).reshape(-1, NUM_COLOURS)
    return Maps(
        tasks=np.array(indices, np.int64),
        moves=np.array(moves, np.uint8),
        colours=np.argsort(permutations, axis=1).astype(np.uint8),
    )
