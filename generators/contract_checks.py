"""What is looked at in what a task gives, rule by rule, and the words in which a broken rule is told.

Shapes: G groups, E examples of all groups, R rows (examples of all variants asked for), S sequence length.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from traceback import extract_tb
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import ContractError, TrmpipeError
from .groups import PAD, Examined, Groups
from .task import Task

NAMES = ("candidates", "sizes", "inputs", "labels", "traits")
"""The arrays of groups."""

_DIGEST_BYTES = 32
_SHOWN = 4


class Call(NamedTuple):
    """One call of a task's method, for messages.

    Attributes:
        task: whose.
        method: its name.
        where: which groups it was asked for, in words.
    """

    task: Task
    method: str
    where: str

    def refuse(self, rule: str, found: str, where: str = "") -> ContractError:
        """The error that says which rule was broken, and by what."""
        kind, where = type(self.task), where or self.where
        error = ContractError(
            f'{self.task.spec.name} breaks the rule "{rule}" at {where}: {found}; mend '
            f"{kind.__module__}.{kind.__qualname__}.{self.method} (trmpipe.generators.testing.TaskConformance tests "
            "the rule), then run the same command again"
        )
        error.rule, error.found, error.where = rule, found, where
        return error

    def at(self, groups: Groups, group: int) -> str:
        """A group in words."""
        return f"candidate {groups.candidates[group]} ({self.where})"


@contextmanager
def no_errors(call: Call) -> Iterator[None]:
    """Turn an error of a task's own into one that says where it rose; those with a line for the user stay."""
    try:
        yield
    except (TrmpipeError, MemoryError):
        raise
    except Exception as error:
        what = " ".join(str(error).split())
        raise call.refuse("no errors", f"{type(error).__name__}: {what} ({_place(error, call.task)})") from error


def _place(error: Exception, task: Task) -> str:
    """The last line of the task's own package that led to an error, else the last one."""
    frames, module = extract_tb(error.__traceback__), sys.modules[type(task).__module__]
    own = Path(module.__file__).parent if module.__file__ else None
    last = ([frame for frame in frames if own is not None and own in Path(frame.filename).parents] or frames)[-1]
    return f"{Path(last.filename).name}, line {last.lineno}"


def check_groups(call: Call, groups: object) -> None:
    """Refuse groups whose arrays do not fit each other."""
    if not isinstance(groups, Groups):
        raise call.refuse("shapes", f"it gives {type(groups).__name__}, expected Groups")
    count = len(groups.candidates)
    check_array(call, "candidates", groups.candidates, np.int64, (count,))
    check_array(call, "sizes", groups.sizes, np.int64, (count,))
    if count and groups.sizes.min() < 1:
        raise call.refuse("shapes", f"sizes are {listed(groups.sizes)}, expected an example or more of every group")
    for name, tokens in (("inputs", groups.inputs), ("labels", groups.labels)):
        check_array(call, name, tokens, np.uint8, (int(groups.sizes.sum()), call.task.spec.seq_len))
    check_array(call, "traits", groups.traits, np.uint16, (count, None))


def check_array(call: Call, name: str, array: Any, dtype: Any, shape: tuple[int | None, ...]) -> None:
    """Refuse what is no array of a type and shape.

    Args:
        call: for the message.
        name: of the array, likewise.
        array: what a task gives.
        dtype: that it has to have.
        shape: likewise; None stands for any length.
    """
    kind, found = getattr(array, "dtype", type(array).__name__), getattr(array, "shape", ())
    fits = len(found) == len(shape) and all(b is None or a == b for a, b in zip(found, shape, strict=True))
    if not isinstance(array, np.ndarray) or kind != dtype or not fits:
        wanted = ["any" if length is None else length for length in shape]
        rule = "shapes" if kind == dtype else "types"
        raise call.refuse(
            rule, f"{name} are {kind} {list(found)}, expected {np.dtype(dtype)} [{', '.join(map(str, wanted))}]"
        )


def check_tokens(
    call: Call, groups: Groups, inputs: NDArray[np.uint8], labels: NDArray[np.uint8], counts: NDArray[np.int64]
) -> None:
    """Refuse rows with tokens outside the vocabulary, and rows of pad alone where the bases have none.

    Args:
        call: for the message.
        groups: the bases, or the groups themselves.
        inputs: uint8 [R, S].
        labels: uint8 [R, S].
        counts: int64 [G], puzzles of each group; a puzzle has as many rows as its group has examples.
    """
    most = call.task.spec.vocab_size - 1

    def owner(row: int) -> str:
        return call.at(groups, int(np.repeat(np.arange(len(groups)), counts * groups.sizes)[row]))

    for name, tokens, bases in (("its input", inputs, None), ("its label", labels, groups.labels)):
        if tokens.size and tokens.max() > most:
            row, cell = np.argwhere(tokens > most)[0].tolist()
            found = f"cell {cell} of {name} holds {tokens[row, cell]}, expected 0 to {most}"
            raise call.refuse("tokens", found, owner(row))
        row = _first_empty(tokens)
        # Of a label it may be meant: the answer is not known, and then that of the base is pad too.
        if row is not None and (bases is None or bases is tokens or _first_empty(bases) is None):
            raise call.refuse("no empty sequences", f"{name} is all pad", owner(row))


def _first_empty(tokens: NDArray[np.uint8]) -> int | None:
    """The first row that is all pad, None where there is none; few rows begin with pad, and the others are sure."""
    doubtful = np.flatnonzero(tokens[:, 0] == PAD)
    empty = doubtful[tokens[doubtful].max(axis=1) == PAD] if len(doubtful) else doubtful
    return int(empty[0]) if len(empty) else None


def check_examined(call: Call, found: object, groups: Groups) -> None:
    """Refuse what was found out of other puzzles than were given, or in arrays that do not fit."""
    if not isinstance(found, Examined):
        raise call.refuse("shapes", f"it gives {type(found).__name__}, expected Examined")
    count = len(groups)
    check_groups(call, found.groups)
    same = all(np.array_equal(getattr(found.groups, name), getattr(groups, name)) for name in NAMES[:-1])
    if not same:
        raise call.refuse("the same puzzles", "it gives other puzzles than it was given, or in another order")
    check_array(call, "digests", found.digests, np.uint8, (count, _DIGEST_BYTES))
    check_array(call, "accepted", found.accepted, np.bool_, (count,))
    check_array(call, "ratings", found.ratings, np.float64, (count,))
    check_array(call, "forms", found.forms, np.uint8, (count, None))
    wrong = np.flatnonzero((found.ratings < 0) | np.isinf(found.ratings))
    if len(wrong):
        rating = found.ratings[wrong[0]]
        raise call.refuse(
            "ratings", f"a rating is {rating}, expected 0 or more, or NaN", call.at(groups, int(wrong[0]))
        )


def range_of(groups: Groups) -> str:
    """Which candidates some groups are, in words."""
    numbers = groups.candidates
    return f"candidates {numbers[0]} to {numbers[-1]}" if len(numbers) else "no candidates"


def listed(numbers: NDArray[np.int64]) -> str:
    """The first of some numbers, in words."""
    return ", ".join(map(str, numbers[:_SHOWN].tolist())) + (", ..." if len(numbers) > _SHOWN else "")
