"""Training: models, losses, optimisers, the loop, checkpoints, evaluation.

`session.train` is the whole of ``trmpipe train``, `inference` opens what it wrote. The names in `__all__` are imported
when they are first used, so that importing this package does not import torch.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["load_published", "load_run"]

if TYPE_CHECKING:
    from .loaded import load_run
    from .loaded_published import load_published
else:
    _PLACES = {"load_published": ".loaded_published", "load_run": ".loaded"}

    def __getattr__(name: str) -> Any:
        """A public name, imported when it is first used."""
        if name not in _PLACES:
            raise AttributeError(f"module 'trmpipe.trainer' has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_PLACES[name], __package__), name)
        return value

    def __dir__() -> list[str]:
        """All names, whether used yet or not."""
        return sorted({*globals(), *__all__})
