"""The tries that every entry gets before it is compared: its variants by the rates, judged by spare puzzles."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.runs import Spec, do_all, pace_of

from .entries import PRESET, RATES, Entry

KEPT_ASIDE = 250
"""Training puzzles that a try is judged by."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What tuning chose of an entry.

    Attributes:
        entry: the row.
        variant: name of its variant.
        rate: of Muon.
        seconds: of a training step, measured.
        flops: of a training step.
    """

    entry: Entry
    variant: str
    rate: str
    seconds: float
    flops: int

    @property
    def settings(self) -> tuple[str, ...]:
        """All that is set on top of the preset."""
        return settings_of(self.entry, self.variant, self.rate)


def settings_of(entry: Entry, variant: str, rate: str) -> tuple[str, ...]:
    """Settings of an entry on top of the preset."""
    return (*entry.settings, *entry.variants[variant], f"optimiser.matrix_lr={rate}")


def measure(entries: Sequence[Entry], corpus: str, out: Path, jobs: int) -> dict[tuple[str, str], dict[str, Any]]:
    """Seconds and FLOPs of a step of every variant of every entry."""
    keys = [(entry, variant) for entry in entries for variant in entry.variants]
    specs = [
        pace_of(
            Spec(
                folder=str(out / "pace" / f"{entry.name}, {variant}"),
                corpus=corpus,
                preset=PRESET,
                settings=settings_of(entry, variant, RATES[0]),
                steps=1,
                seed=0,
                labels={"entry": entry.name, "variant": variant},
            )
        )
        for entry, variant in keys
    ]
    found = do_all(specs, jobs)
    return {(entry.name, variant): one for (entry, variant), one in zip(keys, found, strict=True)}


def tune(
    entries: Sequence[Entry],
    costs: dict[tuple[str, str], dict[str, Any]],
    corpus: str,
    out: Path,
    *,
    seconds: float,
    kept_aside: int,
    jobs: int,
) -> tuple[list[Choice], list[dict[str, Any]]]:
    """Try every entry six times for so many seconds; returns the choices, and all tries.

    Args:
        entries: rows of the table.
        costs: of `measure`.
        corpus: to tune on.
        out: folder of the tries.
        seconds: of a try, on one thread.
        kept_aside: puzzles that tries are judged by.
        jobs: tries side by side.
    """
    specs = [
        spec
        for entry in entries
        for variant in entry.variants
        for spec in _tries_of(
            entry,
            variant,
            max(1, int(seconds / costs[entry.name, variant]["seconds_per_step"])),
            corpus,
            out,
            kept_aside,
        )
    ]
    tries = do_all(specs, jobs)
    choices = []
    for entry in entries:
        best = max((one for one in tries if one["entry"] == entry.name), key=lambda one: tuple(one["monitor"]))
        cost = costs[entry.name, best["variant"]]
        choices.append(Choice(entry, best["variant"], best["rate"], cost["seconds_per_step"], cost["step_flops"]))
    return choices, tries


def _tries_of(entry: Entry, variant: str, steps: int, corpus: str, out: Path, kept_aside: int) -> list[Spec]:
    """A variant of an entry with each of the rates."""
    judged = (f"evaluation.monitor={kept_aside}", f"evaluation.every={steps}", "evaluation.limit=1")
    return [
        Spec(
            folder=str(out / "tuning" / f"{entry.name}, {variant}, {rate}"),
            corpus=corpus,
            preset=PRESET,
            settings=(*settings_of(entry, variant, rate), *judged),
            steps=steps,
            seed=0,
            labels={"entry": entry.name, "variant": variant, "rate": rate},
        )
        for rate in RATES
    ]
