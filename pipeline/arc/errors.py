"""What can be wrong with sets of ARC tasks, in one line that says what to do."""

from trmpipe.generators.errors import TrmpipeError


class ArcFileError(TrmpipeError, ValueError):
    """A set of ARC tasks cannot be read, or a task of it is not as it should be."""
