"""Which URLs are opened: those of a short list of protocols, whoever gives them.

fsspec knows protocols that run code which the other side sends (``dask://``), or that fetch from anywhere, and chains
of them joined by ``::``. A corpus or a run that someone passes on may name any URL, so the list is short, and the
environment variable ``TRMPIPE_PROTOCOLS`` adds to it (``TRMPIPE_PROTOCOLS=hf,az``).
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from trmpipe.generators.errors import TrmpipeError

from .errors import CorpusError, UnreachableError

PROTOCOLS_VARIABLE = "TRMPIPE_PROTOCOLS"
_ALLOWED = ("file", "local", "memory", "s3", "gs")
_LOCAL = ("file", "local")
_PROTOCOL = re.compile(r"([A-Za-z0-9][A-Za-z0-9+.-]*)://|(data):")
"""fsspec takes the one protocol without slashes too."""


def allowed_protocols() -> tuple[str, ...]:
    """Protocols that may be opened: the short list, and what the user added."""
    added = os.environ.get(PROTOCOLS_VARIABLE, "").replace(",", " ").split()
    return (*_ALLOWED, *(name for name in added if name not in _ALLOWED))


def protocol_of(url: str) -> str:
    """The protocol of a URL, ``"file"`` for a plain path."""
    match = _PROTOCOL.match(url)
    return (match[1] or match[2]).lower() if match else "file"


def is_local(url: str) -> bool:
    """Whether a URL or path lies on this machine's file system."""
    return protocol_of(url) in _LOCAL


def check_url(url: str) -> None:
    """Refuse a URL that may not be opened.

    Raises:
        CorpusError: it is a chain, or its protocol is not allowed.
    """
    shown = printable(url)
    if "::" in url:
        raise CorpusError(f"cannot open {shown}: URLs chained by '::' are not followed; give a folder or one plain URL")
    protocol, allowed = protocol_of(url), allowed_protocols()
    if protocol not in allowed:
        raise CorpusError(
            f"cannot open {shown}: the protocol {protocol!r} is none of {', '.join(allowed)}; give a folder, or, "
            f"if you trust whoever is at that URL, allow it by {PROTOCOLS_VARIABLE}={protocol}"
        )


def in_one_line(error: Exception) -> str:
    """What an exception says, as a part of one line; what others raise may quote any bytes of a file."""
    return printable(" ".join(str(error).split())) or type(error).__name__


def printable(text: str) -> str:
    """`text` with every character escaped that a terminal would take for a command."""
    return "".join(letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)


@contextmanager
def reached(url: str) -> Iterator[None]:
    """Tell in one line what a store elsewhere raises that is no error of a file: no credentials, nobody who answers.

    Such exceptions come from the libraries of each store, and only those of files are common to them.

    Raises:
        UnreachableError: the store raised one.
    """
    try:
        yield
    except (TrmpipeError, OSError, ValueError, ImportError):
        raise
    except Exception as error:
        if is_local(url):
            raise
        raise UnreachableError(
            f"cannot reach {printable(url)}: {in_one_line(error)}; check the address, the credentials and the endpoint "
            "(of S3: AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_ENDPOINT_URL)"
        ) from error
