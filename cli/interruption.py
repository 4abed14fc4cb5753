"""What is said of a command that was interrupted or terminated: how it is gone on with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

AGAIN = "run the same command again to go on"
RESUME = "the same command with --resume goes on"


@contextmanager
def resumable(is_begun: Callable[[], bool]) -> Iterator[None]:
    """A block that, interrupted or terminated, is gone on with by ``--resume`` once `is_begun` says so."""
    try:
        yield
    except BaseException as error:
        if not isinstance(error, Exception) and is_begun():
            error.add_note(RESUME)
        raise


def how_to_go_on(error: BaseException | None) -> str:
    """What to do after an interruption, as the command that it ended has noted it."""
    return RESUME if RESUME in getattr(error, "__notes__", ()) else AGAIN
