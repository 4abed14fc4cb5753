"""Tasks with one fault each, which the conformance suite has to find: all are words said backwards, see `reversal`."""

import dataclasses
import os

import numpy as np

from tests.references.reversal import OptionalTask, ReversalTask
from trmpipe.generators.options import Range
from trmpipe.generators.picture import Picture
from trmpipe.generators.task import Examined, Groups, Solutions, Task, with_traits


class Shouting(ReversalTask):
    spec = dataclasses.replace(ReversalTask.spec, name="Reversal!")


class Doubled(ReversalTask):
    spec = dataclasses.replace(ReversalTask.spec, vocabulary="_aba")


class Claiming(ReversalTask):
    """Says that symmetric copies are found, and leaves the examination to the default."""

    examine = Task.examine


class Undecided(ReversalTask):
    """Says that answers are checked, and does not say how."""

    spec = dataclasses.replace(ReversalTask.spec, scoring="check")
    check = Task.check


class Rooted(ReversalTask):
    """Holds what no other process can be sent."""

    def __init__(self):
        self.random = lambda: 4


class Jumpy(ReversalTask):
    def generate(self, seed, purpose, start, count):
        if start <= 7 < start + count:
            raise ZeroDivisionError("seven")
        return super().generate(seed, purpose, start, count)


class Wide(ReversalTask):
    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, start, count)
        return Groups.single(groups.candidates, groups.inputs.astype(np.int64), groups.labels)


class Cut(ReversalTask):
    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, start, count)
        return Groups.single(groups.candidates, groups.inputs[:, :5].copy(), groups.labels)


class Strange(ReversalTask):
    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, start, count)
        groups.labels[groups.candidates == 6, 2] = 9
        return groups


class Empty(ReversalTask):
    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, start, count)
        groups.inputs[groups.candidates == 6] = 0
        return groups


class Uncounted(ReversalTask):
    """Numbers the puzzles of every call from 0."""

    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, start, count)
        return dataclasses.replace(groups, candidates=groups.candidates - start)


class Chunky(ReversalTask):
    """Makes another puzzle where another chunk begins."""

    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, 0, count)
        return Groups.single(groups.candidates + start, groups.inputs, groups.labels)


class Local(ReversalTask):
    """Makes other puzzles in every process."""

    def generate(self, seed, purpose, start, count):
        return super().generate(seed + os.getpid(), purpose, start, count)


class Deaf(ReversalTask):
    """Does not hear the seed."""

    def generate(self, seed, purpose, start, count):
        return super().generate(0, purpose, start, count)


class Forgetful(OptionalTask):
    """Loses what it found out of the last word."""

    def examine(self, groups):
        return super().examine(groups).take(slice(0, len(groups) - 1))


class Moody(ReversalTask):
    """Rates by the company that a word keeps."""

    def rate(self, examined):
        return dataclasses.replace(examined, ratings=np.arange(len(examined), dtype=np.float64))


class Picky(OptionalTask):
    """Accepts none of the words that it makes."""

    def examine(self, groups):
        return dataclasses.replace(super().examine(groups), accepted=np.zeros(len(groups), np.bool_))


class Overflowing(ReversalTask):
    """Gives a trait beyond its range."""

    trait_ranges = ((1, 3),)

    def examine(self, groups):
        examined = super().examine(groups)
        return dataclasses.replace(examined, groups=with_traits(groups, np.full((len(groups), 1), 4, np.uint16)))


class Inventive(OptionalTask):
    """Rates anew what was rated."""

    def examine(self, groups):
        return dataclasses.replace(super().examine(groups), ratings=np.full(len(groups), 9.0))


class Endless(ReversalTask):
    """Measures a word without an end."""

    spec = dataclasses.replace(ReversalTask.spec, measures=("letters",))

    def measure(self, groups):
        return np.full((len(groups), 1), np.inf)


class Echoing(ReversalTask):
    """Gives the answer to a word twice."""

    spec = dataclasses.replace(ReversalTask.spec, alternatives=True)

    def with_alternatives(self, groups, seed):
        twice = np.repeat(np.arange(len(groups)), 2)
        both = {name: getattr(groups, name)[twice] for name in ("inputs", "labels")}
        return dataclasses.replace(groups, sizes=groups.sizes * 2, **both)


class Hurried(ReversalTask):
    """Looks at all letters but the first, beside a label."""

    def check_beside(self, inputs, labels, answers):
        return (labels == answers)[:, 1:].all(-1)


class Topsy(ReversalTask):
    """Has the harder level first."""

    @property
    def levels(self):
        return {"hard": Range(3, 5), "easy": Range(0, 2)}


