"""Figures that belong to no window and to no global state."""

from pathlib import Path
from typing import Any

from trmpipe.shards.files import write_atomically

from ..files import writing

_TITLE_INCHES = 0.4


def make_figure(rows: int, columns: int, size: tuple[float, float], title: str = "") -> tuple[Any, Any]:
    """A figure and its axes.

    Args:
        rows: of axes.
        columns: of axes.
        size: width and height in inches, those of the title included.
        title: above all axes; none where it is empty.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Fixed margins: a layout engine takes a second for sixteen boards.
    figure = Figure(figsize=size)
    above = _TITLE_INCHES / size[1] if title else 0.0
    figure.subplots_adjust(
        left=0.07, right=0.98, bottom=0.13 / rows, top=1 - 0.08 / rows - above, wspace=0.2, hspace=0.15
    )
    if title:
        # Names come from files: a dollar sign in them begins no formula.
        figure.suptitle(title, y=1 - 0.3 * above, va="top", fontsize=11, parse_math=False)
    FigureCanvasAgg(figure)
    return figure, figure.subplots(rows, columns)


def save_figure(figure: Any, path: Path) -> Path:
    """Write a figure as PNG, whole or not at all.

    Raises:
        RunWriteError: it cannot be written.
    """
    with writing(path):
        write_atomically(path, lambda file: figure.savefig(file, format="png", dpi=110))
    return path
