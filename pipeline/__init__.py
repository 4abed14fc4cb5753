"""Making corpora as a distributed job: plan, execute on Dask, resume, regenerate."""

from .asking import generate_asked, generate_corpus, given_options, suppliers_of
from .cluster import check_workers
from .errors import ArgumentError, ClusterError, PuzzleFileError, RecipeError
from .generate import Outcome, generate
from .puzzle_files import PuzzleFile, read_puzzle_file
from .recipe import Recipe
from .regenerate import Comparison, regenerate
from .sources import Source, digests_of
from .suppliers import SUPPLIERS, Supplier

__all__ = [
    "SUPPLIERS",
    "ArgumentError",
    "ClusterError",
    "Comparison",
    "Outcome",
    "PuzzleFile",
    "PuzzleFileError",
    "Recipe",
    "RecipeError",
    "Source",
    "Supplier",
    "check_workers",
    "digests_of",
    "generate",
    "generate_asked",
    "generate_corpus",
    "given_options",
    "read_puzzle_file",
    "regenerate",
    "suppliers_of",
]
