"""What is seen of a maze a row at a time: as plain Python does, never wrong where it says no, mostly saying so."""

import networkx
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.references import maze as reference
from tests.references.philox import Stream
from trmpipe.generators.maze.boards import board_cells, lay, offsets_of
from trmpipe.generators.maze.ends import choose_ends
from trmpipe.generators.maze.grids import GOAL, OPEN, WALL
from trmpipe.generators.maze.paths import NOWHERE, new_path_room
from trmpipe.generators.maze.regions import can_be_apart, new_row_room
from trmpipe.generators.rng import open_stream

SEEDS = st.integers(0, 2**32)


def squares(seed, size, walls, count=1):
    drawn = np.random.default_rng(seed).random((count, size * size))
    return np.where(drawn < walls, WALL, OPEN).astype(np.uint8)


def seen(tokens, size, least, room):
    board = np.empty(board_cells(size), np.uint8)
    lay(tokens, offsets_of(size), board)
    return can_be_apart(board, least, room)


@settings(max_examples=150, deadline=None)
@given(SEEDS, st.integers(5, 64), st.floats(0, 1), st.integers(1, 200))
@example(seed=0, size=64, walls=0.0, least=126)
@example(seed=0, size=64, walls=0.0, least=200)
@example(seed=0, size=5, walls=1.0, least=1)
def test_it_is_what_plain_python_says(seed, size, walls, least):
    room = new_row_room(size)
    # Several with the same memory: nothing of a maze may be left for the next.
    for tokens in squares(seed, size, walls, count=3):
        maze = reference.maze_of(tokens.tolist(), size)
        assert seen(tokens, size, least, room) == reference.can_be_apart(maze, least)


@settings(max_examples=80, deadline=None)
@given(SEEDS, st.integers(5, 16), st.floats(0.2, 0.6))
def test_no_two_cells_are_as_far_apart_where_it_says_so(seed, size, walls):
    """Against networkx, at the longest of all shortest paths and one more."""
    tokens, room = squares(seed, size, walls)[0], new_row_room(size)
    graph = networkx.Graph()
    cells = {cell for cell, one in reference.maze_of(tokens.tolist(), size).items() if one != "#"}
    graph.add_edges_from(
        (cell, other) for cell in cells for way in reference.WAYS if (other := reference.beside(cell, way)) in cells
    )
    regions = (graph.subgraph(region) for region in networkx.connected_components(graph))
    longest = max((networkx.diameter(region) for region in regions), default=0)
    if longest:
        assert all(seen(tokens, size, least, room) for least in range(1, longest + 1))


def test_the_only_two_cells_that_are_as_far_apart_become_ends():
    """A corridor that winds through 5 x 5: sixteen steps, its middle eight from either end, so bounds just hold."""
    corridor = [*"     ", *"#### ", *"     ", *" ####", *"     "]
    board, memory = np.empty(board_cells(5), np.uint8), new_path_room(5)
    lay(np.array([OPEN if one == " " else WALL for one in corridor], np.uint8), offsets_of(5), board)
    order, stream = np.empty(board_cells(5), np.int32), open_stream(0, 0, 0, 0, 0)
    assert choose_ends(stream, board, 17, 24, memory, order) == NOWHERE
    start = choose_ends(stream, board, 16, 16, memory, order)
    first, last = 8, 40
    assert start in (first, last)
    assert board[first + last - start] == GOAL


def test_most_mazes_of_random_walls_are_seen_to_be_too_short():
    """Of 400 of kind hard at 30 x 30, where a path has 111 steps or more: about an eighth has to be measured."""
    room, left = new_row_room(30), 0
    for candidate in range(400):
        maze = reference.hard(Stream(0, 0, 0, 0, candidate), 30)
        left += seen(np.array(reference.squared(maze, 30), np.uint8), 30, 111, room)
    assert 20 < left < 80
