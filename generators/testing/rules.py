"""The rules that a task keeps, in words: what each one says and what to do where it is broken."""

from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..errors import ContractError
from ..task import Task

Result = TypeVar("Result")


class Rule(NamedTuple):
    """A rule.

    Attributes:
        says: what holds, and what it is for.
        advice: what to do where it is broken.
    """

    says: str
    advice: str


RULES = {
    "spec": Rule(
        "TaskSpec tells readers who do not have the task's code what its puzzles are, so it has to be true.",
        "Give the spec the values that it names; see TaskSpec.",
    ),
    "workers": Rule(
        "A task is sent to other processes and must arrive there as it was, so it can be pickled.",
        "Keep arrays and tables that cannot be pickled out of the object, or make them where they are first used.",
    ),
    "no errors": Rule(
        "Whatever seed and candidate are asked for, a task answers; what it cannot make, it leaves out.",
        "Mend the error, or leave out candidates that cannot be made.",
    ),
    "types": Rule(
        "Arrays have the types that Groups, Examined and Task say: kernels and files are made for those alone.",
        "Convert the array: array.astype(np.uint8) and the like.",
    ),
    "shapes": Rule(
        "Arrays have the shapes that Groups, Examined and Task say, one row for every group, example or variant.",
        "Groups.single makes groups of one example each, from arrays [G], [G, S] and [G, S].",
    ),
    "tokens": Rule(
        "Every cell holds a token of the vocabulary: a network has an embedding for those alone.",
        "Count tokens from 0 (pad), and give the vocabulary a character for each.",
    ),
    "no empty sequences": Rule(
        "An input or label holds something else than pad: of pad nothing is learned.",
        "Give cells that ask for an answer a token of their own; pad is for cells that are not there.",
    ),
    "candidates": Rule(
        "generate(seed, purpose, start, count) gives candidates start to start + count - 1, by rising number.",
        "Number groups by their place in the stream: np.arange(start, start + count).",
    ),
    "the same again": Rule(
        "A candidate depends on seed, purpose and its own number alone: not on the chunk, on what was asked before, on "
        "the process or the clock. So a corpus is the same for any number of workers, and can be made again.",
        "Draw from rng.open_stream(seed, purpose, 0, 0, candidate), one stream a candidate; keep no state between "
        "calls, and do not go through sets or hashes of strings.",
    ),
    "streams": Rule(
        "Each seed has puzzles of its own, and so has each purpose: held-out puzzles are not those trained on.",
        "Hand seed and purpose on to rng.open_stream.",
    ),
    "the same puzzles": Rule(
        "examine and rate say something of each puzzle that they are given, in the order given, and change none.",
        "Say which puzzles are not wanted by `accepted`; leave none out.",
    ),
    "company": Rule(
        "What examine and rate find out of a puzzle does not depend on the puzzles beside it.",
        "Look at each puzzle by itself.",
    ),
    "accepted": Rule(
        "Some of the puzzles that generate makes meet the task's options: else a corpus is never full.",
        "Let generate make what is asked for, or accept more.",
    ),
    "traits": Rule(
        "The traits of an examined group lie in `trait_ranges`, by which those of a file are checked.",
        "Declare the ranges that examine gives.",
    ),
    "ratings": Rule(
        "A rating is 0 or more, or NaN for none; what examine rated, rate leaves as it is.",
        "Rate only what is still NaN.",
    ),
    "measures": Rule(
        "measure gives a finite number of 0 or more for each of TaskSpec.measures: the catalog holds nothing else.",
        "Give numbers of the puzzle alone; what is unknown of it is no measure.",
    ),
    "alternatives": Rule(
        "The examples of a puzzle with several answers ask for the same, and the first one is as it was.",
        "Repeat the input, and put the stored answer before the others.",
    ),
    "names of variants": Rule(
        "A name of a variant is one line that any file can keep: no control characters, 1,000 letters at most.",
        "Make names of letters, digits and signs; shorten those of puzzles.",
    ),
    "levels": Rule(
        "Levels are ranges of ratings, from the easiest on.", "Order them, and let each begin at 0 or more."
    ),
    "variants of the examined": Rule(
        "An examined group has the variants that it has unexamined: traits make them faster, and no others.",
        "Let augment and num_variants use traits only to save work.",
    ),
    "numbers of variants": Rule(
        "num_variants says exactly how many different variants there are, the base among them: so many are planned, "
        "and one more is refused by an InputError that names the number.",
        "Count images that are equal once, and raise InputError where start + counts is more.",
    ),
    "variant 0 is the base": Rule(
        "Variant 0 of every group is the puzzle itself: held-out puzzles are asked as they are.",
        "Give the unchanged puzzle the number 0.",
    ),
    "right variants": Rule(
        "The label of every variant is right for its input.", "Do to the label what was done to the input."
    ),
    "different variants": Rule(
        "All variants of a group have different inputs, so that a set of n times A puzzles is no smaller than it says.",
        "Pass over images that came before, as symmetric.SymmetricTask does.",
    ),
    "variants stand alone": Rule(
        "A variant depends on its group, the seed and its own number alone: it is the same wherever a slice begins, "
        "and whatever other groups are asked for.",
        "Take variant k by its number, in an order keyed by seed and candidate (rng.bijection_keys, rng.permute).",
    ),
    "variants depend on the seed": Rule(
        "The order of variants depends on the seed.", "Hand the seed on to rng.bijection_keys or rng.open_stream."
    ),
    "mapping back": Rule(
        "map_back undoes for any answer what augment did to labels: else variants cannot vote.",
        "Apply the inverse of the same map; symmetric.SymmetricTask and inverse.map_back_by_probes do.",
    ),
    "classes of variants": Rule(
        'Where TaskSpec.classes is "symmetry", variants of a puzzle have its digest, so that no copy of a held-out '
        'puzzle is trained on; where it is "identity", they do not, as they are other puzzles.',
        "Digest the smallest image under all symmetries, or say that classes is identity.",
    ),
    "classes of puzzles": Rule(
        "Different puzzles have different digests, but for symmetric copies: one that shares another's is left out.",
        "Digest all of the input.",
    ),
    "right labels": Rule(
        "check accepts the labels of the puzzles that the task makes.", "Mend check, or the solver that makes labels."
    ),
    "choices": Rule(
        "Where a puzzle has its blank, a label holds one of Task.choices: a search tries no others there.",
        "Say in Task.choices what such a cell may hold.",
    ),
    "wrong labels": Rule(
        "check refuses a label in which a cell is another one that has to be as it is: a shown cell, or any where the "
        "stored label is the only right answer.",
        "Compare with what the puzzle shows, and look at every rule.",
    ),
    "solutions": Rule(
        "solve says of each puzzle whether it has 0, 1 or several (2) solutions, and gives one: those that the task "
        "makes have one at least, and where it is the only one, it is the stored label.",
        "Mend the solver, or generate puzzles that it solves.",
    ),
    "text": Rule(
        "format writes a puzzle as one line, parse reads it back, and refuses what is none by a TextError.",
        "Let parse undo format, and check length and characters.",
    ),
    "pictures": Rule(
        "A picture has a symbol for every cell and a fill for every cell or for none, and sequences that differ look "
        "different.",
        "Give Picture rows times columns symbols.",
    ),
}
"""The rules by name."""


