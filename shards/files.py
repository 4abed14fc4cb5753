"""Writing files so that under its own name a file is whole or absent, whatever happens meanwhile.

The content goes to a temporary name in the same folder, is flushed to the disk and renamed; then the folder is flushed,
so that the rename outlives a power cut. A writer that is killed leaves a temporary file behind, which `is_temporary`
tells by its name.
"""

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

_TEMPORARY = ".tmp-"


def write_atomically(path: str | os.PathLike[str], content: bytes | Callable[[BinaryIO], object]) -> None:
    """Write a local file, replacing what is there; folders above it are made where they are missing.

    Args:
        path: of the file.
        content: its bytes, or a function that writes them to an open binary file.

    Raises:
        OSError: the file system refused; what was there before stays, and nothing else is left behind. The same holds
            for any error of `content`.
    """
    folder, name = os.path.split(os.path.abspath(path))
    os.makedirs(folder, exist_ok=True)
    # A name of its own, since a scheduler may start a unit again while its first writer still runs.
    temporary = os.path.join(folder, f".{name}{_TEMPORARY}{uuid.uuid4().hex}")
    try:
        with open(temporary, "xb") as file:
            if callable(content):
                content(file)
            else:
                file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(folder)


def is_temporary(path: str) -> bool:
    """Whether `path` names a file that was being written."""
    return _TEMPORARY in path.rsplit("/", 1)[-1]


def _sync_folder(folder: str) -> None:
    """Flush the names in a folder to the disk, where folders can be flushed (not on Windows)."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
