"""A figure as a file: vectors with their fonts for papers, or points. No network, no browser.

The Vega-Lite chart of a page is the one of a paper: vl-convert draws it to SVG and PDF by Vega itself, 0.1 s a figure
after the first.
"""

from collections.abc import Sequence
from pathlib import Path

import vl_convert

from trmpipe.shards.files import write_atomically

from .figure import Figure
from .fonts import register_fonts, with_fonts
from .theme import LIGHT, themed

SUFFIXES = (".svg", ".pdf", ".png")
"""What a figure can be written as."""
_PIXELS_PER_POINT = 2.0
_NO_URLS: list[str] = []
"""What a chart may fetch while it is drawn: nothing."""


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure, whole or not at all, in the form that the path ends in.

    Args:
        figure: to be written.
        path: of a file that ends in one of `SUFFIXES`; replaced where it is there.

    Raises:
        ValueError: it ends otherwise.
        OSError: it cannot be written.
    """
    if path.suffix not in SUFFIXES:
        raise ValueError(f"{path.name} ends in none of {', '.join(SUFFIXES)}, which figures are written as")
    data = _drawn(figure, path.suffix)
    write_atomically(path, lambda file: file.write(data))
    return path


def _drawn(figure: Figure, suffix: str) -> bytes:
    register_fonts()
    spec = themed(figure, LIGHT)
    if suffix == ".svg":
        return with_fonts(vl_convert.vegalite_to_svg(spec, allowed_base_urls=_NO_URLS)).encode()
    if suffix == ".pdf":
        return vl_convert.vegalite_to_pdf(spec, allowed_base_urls=_NO_URLS)
    return vl_convert.vegalite_to_png(spec, scale=_PIXELS_PER_POINT, allowed_base_urls=_NO_URLS)


def save_figures(figures: Sequence[Figure], folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """Write figures to a folder, each under its name, in several forms.

    Args:
        figures: to be written, each of another name.
        folder: made where it is missing.
        suffixes: some of `SUFFIXES`.

    Raises:
        ValueError: as `save_figure`.
        OSError: one of them cannot be written.
    """
    return [save_figure(figure, folder / f"{figure.name}{suffix}") for figure in figures for suffix in suffixes]
