"""The typeface of figures that are files, embedded in them, so that they look the same on every machine.

vl-convert embeds the letters that it uses in a PDF by itself, once it knows where the font lies; here that is
matplotlib's, so that no font has to be installed. An SVG gets the same letters as a ``@font-face`` of its own.
*Rejected:* letters as paths, which need no font at all, but can neither be searched, nor copied, nor read out, nor set
anew by a publisher.
"""

import base64
import io
import re
from functools import cache
from pathlib import Path

import vl_convert

from .theme import PAPER_FONT

_FILES = {"normal": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf"}
_OPENING = re.compile(r"<svg\b[^>]*>")
_WORDS = re.compile(r">([^<]+)<")


@cache
def register_fonts() -> None:
    """Let vl-convert know the typeface."""
    vl_convert.register_font_directory(str(_folder()))


def with_fonts(svg: str) -> str:
    """An SVG with the letters of its words embedded."""
    letters = "".join(sorted(set("".join(_WORDS.findall(svg)))))
    faces = [_face(weight, letters) for weight in _FILES if weight == "normal" or f'font-weight="{weight}"' in svg]
    style = f"<style>{''.join(faces)}</style>"
    return _OPENING.sub(lambda opening: opening[0] + style, svg, count=1)


def _folder() -> Path:
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf"


def _face(weight: str, letters: str) -> str:
    """A ``@font-face`` of some letters."""
    from fontTools.subset import Options, Subsetter, load_font, save_font

    options = Options(flavor="woff", recalc_timestamp=False)
    options.drop_tables += ["FFTM"]  # When a font editor saved it: fontTools would warn that it cannot cut that.
    subsetter, data = Subsetter(options), io.BytesIO()
    # What stands in the SVG as `&amp;` is an ampersand: its letters, and those few of the markup itself, are embedded.
    subsetter.populate(text=letters + "<>&'\"")
    with load_font(str(_folder() / _FILES[weight]), options) as font:
        subsetter.subset(font)
        save_font(font, data, options)
    source = f"data:font/woff;base64,{base64.b64encode(data.getvalue()).decode()}"
    return f'@font-face{{font-family:"{PAPER_FONT}";font-weight:{weight};src:url({source})}}'
