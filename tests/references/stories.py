"""The smallest task whose puzzles have several examples and identifiers: say the words of a story backwards."""

import dataclasses

import numpy as np

from tests.references.reversal import LENGTH, RELABELLINGS, ReversalTask
from trmpipe.generators.errors import InputError
from trmpipe.generators.rng import AUGMENT, below, bijection_keys, open_stream, permute
from trmpipe.generators.task import Examined, Groups

MOST_WORDS = 3


class StoryTask(ReversalTask):
    """Stories of one to three words; a symmetry renames the letters of the whole story."""

    spec = dataclasses.replace(
        ReversalTask.spec,
        name="story6",
        named_groups=True,
        variant_identifiers=True,
        test_variants=True,
        test_groups_train=True,
        compressed=True,
    )

    trait_ranges = ((1, MOST_WORDS),)

    def generate(self, seed, purpose, start, count):
        stories = [self._story(seed, purpose, candidate) for candidate in range(start, start + count)]
        words = np.concatenate([np.empty((0, LENGTH), np.uint8), *stories])
        return Groups(
            candidates=np.arange(start, start + count),
            sizes=np.array([len(story) for story in stories], np.int64),
            inputs=words,
            labels=words[:, ::-1].copy(),
            traits=np.array([[len(story)] for story in stories], np.uint16).reshape(count, 1),
        )

    def _story(self, seed, purpose, candidate):
        stream = open_stream(seed, purpose, 0, 0, candidate)
        size = 1 + below(stream, MOST_WORDS)
        if candidate % 4 == 3:
            # A story of one letter has three variants, the others have six.
            return np.full((size, LENGTH), 1 + below(stream, 3), np.uint8)
        return np.array([[1 + below(stream, 3) for _ in range(LENGTH)] for _ in range(size)], np.uint8)

    def num_variants(self, groups):
        return np.array([len(np.unique(RELABELLINGS[:, story.ravel()], axis=0)) for story in stories_of(groups)])

    def augment(self, groups, seed, start, counts):
        images = []
        for story, candidate, count in zip(stories_of(groups), groups.candidates, counts.tolist(), strict=True):
            images += self._variants(story.ravel(), candidate, seed, start + count)[start:]
        inputs = np.array([word for image in images for word in np.reshape(image, (-1, LENGTH))], np.uint8)
        inputs = inputs.reshape(-1, LENGTH)
        return inputs, inputs[:, ::-1].copy()

    def _variants(self, story, candidate, seed, stop):
        found = [image for image, _ in self._named(story, candidate, seed)]
        if len(found) < stop:
            raise InputError(f"story {candidate} has {len(found)} distinct variants; {stop} were asked for")
        return found[:stop]

    def _named(self, story, candidate, seed):
        """Distinct images with the number of a relabelling that gives each."""
        keys = bijection_keys(seed, AUGMENT, 0, 0, candidate)
        others = len(RELABELLINGS) - 1
        numbers = [0] + [1 + permute(i, others, keys) for i in range(others)]
        found = {}
        for number in numbers:
            found.setdefault(tuple(RELABELLINGS[number][story]), number)
        return list(found.items())

    def variant_names(self, groups, names, seed, counts):
        found = []
        for story, candidate, name, count in zip(
            stories_of(groups), groups.candidates, names, counts.tolist(), strict=True
        ):
            maps = self._named(story.ravel(), candidate, seed)[:count]
            found += [name if k == 0 else f"{name}|||{number}" for k, (_, number) in enumerate(maps)]
        return found

    def examine(self, groups):
        whole = [story.ravel() for story in stories_of(groups)]
        forms = [min(map(bytes, RELABELLINGS[:, story])) for story in whole]
        digests = [form.ljust(32, b"\0") for form in forms]
        return Examined.plain(groups, np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32))


def stories_of(groups):
    """The words of each group, uint8 [examples, LENGTH]."""
    return np.split(groups.inputs, groups.offsets[1:-1]) if len(groups) else []
