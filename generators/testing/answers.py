"""Rules of what is right, and of how puzzles are read, written and drawn."""

import numpy as np
import pytest
from numpy.typing import NDArray

from .. import contract
from ..errors import InputError, TextError
from ..picture import as_text
from ..task import PAD, Task
from .base import Looking
from .rules import expect, expect_all, looked_at, refuse

_SHOWN = 2
"""Puzzles that are drawn."""
_CHANGED = 24
"""Cells that are changed, one at a time, to every token."""


class AnswerRules(Looking):
    """Tests of `Task.check`, `Task.solve`, `Task.format`, `Task.parse` and `Task.picture`."""

    def test_labels_are_right_and_others_are_wrong(self, task: Task) -> None:
        """`check` takes the labels that there are, and none in which a fixed cell is another."""
        if not task.judges:
            pytest.skip("the task does not say what is right")
        groups = self.groups(task)
        candidates = np.repeat(groups.candidates, groups.sizes)
        right = task.check(groups.inputs, groups.labels)
        fits = isinstance(right, np.ndarray) and right.shape == groups.inputs.shape[:1] and right.dtype == np.bool_
        expect(task, "types", fits, f"check gives {right!r:.60}, expected bool [{len(groups.inputs)}]")
        expect_all(task, "right labels", right, candidates, "check refuses the stored label")
        wrong = corrupted(task, groups.inputs, groups.labels)
        found = "check accepts a label in which such a cell was changed"
        expect_all(task, "wrong labels", ~task.check(groups.inputs, wrong), candidates, found)
        nothing = task.check(groups.inputs[:0], groups.labels[:0])
        expect(task, "shapes", nothing.shape == (0,), f"of no labels check says {list(nothing.shape)}")

    def test_labels_hold_choices_where_puzzles_are_blank(self, task: Task) -> None:
        """`Task.choices` are what a search tries, so that the answer has to be among them."""
        if task.blank is None:
            pytest.skip("no token of the task asks for a cell")
        groups = self.groups(task)
        candidates = np.repeat(groups.candidates, groups.sizes)
        holds = (np.isin(groups.labels, task.choices) | (groups.inputs != task.blank)).all(axis=1)
        expect_all(task, "choices", holds, candidates, f"a cell holds none of {list(task.choices)}")

    def test_answers_beside_their_labels_are_told_as_without(self, task: Task) -> None:
        """`check_beside` says what `check` says, of right answers and of some in which one cell is another."""
        if not task.checks_beside:
            pytest.skip("the task checks no answers beside their labels")
        groups = self.groups(task)
        given = groups if not task.spec.alternatives else contract.with_alternatives(task, groups, self.seed)
        candidates = np.repeat(given.candidates, given.sizes)
        first = np.repeat(given.labels[np.repeat(given.offsets[:-1], given.sizes)], task.spec.vocab_size, axis=0)
        tokens = np.tile(np.arange(task.spec.vocab_size, dtype=np.uint8), len(candidates))
        inputs, answers = (np.repeat(one, task.spec.vocab_size, axis=0) for one in (given.inputs, given.labels))
        for cell in np.unique(np.linspace(0, task.spec.seq_len - 1, _CHANGED).astype(np.int64)):
            said = answers.copy()
            said[:, cell] = tokens
            found = task.check_beside(*(one.astype(np.int64) for one in (inputs, first, said)))
            fits = isinstance(found, np.ndarray) and found.shape == inputs.shape[:1] and found.dtype == np.bool_
            expect(task, "types", fits, f"check_beside gives {found!r:.60}, expected bool [{len(inputs)}]")
            alike = found == task.check(inputs, said)
            owners = np.repeat(candidates, task.spec.vocab_size)
            expect_all(task, "right labels", alike, owners, "check_beside says another thing than check")

    def test_alternatives_are_different_right_answers(self, task: Task) -> None:
        """The further answers of a puzzle are right, different, and the same for a puzzle alone."""
        if not task.spec.alternatives:
            pytest.skip("a puzzle of the task has one stored answer")
        groups = self.groups(task)
        found = looked_at(contract.with_alternatives, task, groups, self.seed)
        owners = np.repeat(found.candidates, found.sizes)
        right = task.check(found.inputs, found.labels) if task.judges else np.ones(len(owners), np.bool_)
        expect_all(task, "right labels", right, owners, "check refuses a further answer")
        pairs = zip(found.offsets[:-1].tolist(), found.offsets[1:].tolist(), strict=True)
        distinct = [len({bytes(label) for label in found.labels[a:b]}) == b - a for a, b in pairs]
        expect_all(task, "alternatives", np.array(distinct), found.candidates, "two of its answers are alike")
        last = groups.take(slice(len(groups) - 1, len(groups)))
        alone = looked_at(contract.with_alternatives, task, last, self.seed)
        alike = np.array_equal(alone.labels, found.labels[owners == last.candidates[0]])
        expect(task, "company", alike, "the answers of a puzzle are others among others")

    def test_the_solver_finds_what_is_stored(self, task: Task) -> None:
        """`solve` finds a solution, and the stored label where there is no other."""
        groups = self.groups(task)
        candidates, found = np.repeat(groups.candidates, groups.sizes), looked_at(contract.solve, task, groups.inputs)
        if found is None:
            pytest.skip("the task has no solver")
        expect_all(task, "solutions", found.counts > 0, candidates, "it finds no solution")
        alike = (found.counts > 1) | (found.labels == groups.labels).all(axis=1)
        expect_all(task, "solutions", alike, candidates, "the only solution is another than the stored label")
        if task.judges:
            right = task.check(groups.inputs, found.labels)
            expect_all(task, "solutions", right, candidates, "check refuses the solution that it finds")

    def test_puzzles_are_written_and_read(self, task: Task) -> None:
        """`parse` undoes `format`, and refuses what is no puzzle."""
        groups = self.groups(task)
        texts = [task.format(tokens) for tokens in groups.inputs]
        expect(task, "text", not any("\n" in text for text in texts), "format writes more than a line")
        try:
            read = task.parse(texts)
        except TextError as error:
            refuse(task, "text", f"parse refuses {texts[error.index]!r}, which format wrote: {error}")
        except InputError:
            pytest.skip("puzzles of the task have no text form")
        alike = read.dtype == np.uint8 and np.array_equal(read, groups.inputs)
        expect(task, "text", alike, "parse gives another puzzle than format wrote")
        try:
            task.parse(["no puzzle\n"])
        except TextError:
            return
        refuse(task, "text", "parse takes 'no puzzle\\n' for a puzzle")

    def test_sequences_have_pictures(self, task: Task) -> None:
        """A symbol a cell, and different sequences look different."""
        groups = self.groups(task).take(slice(0, _SHOWN))
        sequences = [*groups.inputs, *groups.labels]
        pictures = [task.picture(tokens) for tokens in sequences]
        for picture in pictures:
            cells = picture.shape[0] * picture.shape[1]
            fits = len(picture.symbols) == cells and len(picture.fills) in (0, cells)
            found = f"{len(picture.symbols)} symbols and {len(picture.fills)} fills for {cells} cells"
            expect(task, "pictures", fits, found)
        looks = len({(as_text(picture), picture.fills) for picture in pictures})
        different = len({bytes(tokens) for tokens in sequences})
        expect(task, "pictures", looks == different, f"{different} different sequences look like {looks}")


def corrupted(task: Task, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Labels that are wrong: in each a cell that has to be as it is was changed.

    Args:
        task: says whether the stored label is the only right answer; if not, what a puzzle shows has to stay.
        inputs: uint8 [N, S].
        labels: uint8 [N, S].
    """
    wrong = labels.copy()
    for given, label in zip(inputs, wrong, strict=True):
        fixed = np.flatnonzero((label != PAD) if task.spec.scoring == "label" else (label == given) & (label != PAD))
        if not len(fixed) or task.spec.vocab_size == 2:
            label[:] = PAD  # A puzzle that shows nothing, or an alphabet of one letter: no answer at all is wrong.
        else:
            label[fixed[0]] = label[fixed[0]] % (task.spec.vocab_size - 1) + 1
    return wrong
