"""Chains of states of candidates, by a network that knows it all and by one that talks nonsense; their variants."""

import numpy as np
import pytest
import torch

from trmpipe.generators.registry import get_task
from trmpipe.generators.task import Task
from trmpipe.trainer.keys import example_keys
from trmpipe.trainer.learners.candidates import has_lost, those_of
from trmpipe.trainer.learners.elimination import Elimination, EliminationConfig
from trmpipe.trainer.learners.search import Searcher, Sought
from trmpipe.trainer.learners.variants import Variants
from trmpipe.trainer.models import Deduction
from trmpipe.trainer.models.noise import keys_at, words
from trmpipe.trainer.scores.searching import run_search

TASK = get_task("sudoku4")
N, CELLS, DIGITS = 4, 16, range(2, 6)
SURE = 12.0
"""A logit that no threshold comes near."""
LEARNER = Elimination(EliminationConfig(loops=2), seed=3, max_steps=10)


@pytest.fixture(scope="module")
def sought():
    """Twelve puzzles with one solution each."""
    groups = TASK.generate(5, 0, 0, 12)
    return Sought(TASK, groups.inputs, np.zeros(12, np.int32), groups.candidates)


class Talking(torch.nn.Module):
    """A network whose words are a function of states, inputs and keys; all that it is shown is noted."""

    num_cells, digits, puzzle_table = CELLS, DIGITS, None

    def __init__(self, say):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(()))
        self.say, self.seen = say, []

    def eliminate(self, candidates, inputs, rows, num_loops, keys):
        self.seen.append((candidates.clone(), inputs.clone(), keys.clone()))
        said = self.say(candidates, inputs, keys)
        # Only what is said at last counts.
        return Deduction(*(torch.stack([torch.zeros_like(one)] * (num_loops - 1) + [one]) for one in said))


def solutions_of(inputs):
    return those_of(torch.from_numpy(TASK.solve(inputs.numpy().astype(np.uint8)).labels).long(), DIGITS)


def knowing(thorough):
    """Words that are never wrong, of whatever variant; a network that is not thorough passes over a part of a state."""

    def say(candidates, inputs, keys):
        solution = solutions_of(inputs)
        passed_over = torch.rand(solution.shape, generator=torch.Generator().manual_seed(1)) > thorough
        lost = has_lost(candidates, solution)
        keep = torch.where(solution | passed_over, SURE, -SURE)
        return keep, torch.where(solution, SURE, -SURE), torch.where(lost, SURE, -SURE)

    return say


def nonsense(candidates, inputs, keys):
    """A function of the keys."""
    drawn = (words(keys, 7, CELLS, 2 * N).transpose(0, 1).double() / 2**31 - 1).float()
    keep, digits = drawn[..., :N] * 2 + 1.5, drawn[..., N:] * 3
    return keep, digits, drawn[:, 0, 0] * 2 - 1


def search(net, sought, budget, check=TASK.check):
    return run_search(LEARNER.search(net, sought), sought.inputs, check, budget)


def test_the_learner_says_that_it_searches():
    assert isinstance(LEARNER, Searcher)


def test_who_knows_it_all_needs_one_round_and_no_variants(sought, monkeypatch):
    monkeypatch.setattr(Variants, "_groups", None)
    found = search(Talking(knowing(1.0)), sought, 64)
    assert found.solved.all()
    assert found.rounds.tolist() == [1] * 12
    assert (found.answers == TASK.solve(sought.inputs).labels).all()


def test_who_is_never_wrong_loses_no_solution_of_any_variant(sought):
    """Twenty rounds in which no answer is accepted, so that chains end and begin anew; then all of them at once."""
    net = Talking(knowing(0.7))
    running = LEARNER.search(net, sought)
    run_search(running, sought.inputs, refusing, 20)
    found = run_search(running, sought.inputs, TASK.check, 8)
    assert found.solved.all()
    assert found.rounds.max() == 1
    assert (found.answers == TASK.solve(sought.inputs).labels).all()
    for candidates, inputs, _ in net.seen:
        assert not has_lost(candidates, solutions_of(inputs)).any()
    for place, inputs in enumerate(torch.stack([inputs for _, inputs, _ in net.seen], 1)):
        assert len(inputs.unique(dim=0)) > 1, f"puzzle {place} was seen as one variant alone"


