"""The tensors that are expected of a checkpoint, by names, dtypes and shapes, and the refusal of all others."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from trmpipe.shards.fields import MOST

from ..errors import RunError

_MOST_NAMED = 3


def refuse_other_forms(what: str, found: Mapping[Any, Any], expected: Mapping[Any, Any], advice: str) -> None:
    """Refuse values whose names, dtypes or shapes are not the expected ones.

    Args:
        what: they are, for the message.
        found: out of a checkpoint.
        expected: the values that they are to replace.
        advice: what to do, for the message.

    Raises:
        RunError: they differ; the first few are named.
    """
    there, here = ({name: _form(value) for name, value in values.items()} for values in (found, expected))
    differing = sorted((name for name in there | here if there.get(name) != here.get(name)), key=str)
    if differing:
        words = ", ".join(
            f"{name!s:.100} is {there.get(name, 'missing')}, expected {here.get(name, 'none')}"
            for name in differing[:_MOST_NAMED]
        )
        raise RunError(f"{what}: {words}; {advice}")


def _form(value: Any) -> str:
    """Dtype and shape of a tensor, the type of anything else, in words."""
    if isinstance(value, Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} {list(value.shape)}"
    return type(value).__name__


def refuse_other_optimiser(
    number: int, found: Mapping[int, Mapping[str, Any]], expected: Mapping[int, Mapping[str, Any]] | None, advice: str
) -> None:
    """Refuse an optimiser's state that is not of the form which a step would give it.

    Args:
        number: which optimiser, for the message.
        found: out of a checkpoint, by parameter.
        expected: after a step, by parameter; None where that is not known, when only numbers are checked.
        advice: what to do, for the message.

    Raises:
        RunError: it differs, or a single number in it counts no steps.
    """
    what = f"the checkpoint's state does not fit optimiser {number}"
    for parameter, values in found.items():
        if expected is not None:
            if parameter not in expected:
                raise RunError(f"{what}: it has a parameter {parameter}; {advice}")
            refuse_other_forms(f"{what}, parameter {parameter}", values, expected[parameter], advice)
        for name, value in values.items():
            single = value.item() if isinstance(value, Tensor) and value.ndim == 0 else value
            # NaN is in no range.
            if isinstance(single, int | float) and not 0 <= single <= MOST:
                raise RunError(f"{what}: {name!s:.100} of parameter {parameter} counts no steps; {advice}")


def refuse_other_values(state: Mapping[str, Tensor], limits: Mapping[str, int], advice: str) -> None:
    """Refuse whole numbers outside of 0 to below the limit of their name.

    Raises:
        RunError: there are some.
    """
    for name, limit in limits.items():
        values = state[name]
        if values.numel() and not 0 <= int(values.min()) <= int(values.max()) < limit:
            raise RunError(f"the checkpoint's state is damaged: {name} has values beyond 0 to {limit - 1}; {advice}")


def all_finite(tensors: Sequence[Tensor]) -> bool:
    """Whether no tensor holds NaN or infinity; waits for each device once."""
    checks = [tensor.isfinite().all() for tensor in tensors if tensor.is_floating_point()]
    on_devices = {check.device for check in checks}
    return all(bool(torch.stack([check for check in checks if check.device == device]).all()) for device in on_devices)


def tensors_in(value: Any) -> list[Tensor]:
    """All tensors in nested dicts and lists."""
    if isinstance(value, Tensor):
        return [value]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [tensor for part in inner for tensor in tensors_in(part)]
