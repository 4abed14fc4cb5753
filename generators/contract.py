"""What a task gives, looked at before anything is made of it: corpora are made by tasks through these calls alone.

A task may come from anybody. What it gives has to have the types and shapes that its rooms rely on, tokens of its
vocabulary, and the same again where it is asked again; what breaks such a rule is refused with the task, the group and
the rule, before it is written. The rules are those that `testing.TaskConformance` tests at length; here each costs next
to nothing: every token is compared once with the vocabulary (0.1 ms for 32,000 rows of 81), and of every stream and
every block of groups one group is asked for a second time, alone. Not looked at are whether variants are distinct and
labels right, which would cost more than making them.

Shapes: G groups, E examples of all groups, R rows (examples of all variants asked for), N puzzles, S sequence length.
"""

import re
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from .contract_checks import (
    NAMES,
    Call,
    check_array,
    check_examined,
    check_groups,
    check_tokens,
    listed,
    no_errors,
    range_of,
)
from .errors import ContractError, InputError
from .groups import TEST, Examined, Groups, Rows, runs
from .one_line import MOST_LETTERS, is_one_line
from .spec import fault_of
from .task import Solutions, Task

_SEVERAL = 2


def check_spec(task: Task) -> None:
    """Refuse a task that declares what it does not do.

    Raises:
        ContractError: see there.
    """
    spec, call = task.spec, Call(task, "spec", "its spec")
    if not re.fullmatch("[a-z][a-z0-9_]*", spec.name):
        raise call.refuse("spec", f"the name is {spec.name!r}, expected small letters, digits and underscores")
    if fault := fault_of(spec):
        raise call.refuse("spec", fault)
    if spec.classes not in ("symmetry", "identity"):
        raise call.refuse("spec", f'classes is {spec.classes!r}, expected "symmetry" or "identity"')
    if spec.classes == "symmetry" and type(task).examine is Task.examine:
        raise call.refuse("spec", 'classes is "symmetry", and there is no examine that would find symmetric copies')
    if spec.scoring == "check" and not task.judges:
        raise call.refuse("spec", 'scoring is "check", and there is no check that would say what is right')


def generate(task: Task, seed: int, purpose: int, start: int, count: int) -> Groups:
    """Candidates, looked at; see `Task.generate`.

    Raises:
        ContractError: the task breaks its contract.
        InputError: puzzles of this task are not made.
    """
    stream = "held-out" if purpose == TEST else "training"
    call = Call(task, "generate", f"{stream} candidates {start} to {start + count - 1}")
    try:
        with no_errors(call):
            groups = task.generate(seed, purpose, start, count)
    except ContractError:
        _find_one_that_fails(call, lambda i: task.generate(seed, purpose, start + i, 1), range(start, start + count))
        raise
    check_groups(call, groups)
    numbers = groups.candidates
    if len(numbers) and ((np.diff(numbers) < 1).any() or numbers[0] < start or numbers[-1] >= start + count):
        raise call.refuse("candidates", f"they are {listed(numbers)}, expected numbers of the range, rising")
    check_tokens(call, groups, groups.inputs, groups.labels, np.ones_like(groups.candidates))
    if start == 0:
        with no_errors(call):
            alone = task.generate(seed, purpose, count - 1, 1)
        check_groups(call, alone)
        whole = groups.take(np.flatnonzero(numbers == count - 1))
        if any(not np.array_equal(getattr(alone, name), getattr(whole, name)) for name in NAMES):
            raise call.refuse(
                "the same again", "asked for alone it is another puzzle than among others", f"candidate {count - 1}"
            )
    return groups


def _find_one_that_fails(call: Call, ask: Callable[[int], object], numbers: Sequence[int]) -> None:
    """Raise for the first candidate that fails when it is asked for alone; return where none does.

    Args:
        call: for the message.
        ask: asks for the i-th candidate.
        numbers: the candidates.
    """
    for i, number in enumerate(numbers if len(numbers) > 1 else ()):
        with no_errors(call._replace(where=f"candidate {number} ({call.where})")):
            ask(i)


