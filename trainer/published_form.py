"""How a model's weights are published: what a model declares, so that nobody asks for a model by its name.

A published state dict is a flat mapping of tensors. A model says by which modules it knows one of its own, how it finds
its sizes in the shapes, and which of its settings no tensor tells.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import RunError

Shapes = Mapping[str, tuple[int, ...]]
"""The shape of every tensor of a state dict, by its name."""


def same_name(name: str) -> str:
    """A name as it is: for models whose parameters are called as published."""
    return name


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedForm:
    """The published form of a model.

    Attributes:
        modules: first parts of the names in a published state dict, all of which are there.
        optional_modules: further ones that may be there; a state dict with others is of another model.
        tokens: name of the token embedding, [V, D], from which the number of tokens is known.
        puzzles: name of the puzzle embedding, [I, D]; '' for a model without one.
        sizes: the model's config, from the shapes, the tokens of an example, and settings by name that hold where no
            tensor tells. It raises `RunError` where a tensor is missing that it needs, see `dimension`.
        untold: names of the settings that no tensor tells, of a config that `sizes` gave.
        fixed: the values that settings of published networks have; a network with others has no such form.
        rename: from names of the network's state dict to the published ones.
    """

    modules: frozenset[str]
    optional_modules: frozenset[str] = frozenset()
    tokens: str
    puzzles: str = ""
    sizes: Callable[[Shapes, int, Mapping[str, Any]], Any]
    untold: Callable[[Any], tuple[str, ...]]
    fixed: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    rename: Callable[[str], str] = same_name

    def fits(self, names: Collection[str]) -> bool:
        """Whether a state dict with these names is of this model."""
        found = {name.partition(".")[0] for name in names}
        return self.modules <= found <= self.modules | self.optional_modules


def dimension(shapes: Shapes, name: str, axis: int) -> int:
    """The length of an axis of a tensor.

    Raises:
        RunError: there is no such tensor, or it has no such axis.
    """
    shape = shapes.get(name, ())
    if not -len(shape) <= axis < len(shape):
        found = f"is of shape {list(shape)}" if name in shapes else "is missing"
        raise RunError(f"{name:.100} {found}, expected a tensor with {axis + 1 if axis >= 0 else -axis} axes or more")
    return shape[axis]


def count_layers(shapes: Shapes, prefix: str) -> int:
    """How many layers there are whose tensors are called ``<prefix><number>.<...>``, numbered from 0 on.

    Raises:
        RunError: there is none, or a number is left out.
    """
    found = {name.removeprefix(prefix).partition(".")[0] for name in shapes if name.startswith(prefix)}
    if not found or found != {str(number) for number in range(len(found))}:
        numbers = ", ".join(sorted(found)) or "not at all"
        raise RunError(f"the layers {prefix}* are numbered {numbers:.100}, expected 0, 1 and so on")
    return len(found)
