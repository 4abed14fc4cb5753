"""ARC: grids, the maps of a task, its variants, classes and the task that joins them."""

from .classes import class_digests
from .grids import END, FIRST_COLOUR, NUM_COLOURS, SEQ_LEN, SIDE, crop, crop_shape, encode
from .maps import SEPARATOR, GridMap, apply, compose, inverse, parse_variant_name, variant_name
from .ranks import NUM_TRAITS, TRANSLATES, traits_of
from .task import ArcTask

__all__ = [
    "END",
    "FIRST_COLOUR",
    "NUM_COLOURS",
    "NUM_TRAITS",
    "SEPARATOR",
    "SEQ_LEN",
    "SIDE",
    "TRANSLATES",
    "ArcTask",
    "GridMap",
    "apply",
    "class_digests",
    "compose",
    "crop",
    "crop_shape",
    "encode",
    "inverse",
    "parse_variant_name",
    "traits_of",
    "variant_name",
]
