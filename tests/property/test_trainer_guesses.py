"""Guesses: what is asked round by round, against a plain reference; a network's words come from a table."""

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import guesses as reference
from trmpipe.generators.errors import OptionError
from trmpipe.generators.task import Examined, Task, TaskSpec
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.learners.guesses import Guesses, digits_of, least_sure
from trmpipe.trainer.learners.search import Sought
from trmpipe.trainer.scores.searching import run_search

CELLS, BLANK, DIGITS, VOCABULARY = 5, 1, [2, 3, 4], 6
FRAME = 5
"""A token that lies around puzzles and is no digit."""


@dataclass(frozen=True)
class Toy(Task):
    """Five cells, whose solution is known to the check alone."""

    solutions: dict
    blank: int | None = BLANK
    frame: tuple = (0, FRAME)

    @property
    def spec(self):
        return TaskSpec(name="toy", vocabulary="_.abc#", grid_shape=(1, CELLS), num_symmetries=1, classes="identity")

    def examine(self, groups):
        return Examined.plain(groups, np.zeros((len(groups), 32), np.uint8))

    def num_variants(self, groups):
        return np.ones(len(groups), np.int64)

    def augment(self, groups, seed, start, counts):
        raise AssertionError("guesses need no variants")

    def check(self, inputs, labels):
        pairs = zip(inputs, labels, strict=True)
        return np.array([self.solutions[row.tobytes()] == given.tobytes() for row, given in pairs])


def table(seed, obedient):
    """Logits of every cell, a function of what is shown; an obedient network repeats what it is shown."""

    def logits_of(shown):
        source = np.random.default_rng([seed, *shown])
        logits = source.normal(size=(len(shown), VOCABULARY)) * 2
        # No digit is out of the question, and the first and last tokens are never the likeliest.
        logits[:, [0, BLANK, FRAME]] -= 20
        for place, token in enumerate(shown):
            if token != BLANK and (obedient or source.random() < 0.9):
                logits[place, token] = 30
        return logits.tolist()

    return logits_of


def asking(logits_of, asked):
    """A network with two steps, of which the last counts; every row that it is shown is noted."""

    def ask(inputs, identifiers):
        assert inputs.dtype == np.uint8
        assert len(identifiers) == len(inputs)
        asked.extend(inputs.tolist())
        logits = torch.tensor([logits_of(row) for row in inputs.tolist()], dtype=torch.float64)
        yield Answer(torch.zeros(inputs.shape, dtype=torch.int64), None, torch.zeros_like(logits))
        yield Answer(logits.argmax(-1), None, logits)

    return ask


def sought(task, inputs):
    count = len(inputs)
    return Sought(task, inputs, np.zeros(count, np.int32), np.arange(count))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.booleans(), st.integers(0, CELLS))
def test_what_is_asked_equals_the_reference(seed, budget, obedient, num_shown):
    source = np.random.default_rng(seed)
    solution = source.choice(DIGITS, CELLS).astype(np.uint8)
    puzzle = np.where(np.arange(CELLS) < num_shown, solution, BLANK).astype(np.uint8)
    task, asked = Toy({puzzle.tobytes(): solution.tobytes()}), []
    logits_of = table(seed, obedient)
    search = Guesses(asking(logits_of, asked), sought(task, puzzle[None]))
    found = run_search(search, puzzle[None], task.check, budget)
    expected, solved = reference.search(
        logits_of, lambda answer: answer == solution.tolist(), puzzle.tolist(), BLANK, DIGITS, budget
    )
    assert asked == expected
    assert (found.solved[0], found.rounds[0]) == (solved, len(expected))
    if solved:
        assert found.answers[0].tolist() == solution.tolist()


