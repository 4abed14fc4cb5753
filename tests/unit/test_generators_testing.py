"""The conformance suite that ships: a task with a fault fails, and the message explains the rule that it breaks."""

import dataclasses
import os
import re
from pathlib import Path

import numpy as np
import pytest

import trmpipe.generators
from tests.references.reversal import OptionalTask, ReversalTask
from trmpipe.generators.options import Range
from trmpipe.generators.picture import Picture
from trmpipe.generators.task import TRAIN, Examined, Groups, Solutions, with_traits
from trmpipe.generators.testing import TaskConformance
from trmpipe.generators.testing.rules import RULES


class Shouting(ReversalTask):
    spec = dataclasses.replace(ReversalTask.spec, name="Reversal!")


class Doubled(ReversalTask):
    spec = dataclasses.replace(ReversalTask.spec, vocabulary="_aba")


class Claiming(ReversalTask):
    """Says that symmetric copies are found, and leaves the examination to the default."""

    examine = trmpipe.generators.task.Task.examine


class Undecided(ReversalTask):
    """Says that answers are checked, and does not say how."""

    spec = dataclasses.replace(ReversalTask.spec, scoring="check")
    check = trmpipe.generators.task.Task.check


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


FAULTY = [
    (Shouting, "test_spec_is_sound", "spec", "the name is 'Reversal!'"),
    (Doubled, "test_spec_is_sound", "spec", "expected 2 to 256 different characters"),
    (Claiming, "test_spec_is_sound", "spec", "there is no examine that would find symmetric copies"),
    (Undecided, "test_spec_is_sound", "spec", "there is no check that would say what is right"),
    (Rooted, "test_workers_can_be_sent_it", "workers", "lambda"),
    (Jumpy, "test_groups_have_their_shapes", "no errors", "ZeroDivisionError: seven (test_generators_testing.py, line"),
    (Wide, "test_groups_have_their_shapes", "types", "inputs are int64 [1, 6], expected uint8 [1, 6]"),
    (Cut, "test_groups_have_their_shapes", "shapes", "inputs are uint8 [1, 5], expected uint8 [1, 6]"),
    (Strange, "test_groups_have_their_shapes", "tokens", "cell 2 of its label holds 9, expected 0 to 3"),
    (Empty, "test_groups_have_their_shapes", "no empty sequences", "its input is all pad"),
    (Uncounted, "test_groups_have_their_shapes", "candidates", "they are 0, expected numbers of the range"),
    (Chunky, "test_a_group_is_a_function_of_its_position_alone", "the same again", "it is another puzzle"),
    (Local, "test_another_process_makes_the_same", "the same again", "another process makes other puzzles"),
    (Deaf, "test_seeds_and_purposes_have_streams_of_their_own", "streams", "4 streams gave 2"),
    (Forgetful, "test_puzzles_are_examined_and_rated", "the same puzzles", "it gives other puzzles"),
    (Moody, "test_what_is_found_out_of_a_puzzle_does_not_hang_on_its_company", "company", "its ratings are others"),
    (Picky, "test_puzzles_are_examined_and_rated", "accepted", "none of 9 candidates is accepted"),
    (Overflowing, "test_puzzles_are_examined_and_rated", "traits", "a trait is not 1 to 3"),
    (Inventive, "test_puzzles_are_examined_and_rated", "ratings", "rate changes a rating"),
    (Topsy, "test_levels_are_ranges_of_ratings", "levels", "hard"),
    (Changed, "test_examined_puzzles_have_the_same_variants", "variants of the examined", "its variants differ"),
    (Boastful, "test_too_many_variants_are_refused", "numbers of variants", "has 3 distinct variants"),
    (Generous, "test_too_many_variants_are_refused", "numbers of variants", "and one more is given"),
    (Headless, "test_variant_zero_is_the_base", "variant 0 is the base", "it differs from the puzzle"),
    (WrongLabels, "test_variants_are_right_and_distinct", "right variants", "check refuses the label of a variant"),
    (Repeating, "test_variants_are_right_and_distinct", "different variants", "variants 1 are different"),
    (Shifted, "test_a_variant_is_a_function_of_its_position_alone", "the same again", "it is another one than among"),
    (Uniform, "test_groups_may_be_asked_for_different_numbers_of_variants", "variants stand alone", "give others"),
    (DeafVariants, "test_variants_depend_on_the_seed", "variants depend on the seed", "give the same order"),
    (Forward, "test_answers_to_variants_are_mapped_back", "mapping back", "the inputs of variants, mapped back"),
    (Literal, "test_digests_tell_twins", "classes of variants", "variant 1 has another digest"),
    (Blind, "test_digests_tell_different_puzzles", "classes of puzzles", "have 1 different digests"),
    (Strict, "test_labels_are_right_and_others_are_wrong", "right labels", "check refuses the stored label"),
    (Lenient, "test_labels_are_right_and_others_are_wrong", "wrong labels", "check accepts a label"),
    (Hopeless, "test_the_solver_finds_what_is_stored", "solutions", "it finds no solution"),
    (
        Twofold,
        "test_the_solver_finds_what_is_stored",
        "solutions",
        "the only solution is another than the stored label",
    ),
    (Garbled, "test_puzzles_are_written_and_read", "text", "parse gives another puzzle"),
    (Spilling, "test_puzzles_are_written_and_read", "text", "more than a line"),
    (Greedy, "test_puzzles_are_written_and_read", "text", "parse takes"),
    (Faceless, "test_sequences_have_pictures", "pictures", "look like 1"),
    (Stubby, "test_sequences_have_pictures", "pictures", "3 symbols and 0 fills for 6 cells"),
]


