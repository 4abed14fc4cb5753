"""Studies: plans of many runs, their execution, and the table that answers a question.

`run_study` is the whole of ``trmpipe study``, `read_study` opens what it wrote, and `read_so_far` what one has written
that still runs. The names in `__all__` are imported when they are first used, so that importing this package does not
import torch.
"""

from typing import TYPE_CHECKING, Any

__all__ = ["How", "StudyResults", "find_plan", "read_so_far", "read_study", "run_study", "shipped"]

if TYPE_CHECKING:
    from .collecting import read_so_far
    from .executing import How, run_study
    from .reading import find_plan, shipped
    from .results import StudyResults, read_study
else:
    _PLACES = {
        "How": ".executing",
        "StudyResults": ".results",
        "find_plan": ".reading",
        "read_so_far": ".collecting",
        "read_study": ".results",
        "run_study": ".executing",
        "shipped": ".reading",
    }

    def __getattr__(name: str) -> Any:
        """A public name, imported when it is first used."""
        if name not in _PLACES:
            raise AttributeError(f"module 'trmpipe.studies' has no attribute {name!r}")
        from importlib import import_module

        value = globals()[name] = getattr(import_module(_PLACES[name], __package__), name)
        return value

    def __dir__() -> list[str]:
        """All names, whether used yet or not."""
        return sorted({*globals(), *__all__})