def test_every_guess_is_tried_once_and_then_the_search_is_over():
    """Of two open cells: nothing held, each digit in one of them, and each below it in the other."""
    solution = np.array([2, 2, 2, 2, 2], np.uint8)
    puzzle = np.array([FRAME, 3, 1, 1, 0], np.uint8)
    task, asked = Toy({puzzle.tobytes(): solution.tobytes()}), []
    search = Guesses(asking(table(4, True), asked), sought(task, puzzle[None]))
    found = run_search(search, puzzle[None], task.check, 1000)
    assert (found.solved.tolist(), found.rounds.tolist()) == ([False], [1 + 3 + 9])
    assert len(set(map(tuple, asked))) == 13
    assert not search.has_more().any()
    assert all(row[:2] == [FRAME, 3] and row[4] == 0 for row in asked), "only open cells are held"
    assert {token for row in asked for token in row[2:4]} == {BLANK, *DIGITS}


def test_a_batch_is_searched_as_its_puzzles_are_alone():
    """And every round asks once, for all that are unsolved."""
    source = np.random.default_rng(3)
    solutions = source.choice(DIGITS, (6, CELLS)).astype(np.uint8)
    puzzles = np.where(source.random(solutions.shape) < 0.4, solutions, BLANK).astype(np.uint8)
    task = Toy({row.tobytes(): right.tobytes() for row, right in zip(puzzles, solutions, strict=True)})
    logits_of, calls = table(1, True), []

    def ask(inputs, identifiers):
        calls.append(len(inputs))
        return asking(logits_of, [])(inputs, identifiers)

    together = run_search(Guesses(ask, sought(task, puzzles)), puzzles, task.check, 60)
    assert calls == [int((together.rounds > turn).sum()) for turn in range(max(together.rounds))]
    assert len(set(together.rounds.tolist())) > 2
    for place in range(6):
        one = puzzles[place : place + 1]
        alone = run_search(Guesses(ask, sought(task, one)), one, task.check, 60)
        assert (alone.solved[0], alone.rounds[0]) == (together.solved[place], together.rounds[place])
        assert (alone.answers[0] == together.answers[place]).all()


def test_an_unsolved_puzzle_keeps_its_first_answer():
    puzzle = np.array([[2, 1, 1, 1, 1]], np.uint8)
    task = Toy({puzzle.tobytes(): b""})
    plain = run_search(Guesses(asking(table(1, True), []), sought(task, puzzle)), puzzle, task.check, 1)
    searched = run_search(Guesses(asking(table(1, True), []), sought(task, puzzle)), puzzle, task.check, 9)
    assert plain.rounds == 1
    assert searched.rounds == 9
    assert (plain.answers == searched.answers).all()


def test_what_a_network_says_beside_a_puzzle_does_not_count():
    puzzle, solution = np.array([[2, 1, 3, 0, 0]], np.uint8), np.array([2, 4, 3, 0, 0], np.uint8)
    task = Toy({puzzle.tobytes(): solution.tobytes()})

    def ask(inputs, identifiers):
        tokens = torch.tensor([[2, 4, 3, 4, 2]])
        yield Answer(tokens, None, torch.zeros(1, CELLS, VOCABULARY))

    found = run_search(Guesses(ask, sought(task, puzzle)), puzzle, task.check, 1)
    assert found.solved.all()
    assert (found.answers == solution).all()


def test_the_cell_of_the_largest_entropy_is_held_and_of_equal_ones_the_first():
    logits = torch.zeros(2, 3, VOCABULARY)
    logits[:, 0, 2], logits[0, 1, 3], logits[0, 2, 3] = 1.0, 0.5, 0.5
    is_open = np.array([[True, True, True], [True, False, True]])
    doubt = least_sure(logits, is_open, DIGITS)
    assert doubt.cells.tolist() == [1, 2]
    assert np.exp(-doubt.costs[1]) == pytest.approx([1 / 3] * 3)
    assert doubt.costs[0].argmin() == DIGITS.index(3)


def test_a_task_that_does_not_say_what_is_asked_for_is_refused():
    with pytest.raises(OptionError, match="toy does not say which cells its puzzles ask for"):
        digits_of(Toy({}, blank=None))
    assert digits_of(Toy({})) == DIGITS