@pytest.mark.parametrize(("faulty", "test", "rule", "found"), FAULTY, ids=[case[0].__name__ for case in FAULTY])
def test_a_faulty_task_is_told_its_rule(faulty, test, rule, found):
    getattr(TaskConformance(), test)(ReversalTask())
    getattr(TaskConformance(), test)(OptionalTask())
    with pytest.raises(AssertionError) as caught:
        getattr(TaskConformance(), test)(faulty())
    head, says, what, advice = str(caught.value).splitlines()
    assert head.startswith(f'{faulty().spec.name} breaks the rule "{rule}"')
    assert RULES[rule].says in says
    assert found in what
    assert RULES[rule].advice in advice


def test_every_rule_has_a_task_that_breaks_it():
    assert {rule for _, _, rule, _ in FAULTY} == set(RULES)


def test_the_group_is_named():
    with pytest.raises(AssertionError, match=re.escape('reversal6 breaks the rule "tokens" at candidate 6 (training')):
        TaskConformance().test_groups_have_their_shapes(Strange())


def test_all_that_the_contract_refuses_is_explained():
    text = "".join(
        (Path(trmpipe.generators.__file__).parent / f"contract{part}.py").read_text() for part in ("", "_checks")
    )
    assert set(re.findall(r'refuse\(\s*"([^"]+)"', text)) | {"types", "shapes"} <= set(RULES)


class TestBare(TaskConformance):
    """A task that says how puzzles are made, and nothing else: what it does not have is skipped."""

    @pytest.fixture
    def task(self):
        return Bare()


class Bare(trmpipe.generators.task.Task):
    spec = trmpipe.generators.task.TaskSpec(name="bare", vocabulary="_abc", grid_shape=(1, 6))

    def generate(self, seed, purpose, start, count):
        return ReversalTask().generate(seed, purpose, start, count)


def test_a_bare_task_says_what_it_does_not_promise():
    task = Bare()
    assert not task.judges
    assert len(task.caveats) == 3
    assert "copies in disguise (turned, renamed) are not looked for" in task.caveats[0]
    assert ReversalTask().caveats == ()
    groups = task.generate(0, TRAIN, 0, 3)
    assert task.num_variants(groups).tolist() == [1, 1, 1]
    with pytest.raises(trmpipe.generators.errors.InputError, match="does not say what a right answer is"):
        task.check(groups.inputs, groups.labels)
    with pytest.raises(trmpipe.generators.errors.InputError, match="puzzle 1 has 1 distinct variant, itself; 3 were"):
        task.augment(groups, 0, 1, np.array([0, 2, 0]))
    inputs, labels = task.augment(groups, 0, 0, np.array([1, 0, 1]))
    assert inputs.tolist() == groups.inputs[[0, 2]].tolist()
    assert labels.tolist() == groups.labels[[0, 2]].tolist()


def test_equal_inputs_are_one_class_by_default():
    groups = Bare().generate(0, TRAIN, 0, 3)
    twins = Groups.join([groups, dataclasses.replace(groups, labels=groups.inputs)])
    digests = Bare().examine(twins).digests
    np.testing.assert_array_equal(digests[:3], digests[3:])
    assert len(np.unique(digests, axis=0)) == 3