def refusing(inputs, answers):
    return np.zeros(len(inputs), np.bool_)


def test_nonsense_ends_at_the_budget_and_solves_nothing(sought):
    found = search(Talking(nonsense), sought, 40, check=refusing)
    assert not found.solved.any()
    assert found.rounds.tolist() == [40] * 12


def test_what_is_solved_is_what_the_check_accepts(sought):
    """By a network that is often wrong, so that some puzzles take several chains, and some the whole budget."""

    def hazy(candidates, inputs, keys):
        keep, digits, contradiction = nonsense(candidates, inputs, keys)
        solution = solutions_of(inputs) * 3.0
        return keep + solution, digits + solution, contradiction - 1

    running = LEARNER.search(Talking(hazy), sought)
    found = run_search(running, sought.inputs, TASK.check, 40)
    assert (found.solved == TASK.check(sought.inputs, found.answers)).all()
    assert (found.rounds[~found.solved] == 40).all()
    later = running._chains[found.solved] > 0
    assert 0 < found.solved.sum() < 12
    assert later.any()


def test_a_chain_that_failed_begins_anew_with_other_keys(sought):
    """By the states that the network is shown: each either goes on from the one before or is a first one."""
    net = Talking(nonsense)
    search(net, sought, 30, check=refusing)
    chains = np.zeros(12, np.int64)
    before = [None] * 12
    for turn, (candidates, inputs, keys) in enumerate(net.seen):
        for place in range(12):
            fresh = bool((candidates[place] == first_of(inputs[place])).all())
            if before[place] is not None and fresh:
                chains[place] += 1
            else:
                assert before[place] is None or (candidates[place] <= before[place]).all()
            own = torch.from_numpy(example_keys(sought.inputs[place : place + 1], int(chains[place])).copy())
            assert keys[place] == keys_at(own, turn)
            before[place] = candidates[place]
    assert chains.min() > 1


def first_of(inputs):
    given = inputs >= DIGITS.start
    return those_of(inputs, DIGITS) | ~given[:, None]


def test_a_puzzle_is_searched_alone_as_among_others(sought):
    together = search(Talking(nonsense), sought, 40)
    for place in (0, 5, 11):
        rows = slice(place, place + 1)
        one = Sought(TASK, sought.inputs[rows], sought.identifiers[rows], sought.candidates[rows])
        alone = search(Talking(nonsense), one, 40)
        assert (alone.solved[0], alone.rounds[0]) == (together.solved[place], together.rounds[place])
        assert (alone.answers[0] == together.answers[place]).all()


def test_answers_to_variants_lead_back(sought):
    variants = Variants(sought)
    places = np.array([3, 4, 4, 8, 9])
    numbers = np.array([0, 1, 2, 1, 10**6])
    seen = variants.look(places, numbers)
    assert (seen[0] == sought.inputs[3]).all()
    assert (seen[1:] != sought.inputs[places[1:]]).any(1).all()
    assert not (seen[1] == seen[2]).all()
    solved = TASK.solve(seen).labels
    back = variants.back(places, numbers, solved)
    assert (back == TASK.solve(sought.inputs[places]).labels).all()


def test_a_task_that_does_not_map_back_has_one_variant(sought, monkeypatch):
    monkeypatch.setattr(type(TASK), "map_back", Task.map_back)
    variants, places = Variants(sought), np.arange(12)
    assert (variants.look(places, np.full(12, 3)) == sought.inputs).all()
    assert (variants.back(places, np.full(12, 3), sought.inputs) == sought.inputs).all()
