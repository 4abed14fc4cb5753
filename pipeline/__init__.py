"""Making corpora as a distributed job: plan, execute on Dask, resume, regenerate."""

from .bases import default_test
from .errors import ClusterError, PuzzleFileError, RecipeError
from .generate import Outcome, generate
from .progress import Progress, Silent
from .puzzle_files import PuzzleFile, read_puzzle_file
from .recipe import Recipe
from .regenerate import Comparison, regenerate

__all__ = [
    "ClusterError",
    "Comparison",
    "Outcome",
    "Progress",
    "PuzzleFile",
    "PuzzleFileError",
    "Recipe",
    "RecipeError",
    "Silent",
    "default_test",
    "generate",
    "read_puzzle_file",
    "regenerate",
]
