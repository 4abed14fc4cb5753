"""A figure as a file: vectors with their fonts for papers, or points. No network, no browser.

The Vega-Lite chart of a page is the one of a paper: vl-convert draws it to SVG and PDF by Vega itself, 0.1 s a figure
after the first.
"""

from pathlib import Path

import vl_convert

from trmpipe.shards.files import write_atomically

from .figure import Figure
from .theme import LIGHT, themed

SUFFIXES = (".svg", ".pdf", ".png")
"""What a figure can be written as."""
_PIXELS_PER_POINT = 2.0


def save_figure(figure: Figure, path: Path) -> Path:
    """Write a figure, whole or not at all, in the form that the path ends in.

    Args:
        figure: to be written.
        path: of a file that ends in one of `SUFFIXES`; replaced where it is there.

    Raises:
        ValueError: it ends otherwise.
        OSError: it cannot be written.
    """
    spec = themed(figure, LIGHT)
    if path.suffix == ".svg":
        data = vl_convert.vegalite_to_svg(spec).encode()
    elif path.suffix == ".pdf":
        data = vl_convert.vegalite_to_pdf(spec)
    elif path.suffix == ".png":
        data = vl_convert.vegalite_to_png(spec, scale=_PIXELS_PER_POINT)
    else:
        raise ValueError(f"{path.name} ends in none of {', '.join(SUFFIXES)}, which figures are written as")
    write_atomically(path, lambda file: file.write(data))
    return path
