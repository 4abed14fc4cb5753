"""Mazes: a square of cells, walls or open, with a start, a goal and a shortest path between them.

A sequence spells the square row by row, one token a cell: ``#`` a wall, a blank an open cell, ``S`` the start, ``G``
the goal; a label is the same with ``o`` on the cells of a shortest path between the two.

    grids       tokens, ways, how rooms lie in a square
    boards      a square with a wall around it, on which kernels walk
    trees       walls of perfect mazes: depth-first, Wilson, Kruskal, Prim
    walls       walls at random; walls that are taken away again
    paths       distances, shortest paths and their number, which of them is the label
    ends        which cells become start and goal
    asked       what the command line can ask for
    maker       all of these, for one candidate after the other
    task        the task; family: what the other rooms see of it

Shapes: G mazes, C = n * n cells of a square, L * L rooms of a perfect maze, B mazes that are made.
"""
