"""Manifests of earlier format versions, brought to the words of the present one.

Version 1 had one word, ``has_identifiers``, for four properties of a task, and called its ``classes`` ``twins``.
"""

from typing import Any

_FORMERLY_ONE = ("named_groups", "variant_identifiers", "test_variants", "test_groups_train")


def upgraded(value: dict[str, Any]) -> dict[str, Any]:
    """A manifest's JSON in the present version, whatever version it was written in.

    Args:
        value: what a manifest.json holds; it is left as it is.
    """
    if int(value["format_version"]) > 1:
        return value
    spec = dict(value["spec"])
    has_identifiers = bool(spec.pop("has_identifiers", False))
    spec["classes"] = spec.pop("twins")
    spec["compressed"] = bool(spec.get("compressed", False))
    spec["scoring"] = "votes" if has_identifiers else "label"
    spec |= dict.fromkeys(_FORMERLY_ONE, has_identifiers)
    return {**value, "spec": spec}
