"""A key of all code that decides the bytes of a corpus: plans and records of other code are not trusted."""

from collections.abc import Iterable
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import trmpipe.shards
from trmpipe.generators.jit import code_key as key_of
from trmpipe.generators.jit import package_of
from trmpipe.generators.registry import code_folders
from trmpipe.shards import CODECS

from .suppliers import SUPPLIERS

_LIBRARIES = ("numpy", "numba", "pyarrow", "deflate")
"""Those that file digests depend on, though not what files say: of the values, of Parquet and zstd, of gzip."""
_KEY_LETTERS = 24


def code_key() -> str:
    """Hex digest of the code of tasks, of this room and of `shards`, and of packages that bring suppliers or codecs.

    And of the versions of libraries: files of one corpus are packed by the same ones, which its manifest names.
    """
    rooms = (package_of(Path(place).resolve()) for place in (__file__, trmpipe.shards.__file__))
    key = key_of(*code_folders(), *rooms, *_packages(SUPPLIERS.modules() | CODECS.modules()))
    return sha256(f"{key} {library_versions()}".encode()).hexdigest()[:_KEY_LETTERS]


def library_versions() -> dict[str, str]:
    """By names of libraries, as a manifest has them."""
    return {name: version(name) for name in _LIBRARIES}


def _packages(modules: Iterable[str]) -> list[Path]:
    specs = map(find_spec, sorted(modules))
    return [package_of(Path(spec.origin).resolve()) for spec in specs if spec is not None and spec.origin is not None]
