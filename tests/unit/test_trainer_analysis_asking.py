"""Measures that ask again: one blank, other labellings, restarts, identifiers; of networks whose knowledge is known."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.hand_made import ANSWER, BLANK, SPEC, HandMade, copies, examples_of, puzzles, subject
from trmpipe.generators.task import Groups
from trmpipe.shards.corpora import find_corpora
from trmpipe.trainer.analysis import MEASURES, NotMeasuredError
from trmpipe.trainer.analysis.by_difficulty import CLUES, RATING, by_bins, clue_bins
from trmpipe.trainer.analysis.identifiers import exchanged
from trmpipe.trainer.analysis.one_blank import one_blank
from trmpipe.trainer.analysis.relabelling import NUM_VARIANTS, VARIANTS_SEED
from trmpipe.trainer.scores.difficulty import bins_of


@pytest.fixture(scope="module")
def corpus(corpus4):
    return find_corpora(corpus4)[0]


@pytest.fixture(scope="module")
def held_out(corpus):
    return corpus.read("test")


def stays(z):
    return z


def knowing(answers):
    """A network that knows the answers to some inputs, and copies all others."""

    def say(z, inputs):
        known = [answers.get(row.numpy().astype(np.uint8).tobytes(), row.numpy()) for row in inputs]
        return torch.from_numpy(np.array(known).astype(np.int64))

    return HandMade(stays, say)


def measured(name, net, corpus, examples, steps=2):
    return MEASURES[name].measure(subject(net, examples, steps, corpus=corpus))


def test_one_blank_is_a_cell_that_the_puzzle_left_open(corpus, held_out):
    blank = subject(HandMade(stays, copies), held_out, 1, corpus=corpus).task.blank
    asked, cells = one_blank(held_out, blank)
    everyone = np.arange(len(cells))
    assert (held_out.inputs[everyone, cells] == blank).all()
    assert ((asked.inputs == blank).sum(1) == 1).all()
    assert (asked.inputs[everyone, cells] == blank).all()
    kept = asked.inputs != blank
    assert (asked.inputs[kept] == held_out.labels[kept]).all()
    assert len(set(cells.tolist())) > 1
    _, same = one_blank(held_out.take(slice(2, 4)), blank)
    assert same.tolist() == cells[2:4].tolist()  # By the puzzle alone, not by its place.


def test_a_network_that_copies_fails_with_one_blank_and_one_that_fills_it_does_not(corpus, held_out):
    found = measured("one-blank", HandMade(stays, copies), corpus, held_out)
    assert found.headline["right"] == found.headline["cell_right"] == 0.0
    assert found.table["others_kept"].tolist() == [1.0] * len(held_out)
    task = subject(HandMade(stays, copies), held_out, 1, corpus=corpus).task
    asked, cells = one_blank(held_out, task.blank)
    fills = knowing({row.tobytes(): label for row, label in zip(asked.inputs, asked.labels, strict=True)})
    found = measured("one-blank", fills, corpus, held_out)
    assert found.headline["right"] == found.headline["cell_right"] == 1.0
    assert not found.table["solved_whole"].any()
    assert found.table["cell"].tolist() == cells.tolist()


def test_one_blank_says_where_it_makes_no_sense():
    inputs, labels = np.array([[BLANK, 5]], np.uint8), np.array([[ANSWER, 5]], np.uint8)
    for blank, asked, told, reason in (
        (None, inputs, labels, "no token of this task asks for a cell"),
        (BLANK, inputs, np.array([[BLANK, 5]], np.uint8), "may leave a cell as the puzzle shows it"),
        (BLANK, inputs, np.array([[ANSWER, 6]], np.uint8), "do not stand in the answer"),
        (BLANK, inputs, labels, "hold what puzzles never show"),
        (BLANK, labels, labels, "leaves no cell open"),
    ):
        with pytest.raises(NotMeasuredError, match=reason):
            one_blank(examples_of(asked, told), blank)


def test_failures_that_another_labelling_solves(corpus, held_out):
    task = subject(HandMade(stays, copies), held_out, 1, corpus=corpus).task
    candidates = corpus.catalog["test"].candidates[held_out.groups]
    groups = task.examine(Groups.single(candidates, held_out.inputs, held_out.labels)).groups
    counts = np.ones(len(held_out), np.int64)
    known = {}
    # Puzzle 0 is solved as it is and as no other; 1 as variant 3; 2 as itself and all variants.
    for variant in range(NUM_VARIANTS + 1):
        inputs, labels = task.augment(groups, VARIANTS_SEED, variant, counts)
        for puzzle, solves in ((0, variant == 0), (1, variant == 3), (2, True)):
            if solves:
                known[inputs[puzzle].tobytes()] = labels[puzzle]
    found = measured("relabelling", knowing(known), corpus, held_out)
    assert found.table["right"].tolist() == [True, False, True] + [False] * (len(held_out) - 3)
    assert found.table["variants"].tolist() == [NUM_VARIANTS] * len(held_out)
    assert found.table["variants_right"].tolist() == [0, 1, NUM_VARIANTS] + [0] * (len(held_out) - 3)
    assert found.headline["failures_solved"] == pytest.approx(1 / (len(held_out) - 2))
    assert found.headline["solved_failing"] == 0.5


def test_restarts_are_chosen_by_the_halting_logit():
    """A puzzle is solved by the restarts whose key is even, which are the surer ones."""
    examples = examples_of(np.arange(1, 161, dtype=np.uint8).reshape(40, 4), np.full((40, 4), ANSWER, np.uint8))
    net = HandMade(
        stays,
        lambda z, inputs: torch.where(z[:, :1] > 0, ANSWER, BLANK).expand_as(inputs),
        halt=lambda z, inputs: z[:, 0],
        start=lambda keys: torch.stack([1 - 2.0 * (keys % 2), torch.ones(len(keys))], 1),
        draws=True,
    )
    found = MEASURES["restarts"].measure(subject(net, examples, 4, own=2))
    table = found.table
    assert sorted({*zip(table["steps"].tolist(), table["restarts"].tolist(), strict=True)}) == [
        (steps, count) for steps in (1, 2, 4) for count in (1, 2, 4, 8)
    ]
    assert table["right"].tolist() == table["any_right"].tolist()
    by_count = [table["right"][table["restarts"] == count][0] for count in (1, 2, 4, 8)]
    assert 0.2 < by_count[0] < 0.8
    assert by_count == sorted(by_count)
    assert by_count[-1] > 0.95  # 255 of 256.


def test_identifiers_that_are_everything(monkeypatch):
    table = torch.zeros(6, 2)
    table[1:, 0] = torch.arange(1, 6)
    inputs = np.full((5, 4), BLANK, np.uint8)
    inputs[:, 0] = 3 + np.arange(5)
    net = HandMade(stays, copies, puzzle_table=table)

    step = net.step

    def knows_its_own(latents, inputs, rows, keys):
        net.say = lambda z, inputs: torch.where(rows[:, :1] + 2 == inputs[:, :1], ANSWER, BLANK).expand_as(inputs)
        return step(latents, inputs, rows, keys)

    net.step = knows_its_own
    examples = examples_of(inputs, np.full_like(inputs, ANSWER), identifiers=range(1, 6))
    corpus = SimpleNamespace(spec=SimpleNamespace(**{"name": SPEC.name, "variant_identifiers": True}))
    found = MEASURES["identifiers"].measure(subject(net, examples, 2, corpus=corpus))
    assert found.table["identifier"].tolist() == ["own", "exchanged", "blank"]
    assert found.table["right"].tolist() == [1.0, 0.0, 0.0]
    assert found.headline == {"own": 1.0, "exchanged": 0.0, "blank": 0.0}


def test_exchanged_identifiers_are_others():
    assert exchanged(np.array([4, 4, 9, 2], np.int32)).tolist() == [9, 9, 2, 4]
    with pytest.raises(NotMeasuredError, match="one identifier"):
        exchanged(np.array([3, 3], np.int32))


def test_accuracy_by_clues_and_ratings_counts_each_puzzle_once():
    clues, ratings = np.array([7, 9, 7, 8, 9, 9]), np.array([0.0, 3, 1, np.nan, 2, 4])
    right = np.array([True, False, True, True, False, True])
    bins = [*((RATING, one) for one in bins_of(ratings, {})), *((CLUES, one) for one in clue_bins(clues))]
    table = by_bins(bins, right)
    of_clues = table["by"] == CLUES
    assert table["name"][of_clues].tolist() == ["7", "8", "9"]
    assert table["puzzles"][of_clues].tolist() == [2, 1, 3]
    assert table["right"][of_clues] == pytest.approx([1.0, 1.0, 1 / 3])
    assert table["puzzles"][~of_clues].sum() == 5  # One is not rated.
    many = clue_bins(np.arange(1, 101))
    assert sum(len(one.members) for one in many) == 100
    assert len(many) <= 5


def test_difficulty_of_a_corpus(corpus, held_out):
    net = knowing({row.tobytes(): label for row, label in zip(held_out.inputs, held_out.labels, strict=True)})
    found = measured("difficulty", net, corpus, held_out)
    assert set(found.table["right"].tolist()) == {1.0}
    clues = corpus.catalog["test"].clues[held_out.groups]
    assert (
        found.table["puzzles"][found.table["by"] == CLUES].tolist() == np.unique(clues, return_counts=True)[1].tolist()
    )


def test_votes_are_for_tasks_that_are_scored_by_them():
    with pytest.raises(NotMeasuredError, match="judged one by one"):
        MEASURES["votes"].measure(subject(HandMade(stays, copies), puzzles(), 1))
