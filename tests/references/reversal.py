"""The smallest task: say a word backwards. It stands for a user's own task, as a plug-in would bring it."""

import hashlib
from dataclasses import replace
from itertools import permutations

import numpy as np

from trmpipe.generators.errors import InputError
from trmpipe.generators.family import Family
from trmpipe.generators.options import Option, Word
from trmpipe.generators.rng import AUGMENT, below, bijection_keys, open_stream, permute
from trmpipe.generators.task import Examined, Groups, Task, TaskSpec

LENGTH = 6
RELABELLINGS = np.array([(0, *order) for order in permutations((1, 2, 3))], np.uint8)


class ReversalTask(Task):
    """Words of six letters out of three; a symmetry renames the letters."""

    spec = TaskSpec(
        name="reversal6",
        vocabulary="_abc",
        grid_shape=(1, LENGTH),
        num_symmetries=len(RELABELLINGS),
        classes="symmetry",
    )

    def generate(self, seed, purpose, start, count):
        words = np.empty((count, LENGTH), np.uint8)
        for i in range(count):
            stream = open_stream(seed, purpose, 0, 0, start + i)
            words[i] = [1 + below(stream, 3) for _ in range(LENGTH)]
        return Groups.single(np.arange(start, start + count), words, words[:, ::-1].copy())

    def num_variants(self, groups):
        return np.array([len(np.unique(RELABELLINGS[:, word], axis=0)) for word in groups.inputs], np.int64)

    def augment(self, groups, seed, start, counts):
        variants = [
            self._variants(word, candidate, seed, start + count)[start:]
            for word, candidate, count in zip(groups.inputs, groups.candidates, counts.tolist(), strict=True)
        ]
        inputs = np.array([word for words in variants for word in words], np.uint8).reshape(-1, LENGTH)
        return inputs, inputs[:, ::-1].copy()

    def map_back(self, groups, seed, start, counts, answers):
        words, _ = self.augment(groups, seed, start, counts)
        names = np.zeros((len(words), len(self.spec.vocabulary)), np.uint8)
        np.put_along_axis(names, words.astype(int), groups.inputs[base_rows(groups, counts)], axis=1)
        return np.take_along_axis(names, answers.astype(int), axis=1)

    def _variants(self, word, candidate, seed, stop):
        keys = bijection_keys(seed, AUGMENT, 0, 0, candidate)
        count = len(RELABELLINGS) - 1
        images = [tuple(word)] + [tuple(RELABELLINGS[1 + permute(i, count, keys)][word]) for i in range(count)]
        found = list(dict.fromkeys(images))
        if len(found) < stop:
            raise InputError(f"word {candidate} has {len(found)} distinct variants; {stop} were asked for")
        return found[:stop]

    def examine(self, groups):
        forms = [min(map(bytes, RELABELLINGS[:, word])) for word in groups.inputs]
        digests = [hashlib.sha256(form).digest() for form in forms]
        return Examined.plain(groups, np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))

    def check(self, inputs, labels):
        return (inputs[:, ::-1] == labels).all(axis=1)


def base_rows(groups, counts):
    """The example of the bases that each row of `counts` variants of each group is an image of."""
    offsets = groups.offsets
    rows = [np.tile(np.arange(*offsets[i : i + 2]), count) for i, count in enumerate(counts)]
    return np.concatenate([np.empty(0, np.int64), *rows])


class OptionalTask(ReversalTask):
    """Words that begin with the letter asked for, rated by how many letters differ from the one before."""

    def __init__(self, first=None):
        self.first = first

    def examine(self, groups):
        examined = super().examine(groups)
        accepted = (
            np.ones(len(groups), np.bool_) if self.first is None else groups.inputs[:, 0] == "_abc".index(self.first)
        )
        return replace(examined, accepted=accepted)

    def rate(self, examined):
        words = examined.groups.inputs
        return replace(examined, ratings=(words[:, 1:] != words[:, :-1]).sum(axis=1).astype(np.float64))


FAMILY = Family(
    name="reversal",
    help="Say a word backwards.",
    build=lambda size, options: ReversalTask(),
    sizes=(LENGTH,),
    default_size=LENGTH,
)

OPTIONAL = replace(
    FAMILY,
    build=lambda size, options: OptionalTask(options.get("first")),
    options=(Option(name="first", kind=Word(("a", "b", "c")), help="Letter that words begin with."),),
)