def examine(task: Task, groups: Groups) -> Examined:
    """`Task.examine`, looked at.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "examine", range_of(groups))
    with no_errors(call):
        found = task.examine(groups)
    check_examined(call, found, groups)
    check_array(call, "traits", found.groups.traits, np.uint16, (len(groups), len(task.trait_ranges)))
    return found


def rate(task: Task, examined: Examined) -> Examined:
    """`Task.rate`, looked at.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "rate", range_of(examined.groups))
    with no_errors(call):
        found = task.rate(examined)
    check_examined(call, found, examined.groups)
    return found


def num_variants(task: Task, groups: Groups) -> NDArray[np.int64]:
    """`Task.num_variants`, looked at.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "num_variants", range_of(groups))
    with no_errors(call):
        found = task.num_variants(groups)
    check_array(call, "numbers", found, np.int64, (len(groups),))
    wrong = np.flatnonzero((found < 1) | (found > min(task.spec.num_symmetries, 2**63 - 1)))
    if len(wrong):
        raise call.refuse(
            "numbers of variants",
            f"{found[wrong[0]]}, expected 1 (the base) to {task.spec.num_symmetries} (TaskSpec.num_symmetries)",
            call.at(groups, int(wrong[0])),
        )
    return found


def augment(task: Task, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
    """Variants, looked at; see `Task.augment`.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "augment", f"variants {start} to {start + int(counts.max(initial=1)) - 1}, {range_of(groups)}")
    inputs, labels = _variants(call, groups, seed, start, counts)
    check_tokens(call, groups, inputs, labels, counts)
    if start == 0 and counts.any():
        _check_bases(call, groups, counts, inputs, labels)
        _check_again(call, groups, seed, counts, inputs, labels)
    return inputs, labels


def variant_names(task: Task, groups: Groups, names: Sequence[str], seed: int, counts: NDArray[np.int64]) -> list[str]:
    """Names of variants, looked at; see `Task.variant_names`.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "variant_names", range_of(groups))
    with no_errors(call):
        found = task.variant_names(groups, names, seed, counts)
    if len(found) != counts.sum():
        raise call.refuse("shapes", f"there are {len(found)} names of variants, expected {counts.sum()}")
    wrong = next((place for place, name in enumerate(found) if not is_one_line(name)), None)
    if wrong is not None:
        group = int(np.repeat(np.arange(len(groups)), counts)[wrong])
        raise call.refuse(
            "names of variants",
            f"{found[wrong]!r:.80}, expected text of one line without control characters, {MOST_LETTERS} letters at "
            "most",
            call.at(groups, group),
        )
    return found


def solve(task: Task, inputs: NDArray[np.uint8]) -> Solutions | None:
    """`Task.solve`, looked at.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "solve", f"a block of {len(inputs)} puzzles")
    with no_errors(call):
        found = task.solve(inputs)
    if found is None:
        return None
    check_array(call, "counts", found.counts, np.int64, (len(inputs),))
    check_array(call, "labels", found.labels, np.uint8, inputs.shape)
    if len(inputs) and not (0 <= found.counts.min() and found.counts.max() <= _SEVERAL):
        raise call.refuse("solutions", f"they are {listed(found.counts)}, expected 0, 1, or 2 for several")
    return found


def check(task: Task, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """`Task.check`, looked at.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "check", f"a block of {len(inputs)} puzzles")
    with no_errors(call):
        found = task.check(inputs, labels)
    check_array(call, "verdicts", found, np.bool_, (len(inputs),))
    return found


def measure(task: Task, groups: Groups) -> NDArray[np.float64]:
    """`Task.measure`, looked at.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "measure", range_of(groups))
    with no_errors(call):
        found = task.measure(groups)
    check_array(call, "measures", found, np.float64, (len(groups), len(task.spec.measures)))
    wrong = np.flatnonzero((~np.isfinite(found) | (found < 0)).any(axis=1))
    if len(wrong):
        values = ", ".join(map(str, found[wrong[0]].tolist()))
        raise call.refuse("measures", f"{values}, expected numbers from 0 on", call.at(groups, int(wrong[0])))
    return found


