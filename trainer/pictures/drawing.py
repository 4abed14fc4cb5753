"""Any task's puzzles on matplotlib axes, from the plain data that tasks give."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from trmpipe.generators.picture import GIVEN, RIGHT, WRONG, Picture

_WORDS = {GIVEN: "given by the puzzle", RIGHT: "right", WRONG: "wrong"}
_COLOURS = {GIVEN: "#333333", RIGHT: "#1a7f37", WRONG: "#cf222e"}
_UNJUDGED = "#333333"
_UNFILLED = "#ffffff"
_MOST_POINTS = 12
_POINTS = 80
"""Size of the symbols of a whole row together."""


def draw_picture(axes: Any, picture: Picture) -> None:
    """Draw a picture: cells with a fill as colours, the others by their symbols.

    Where one fill has several symbols, as a maze's floor has ends and path, they are drawn on it. Symbols are dark and
    bold in given cells, green in right ones, red in wrong ones; on a fill a red dot says wrong.
    """
    rows, columns = picture.shape
    fills = picture.fills or ("",) * (rows * columns)
    if any(fills):
        _draw_fills(axes, fills, picture.shape)
    _draw_lines(axes, picture, bool(any(fills)))
    tones = picture.tones or ("",) * (rows * columns)
    told = _fills_with_symbols(picture)
    size = min(_POINTS / max(rows, columns), _MOST_POINTS)
    for cell, (symbol, fill, tone) in enumerate(zip(picture.symbols, fills, tones, strict=True)):
        if symbol and (not fill or fill in told):
            weight = "bold" if tone == GIVEN else "normal"
            style = {"ha": "center", "va": "center", "color": _COLOURS.get(tone, _UNJUDGED), "fontsize": size}
            axes.text(cell % columns, cell // columns, symbol, weight=weight, parse_math=False, **style)
    wrong = [cell for cell, fill in enumerate(fills) if fill and tones[cell] == WRONG]
    if wrong:
        axes.scatter(
            np.mod(wrong, columns),
            np.floor_divide(wrong, columns),
            s=9,
            color=_COLOURS[WRONG],
            edgecolors="#ffffff",
            linewidths=0.5,
        )
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")


def _fills_with_symbols(picture: Picture) -> set[str]:
    """The fills that do not say all of a cell: those of cells with different symbols."""
    pairs = {(fill, symbol) for fill, symbol in zip(picture.fills, picture.symbols, strict=False) if fill and symbol}
    fills = [fill for fill, _ in pairs]
    return {fill for fill in fills if fills.count(fill) > 1}


def draw_legend(axes: Any, pictures: Iterable[Picture]) -> None:
    """Say on axes of their own what the colours of symbols, and the dots on fills, of these pictures mean."""
    from matplotlib.lines import Line2D

    seen = {(tone, bool(picture.fills)) for picture in pictures for tone in picture.tones}
    handles = [
        Line2D(
            [], [], linestyle="", color=colour, marker="o" if filled else "s", markersize=4 if filled else 8, label=word
        )
        for filled in (False, True)
        for (tone, colour), word in zip(_COLOURS.items(), _WORDS.values(), strict=True)
        if (tone, filled) in seen and (tone == WRONG or not filled)
    ]
    if handles:
        axes.legend(handles=handles, loc="center left", frameon=False, fontsize=9)


def _draw_fills(axes: Any, fills: tuple[str, ...], shape: tuple[int, int]) -> None:
    from matplotlib.colors import to_rgb

    known = {fill: to_rgb(fill or _UNFILLED) for fill in set(fills)}
    axes.imshow(np.array([known[fill] for fill in fills]).reshape(*shape, 3), interpolation="nearest")


def _draw_lines(axes: Any, picture: Picture, filled: bool) -> None:
    """Thin lines between all cells, thick ones at the picture's rules, and around it where it has some."""
    rows, columns = picture.shape
    cells = {"color": "#555555", "linewidth": 0.3} if filled else {"color": "#bbbbbb", "linewidth": 0.6}
    rules = {"color": "#333333", "linewidth": 1.5, "clip_on": False}
    inside = np.arange(max(rows, columns) + 1) - 0.5
    axes.hlines(inside[: rows + 1], -0.5, columns - 0.5, clip_on=False, **cells)
    axes.vlines(inside[: columns + 1], -0.5, rows - 0.5, clip_on=False, **cells)
    if picture.row_rules or picture.column_rules:
        axes.hlines(inside[[0, *picture.row_rules, rows]], -0.5, columns - 0.5, **rules)
        axes.vlines(inside[[0, *picture.column_rules, columns]], -0.5, rows - 0.5, **rules)
