"""The conformance suite that ships: a task with a fault fails, and the message explains the rule that it breaks."""

import contextlib
import dataclasses
import re
from pathlib import Path

import numpy as np
import pytest

import trmpipe.generators
from tests import broken_tasks as broken
from tests.references.reversal import OptionalTask, ReversalTask
from trmpipe.generators.task import TRAIN, Groups
from trmpipe.generators.testing import TaskConformance
from trmpipe.generators.testing.rules import RULES

FAULTY = [
    (broken.Shouting, "test_spec_is_sound", "spec", "the name is 'Reversal!'"),
    (broken.Doubled, "test_spec_is_sound", "spec", "expected 2 to 256 different printable characters"),
    (broken.Claiming, "test_spec_is_sound", "spec", "there is no examine that would find symmetric copies"),
    (broken.Undecided, "test_spec_is_sound", "spec", "there is no check that would say what is right"),
    (broken.Rooted, "test_workers_can_be_sent_it", "workers", "lambda"),
    (broken.Jumpy, "test_groups_have_their_shapes", "no errors", "ZeroDivisionError: seven (broken_tasks.py, line"),
    (broken.Wide, "test_groups_have_their_shapes", "types", "inputs are int64 [1, 6], expected uint8 [1, 6]"),
    (broken.Cut, "test_groups_have_their_shapes", "shapes", "inputs are uint8 [1, 5], expected uint8 [1, 6]"),
    (broken.Strange, "test_groups_have_their_shapes", "tokens", "cell 2 of its label holds 9, expected 0 to 3"),
    (broken.Empty, "test_groups_have_their_shapes", "no empty sequences", "its input is all pad"),
    (broken.Uncounted, "test_groups_have_their_shapes", "candidates", "they are 0, expected numbers of the range"),
    (broken.Chunky, "test_a_group_is_a_function_of_its_position_alone", "the same again", "it is another puzzle"),
    (broken.Local, "test_another_process_makes_the_same", "the same again", "another process makes other puzzles"),
    (broken.Deaf, "test_seeds_and_purposes_have_streams_of_their_own", "streams", "4 streams gave 2"),
    (broken.Forgetful, "test_puzzles_are_examined_and_rated", "the same puzzles", "it gives other puzzles"),
    (
        broken.Moody,
        "test_what_is_found_out_of_a_puzzle_does_not_hang_on_its_company",
        "company",
        "its ratings are",
    ),
    (broken.Picky, "test_puzzles_are_examined_and_rated", "accepted", "none of 9 candidates is accepted"),
    (broken.Overflowing, "test_puzzles_are_examined_and_rated", "traits", "a trait is not 1 to 3"),
    (broken.Inventive, "test_puzzles_are_examined_and_rated", "ratings", "rate changes a rating"),
    (broken.Endless, "test_measures_do_not_hang_on_company", "measures", "inf, expected numbers from 0 on"),
    (broken.Echoing, "test_alternatives_are_different_right_answers", "alternatives", "two of its answers are alike"),
    (
        broken.Hurried,
        "test_answers_beside_their_labels_are_told_as_without",
        "right labels",
        "check_beside says another thing than check",
    ),
    (broken.Topsy, "test_levels_are_ranges_of_ratings", "levels", "hard"),
    (broken.Changed, "test_examined_puzzles_have_the_same_variants", "variants of the examined", "its variants differ"),
    (broken.Boastful, "test_too_many_variants_are_refused", "numbers of variants", "has 3 distinct variants"),
    (broken.Generous, "test_too_many_variants_are_refused", "numbers of variants", "and one more is given"),
    (broken.Headless, "test_variant_zero_is_the_base", "variant 0 is the base", "it differs from the puzzle"),
    (
        broken.WrongLabels,
        "test_variants_are_right_and_distinct",
        "right variants",
        "refuses the label of a variant",
    ),
    (broken.Repeating, "test_variants_are_right_and_distinct", "different variants", "variants 1 are different"),
    (
        broken.Shifted,
        "test_a_variant_is_a_function_of_its_position_alone",
        "the same again",
        "it is another one",
    ),
    (
        broken.Uniform,
        "test_groups_may_be_asked_for_different_numbers_of_variants",
        "variants stand alone",
        "give others",
    ),
    (broken.DeafVariants, "test_variants_depend_on_the_seed", "variants depend on the seed", "give the same order"),
    (broken.Rambling, "test_variants_have_names", "names of variants", "expected text of one line"),
    (broken.Forward, "test_answers_to_variants_are_mapped_back", "mapping back", "the inputs of variants, mapped back"),
    (broken.Literal, "test_digests_tell_twins", "classes of variants", "variant 1 has another digest"),
    (broken.Blind, "test_digests_tell_different_puzzles", "classes of puzzles", "have 1 different digests"),
    (broken.Strict, "test_labels_are_right_and_others_are_wrong", "right labels", "check refuses the stored label"),
    (broken.Lenient, "test_labels_are_right_and_others_are_wrong", "wrong labels", "check accepts a label"),
    (broken.Choosy, "test_labels_hold_choices_where_puzzles_are_blank", "choices", "a cell holds none of [2, 3]"),
    (broken.Hopeless, "test_the_solver_finds_what_is_stored", "solutions", "it finds no solution"),
    (
        broken.Twofold,
        "test_the_solver_finds_what_is_stored",
        "solutions",
        "the only solution is another than the stored label",
    ),
    (broken.Garbled, "test_puzzles_are_written_and_read", "text", "parse gives another puzzle"),
    (broken.Spilling, "test_puzzles_are_written_and_read", "text", "more than a line"),
    (broken.Greedy, "test_puzzles_are_written_and_read", "text", "parse takes"),
    (broken.Faceless, "test_sequences_have_pictures", "pictures", "look like 1"),
    (broken.Stubby, "test_sequences_have_pictures", "pictures", "3 symbols and 0 fills for 6 cells"),
]


@pytest.mark.parametrize(("faulty", "test", "rule", "found"), FAULTY, ids=[case[0].__name__ for case in FAULTY])
def test_a_faulty_task_is_told_its_rule(faulty, test, rule, found):
    for sound in (ReversalTask(), OptionalTask()):
        with contextlib.suppress(pytest.skip.Exception):  # What a task does not have is not tested.
            getattr(TaskConformance(), test)(sound)
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
        TaskConformance().test_groups_have_their_shapes(broken.Strange())


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
