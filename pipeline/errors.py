"""What can go wrong while a corpus is made, each as one line that says what to do."""

from trmpipe.generators.errors import OptionError, TrmpipeError


class RecipeError(TrmpipeError, ValueError):
    """The options do not make a recipe, or not the one whose corpus lies in the folder."""


class ArgumentError(RecipeError, OptionError):
    """One option of a recipe has a value that it does not take, or does not go with another: exit code 2."""


class PuzzleFileError(TrmpipeError, ValueError):
    """A file of puzzles cannot be read, or a line of it is no proper puzzle."""


class ClusterError(TrmpipeError, RuntimeError):
    """The scheduler cannot be reached, or its workers are lost or run other code."""
