"""What every task keeps. Derive from `TaskConformance`, give it a `task` fixture, and let pytest run it:

class TestMyTask(TaskConformance):
    @pytest.fixture
    def task(self):
        return MyTask()
"""

import dataclasses
import pickle

import numpy as np
import pytest

from trmpipe.generators.errors import InputError
from trmpipe.generators.picture import as_text
from trmpipe.generators.task import PAD, TEST, TRAIN, Task

SEED = 12
COUNT = 9
"""Candidates that a test looks at; of a task with options, some must be left."""
MOST = 40
"""Variants of a group that a test looks at, where there are so many."""


def parts(groups):
    return groups.candidates, groups.sizes, groups.inputs, groups.labels, groups.traits


def assert_same_groups(first, second):
    for one, other in zip(parts(first), parts(second), strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)


def num_common(task, groups):
    """Variants that every group has, up to `MOST`."""
    return min(MOST, int(task.num_variants(groups).min()))


def augment(task, groups, seed, start, count):
    """`count` variants of every group: a list of a group's inputs and labels, [count, examples, S] each."""
    rows = task.augment(groups, seed, start, np.full(len(groups), count))
    stops = np.cumsum(groups.sizes * count)
    assert all(len(tokens) == stops[-1] for tokens in rows)
    return [
        tuple(tokens[stop - size * count : stop].reshape(count, size, task.spec.seq_len) for tokens in rows)
        for size, stop in zip(groups.sizes.tolist(), stops.tolist(), strict=True)
    ]