def refuse(task: Task, rule: str, found: str, group: str = "") -> NoReturn:
    """Fail a test, and explain the rule.

    Args:
        task: the one under test.
        rule: a name of `RULES`.
        found: what broke it.
        group: the group that it was found at, in words; '' where it is not one.

    Raises:
        AssertionError: with all of it.
    """
    says, advice = RULES[rule]
    lines = [
        f'{task.spec.name} breaks the rule "{rule}"' + (f" at {group}" if group else ""),
        f"  the rule   {says}",
        f"  found      {found}",
        f"  to do      {advice}",
    ]
    raise AssertionError("\n".join(lines))


def expect(task: Task, rule: str, holds: bool, found: str, group: str = "") -> None:
    """Fail a test unless something holds; arguments else as of `refuse`.

    Args:
        task: the one under test.
        rule: a name of `RULES`.
        holds: whether it does.
        found: what was found if it does not.
        group: see `refuse`.
    """
    if not holds:
        refuse(task, rule, found, group)


def expect_all(task: Task, rule: str, holds: NDArray[np.bool_], candidates: NDArray[np.int64], found: str) -> None:
    """Fail a test unless something holds for every group, and name the first for which it does not.

    Args:
        task: the one under test.
        rule: a name of `RULES`.
        holds: bool [G].
        candidates: int64 [G], of the groups.
        found: what was found if it does not.
    """
    wrong = np.flatnonzero(~holds)
    if len(wrong):
        refuse(task, rule, found, f"candidate {candidates[wrong[0]]}")


def looked_at(call: Callable[..., Result], task: Task, *arguments: Any) -> Result:
    """What a function of `contract` gives; what it refuses fails the test, with the rule explained.

    Args:
        call: the function.
        task: the one under test.
        arguments: what it takes besides.
    """
    try:
        return call(task, *arguments)
    except ContractError as error:
        refuse(task, error.rule, error.found, error.where)
