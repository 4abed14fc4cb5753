"""The Tiny Recursive Model: one small network, called again and again on two latent states.

A cycle is n updates of the latent z_L and one of the answer z_H. What the paper tries instead (its tables 1 and 2) are
settings: one latent or one for each update, two networks, a gradient of the last two calls alone.

Parameter names and shapes are the published ones, so a published state dict loads once its prefix
(``_orig_mod.model.inner.``) is taken off its keys.

Shapes: B batch, S sequence with its P prefix slots, D width, V vocabulary.
Source: TinyRecursiveModels, arXiv 2510.04871; defaults are its Sudoku-Extreme model.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..checks import at_least, one_of
from ..parts import Part, later
from .blocks import MOST_REPEATS, Level, StackConfig, call, check_stack, cores
from .net import CorpusSizes, Latents, Outcome
from .published_stack import published_stack
from .recursion import FixedStartNetwork

LATENTS = ("two", "single", "multi")
GRADIENTS = ("cycle", "one_step")
_MOST_NETS = 2
_LAST_CALLS = 2
"""Calls that a one-step gradient goes through: the last update of z_L and that of z_H."""

_H = "z_H"
"""The latent that the answer is read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TRMConfig(StackConfig):
    """Sizes of a TRM; the defaults are the published Sudoku-Extreme mixer.

    Attributes:
        num_layers: layers of the one network that every call shares, or of each of two.
        h_cycles: H, cycles of a supervision step; only the last one is differentiated.
        l_cycles: L, updates of z_L in a cycle, before the one of z_H; with a single latent 0 is possible, one call
            a cycle.
        latents: ``"two"`` are the published z_L and z_H; ``"single"`` is one that is updated all L + 1 times of a
            cycle, ``"multi"`` is one for each of these updates, the last of which is the answer.
        gradient: ``"cycle"`` goes through the last cycle, ``"one_step"`` through its last two calls alone, as in HRM.
        puzzle_in_answer: whether the call that makes the answer of a cycle is given the puzzle too, where there is one
            latent or several: in published code it is not. With two latents it never is.
        num_nets: 1 for the published one that all calls share, 2 for another one that updates z_H.
        recompute: keep nothing of the differentiated calls but what goes into them, and call again on the way back: the
            same gradient, much less memory, about a third more time.
    """

    h_cycles: int = 3
    l_cycles: int = 6
    latents: str = later("two")
    gradient: str = later("cycle")
    num_nets: int = later(1)
    recompute: bool = later(False)
    puzzle_in_answer: bool = later(True)

    def __post_init__(self) -> None:
        check_stack(self)
        one_of("model.latents", self.latents, LATENTS)
        at_least(1, self, "model", "h_cycles", most=MOST_REPEATS)
        sees = self.latents == "single" and self.puzzle_in_answer
        at_least(0 if sees else 1, self, "model", "l_cycles", most=MOST_REPEATS)
        one_of("model.gradient", self.gradient, GRADIENTS)
        at_least(1, self, "model", "num_nets", most=_MOST_NETS)

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        words = [f"{self.mixer}, width {self.width}, H {self.h_cycles} L {self.l_cycles}"]
        words += [f"latents {self.latents}"] if self.latents != "two" else []
        words += ["one-step gradient"] if self.gradient == "one_step" else []
        words += [f"{self.num_nets} networks"] if self.num_nets > 1 else []
        return ", ".join(words)


class TRM(FixedStartNetwork):
    """Tiny Recursive Model with an MLP or an attention mixer; see `TokenNetwork` for its arguments."""

    answer_latent = _H
    H_init: Tensor
    L_init: Tensor

    def __init__(
        self,
        config: TRMConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(config, sizes, generator=generator, dtype=dtype)
        self.config = config
        self.L_level = Level(config, sizes, generator=generator)
        if config.num_nets > 1:
            self.H_level = Level(config, sizes, generator=generator)
        self.draw_start("H_init", generator=generator)
        if config.latents != "single":
            several = (config.l_cycles,) if config.latents == "multi" else ()
            self.draw_start("L_init", *several, generator=generator)

    @property
    def core(self) -> nn.Module:
        """The part that recursion calls, worth compiling."""
        return cores((self.L_level, self.H_level)) if self.config.num_nets > 1 else self.L_level

    def starts(self) -> Mapping[str, Tensor]:
        """Those of `z_H` and `z_L`, or of what else there is; see `FixedStartNetwork.starts`."""
        starts = {_H: self.H_init}
        if self.config.latents == "two":
            starts["z_L"] = self.L_init
        if self.config.latents == "multi":
            starts.update(zip(_names(self.config.l_cycles), self.L_init, strict=True))
        return starts

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor | None = None) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step` for shapes. Nothing is drawn."""
        x = self.embed(inputs, rows)
        updates = self.config.l_cycles + 1
        differentiated = min(_LAST_CALLS, updates) if self.config.gradient == "one_step" else updates
        z = dict(latents)
        with torch.no_grad():
            for _ in range(self.config.h_cycles - 1):
                z = self._update(z, x, range(updates))
            z = self._update(z, x, range(updates - differentiated))
        z = self._update(z, x, range(updates - differentiated, updates))
        return self.outcome(z)

    def _update(self, z: dict[str, Tensor], x: Tensor, numbers: Iterable[int]) -> dict[str, Tensor]:
        """The updates of a cycle with these numbers, 0 to n; n is that of the answer."""
        z, n = dict(z), self.config.l_cycles
        for i in numbers:
            level = self.H_level if i == n and self.config.num_nets > 1 else self.L_level
            given = x if i < n or self.config.puzzle_in_answer else None
            if self.config.latents == "single":
                z[_H] = self._call(level, _total(z[_H], given))
            elif self.config.latents == "multi":
                order = [*_names(n), _H]
                first, *others = (z[name] for name in order)
                z[order[i]] = self._call(level, _total(sum(others, first), given))
            elif i < n:
                z["z_L"] = self._call(level, z["z_L"] + (z[_H] + x))
            else:
                z[_H] = self._call(level, z[_H] + z["z_L"])
        return z

    def _call(self, level: nn.Module, x: Tensor) -> Tensor:
        return call(level, x, self.rotary, recompute=self.config.recompute)


def _total(latent: Tensor, given: Tensor | None) -> Tensor:
    """What a call is given: a latent or the sum of several, and the puzzle where it sees it."""
    return latent if given is None else latent + given


def _names(n: int) -> list[str]:
    """Of the latents of a cycle beside the answer's."""
    return [f"z_{number}" for number in range(n)]


PART = Part(config=TRMConfig, build=TRM, published=published_stack(TRMConfig, "L_level", latents="two", num_nets=1))
