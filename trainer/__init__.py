"""Training: models, losses, optimisers, the loop, checkpoints, evaluation.

`training.session.train` is the whole of ``trmpipe train``, `trained.inference` opens what it wrote. The names in
`__all__` are imported when they are first used, so that importing this package does not import torch.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["load_published", "load_run"]

if TYPE_CHECKING:
    from .published.loaded_published import load_published
    from .trained.loaded import load_run
else:
    _PLACES = {"load_published": ".published.loaded_published", "load_run": ".trained.loaded"}

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
