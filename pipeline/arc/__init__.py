"""Sets of ARC tasks as bases: what is read, what goes to which split, which tasks are chosen."""

from trmpipe.generators.arc.pairs import ArcPairs

from .bases import TEST_SET, TRAIN_SET, bases_of_sets
from .files import DATASETS, ArcSet, read_arc_set, refuse_repeated_ids
from .groups import ArcGroups, groups_of

__all__ = [
    "DATASETS",
    "TEST_SET",
    "TRAIN_SET",
    "ArcGroups",
    "ArcPairs",
    "ArcSet",
    "bases_of_sets",
    "groups_of",
    "read_arc_set",
    "refuse_repeated_ids",
]
