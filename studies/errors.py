"""What can be wrong with a study, each as one line that says what to do."""

from trmpipe.generators.errors import OptionError, TrmpipeError


class PlanError(OptionError):
    """A study file says something that no study can be: exit code 2."""


class StudyError(TrmpipeError, ValueError):
    """A study cannot be executed, gone on with or read as asked."""


class OtherJobError(StudyError):
    """A folder holds the outcome of another job."""


class NoStudyError(TrmpipeError, FileNotFoundError):
    """There is no study of a name, or in a folder."""


class StudyInterrupted(TrmpipeError, RuntimeError):
    """The user asked to stop; the message says what is done and how to go on."""
