"""Recipes of earlier versions of trmpipe, brought to the words of the present one.

They had a field for each option of a supplier, and the roles of the sources told which supplier it was.
"""

from typing import Any

from trmpipe.generators.options import YES

_FORMER_FIELDS = ("drop_improper", "exclude_test_twins")
_SUPPLIERS = {"input": "lines", "test_input": "lines", "train_set": "sets", "test_set": "sets"}


def upgraded(recipe: dict[str, Any]) -> dict[str, Any]:
    """A recipe's JSON in the words of this version, whatever version wrote it; `recipe` is left as it is."""
    if "supplier" in recipe:
        return recipe
    kept = {name: value for name, value in recipe.items() if name not in _FORMER_FIELDS}
    suppliers = [_SUPPLIERS.get(role, "made") for role, _ in recipe.get("sources", ())]
    supply = {name: YES for name in _FORMER_FIELDS if recipe.get(name)}
    return {**kept, "supplier": suppliers[0] if suppliers else "made", "supply": supply}
