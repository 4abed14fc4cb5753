"""A key of all code that decides what a corpus says: plans and records of other code are not trusted."""

from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

import trmpipe.shards
from trmpipe.generators.jit import code_key as key_of
from trmpipe.generators.jit import package_of
from trmpipe.generators.registry import code_folders
from trmpipe.shards import CODECS

from .suppliers import SUPPLIERS


def code_key() -> str:
    """Hex digest of the code of tasks, of this room and of `shards`, and of packages that bring suppliers or codecs."""
    rooms = (package_of(Path(place).resolve()) for place in (__file__, trmpipe.shards.__file__))
    return key_of(*code_folders(), *rooms, *_packages(SUPPLIERS.modules() | CODECS.modules()))


def _packages(modules: Iterable[str]) -> list[Path]:
    specs = map(find_spec, sorted(modules))
    return [package_of(Path(spec.origin).resolve()) for spec in specs if spec is not None and spec.origin is not None]
