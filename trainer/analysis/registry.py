"""All measures by name, in the order in which they are told. A new one is a file and its line here."""

from collections.abc import Mapping

from . import (
    by_difficulty,
    by_residual,
    calibration,
    changes,
    components,
    depth_and_restarts,
    endings,
    identifiers,
    one_blank,
    relabelling,
    steps,
    votes,
)
from .measure import Measure

_MODULES = (
    *(steps, changes, endings, components, calibration, one_blank, relabelling, by_difficulty, by_residual),
    *(depth_and_restarts, identifiers, votes),
)
MEASURES: Mapping[str, Measure] = {module.MEASURE.name: module.MEASURE for module in _MODULES}
