"""Rules of variants, and of the way back from them."""

import dataclasses

import numpy as np
import pytest

from .. import contract
from ..errors import InputError
from ..task import Task
from .base import Looking, by_group
from .rules import expect, expect_all, looked_at, refuse

_MOST_REACHED = 10_000
"""Variants that a group may have for its last one to be asked for."""


class VariantRules(Looking):
    """Tests of `Task.num_variants`, `Task.augment`, `Task.map_back`, and of classes under symmetries."""

    def test_examined_puzzles_have_the_same_variants(self, task: Task) -> None:
        """Traits change nothing."""
        groups = self.groups(task)
        examined = looked_at(contract.examine, task, groups).groups
        numbers = looked_at(contract.num_variants, task, groups)
        alike = looked_at(contract.num_variants, task, examined) == numbers
        expect_all(task, "variants of the examined", alike, groups.candidates, "it has another number of them")
        counts = np.minimum(numbers, 3)
        pairs = zip(
            looked_at(contract.augment, task, examined, self.seed, 0, counts),
            looked_at(contract.augment, task, groups, self.seed, 0, counts),
            strict=True,
        )
        expect(task, "variants of the examined", all(np.array_equal(*pair) for pair in pairs), "its variants differ")

    def test_variant_zero_is_the_base(self, task: Task) -> None:
        """The first variant is the puzzle."""
        groups = self.groups(task)
        inputs, labels = task.augment(groups, self.seed, 0, np.ones(len(groups), np.int64))
        alike = np.array_equal(inputs, groups.inputs) and np.array_equal(labels, groups.labels)
        expect(task, "variant 0 is the base", alike, "it differs from the puzzle")

    def test_variants_are_right_and_distinct(self, task: Task) -> None:
        """Labels fit their inputs, and no input comes twice."""
        groups = self.groups(task)
        count = self.num_common(task, groups)
        for number, (inputs, labels) in enumerate(by_group(task, groups, self.seed, 0, count)):
            where = f"candidate {groups.candidates[number]}"
            if task.judges:
                rows = (tokens.reshape(-1, task.spec.seq_len) for tokens in (inputs, labels))
                right = task.check(*rows)
                expect(task, "right variants", bool(right.all()), "check refuses the label of a variant", where)
            different = len({one.tobytes() for one in inputs})
            found = f"of {count} variants {different} are different"
            expect(task, "different variants", different == count, found, where)

    def test_a_variant_is_a_function_of_its_position_alone(self, task: Task) -> None:
        """It is the same in other slices and beside other groups."""
        groups = self.groups(task)
        count = self.num_common(task, groups)
        whole = by_group(task, groups, self.seed, 0, count)
        slices = {(0, 0), (0, 1), (min(1, count), count), (count // 2, count), (count - 1, count)}
        index = np.array([len(groups) - 1, 0, len(groups) // 2])
        for start, stop in sorted(slices):
            some = by_group(task, groups.take(index), self.seed, start, stop - start)
            for found, group in zip(some, index.tolist(), strict=True):
                pairs = zip(found, whole[group], strict=True)
                alike = all(np.array_equal(one, other[start:stop]) for one, other in pairs)
                where = f"candidate {groups.candidates[group]}"
                words = f"variants {start} to {stop - 1} differ from those in a slice from 0"
                expect(task, "variants stand alone", alike, words, where)

    def test_groups_may_be_asked_for_different_numbers_of_variants(self, task: Task) -> None:
        """Each group gives as many as it is asked for."""
        groups = self.groups(task)
        count = self.num_common(task, groups)
        start, counts = min(1, count), np.arange(len(groups)) * max(count - 1, 0) // (len(groups) - 1)
        counts[1:3] = min(1, count - start)
        rows = looked_at(contract.augment, task, groups, self.seed, start, counts)
        whole = by_group(task, groups, self.seed, 0, count)
        for field, tokens in enumerate(rows):
            wanted = [variants[field][start : start + n] for variants, n in zip(whole, counts.tolist(), strict=True)]
            expected = np.concatenate([variants.reshape(-1, task.spec.seq_len) for variants in wanted])
            alike = np.array_equal(tokens, expected)
            expect(task, "variants stand alone", alike, f"asked for {counts.tolist()} variants, groups give others")

    def test_variants_depend_on_the_seed(self, task: Task) -> None:
        """Other seeds order them otherwise."""
        groups = self.groups(task)
        count = self.num_common(task, groups)
        if count < 3:
            pytest.skip("two variants at most: there is one order only")
        counts = np.full(len(groups), count)
        orders = {task.augment(groups, seed, 0, counts)[0].tobytes() for seed in range(4)}
        expect(task, "variants depend on the seed", len(orders) > 1, "four seeds give the same order")

    def test_too_many_variants_are_refused(self, task: Task) -> None:
        """There are as many as `num_variants` says, and one more is refused."""
        groups = self.groups(task)
        counts = looked_at(contract.num_variants, task, groups)
        least = int(counts.argmin())
        if counts[least] > _MOST_REACHED:
            pytest.skip("too many variants to reach the last one")
        group, where = groups.take(slice(least, least + 1)), f"candidate {groups.candidates[least]}"
        [(inputs, _)] = by_group(task, group, self.seed, 0, int(counts[least]))
        different = len({one.tobytes() for one in inputs})
        found = f"num_variants says {counts[least]}, {different} are different"
        expect(task, "numbers of variants", different == counts[least], found, where)
        try:
            task.augment(group, self.seed, 0, counts[[least]] + 1)
        except InputError as error:
            named = str(counts[least]) in str(error)
            expect(task, "numbers of variants", named, f"the refusal does not say {counts[least]}: {error}", where)
        else:
            refuse(task, "numbers of variants", f"{counts[least]} are there, and one more is given", where)

    def test_variants_have_names(self, task: Task) -> None:
        """Each one is called by a line that files can keep."""
        groups = self.groups(task)
        counts = np.full(len(groups), self.num_common(task, groups))
        names = [f"puzzle-{number}" for number in range(len(groups))]
        looked_at(contract.variant_names, task, groups, names, self.seed, counts)

    def test_answers_to_variants_are_mapped_back(self, task: Task) -> None:
        """Inputs and labels of variants become those of the base; where any right answer counts, right ones."""
        groups = self.groups(task)
        start = min(1, self.num_common(task, groups) - 1)
        counts = 1 + np.arange(len(groups)) % (self.num_common(task, groups) - start)
        variants = looked_at(contract.augment, task, groups, self.seed, start, counts)
        try:
            found = [task.map_back(groups, self.seed, start, counts, tokens) for tokens in variants]
        except InputError:
            pytest.skip("the task does not map answers back")
        offsets = groups.offsets
        rows = np.concatenate([np.tile(np.arange(*offsets[i : i + 2]), n) for i, n in enumerate(counts.tolist())])
        for word, tokens, base in zip(("inputs", "labels"), found, (groups.inputs, groups.labels), strict=True):
            alike = tokens.dtype == np.uint8 and np.array_equal(tokens, base[rows])
            if word == "labels" and task.takes_any_answer:
                alike = tokens.dtype == np.uint8 and bool(task.check(groups.inputs[rows], tokens).all())
            expect(task, "mapping back", alike, f"the {word} of variants, mapped back, are not those of their puzzles")
        nothing = task.examine(groups.take(slice(0, 0))).groups
        shape = task.map_back(nothing, self.seed, 0, counts[:0], found[0][:0]).shape
        expect(task, "mapping back", shape == (0, task.spec.seq_len), f"of no answers it gives {list(shape)}")

    def test_digests_tell_twins(self, task: Task) -> None:
        """Variants have the digest of their puzzle, or none of them has, as the spec says."""
        groups = self.groups(task)
        digests = task.examine(groups).digests
        for variant in range(1, self.num_common(task, groups)):
            inputs, labels = task.augment(groups, self.seed, variant, np.ones(len(groups), np.int64))
            image = dataclasses.replace(groups, inputs=inputs, labels=labels)
            alike = (task.examine(image).digests == digests).all(axis=1)
            found = f"variant {variant} has {'another' if task.spec.classes == 'symmetry' else 'the same'} digest"
            as_said = alike == (task.spec.classes == "symmetry")
            expect_all(task, "classes of variants", as_said, groups.candidates, found)
