"""What can be wrong with a run, each as one line that says what to do."""

from trmpipe.generators.errors import OptionError, TrmpipeError


class RunError(TrmpipeError, ValueError):
    """A run cannot be started, continued or read as asked."""


class NoRunError(TrmpipeError, FileNotFoundError):
    """There is no run, or no checkpoint in it, at a path."""


class DivergedError(RunError):
    """A loss or a weight is not finite, so that training on would teach nothing."""


class EndedElsewhereError(RunError):
    """Another process of the same training ended it, and told why."""


class DivergedElsewhereError(EndedElsewhereError, DivergedError):
    """Another process of the same training ended it, and told that it diverged."""


class LostProcessError(RunError):
    """Another process of the same command is gone, or cannot be reached."""


class RunExistsError(TrmpipeError, FileExistsError):
    """A new run would overwrite an old one."""


class SettingError(OptionError):
    """A setting is unknown or its value does not fit: exit code 2."""


class RunWriteError(TrmpipeError, OSError):
    """A file of a run could not be written: disk full, folder read-only, and the like."""
