"""Nonograms: a picture of n x n cells, of which the lengths of its runs are told, for every row and every column.

A sequence spells a larger square row by row: the picture, with the clues of its rows on the left and those of its
columns above. So clues have tokens of their own, which no cell of the picture holds. Every puzzle has one solution.

    grids       tokens, where clues lie, maps of the eight symmetries, text
    solver      what a line's clues say of it, rounds of all lines, guesses
    maker       pictures, their clues, whether an answer fits them
    task        what can be asked for, the task, what the other rooms see of it

Shapes: G puzzles, n * n cells of a picture, m clues of a line at most, C = (m + n) ** 2 cells of a sequence, 2 n lines:
rows, then columns.
"""
