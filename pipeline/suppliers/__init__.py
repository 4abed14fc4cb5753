"""Where bases may come from: one supplier a file, found by name; installed packages add theirs."""

from typing import Any

from trmpipe.generators.plugins import Registry

from ..errors import RecipeError
from .supplier import Supplier

SUPPLIERS: Registry[Supplier[Any]] = Registry(
    "trmpipe.suppliers",
    "supplier",
    {
        "made": "trmpipe.pipeline.suppliers.made:SUPPLIER",
        "lines": "trmpipe.pipeline.suppliers.lines:SUPPLIER",
        "sets": "trmpipe.pipeline.arc.supplier:SUPPLIER",
    },
    RecipeError,
)

__all__ = ["SUPPLIERS", "Supplier"]
