"""Mazes in plain Python: cells are (row, column), a maze maps cells to characters, draws are those of a stream.

`Stream` of `references.philox` gives the draws, so that kernels make the very same mazes.
"""

from itertools import product
from math import isqrt

WAYS = ((-1, 0), (0, -1), (0, 1), (1, 0))
"""Up, left, right, down."""
CHARACTERS = "_# SGo"


def beside(cell, way, steps=1):
    return cell[0] + steps * way[0], cell[1] + steps * way[1]


def squared(maze, size):
    """Tokens row by row."""
    return [CHARACTERS.index(maze[cell]) for cell in product(range(size), repeat=2)]


def maze_of(tokens, size):
    return dict(zip(product(range(size), repeat=2), (CHARACTERS[token] for token in tokens), strict=True))


class Rooms:
    """A square of walls, the rooms in it, and which of them are open."""

    def __init__(self, size):
        self.maze = dict.fromkeys(product(range(size), repeat=2), "#")
        places = range(1, 2 * ((size - 1) // 2), 2)
        self.rooms = list(product(places, repeat=2))
        self.open = set()

    def any_room(self, stream):
        return self.rooms[stream.below(len(self.rooms))]

    def enter(self, room):
        self.open.add(room)
        self.maze[room] = " "

    def join(self, room, way):
        self.enter(room)
        self.enter(beside(room, way, 2))
        self.maze[beside(room, way)] = " "

    def closed_ways(self, room):
        return [way for way in WAYS if (other := beside(room, way, 2)) in self.rooms and other not in self.open]


class Pairs:
    """The pairs of bits of a stream's words, the lowest first."""

    def __init__(self, stream):
        self.stream, self.pairs = stream, []

    def next(self):
        if not self.pairs:
            word = self.stream.next()
            self.pairs = [word >> shift & 3 for shift in range(62, -1, -2)]
        return self.pairs.pop()


def dfs(stream, size):
    rooms = Rooms(size)
    path = [rooms.any_room(stream)]
    rooms.enter(path[0])
    fraction, choices = 0, 0
    while path:
        ways = rooms.closed_ways(path[-1])
        if not ways:
            path.pop()
            continue
        if choices == 0:
            fraction, choices = stream.next(), 16
        choices -= 1
        choice, fraction = divmod(fraction * len(ways), 1 << 64)
        way = ways[choice]
        rooms.join(path[-1], way)
        path.append(beside(path[-1], way, 2))
    return rooms.maze


def wilson(stream, size):
    rooms = Rooms(size)
    rooms.enter(rooms.any_room(stream))
    pairs = Pairs(stream)
    for first in rooms.rooms:
        room, left_by = first, {}
        while room not in rooms.open:
            way = WAYS[pairs.next()]
            if beside(room, way, 2) in rooms.rooms:
                left_by[room] = way
                room = beside(room, way, 2)
        room = first
        while room not in rooms.open:
            way = left_by[room]
            rooms.enter(room)
            rooms.maze[beside(room, way)] = " "
            room = beside(room, way, 2)
    return rooms.maze


def kruskal(stream, size):
    rooms = Rooms(size)
    joined = {room: {room} for room in rooms.rooms}
    passages = [(room, way) for room in rooms.rooms for way in WAYS[2:] if beside(room, way, 2) in joined]
    stream.shuffle(passages)
    for room, way in passages:
        other = beside(room, way, 2)
        if joined[room] is not joined[other]:
            joined[room] |= joined[other]
            for one in joined[other]:
                joined[one] = joined[room]
            rooms.join(room, way)
    return rooms.maze


def prim(stream, size):
    rooms, border, room = Rooms(size), [], None
    room = rooms.any_room(stream)
    while True:
        rooms.enter(room)
        border += [(room, way) for way in rooms.closed_ways(room)]
        while border:
            choice = stream.below(len(border))
            leaves, way = border[choice]
            border[choice] = border[-1]
            border.pop()
            if (room := beside(leaves, way, 2)) not in rooms.open:
                rooms.join(leaves, way)
                break
        else:
            return rooms.maze


def draw_first(stream, items, wanted):
    for i in range(wanted):
        j = i + stream.below(len(items) - i)
        items[i], items[j] = items[j], items[i]
    return items[:wanted]


def hard(stream, size):
    cells = list(product(range(size), repeat=2))
    least, most = -(-30 * len(cells) // 100), 50 * len(cells) // 100
    walls = set(draw_first(stream, list(cells), least + stream.below(most - least + 1)))
    return {cell: "#" if cell in walls else " " for cell in cells}


def taken_away(stream, maze, size, per_cent):
    rooms = Rooms(size).rooms
    walls = [
        beside(room, way)
        for room in rooms
        for way in WAYS[2:]
        if beside(room, way, 2) in rooms and maze[beside(room, way)] == "#"
    ]
    opened = draw_first(stream, walls, (per_cent * len(walls) + 50) // 100)
    return {**maze, **dict.fromkeys(opened, " ")}


def distances(maze, source):
    """Steps from a cell, in the order of a search that looks up, left, right and down."""
    found, queue = {source: 0}, [source]
    for cell in queue:
        for way in WAYS:
            other = beside(cell, way)
            if maze.get(other, "#") != "#" and other not in found:
                found[other] = found[cell] + 1
                queue.append(other)
    return found


def can_be_apart(maze, least):
    """Whether bounds leave open that two cells are so far apart: regions are met row by row, from the middle on."""
    size = isqrt(len(maze))
    middle = (size + 2) // 2
    left = {cell for cell, one in maze.items() if one != "#"}
    rows = sorted(range(size), key=lambda row: (abs(row + 1 - middle), row))
    for row in rows:
        while len(left) > least and any((row, column) in left for column in range(size)):
            columns = [column for column in range(size) if (row, column) in left]
            start = next((column for column in columns if column >= middle), columns[0])
            region = distances(maze, (row, start))
            left -= set(region)
            if len(region) > least and 2 * max(region.values()) >= least:
                return True
    return False


def with_ends(stream, maze, least, most):
    """The maze with its ends, and the steps between them; None where no two cells are as far apart."""
    if least <= isqrt(len(maze)) + 2:
        found = with_goal(stream, maze, any_open(stream, maze), least, most)
        if found:
            return found
    goals, seen = [], set()
    for cell in sorted(maze):
        if maze[cell] == "#":
            continue
        if cell not in seen:
            region = distances(maze, cell)
            seen |= set(region)
            far = region
            if max(far.values()) < least:
                far = distances(maze, list(region)[-1])
            if len(region) > least and max(far.values()) >= least:
                goals += region
    goals.sort()
    for i in range(len(goals)):
        j = i + stream.below(len(goals) - i)
        goals[i], goals[j] = goals[j], goals[i]
        found = with_goal(stream, maze, goals[i], least, most)
        if found:
            return found
    return None


def any_open(stream, maze):
    """Drawn from a square with a wall around it until it is open."""
    width = isqrt(len(maze)) + 2
    while True:
        row, column = divmod(stream.below(width * width), width)
        if maze.get((row - 1, column - 1), "#") != "#":
            return row - 1, column - 1


def with_goal(stream, maze, goal, least, most):
    steps = distances(maze, goal)
    starts = [cell for cell, far in steps.items() if least <= far <= most]
    if not starts:
        return None
    start = starts[stream.below(len(starts))]
    return {**maze, start: "S", goal: "G"}, steps[start]


def ends_of(maze):
    (start,), (goal,) = ([cell for cell, one in maze.items() if one == end] for end in "SG")
    return start, goal


def labelled(maze):
    """The maze with the path that prefers up, left, right, down in this order."""
    start, goal = ends_of(maze)
    left, label, cell = distances(maze, goal), dict(maze), start
    while left[cell] > 1:
        cell = next(beside(cell, way) for way in WAYS if left.get(beside(cell, way)) == left[cell] - 1)
        label[cell] = "o"
    return label


def shortest_paths(maze):
    """All of them, as lists of the cells between the ends, in the order of ways at the first cell, the second, ..."""
    start, goal = ends_of(maze)
    left = distances(maze, goal)

    def onwards(cell):
        if left[cell] == 1:
            yield []
            return
        for way in WAYS:
            other = beside(cell, way)
            if left.get(other) == left[cell] - 1:
                for rest in onwards(other):
                    yield [other, *rest]

    return list(onwards(start))