def with_alternatives(task: Task, groups: Groups, seed: int) -> Groups:
    """`Task.with_alternatives`, looked at.

    Raises:
        ContractError: the task breaks its contract.
    """
    call = Call(task, "with_alternatives", range_of(groups))
    with no_errors(call):
        found = task.with_alternatives(groups, seed)
    check_groups(call, found)
    if not np.array_equal(found.candidates, groups.candidates):
        raise call.refuse("the same puzzles", "it gives other puzzles than it was given, or in another order")
    check_tokens(call, found, found.inputs, found.labels, np.ones_like(found.candidates))
    first = found.offsets[:-1]
    other = (found.inputs != np.repeat(groups.inputs, found.sizes, axis=0)).any(axis=1)
    other[first] |= (found.labels[first] != groups.labels).any(axis=1)
    if other.any():
        group = int(np.repeat(np.arange(len(found)), found.sizes)[np.flatnonzero(other)[0]])
        what = "an example asks for another puzzle, or the first answer is another one"
        raise call.refuse("alternatives", what, call.at(groups, group))
    return found


def _variants(call: Call, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
    """Rows of the right type and number."""
    try:
        with no_errors(call):
            rows = call.task.augment(groups, seed, start, counts)
    except InputError as error:
        raise call.refuse("numbers of variants", f"num_variants promised as many, and augment says: {error}") from error
    except ContractError:

        def ask(group: int) -> object:
            return call.task.augment(groups.take(slice(group, group + 1)), seed, start, counts[group : group + 1])

        _find_one_that_fails(call, ask, groups.candidates.tolist())
        raise
    shape = (int((counts * groups.sizes).sum()), call.task.spec.seq_len)
    inputs, labels = rows
    for name, tokens in (("inputs", inputs), ("labels", labels)):
        check_array(call, name, tokens, np.uint8, shape)
    return inputs, labels


def _check_bases(
    call: Call, groups: Groups, counts: NDArray[np.int64], inputs: NDArray[np.uint8], labels: NDArray[np.uint8]
) -> None:
    """Refuse variants 0 that are not their bases; arguments as of `augment`."""
    some = np.flatnonzero(counts)
    firsts = np.cumsum(counts * groups.sizes) - counts * groups.sizes
    rows, bases = runs(firsts[some], groups.sizes[some]), groups.take(some)
    for tokens, expected in ((inputs, bases.inputs), (labels, bases.labels)):
        wrong = np.flatnonzero((tokens[rows] != expected).any(axis=1))
        if len(wrong):
            group = int(np.repeat(some, groups.sizes[some])[wrong[0]])
            raise call.refuse("variant 0 is the base", "it differs from the puzzle", call.at(groups, group))


def _check_again(
    call: Call,
    groups: Groups,
    seed: int,
    counts: NDArray[np.int64],
    inputs: NDArray[np.uint8],
    labels: NDArray[np.uint8],
) -> None:
    """Refuse a variant that is another one when it is asked for alone; arguments as of `augment`."""
    group = int(np.flatnonzero(counts)[-1])
    number, size = min(1, int(counts[group]) - 1), int(groups.sizes[group])
    begin = int((counts * groups.sizes)[:group].sum()) + number * size
    once = call._replace(where=f"variant {number}")
    alone = _variants(once, groups.take(slice(group, group + 1)), seed, number, np.ones(1, np.int64))
    for tokens, again in zip((inputs, labels), alone, strict=True):
        if not np.array_equal(tokens[begin : begin + size], again):
            raise call.refuse(
                "the same again", "asked for alone it is another one than among others", once.at(groups, group)
            )
