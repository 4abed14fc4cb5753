"""The one decorator for Numba kernels: compiled on first call, without the GIL, cached on disk.

Numba's own cache looks at the file of a kernel and not at the kernels that it calls, so after an edit of a callee it
would go on and write the old bytes. Here the cache folder is named by a digest of all code that can end in
the machine code: this whole package, sub-packages included, the kernel's own folder where it lies elsewhere, and the
versions of Numba, NumPy and Python.

Nor has it digests: a file that a power cut left empty ends every later program, and a flipped bit is run. Here each
file begins with the digest of what follows; one that does not fit is removed, and its kernel compiled again. The
kernels of a 9x9 corpus are 1.3 MB, which take 1 ms to check and 200 to load.

Numba would compile a kernel anew for each constant that another one passes to it, and all that it calls with it: LLVM
makes as much of constants when it inlines, and 9x9 takes a third less to compile without these twins.

The cache lies in ``$TRMPIPE_CACHE_DIR``, by default ``~/.cache/trmpipe``; where neither can be written, or there is no
home, kernels are compiled anew by every process.
"""

import hashlib
import os
import pickle
import platform
import shutil
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numba
import numpy as np
from numba import types
from numba.core.caching import FunctionCache
from numba.core.serialize import dumps

from .cache_root import cache_root

Function = TypeVar("Function", bound=Callable[..., Any])

_PACKAGE = Path(__file__).resolve().parent
_DIGEST_BYTES = hashlib.sha256().digest_size
_NUM_KEPT = 8
"""Cache folders that are left in place, the last used ones: enough for a few checkouts side by side."""

SAVING = threading.Lock()
"""Held while a file is written: who ends the process with this in hand leaves none that is half written."""


def kernel(function: Function) -> Function:
    """Compile `function` with Numba in nopython mode on its first call, cached under a key of its code (`code_key`)."""
    folder = _cache_folder(package_of(Path(function.__code__.co_filename).resolve()))
    dispatcher = numba.njit(**_options(function))(function)
    dispatcher.get_call_template = partial(_without_constants, dispatcher.get_call_template)
    if folder is not None:
        with _numba_cache(folder):
            kernel_cache = _KernelCache(function)
        # Where Numba cannot write there, it turns to a folder that no key names and that may hold old bytes.
        if kernel_cache.cache_path.startswith(folder):
            dispatcher._cache = kernel_cache
    return dispatcher  # type: ignore[no-any-return]


def _options(function: Callable[..., Any]) -> dict[str, bool]:
    """Numba's flags; private kernels are called by kernels alone: no Python wrapper is compiled for them."""
    return {"nogil": True, "no_cfunc_wrapper": True, "no_cpython_wrapper": function.__name__.startswith("_")}


def _without_constants(
    get_call_template: Callable[..., Any], arguments: tuple[Any, ...], keywords: dict[str, Any]
) -> Any:
    """Numba's answer to a call from another kernel, with the types of constants in their place."""
    plain = {name: types.unliteral(value) for name, value in keywords.items()}
    return get_call_template(tuple(map(types.unliteral, arguments)), plain)


class WarmUp(NamedTuple):
    """A call that compiles a kernel for the very types of later work, and does nothing else, or next to nothing.

    Attributes:
        kernel: what is compiled, with all that it calls.
        arguments: of the types that the work has, and empty where that can be.
        seconds: about how long it compiles, to share several out by.
    """

    kernel: Callable[..., Any]
    arguments: tuple[Any, ...]
    seconds: float

    @property
    def is_kept(self) -> bool:
        """Whether this process or the cache has the machine code."""
        kernel: Any = self.kernel
        signature = tuple(map(kernel.typeof_pyval, self.arguments))
        if signature in kernel.overloads:
            return True
        return isinstance(kernel._cache, _KernelCache) and kernel._cache.holds(signature, kernel.targetctx.codegen())

    @property
    def can_be_kept(self) -> bool:
        """Whether there is a cache that other processes read."""
        return isinstance(self.kernel._cache, _KernelCache)  # type: ignore[attr-defined]

    def run(self) -> None:
        """Compile the kernel, or load it."""
        self.kernel(*self.arguments)


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
    """The folder for kernels whose code lies in `code_folder`, or None where there is none that can be written."""
    code_folders = (_PACKAGE,) if code_folder.is_relative_to(_PACKAGE) else (_PACKAGE, code_folder)
    kept = cache_root()
    if kept is None:
        return None
    root = kept / "kernels"
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
    """Let a cache of Numba that is made while this is open lie below `folder`: it reads the setting only then."""
    before = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = folder
    try:
        yield
    finally:
        numba.config.CACHE_DIR = before


class _KernelFiles:
    """The machine code of one kernel on disk: a file for each signature, in the place of Numba's index and data files.

    Args:
        stem: path of the files, without what is added for the signature.
    """

    def __init__(self, stem: str) -> None:
        self._stem = stem

    def load(self, key: Any) -> Any:
        """What was saved under `key`, or None; a damaged file is removed."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        digest, kept = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
        if digest == hashlib.sha256(kept).digest():
            kept_key, data = pickle.loads(kept)  # noqa: S301  as Numba does
            if kept_key == key:
                return data
        with suppress(OSError):
            path.unlink()
        return None

    def save(self, key: Any, data: Any) -> None:
        """Keep `data` under `key`."""
        path = self._path(key)
        kept = dumps((key, data))
        unfinished = path.with_name(f"{path.name}.tmp-{uuid.uuid4().hex[:16]}")
        try:
            with SAVING:
                unfinished.write_bytes(hashlib.sha256(kept).digest() + kept)
                unfinished.replace(path)
        except OSError:
            unfinished.unlink(missing_ok=True)
            raise

    def __contains__(self, key: Any) -> bool:
        """Whether there is a file for `key`, sound or not."""
        return self._path(key).exists()

    def _path(self, key: Any) -> Path:
        return Path(f"{self._stem}.{hashlib.sha256(repr(key).encode()).hexdigest()[:16]}.nbc")


class _KernelCache(FunctionCache):  # type: ignore[misc]
    """Numba's cache of one kernel, with files that are checked; one that cannot be written is done without."""

    def __init__(self, function: Callable[..., Any]) -> None:
        super().__init__(function)
        self._cache_file = _KernelFiles(os.path.join(self.cache_path, self._impl.filename_base))

    def holds(self, signature: Any, codegen: Any) -> bool:
        """Whether there is a file for a signature, sound or not."""
        return self._index_key(signature, codegen) in self._cache_file

    def save_overload(self, sig: Any, data: Any) -> None:
        """Keep a compiled kernel, where the disk takes it: the process has it in any case."""
        with suppress(OSError):
            super().save_overload(sig, data)
