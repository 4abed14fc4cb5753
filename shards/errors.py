"""What can be wrong with a corpus, each as one line that says what to do."""

from trmpipe.generators.errors import OptionError, TrmpipeError


class CorpusError(TrmpipeError, ValueError):
    """A corpus cannot be used as asked."""


class TooManyError(CorpusError, OptionError):
    """More groups are asked for than a corpus has: exit code 2."""


class CurriculumError(CorpusError, OptionError):
    """A curriculum that there cannot be, or that the corpora have no ratings for: exit code 2."""


class UnreachableError(CorpusError):
    """A store elsewhere cannot be reached: no credentials, a wrong address, no network."""


class NoCorpusError(TrmpipeError, FileNotFoundError):
    """There is no corpus, or no finished one, at a path."""


class DamagedError(CorpusError):
    """A file of a corpus is missing or is not what the manifest says."""


class WriteError(TrmpipeError, OSError):
    """A file could not be written: disk full, folder read-only, and the like."""


class StateError(TrmpipeError, ValueError):
    """A stream's saved state belongs to another corpus, seed, batch size or version."""


class OwnedError(TrmpipeError, OSError):
    """A folder is being written by another command."""


class PlaceError(OptionError):
    """A place cannot be written to as asked: exit code 2."""
