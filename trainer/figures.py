"""Figures that belong to no window and to no global state."""

from pathlib import Path
from typing import Any

from trmpipe.shards.files import write_atomically

from .files import writing


def make_figure(rows: int, columns: int, size: tuple[float, float]) -> tuple[Any, Any]:
    """A figure of `size` inches and its axes, as many as rows times columns."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    # Fixed margins: a layout engine takes a second for sixteen boards.
    figure = Figure(figsize=size)
    figure.subplots_adjust(left=0.07, right=0.98, bottom=0.13 / rows, top=1 - 0.08 / rows, wspace=0.2, hspace=0.15)
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
