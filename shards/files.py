"""Writing files so that under its own name a file is whole or absent, whatever happens meanwhile.

The content goes to a temporary name in the same folder, or in one that is set apart for it, is flushed to the disk and
renamed; then the folder is flushed, so that the rename outlives a power cut. A writer that is killed leaves a temporary
file behind, which `is_temporary` tells by its name.
"""

import os
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import BinaryIO

_TEMPORARY = ".tmp-"


def write_atomically(
    path: str | os.PathLike[str], content: bytes | Callable[[BinaryIO], object], scratch: str | None = None
) -> None:
    """Write a local file, replacing what is there; folders above it are made where they are missing.

    Args:
        path: of the file.
        content: its bytes, or a function that writes them to an open binary file.
        scratch: folder of the same file system for the temporary file, which has to be there; by default the file's.

    Raises:
        OSError: the file system refused, or `scratch` is gone; what was there before stays, and nothing else is left
            behind. The same holds for any error of `content`.
    """
    folder, name = os.path.split(os.path.abspath(path))
    if scratch is None:
        os.makedirs(folder, exist_ok=True)
    # A name of its own, since a scheduler may start a unit again while its first writer still runs.
    temporary = os.path.join(scratch or folder, f".{name}{_TEMPORARY}{uuid.uuid4().hex}")
    try:
        with open(temporary, "xb") as file:
            # Only now: a writer without its scratch folder must not bring back a folder that was deleted meanwhile.
            os.makedirs(folder, exist_ok=True)
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
