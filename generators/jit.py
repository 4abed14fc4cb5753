"""The one decorator for Numba kernels: compiled on first call, without the GIL, cached on disk.

Numba's own cache looks at the file of a kernel and not at the kernels that it calls, so after an edit of a callee it
would go on and write the old bytes. Here the cache folder is named by a digest of all code that can end in
the machine code: this whole package, sub-packages included, the kernel's own folder where it lies elsewhere, and the
versions of Numba, NumPy and Python.

The cache lies in ``$TRMPIPE_CACHE_DIR``, by default ``~/.cache/trmpipe``; where neither can be written, kernels are
compiled anew by every process.
"""

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numba
import numpy as np

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).resolve().parent
_NUM_KEPT = 8
"""Cache folders that are left in place, the last used ones: enough for a few checkouts side by side."""


def kernel(function: Function) -> Function:
    """Compile `function` with Numba in nopython mode on its first call, cached under a key of its code (`code_key`)."""
    folder = _cache_folder(package_of(Path(function.__code__.co_filename).resolve()))
    if folder is None:
        return numba.njit(**_options(function))(function)  # type: ignore[no-any-return]
    with _numba_cache(folder):
        cached = numba.njit(cache=True, **_options(function))(function)
    # Where Numba cannot write there, it turns to a folder that no key names and that may hold old bytes.
    if not cached.stats.cache_path.startswith(folder):
        return numba.njit(**_options(function))(function)  # type: ignore[no-any-return]
    return cached  # type: ignore[no-any-return]


def _options(function: Callable[..., Any]) -> dict[str, bool]:
    """Numba's flags; private kernels are called by kernels alone: no Python wrapper is compiled for them."""
    return {"nogil": True, "no_cfunc_wrapper": True, "no_cpython_wrapper": function.__name__.startswith("_")}


def package_of(path: Path) -> Path:
    """The folder of a file of code that belongs to a package, the innermost one; else the file itself."""
    return path.parent if (path.parent / "__init__.py").exists() else path


@cache
def code_key(*code_folders: Path) -> str:
    """Hex digest of code, and of the versions that compile it.

    Args:
        code_folders: folders, of which all Python files below count, or single files.
    """
    digest = hashlib.sha256()
    digest.update(f"{numba.__version__} {np.__version__} {sys.version} {platform.machine()}".encode())
    for folder in sorted(set(code_folders)):
        for path in sorted(folder.rglob("*.py")) if folder.is_dir() else [folder]:
            content = path.read_bytes()
            digest.update(f"{path.relative_to(folder.parent).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()[:24]


@cache
def _cache_folder(code_folder: Path) -> str | None:
    """The folder for kernels whose code lies in `code_folder`, or None where no folder can be written."""
    code_folders = (_PACKAGE,) if code_folder.is_relative_to(_PACKAGE) else (_PACKAGE, code_folder)
    root = Path(os.environ.get("TRMPIPE_CACHE_DIR") or Path.home() / ".cache" / "trmpipe") / "kernels"
    folder = root / code_key(*code_folders)
    try:
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)  # Another process may be as far.
            _prune(root)
        os.utime(folder)
    except OSError:
        return None
    return str(folder)


def _prune(root: Path) -> None:
    """Remove all but the last used folders below `root`."""
    folders = sorted(root.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
    for path in folders[_NUM_KEPT:]:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def _numba_cache(folder: str) -> Iterator[None]:
    """Let Numba cache below `folder` a dispatcher made while this is open: it reads the setting only then."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = folder
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before
