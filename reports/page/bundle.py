"""The code that draws charts in a page: Vega, Vega-Lite and Vega-Embed, as the package vl-convert carries them.

They are put together by vl-convert, which takes seven seconds, always to the same text; so it is kept in the cache's
folder under the package's version, with its digest, as kernels are.
"""

import hashlib
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path

import vl_convert

from trmpipe.generators.cache_root import cache_root
from trmpipe.shards.files import write_atomically

_SNIPPET = "window.vegaEmbed = vegaEmbed;"
_DIGEST_LETTERS = 64
_MOST_BYTES = 16 << 20


@cache
def vega_script() -> str:
    """The code, as it may stand in a page."""
    path = _kept_at()
    found = _read(path) if path else None
    if found is None:
        found = vl_convert.javascript_bundle(_SNIPPET)
        if path:
            digest = hashlib.sha256(found.encode()).hexdigest()
            with suppress(OSError):  # It is made anew next time.
                write_atomically(path, (digest + found).encode())
    # A browser takes these for the end, or the beginning of a comment; in a text of JavaScript they mean the same.
    return found.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _kept_at() -> Path | None:
    """Where it is kept; None where there is no home."""
    root = cache_root()
    return root / "vega" / f"{version('vl-convert-python')}.js" if root is not None else None


def _read(path: Path) -> str | None:
    """What is kept, if it is whole."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            return None
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return None
    digest, code = text[:_DIGEST_LETTERS], text[_DIGEST_LETTERS:]
    return code if hashlib.sha256(code.encode()).hexdigest() == digest else None
