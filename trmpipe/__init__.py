"""trmpipe: data for Tiny Recursive Models, and the training of them.

Everything is a pure function of (seed, position). In Python and in notebooks the names in `__all__` are all that is
needed (docs/notebook.md); each is imported when it is first used, torch only by those that need it::

    corpus = trmpipe.generate("sudoku6", n=20, aug=50)       # or trmpipe.open("shards/...")
    stream = trmpipe.Stream(corpus, seed=0, batch_size=32)   # a torch DataLoader takes it as it is
    # ... or with curriculum=trmpipe.Curriculum(start=0.25, until_step=500): the easiest puzzles first
    run = trmpipe.load_run("runs/...")
    run.solve("1..4....")

The packages beneath are links to the folders of the same names beside this one; see docs/ARCHITECTURE.md.
"""

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = ["Curriculum", "Stream", "generate", "load_run", "open", "solve", "verify"]

if TYPE_CHECKING:
    from trmpipe.pipeline import generate_corpus as generate
    from trmpipe.shards import Curriculum, Stream, verify
    from trmpipe.shards import open_corpus as open
    from trmpipe.trainer.trained.loaded import load_run, solve
else:
    _PLACES = {
        "Curriculum": ("trmpipe.shards", "Curriculum"),
        "Stream": ("trmpipe.shards", "Stream"),
        "generate": ("trmpipe.pipeline", "generate_corpus"),
        "load_run": ("trmpipe.trainer.trained.loaded", "load_run"),
        "open": ("trmpipe.shards", "open_corpus"),
        "solve": ("trmpipe.trainer.trained.loaded", "solve"),
        "verify": ("trmpipe.shards", "verify"),
    }

    def __getattr__(name: str) -> Any:
        """A public name, imported when it is first used."""
        if name not in _PLACES:
            raise AttributeError(f"module 'trmpipe' has no attribute {name!r}")
        from importlib import import_module

        module, attribute = _PLACES[name]
        value = globals()[name] = getattr(import_module(module), attribute)
        return value

    def __dir__() -> list[str]:
        """All names, whether used yet or not."""
        return sorted({*globals(), *__all__})
