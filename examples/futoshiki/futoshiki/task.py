"""The task: what its puzzles are, how they are made, solved, judged and drawn."""

from dataclasses import dataclass, replace

import numpy as np

from trmpipe.generators.family import Family
from trmpipe.generators.options import Interval, Option, Range
from trmpipe.generators.picture import Picture
from trmpipe.generators.symmetric import SymmetricTask
from trmpipe.generators.task import Groups, Solutions, TaskSpec

from .kernels import EMPTY, check_all, make_all, solve_all
from .symmetries import symmetries_of


@dataclass(frozen=True, kw_only=True)
class FutoshikiTask(SymmetricTask):
    """Futoshiki with `size` numbers to a row, of which a puzzle shows as many as `numbers` says."""

    size: int
    numbers: Range
    blank = EMPTY

    @property
    def spec(self):
        side, digits = 2 * self.size - 1, "1234567"[: self.size]
        return TaskSpec(
            name=f"futoshiki{self.size}",
            vocabulary=f"_.{digits}<>^v",
            grid_shape=(side, side),
            num_symmetries=len(self.symmetries),
            classes="symmetry",
        )

    @property
    def symmetries(self):
        return symmetries_of(self.size)

    def generate(self, seed, purpose, start, count):
        inputs, labels = (np.empty((count, self.spec.seq_len), np.uint8) for _ in range(2))
        make_all(seed, purpose, start, self.size, inputs, labels)
        return Groups.single(np.arange(start, start + count), inputs, labels)

    def examine(self, groups):
        shown = ((groups.labels > 0) & (groups.inputs == groups.labels)).sum(axis=1)
        return replace(super().examine(groups), accepted=self.numbers.holds(shown))

    def solve(self, inputs):
        solutions = Solutions(np.empty(len(inputs), np.int64), np.empty_like(inputs))
        solve_all(inputs, self.size, solutions.counts, solutions.labels)
        return solutions

    def check(self, inputs, labels):
        right = np.empty(len(inputs), np.bool_)
        check_all(inputs, labels, self.size, right)
        return right

    def picture(self, tokens):
        symbols = tuple("" if token == 0 else self.spec.vocabulary[token] for token in tokens.tolist())
        return Picture(shape=self.spec.grid_shape, symbols=symbols)


FAMILY = Family(
    name="futoshiki",
    help="Latin squares with signs between neighbours, one solution, no clue too many.",
    build=lambda size, options: FutoshikiTask(size=size, numbers=Range.read(options.get("numbers", ":"))),
    options=(Option(name="numbers", kind=Interval(whole=True), help="How many numbers a puzzle shows."),),
    suppliers=("made", "lines"),
    sizes=(4, 5, 6, 7),
    default_size=5,
    size_help="Numbers to a row, 4 to 7.",
)
