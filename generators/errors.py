"""The root of every error that a user can cause.

The command line prints the message of a `TrmpipeError` as one line and ends with exit code 1, so a message says
what happened, what was expected and what to do. Anything else that escapes is a bug and keeps its traceback.
"""


class TrmpipeError(Exception):
    """What a user can mend: the message is one line that says how."""


class InputError(TrmpipeError, ValueError):
    """A value or a file that the user gave is not what the command takes."""


class ExhaustedError(TrmpipeError, RuntimeError):
    """More distinct puzzles were asked for than the task could find."""


class ContractError(TrmpipeError, RuntimeError):
    """A task gave what no task may give, or an error of its own ended its work: its author can mend it.

    Attributes:
        rule: the name of the rule that was broken; ``testing.rules`` explains it.
        found: what broke it.
        where: which group, or what else it was.
    """

    rule = found = where = ""


class OptionError(InputError):
    """An argument has a value that it does not take: the command line ends with exit code 2."""


class TextError(InputError):
    """A puzzle given as text is none.

    Attributes:
        index: which of the texts that were given.
    """

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
