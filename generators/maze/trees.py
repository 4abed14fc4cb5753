"""Perfect mazes: rooms and passages that are a spanning tree of the lattice of rooms, so that one path joins any two.

    dfs      a walk that goes on to a room not yet met, and back where there is none: long corridors
    wilson   walks without their loops: every spanning tree is as likely
    kruskal  passages in random order, where they join what was apart
    prim     passages at the border of what has grown, each as likely

All are functions of a stream. Random numbers are drawn one after the other, so a maze is as its stream says. A room is
named by its cell of the board; the next room on a way is two cells on, and what is a wall there is no room.

Shapes: P cells of a board, L * L rooms, E = 2 L (L - 1) possible passages.
Sources: D. Wilson, "Generating random spanning trees more quickly than the cover time" (STOC 1996); the others are the
textbooks' searches with random choices.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..jit import kernel
from ..rng import below, mulhi, next_uint64, shuffle
from .boards import board_cells, offsets_of
from .grids import NUM_WAYS, OPEN, WALL, rooms_to_a_side

ALGORITHMS = ("dfs", "wilson", "kruskal", "prim")
DFS, WILSON, KRUSKAL, PRIM = range(len(ALGORITHMS))

_CLOSED = 0
"""A room that is no part of the tree yet."""
_WAY_BITS = 2
_WAYS_OF_A_WORD = 64 // _WAY_BITS
_CHOICES_OF_A_WORD = 16
"""Each takes two bits of a word at most, so that 32 are left for the last: no way is likelier by more than 2 ** -32."""
_SETS = [[way for way in range(NUM_WAYS) if ways >> way & 1] for ways in range(1 << NUM_WAYS)]
_NUM_IN = np.array([len(ways) for ways in _SETS], np.uint64)
"""How many ways are in each set of them, a bit a way."""
_NTH_IN = np.array([(ways * NUM_WAYS)[:NUM_WAYS] or [0] * NUM_WAYS for ways in _SETS], np.uint8).reshape(-1)
"""Which they are: the n-th of set s at s * 4 + n."""


class TreeRoom(NamedTuple):
    """Tables and memory of the kernels here, for one thread.

    Attributes:
        rooms: int32 [L * L], the cells of the rooms, row by row.
        path: int32 [L * L], room for a walk.
        passages: int32 [4 L L], each a room and a way in one number, room * 4 + way.
        of_cell: int32 [P], how a room was left, or what it is joined to.
    """

    rooms: NDArray[np.int32]
    path: NDArray[np.int32]
    passages: NDArray[np.int32]
    of_cell: NDArray[np.int32]


def new_tree_room(size: int) -> TreeRoom:
    """Memory for squares of `size` cells to a side."""
    to_a_side, width = rooms_to_a_side(size), int(offsets_of(size)[-1])
    places = 2 + 2 * np.arange(to_a_side, dtype=np.int32)
    rooms = (width * places[:, None] + places).reshape(-1)
    return TreeRoom(
        rooms=rooms,
        path=np.empty(len(rooms), np.int32),
        passages=np.empty(NUM_WAYS * len(rooms), np.int32),
        of_cell=np.empty(board_cells(size), np.int32),
    )


@kernel
def carve(
    stream: NDArray[np.uint64],
    board: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    algorithm: int,
    memory: TreeRoom,
) -> None:
    """Fill a board with a perfect maze.

    Args:
        stream: of random numbers.
        board: uint8 [P], receives `WALL` and `OPEN`.
        offsets: int64 [4].
        algorithm: the place of a name in `ALGORITHMS`.
        memory: from `new_tree_room`.
    """
    board[:] = WALL
    for room in memory.rooms:
        board[room] = _CLOSED
    if algorithm == DFS:
        _carve_dfs(stream, board, offsets, memory)
    elif algorithm == WILSON:
        _carve_wilson(stream, board, offsets, memory)
    elif algorithm == KRUSKAL:
        _carve_kruskal(stream, board, offsets, memory)
    else:
        _carve_prim(stream, board, offsets, memory)


@kernel
def _any_room(stream: NDArray[np.uint64], memory: TreeRoom) -> int:
    return int(memory.rooms[below(stream, len(memory.rooms))])


@kernel
def _open(board: NDArray[np.uint8], room: int, offset: int) -> None:
    """Open a room, the wall behind it on a way, and the room behind that."""
    board[room] = board[room + offset] = board[room + 2 * offset] = OPEN


@kernel
def _carve_dfs(
    stream: NDArray[np.uint64], board: NDArray[np.uint8], offsets: NDArray[np.int64], memory: TreeRoom
) -> None:
    """The walk; `path` holds the rooms from the first to the one before the present one.

    A step has one branch, whether some way is left: how many are is a look into a table. A word of the stream is a
    fraction below 1; times the number of ways, its whole part is the choice, and what is left the next fraction.
    """
    path, up, left = memory.path, 2 * int(offsets[0]), 2 * int(offsets[1])
    room, length = int(_any_room(stream, memory)), 0
    board[room] = OPEN
    fraction, choices = np.uint64(0), 0
    while True:
        ways = (
            (board[np.uint64(room + up)] == _CLOSED)
            | (board[np.uint64(room + left)] == _CLOSED) << 1
            | (board[np.uint64(room - left)] == _CLOSED) << 2
            | (board[np.uint64(room - up)] == _CLOSED) << 3
        )
        if ways == 0:
            if length == 0:
                break
            length -= 1
            room = int(path[length])
            continue
        if choices == 0:
            fraction, choices = next_uint64(stream), _CHOICES_OF_A_WORD
        choices -= 1
        number = _NUM_IN[np.uint64(ways)]
        way = _NTH_IN[np.uint64(ways * NUM_WAYS) + mulhi(fraction, number)]
        fraction *= number
        offset = int(offsets[way])
        path[length] = room
        length += 1
        board[np.uint64(room + offset)] = OPEN
        room += 2 * offset
        board[np.uint64(room)] = OPEN


@kernel
def _carve_wilson(
    stream: NDArray[np.uint64], board: NDArray[np.uint8], offsets: NDArray[np.int64], memory: TreeRoom
) -> None:
    """From every room a walk to the tree; `of_cell` is how each room was left the last time, so loops are gone."""
    ways = memory.of_cell
    board[_any_room(stream, memory)] = OPEN
    word, left = np.uint64(0), 0
    for first in memory.rooms:
        room = int(first)
        while board[room] == _CLOSED:
            if left == 0:
                word, left = next_uint64(stream), _WAYS_OF_A_WORD
            way = int(word & np.uint64(NUM_WAYS - 1))
            word >>= np.uint64(_WAY_BITS)
            left -= 1
            following = room + 2 * int(offsets[way])
            # A way that leads to no room is drawn again, so that the others stay as likely.
            if board[following] != WALL:
                ways[room] = way
                room = following
        room = int(first)
        while board[room] == _CLOSED:
            offset = int(offsets[ways[room]])
            board[room] = board[room + offset] = OPEN
            room += 2 * offset


@kernel
def _carve_kruskal(
    stream: NDArray[np.uint64], board: NDArray[np.uint8], offsets: NDArray[np.int64], memory: TreeRoom
) -> None:
    """Passages in random order; `of_cell` leads from rooms that are joined to one of them."""
    joined, passages, count = memory.of_cell, memory.passages, 0
    for one in memory.rooms:
        room = int(one)
        joined[room] = room
        for way in range(NUM_WAYS // 2, NUM_WAYS):
            if board[room + 2 * offsets[way]] != WALL:
                passages[count] = room * NUM_WAYS + way
                count += 1
    shuffle(stream, passages[:count])
    for passage in passages[:count]:
        room, offset = int(passage) // NUM_WAYS, int(offsets[passage % NUM_WAYS])
        one_end, other_end = _representative(joined, room), _representative(joined, room + 2 * offset)
        if one_end != other_end:
            joined[one_end] = other_end
            _open(board, room, offset)


@kernel
def _representative(joined: NDArray[np.int32], room: int) -> int:
    """That of the rooms that `room` is joined to; chains get shorter as they are followed."""
    while joined[room] != room:
        joined[room] = joined[joined[room]]
        room = int(joined[room])
    return room


@kernel
def _carve_prim(
    stream: NDArray[np.uint64], board: NDArray[np.uint8], offsets: NDArray[np.int64], memory: TreeRoom
) -> None:
    """`passages` holds those out of open rooms; one that leads to another open room is dropped when it comes."""
    border = memory.passages
    count = _reach(board, offsets, _any_room(stream, memory), border, 0)
    while count > 0:
        choice = below(stream, count)
        passage = int(border[choice])
        count -= 1
        border[choice] = border[count]
        room, offset = passage // NUM_WAYS, int(offsets[passage % NUM_WAYS])
        if board[room + 2 * offset] == _CLOSED:
            board[room + offset] = OPEN
            count = _reach(board, offsets, room + 2 * offset, border, count)


@kernel
def _reach(
    board: NDArray[np.uint8], offsets: NDArray[np.int64], room: int, border: NDArray[np.int32], count: int
) -> int:
    """Open a room and put its passages to closed ones behind the `count` first of `border`; how many there are then."""
    board[room] = OPEN
    for way in range(NUM_WAYS):
        if board[room + 2 * offsets[way]] == _CLOSED:
            border[count] = room * NUM_WAYS + way
            count += 1
    return count
