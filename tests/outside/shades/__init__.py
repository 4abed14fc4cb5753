"""Shades: a package that adds to trmpipe from outside, one entry of every kind, and stands for those of users.

A puzzle is a small grid of three shades, some cells of which are shown; an answer fills the others so that neighbours
differ, and most puzzles have several. With this folder on the path, all commands know the package by the entry points
beside it.
"""
