"""What a task is: the class that every puzzle family derives from.

Its `spec` is all that every task says, and one that generates says how. All else has a default that holds for a plain
task, so that nobody else has to ask what kind of task it is. A default guarantees less than a method of the task's own
would; its docstring says what, and `Task.caveats` tells the user.

Shapes: G groups, R rows (examples of all variants asked for), N examples, S sequence length.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .groups import PAD, TEST, TRAIN, Examined, Groups, Rows, input_digests, runs
from .jit import WarmUp
from .options import Range
from .picture import Picture, plain_picture
from .plain_text import plain_tokens
from .spec import TaskSpec

__all__ = ["PAD", "TEST", "TRAIN", "Examined", "Groups", "Rows", "Solutions", "Task", "TaskSpec", "WarmUp", "runs"]

_DEFAULT_TEST = 1000


class Solutions(NamedTuple):
    """What a solver says of N puzzles.

    Attributes:
        counts: int64 [N], solutions of each: 0, 1, or 2 for several.
        labels: uint8 [N, S], a solution of each; all pad where there is none.
    """

    counts: NDArray[np.int64]
    labels: NDArray[np.uint8]


class Task(ABC):
    """A puzzle family of one size, with what its puzzles are asked to meet. Every method is a pure function."""

    @property
    @abstractmethod
    def spec(self) -> TaskSpec:
        """What readers need to know."""

    @property
    def default_test(self) -> int:
        """Held-out groups where the user does not say how many: few where a task has few classes."""
        return _DEFAULT_TEST

    @property
    def trait_ranges(self) -> tuple[tuple[int, int], ...]:
        """Least and largest value of each trait of an examined group, to check those of a file by; none here."""
        return ()

    @property
    def blank(self) -> int | None:
        """The token by which a puzzle asks for a cell, where there is one: its other cells are clues. None here."""
        return None

    @property
    def choices(self) -> tuple[int, ...]:
        """Tokens that a right answer may hold where a puzzle has its blank: what a search tries there.

        Here all but pad, the blank and the frame. Where the blank is among them, an answer may leave such a cell as it
        is, which no fuller puzzle can say, and nothing is searched.
        """
        apart = (PAD, self.blank, *self.frame)
        return tuple(token for token in range(self.spec.vocab_size) if token not in apart)

    @property
    def frame(self) -> tuple[int, ...]:
        """Tokens that lie around a puzzle and are no part of it, so that they are cut off where it is shown."""
        return (PAD,)

    @property
    def takes_any_answer(self) -> bool:
        """Whether a puzzle may have several right answers, of which any is as good; as its scoring says."""
        return self.spec.scoring == "check"

    @property
    def verbatim(self) -> bool:
        """Whether lines of files are puzzles as they stand: blanks are cells, and no line is a comment. Not here."""
        return False

    @property
    def levels(self) -> Mapping[str, Range]:
        """Named ranges of the ratings that `rate` gives, from the easiest on; none here."""
        return {}

    @property
    def judges(self) -> bool:
        """Whether `check` says what is right, as in every task that has a `check` of its own."""
        return type(self).check is not Task.check

    @property
    def checks_beside(self) -> bool:
        """Whether answers can be checked wherever they are, beside a right label; see `check_beside`."""
        return type(self).check_beside is not Task.check_beside

    @property
    def caveats(self) -> tuple[str, ...]:
        """What nobody should take for granted of this task's corpora, a line for each default that it keeps."""
        kept = type(self)
        found = []
        if kept.examine is Task.examine:
            found.append(
                "only equal puzzles count as the same: copies in disguise (turned, renamed) are not looked for"
            )
        if kept.augment is Task.augment:
            found.append("a puzzle has no variant but itself, whatever --aug says")
        if not self.judges:
            found.append("an answer is right if it equals the stored label: another right answer counts as wrong")
        return tuple(found)

    def warm_ups(self, *, generates: bool) -> Sequence[WarmUp]:
        """Kernels that take seconds to compile and do not need each other, so that several processes can share them.

        Work that meets a kernel that is not among them, as here where none are, compiles it then.

        Args:
            generates: whether puzzles are going to be generated, or come from elsewhere.
        """
        return ()

    def generate(self, seed: int, purpose: int, start: int, count: int) -> Groups:
        """Candidates `start` to `start + count` of the stream (seed, purpose).

        Whether and what a candidate is depends on its seed, purpose and index alone. One that cannot meet the options
        may be absent; of the others `examine` says whether they do.

        Args:
            seed: root seed.
            purpose: `TRAIN` or `TEST`.
            start: index of the first candidate, 0 or more.
            count: how many, 1 or more.

        Raises:
            InputError: puzzles of this task are not made, they come from files.
        """
        raise InputError(f"{self.spec.name} puzzles are not generated; give a data set or files of them")

    def examine(self, groups: Groups) -> Examined:
        """Find out about bases, from wherever they come, what is to be known of them: in one pass, once.

        Here puzzles are of one class if their inputs are equal, all are accepted, and none is rated. So copies in
        disguise are not found, neither within a split nor between training and held-out puzzles, and options that say
        which puzzles are wanted have to be met by `generate`. `Examined.plain` serves a task that knows more of
        classes, and has no options and no measure of difficulty.
        """
        return Examined.plain(groups, input_digests(groups))

    def rate(self, examined: Examined) -> Examined:
        """The same puzzles with their ratings, where the task has a measure of difficulty; here it has none."""
        return examined

    def measure(self, groups: Groups) -> NDArray[np.float64]:
        """What the catalog holds of bases beside their ratings: float64 [G, M], finite and from 0 on.

        A column for each of `TaskSpec.measures`; here there are none.
        """
        return np.empty((len(groups), 0))

    def with_alternatives(self, groups: Groups, seed: int) -> Groups:
        """Training groups with all the right answers that the corpus is to store, as examples of one input each.

        It is called for groups of one example that were chosen, where `TaskSpec.alternatives` says so; here none come
        to it. The first example stays the first.

        Args:
            groups: the bases.
            seed: root seed.
        """
        return groups

    def num_variants(self, groups: Groups) -> NDArray[np.int64]:
        """int64 [G]: how many distinct variants each group has, its base included; here the base alone."""
        return np.ones(len(groups), np.int64)

    def augment(self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64]) -> Rows:
        """Inputs and labels of `counts` variants of each group, from variant `start` on; variant 0 is the base.

        Here there is no other one, so that a training set is as large as its number of puzzles. A task with a few
        symmetries derives from `symmetric.SymmetricTask`, which lists them; `variants.augment_evenly` helps one whose
        kernel makes the same number for every group.

        Args:
            groups: the bases, with traits where they were examined.
            seed: root seed.
            start: first variant of every group, 0 or more.
            counts: int64 [G], how many variants of each group, 0 or more.

        Returns:
            Two arrays uint8 [R, S], by rising group, then variant, then example.

        Raises:
            InputError: a group has fewer than ``start + counts`` distinct variants.
        """
        short = np.flatnonzero((counts > 0) & (start + counts > 1))
        if len(short):
            group = short[0]
            raise InputError(
                f"{self.spec.name} puzzle {groups.candidates[group]} has 1 distinct variant, itself; "
                f"{start + counts[group]} were asked for"
            )
        bases = groups.take(np.flatnonzero(counts))
        return bases.inputs, bases.labels

    def map_back(
        self, groups: Groups, seed: int, start: int, counts: NDArray[np.int64], answers: NDArray[np.uint8]
    ) -> NDArray[np.uint8]:
        """Answers to the variants that `augment` gives for the same arguments, as answers to their bases.

        Any answer is mapped, a wrong one too: by the inverse of what its variant does to labels.
        `inverse.map_back_by_probes` does it for symmetries that move cells and rename tokens.

        Args:
            groups: the bases, as for `augment`.
            seed: root seed.
            start: first variant of every group.
            counts: int64 [G], how many variants of each group.
            answers: uint8 [R, S], one for each row of `augment`.

        Returns:
            uint8 [R, S].

        Raises:
            InputError: the task does not say how, as here.
        """
        raise InputError(f"{self.spec.name} does not say how an answer to a variant is mapped back to its puzzle")

    def variant_names(self, groups: Groups, names: Sequence[str], seed: int, counts: NDArray[np.int64]) -> list[str]:
        """Names from which the map of a variant follows, of the first `counts` variants of each group, in order.

        Only tasks whose variants have identifiers need them; here a variant is called by its number.

        Args:
            groups: the bases.
            names: of the groups.
            seed: root seed, as for `augment`.
            counts: int64 [G], 0 or more.
        """
        numbered = zip(names, counts.tolist(), strict=True)
        return [f"{name}#{variant}" if variant else name for name, count in numbered for variant in range(count)]

    def check(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """bool [N]: whether each label [N, S] is a right solution of its input [N, S], the stored one or another.

        Pad where the stored label is pad. Here nobody knows, and `judges` says so: answers are compared with the stored
        label (`TaskSpec.scoring` is ``"label"``), nothing is searched for, and labels are taken for right unseen.

        Raises:
            InputError: the task does not say what is right, as here.
        """
        raise InputError(f"{self.spec.name} does not say what a right answer is (Task.check)")

    def check_beside(self, inputs: Any, labels: Any, answers: Any) -> Any:
        """bool [N]: what `check` says of answers, beside a right label of each puzzle; whole numbers [N, S] all three.

        It is written with what NumPy's arrays and torch's tensors share (operators, slices, ``sum`` and ``all`` over an
        axis, ``reshape``), and reads no value. So training, which has the labels at hand, asks it where the answers
        are, on a GPU or within a compiled step; without one, as here, every step waits until `check` has seen them. A
        task derived from one that has it, with another `check`, needs another of these too.

        Raises:
            InputError: the task has none, and `checks_beside` says so.
        """
        raise InputError(f"answers to {self.spec.name} cannot be checked beside their labels (Task.check_beside)")

    def verdicts(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Mapping[str, NDArray[np.bool_]]:
        """What else can be said of answers, bool [N] each by a word for a column, from the strictest on; nothing here.

        They are reported where answers are judged by `check`, beside what that says. Arguments are as there.
        """
        return {}

    def picture(self, tokens: NDArray[np.integer]) -> Picture:
        """How one sequence [S] looks; here each cell shows its character of the vocabulary."""
        return plain_picture(self.spec, tokens)

    def parse(self, texts: Sequence[str]) -> NDArray[np.uint8]:
        """Puzzles given as text, one a string, as tokens uint8 [N, S]: here by the characters of the vocabulary.

        Whether the tokens make a puzzle is not looked at here.

        Raises:
            TextError: one of them is no puzzle of this task; the error knows which.
            InputError: puzzles of this task have no text form, as here where groups have names.
        """
        if self.spec.named_groups:
            raise InputError(f"{self.spec.name} puzzles cannot be given as text")
        return plain_tokens(self.spec, texts)

    def parse_answers(self, texts: Sequence[str]) -> NDArray[np.uint8]:
        """Answers given as text, as tokens uint8 [N, S]; here they are written as puzzles are.

        Raises:
            TextError: one of them is no answer to a puzzle of this task; the error knows which.
            InputError: puzzles of this task have no text form.
        """
        return self.parse(texts)

    def format(self, tokens: NDArray[np.integer]) -> str:
        """One sequence [S] as one line of text, the inverse of `parse`: here its characters of the vocabulary."""
        return "".join(self.spec.vocabulary[token] for token in tokens.tolist())

    def solve(self, inputs: NDArray[np.uint8]) -> Solutions | None:
        """Solve puzzles uint8 [N, S]; None where the task has no solver, as here."""
        return None


def with_traits(groups: Groups, traits: NDArray[np.uint16]) -> Groups:
    """The same puzzles with other traits, uint16 [G, T]."""
    return replace(groups, traits=traits)
