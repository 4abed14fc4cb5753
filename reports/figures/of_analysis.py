"""The figures of an analysis, measure by measure."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from trmpipe.trainer.analysis import KeptMeasure
from trmpipe.trainer.analysis.keeping import FOLDER
from trmpipe.trainer.analysis.reading import table_file

from .figure import Figure
from .measures.by_step import figures_of_changes, figures_of_steps
from .measures.heat import figures_of_restarts
from .measures.reliability import figures_of_halting, figures_of_residual
from .measures.shares import (
    figures_of_difficulty,
    figures_of_endings,
    figures_of_identifiers,
    figures_of_one_blank,
    figures_of_relabelling,
    figures_of_votes,
)
from .measures.ways import figures_of_components

FIGURES: Mapping[str, Callable[[KeptMeasure], list[Figure]]] = {
    "steps": figures_of_steps,
    "changes": figures_of_changes,
    "fixed-points": figures_of_endings,
    "components": figures_of_components,
    "halting": figures_of_halting,
    "one-blank": figures_of_one_blank,
    "relabelling": figures_of_relabelling,
    "difficulty": figures_of_difficulty,
    "residual": figures_of_residual,
    "restarts": figures_of_restarts,
    "identifiers": figures_of_identifiers,
    "votes": figures_of_votes,
}
"""By the names of measures: what draws each. The first figure of one has its name, the others begin with it."""


def figures_of_analysis(tables: Mapping[str, KeptMeasure]) -> list[Figure]:
    """The figures of all measures that were kept, in their order; of one that nobody draws there are none.

    Args:
        tables: what `trainer.analysis.read_analysis` gives.
    """
    return [
        replace(figure, source=f"{FOLDER}/{table_file(name)}")
        for name, kept in tables.items()
        if name in FIGURES
        for figure in FIGURES[name](kept)
    ]
