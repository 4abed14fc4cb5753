"""Analyses of trained networks: what people measure in models that recurse, a file a measure.

A run is asked about its held-out puzzles once and the answers are recorded step by step (`trace`); a measure makes a
table, a few numbers and a few lines of words of that. `MEASURES` lists them. All but what asks networks works without
torch, so that what is kept can be read quickly.
"""

from .measure import Measure, Measured, NotMeasuredError
from .reading import About, KeptMeasure, read_analysis, read_summary
from .registry import MEASURES
from .trace import Motion, Trace

__all__ = [
    "MEASURES",
    "About",
    "KeptMeasure",
    "Measure",
    "Measured",
    "Motion",
    "NotMeasuredError",
    "Trace",
    "read_analysis",
    "read_summary",
]
