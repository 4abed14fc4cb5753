"""Making corpora as a distributed job: plan, execute on Dask, resume, regenerate."""

from .arc_files import ArcPairs, ArcSet, read_arc_set, refuse_repeated_ids
from .arc_groups import ArcGroups, groups_of
from .errors import ArcFileError, ClusterError, PuzzleFileError, RecipeError
from .generate import Outcome, generate
from .progress import Progress, Silent
from .puzzle_files import PuzzleFile, read_puzzle_file
from .recipe import Recipe
from .regenerate import Comparison, regenerate
from .sources import Source, digests_of

__all__ = [
    "ArcFileError",
    "ArcGroups",
    "ArcPairs",
    "ArcSet",
    "ClusterError",
    "Comparison",
    "Outcome",
    "Progress",
    "PuzzleFile",
    "PuzzleFileError",
    "Recipe",
    "RecipeError",
    "Silent",
    "Source",
    "digests_of",
    "generate",
    "groups_of",
    "read_arc_set",
    "read_puzzle_file",
    "refuse_repeated_ids",
    "regenerate",
]
