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
_MARKS = "\N{PLUS-MINUS SIGN}\N{MULTIPLICATION SIGN}\N{EN DASH}\N{MINUS SIGN}\N{HORIZONTAL ELLIPSIS}"
_USUAL = "".join(map(chr, range(0x20, 0x7F))) + _MARKS
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


def _file_of(weight: str) -> Path:
    return _folder() / _FILES[weight]


def _face(weight: str, letters: str) -> str:
    """A ``@font-face`` of some letters."""
    # What stands in the SVG as `&amp;` is an ampersand: its letters, and those few of the markup itself, are embedded.
    wanted = letters + "<>&'\""
    font = _usual_letters(weight) if set(wanted) <= set(_USUAL) else _file_of(weight).read_bytes()
    source = f"data:font/woff;base64,{base64.b64encode(_cut(font, wanted, 'woff')).decode()}"
    return f'@font-face{{font-family:"{PAPER_FONT}";font-weight:{weight};src:url({source})}}'


@cache
def _usual_letters(weight: str) -> bytes:
    """The typeface with the usual letters alone: ten times as fast to cut from as the whole, which has 6,000."""
    return _cut(_file_of(weight).read_bytes(), _USUAL, None)


def _cut(font: bytes, letters: str, flavor: str | None) -> bytes:
    """A font file with some of a font's letters."""
    from fontTools.subset import Options, Subsetter, load_font, save_font

    options = Options(flavor=flavor, recalc_timestamp=False)
    options.drop_tables += ["FFTM"]  # When a font editor saved it: fontTools would warn that it cannot cut that.
    subsetter, data = Subsetter(options), io.BytesIO()
    subsetter.populate(text=letters)
    with load_font(io.BytesIO(font), options) as opened:
        subsetter.subset(opened)
        save_font(opened, data, options)
    return data.getvalue()