class TaskConformance:
    """The suite; every method takes the task under test."""

    def test_is_a_task_that_workers_can_be_sent(self, task):
        assert isinstance(task, Task)
        assert pickle.loads(pickle.dumps(task)).spec == task.spec

    def test_spec_is_sound(self, task):
        spec = task.spec
        assert spec.name == spec.name.lower()
        assert spec.name.isalnum()
        assert len(set(spec.vocabulary)) == spec.vocab_size <= 256
        assert spec.seq_len == spec.grid_shape[0] * spec.grid_shape[1] > 0
        assert spec.num_symmetries >= 1
        assert spec.classes in ("symmetry", "identity")

    def test_groups_have_their_shapes(self, task):
        for count in (1, COUNT):
            groups = task.generate(SEED, TRAIN, 5, count)
            assert np.all(np.isin(groups.candidates, np.arange(5, 5 + count)))
            assert np.all(np.diff(groups.candidates) > 0)
            assert groups.candidates.dtype == np.int64
            assert (groups.sizes.shape, groups.sizes.dtype) == ((len(groups),), np.int64)
            assert np.all(groups.sizes >= 1)
            assert (len(groups.traits), groups.traits.dtype) == (len(groups), np.uint16)
            for tokens in (groups.inputs, groups.labels):
                assert (tokens.shape, tokens.dtype) == ((groups.sizes.sum(), task.spec.seq_len), np.uint8)
                assert np.all(tokens < task.spec.vocab_size)
                assert np.all(tokens.any(axis=1)), "a sequence is all pad"

    def test_a_group_is_a_function_of_its_position_alone(self, task):
        whole = task.generate(SEED, TRAIN, 0, COUNT)
        assert_same_groups(task.generate(SEED, TRAIN, 0, COUNT), whole)
        for start, stop in ((0, 1), (1, 4), (4, COUNT), (COUNT - 1, COUNT)):
            inside = np.flatnonzero((whole.candidates >= start) & (whole.candidates < stop))
            assert_same_groups(task.generate(SEED, TRAIN, start, stop - start), whole.take(inside))

    def test_seeds_and_purposes_have_streams_of_their_own(self, task):
        streams = [(SEED, TRAIN), (SEED, TEST), (SEED + 1, TRAIN), (SEED + 1, TEST)]
        made = {task.generate(seed, purpose, 0, COUNT).inputs.tobytes() for seed, purpose in streams}
        assert len(made) == len(streams)

    def test_puzzles_are_examined_and_rated(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        examined = task.examine(groups)
        rated = task.rate(examined)
        for found in (examined, rated):
            np.testing.assert_array_equal(found.groups.candidates, groups.candidates)
            np.testing.assert_array_equal(found.groups.inputs, groups.inputs)
            np.testing.assert_array_equal(found.groups.labels, groups.labels)
            assert (found.digests.shape, found.digests.dtype) == ((len(groups), 32), np.uint8)
            assert (found.accepted.shape, found.accepted.dtype) == ((len(groups),), np.bool_)
            assert (found.ratings.shape, found.ratings.dtype) == ((len(groups),), np.float64)
            assert np.all((found.ratings >= 0) | np.isnan(found.ratings))
            assert (len(found.forms), found.forms.dtype) == (len(groups), np.uint8)
        assert examined.accepted.any()
        traits, ranges = examined.groups.traits, task.trait_ranges
        assert traits.shape == (len(groups), len(ranges))
        assert all(
            least <= value <= most for row in traits.tolist() for value, (least, most) in zip(row, ranges, strict=True)
        )
        known = ~np.isnan(examined.ratings)
        np.testing.assert_array_equal(rated.ratings[known], examined.ratings[known])

    def test_what_is_found_out_of_a_puzzle_does_not_hang_on_its_company(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        whole, index = task.rate(task.examine(groups)), np.array([len(groups) - 1, 0, len(groups) // 2])
        for some in (index, slice(1, None, 2), slice(0, 0)):
            alone = task.rate(task.examine(groups.take(some)))
            for name in ("digests", "accepted", "ratings"):
                np.testing.assert_array_equal(getattr(alone, name), getattr(whole, name)[some])
            np.testing.assert_array_equal(alone.groups.traits, whole.groups.traits[some])
            np.testing.assert_array_equal(task.rate(task.examine(groups).take(some)).ratings, whole.ratings[some])

    def test_examined_puzzles_have_the_same_variants(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        examined = task.examine(groups).groups
        np.testing.assert_array_equal(task.num_variants(examined), task.num_variants(groups))
        counts = np.minimum(task.num_variants(groups), 3)
        for one, other in zip(
            task.augment(examined, SEED, 0, counts), task.augment(groups, SEED, 0, counts), strict=True
        ):
            np.testing.assert_array_equal(one, other)

    def test_labels_are_right_and_others_are_wrong(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        checked = task.check(groups.inputs, groups.labels)
        assert (checked.shape, checked.dtype) == ((len(groups.inputs),), np.bool_)
        assert checked.all()
        wrong = groups.labels.copy()
        for given, label in zip(groups.inputs, wrong, strict=True):
            # Where several answers are right, another one may be too; what the puzzle shows has to stay.
            fixed = label == given if task.spec.scoring != "label" else label != PAD
            cell = np.flatnonzero(fixed)[0]
            label[cell] = label[cell] % (task.spec.vocab_size - 1) + 1
        assert not task.check(groups.inputs, wrong).any()
        assert task.check(groups.inputs[:0], groups.labels[:0]).shape == (0,)

    def test_variant_zero_is_the_base(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        inputs, labels = task.augment(groups, SEED, 0, np.ones(len(groups), np.int64))
        np.testing.assert_array_equal(inputs, groups.inputs)
        np.testing.assert_array_equal(labels, groups.labels)

    def test_variants_are_right_and_distinct(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        count = num_common(task, groups)
        inputs, labels = task.augment(groups, SEED, 0, np.full(len(groups), count))
        for tokens in (inputs, labels):
            assert (tokens.shape, tokens.dtype) == ((groups.sizes.sum() * count, task.spec.seq_len), np.uint8)
        assert task.check(inputs, labels).all()
        for group_inputs, _ in augment(task, groups, SEED, 0, count):
            assert len(np.unique(group_inputs, axis=0)) == count

    def test_a_variant_is_a_function_of_its_position_alone(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        count = num_common(task, groups)
        whole = augment(task, groups, SEED, 0, count)
        slices = {(0, 0), (0, 1), (min(1, count), count), (count // 2, count), (count - 1, count)}
        index = np.array([len(groups) - 1, 0, len(groups) // 2])
        for start, stop in slices:
            for found, group in zip(augment(task, groups.take(index), SEED, start, stop - start), index, strict=True):
                for one, other in zip(found, whole[group], strict=True):
                    np.testing.assert_array_equal(one, other[start:stop])

    def test_groups_may_be_asked_for_different_numbers_of_variants(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        count = num_common(task, groups)
        start, counts = min(1, count), np.arange(len(groups)) * max(count - 1, 0) // (len(groups) - 1)
        counts[1:3] = min(1, count - start)
        rows = task.augment(groups, SEED, start, counts)
        whole = augment(task, groups, SEED, 0, count)
        for field, tokens in enumerate(rows):
            wanted = [variants[field][start : start + n] for variants, n in zip(whole, counts.tolist(), strict=True)]
            expected = np.concatenate([variants.reshape(-1, task.spec.seq_len) for variants in wanted])
            np.testing.assert_array_equal(tokens, expected)

    def test_answers_to_variants_are_mapped_back(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        start = min(1, num_common(task, groups) - 1)
        counts = 1 + np.arange(len(groups)) % (num_common(task, groups) - start)
        variants = task.augment(groups, SEED, start, counts)
        try:
            found = [task.map_back(groups, SEED, start, counts, tokens) for tokens in variants]
        except InputError:
            pytest.skip("the task does not map answers back")
        for tokens, base in zip(found, (groups.inputs, groups.labels), strict=True):
            assert tokens.dtype == np.uint8
            offsets = groups.offsets
            rows = [np.tile(np.arange(*offsets[i : i + 2]), count) for i, count in enumerate(counts)]
            np.testing.assert_array_equal(tokens, base[np.concatenate(rows)])
        nothing = task.examine(groups.take(slice(0, 0))).groups
        assert task.map_back(nothing, SEED, 0, counts[:0], found[0][:0]).shape == (0, task.spec.seq_len)

    def test_levels_are_ranges_of_ratings(self, task):
        levels = list(task.levels.values())
        assert all(0 <= level.least <= level.most for level in levels)
        assert levels == sorted(levels)

    def test_variants_depend_on_the_seed(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        count = num_common(task, groups)
        if count < 3:
            pytest.skip("two variants at most: there is one order only")
        orders = {task.augment(groups, seed, 0, np.full(len(groups), count))[0].tobytes() for seed in range(4)}
        assert len(orders) > 1

    def test_too_many_variants_are_refused(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        counts = task.num_variants(groups)
        assert (counts.shape, counts.dtype) == ((len(groups),), np.int64)
        assert np.all((counts >= 1) & (counts <= task.spec.num_symmetries))
        least = int(counts.argmin())
        if counts[least] > 10_000:
            pytest.skip("too many variants to reach the last one")
        group = groups.take(slice(least, least + 1))
        [(everything, _)] = augment(task, group, SEED, 0, int(counts[least]))
        assert len(np.unique(everything, axis=0)) == counts[least]
        with pytest.raises(InputError, match=str(counts[least])):
            task.augment(group, SEED, 0, counts[[least]] + 1)

    def test_digests_tell_twins(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT)
        digests = task.examine(groups).digests
        for variant in range(1, num_common(task, groups)):
            inputs, labels = task.augment(groups, SEED, variant, np.ones(len(groups), np.int64))
            image = dataclasses.replace(groups, inputs=inputs, labels=labels)
            alike = (task.examine(image).digests == digests).all(axis=1)
            assert np.all(alike == (task.spec.classes == "symmetry"))

    def test_digests_tell_different_puzzles(self, task):
        groups = task.generate(SEED, TRAIN, 0, 24)
        classes, puzzles = (len(np.unique(rows, axis=0)) for rows in (task.examine(groups).digests, groups.inputs))
        assert 1 < classes <= puzzles
        if task.spec.classes == "identity":
            assert classes == puzzles

    def test_sequences_have_pictures(self, task):
        groups = task.generate(SEED, TRAIN, 0, COUNT).take(slice(0, 2))
        pictures = [task.picture(tokens) for tokens in (*groups.inputs, *groups.labels)]
        for picture in pictures:
            assert picture.shape == task.spec.grid_shape
            assert len(picture.symbols) == task.spec.seq_len
            assert len(picture.fills) in (0, task.spec.seq_len)
        texts = set(map(as_text, pictures))
        assert len(texts) == len({bytes(tokens) for tokens in (*groups.inputs, *groups.labels)})
        assert all(text.strip() and text == text.rstrip("\n") for text in texts)