class Changed(ReversalTask):
    """Takes a word that was examined for another one."""

    trait_ranges = ((1, 1),)

    def augment(self, groups, seed, start, counts):
        return super().augment(groups, seed + groups.traits.shape[1], start, counts)

    def examine(self, groups):
        examined = super().examine(groups)
        return dataclasses.replace(examined, groups=with_traits(groups, np.ones((len(groups), 1), np.uint16)))


class Boastful(ReversalTask):
    """Claims more variants than there are."""

    def num_variants(self, groups):
        return super().num_variants(groups) * 0 + 6

    def generate(self, seed, purpose, start, count):
        words = np.ones((count, 6), np.uint8)
        return Groups.single(np.arange(start, start + count), words, words)


class Generous(ReversalTask):
    """Gives one variant more than there are."""

    def augment(self, groups, seed, start, counts):
        most = np.minimum(counts, self.num_variants(groups) - start)
        rows = super().augment(groups, seed, start, most)
        return tuple(np.concatenate([tokens, tokens[-1:].repeat((counts - most).sum(), axis=0)]) for tokens in rows)


class Headless(ReversalTask):
    """Variant 0 is not the base."""

    def augment(self, groups, seed, start, counts):
        return super().augment(groups, seed, start + (start < 2), counts)


class WrongLabels(ReversalTask):
    def augment(self, groups, seed, start, counts):
        inputs, labels = super().augment(groups, seed, start, counts)
        changed = (inputs != groups.inputs.repeat(counts, axis=0)).any(axis=1, keepdims=True)
        return inputs, np.where(changed, inputs, labels)


class Repeating(ReversalTask):
    def augment(self, groups, seed, start, counts):
        return groups.inputs.repeat(counts, axis=0), groups.labels.repeat(counts, axis=0)


class Shifted(ReversalTask):
    """Counts variants from the beginning of each slice."""

    def augment(self, groups, seed, start, counts):
        return super().augment(groups, seed, 0, counts)


class Uniform(ReversalTask):
    """Gives every group as many variants as the first, and cuts off what is too much."""

    def augment(self, groups, seed, start, counts):
        rows = super().augment(groups, seed, start, counts * 0 + counts.max(initial=0))
        return tuple(tokens[: counts.sum()] for tokens in rows)


class DeafVariants(ReversalTask):
    def augment(self, groups, seed, start, counts):
        return super().augment(groups, 0, start, counts)


class Forward(ReversalTask):
    """Leaves answers to variants as they are."""

    def map_back(self, groups, seed, start, counts, answers):
        return answers


class Rambling(ReversalTask):
    """Calls its variants by two lines."""

    def variant_names(self, groups, names, seed, counts):
        return ["one\nanother"] * int(counts.sum())


class Literal(ReversalTask):
    """Promises to know symmetric copies and knows equal ones."""

    def examine(self, groups):
        return Examined.plain(groups, np.pad(groups.inputs, ((0, 0), (0, 26))))


class Blind(ReversalTask):
    """Takes all puzzles for one."""

    def examine(self, groups):
        return Examined.plain(groups, np.zeros((len(groups), 32), np.uint8))


class Strict(ReversalTask):
    def check(self, inputs, labels):
        return super().check(inputs, labels) & (inputs[:, 0] == 1)


class Lenient(ReversalTask):
    def check(self, inputs, labels):
        return np.ones(len(inputs), np.bool_)


class Choosy(ReversalTask):
    """Asks for cells by a token that labels hold there too, and does not say so."""

    blank = 1


class Hopeless(ReversalTask):
    """Has a solver that finds nothing."""

    def solve(self, inputs):
        return Solutions(np.zeros(len(inputs), np.int64), np.zeros_like(inputs))


class Twofold(ReversalTask):
    """Has a solver that finds another answer, and says that there is one alone."""

    def solve(self, inputs):
        return Solutions(np.ones(len(inputs), np.int64), inputs)


class Garbled(ReversalTask):
    def format(self, tokens):
        return super().format(tokens)[::-1]


class Spilling(ReversalTask):
    def format(self, tokens):
        return super().format(tokens) + "\n"


class Greedy(ReversalTask):
    """Reads anything."""

    def parse(self, texts):
        return super().parse([text if len(text) == 6 and set(text) <= set("abc") else "aaaaaa" for text in texts])


class Faceless(ReversalTask):
    def picture(self, tokens):
        return Picture(shape=(1, 6), symbols=("?",) * 6)


class Stubby(ReversalTask):
    def picture(self, tokens):
        return Picture(shape=(1, 6), symbols=tuple("abc"))
