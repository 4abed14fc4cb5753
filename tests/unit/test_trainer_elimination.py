"""Elimination: what becomes of states of candidates, against a plain reference and with a network that knows it all."""

import math

import numpy as np
import pytest
import torch

from tests.exact import EXACT, generator
from tests.references import elimination as reference
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.candidates import answer_logits, first_state, has_lost, those_of
from trmpipe.trainer.learners.elimination import Elimination, EliminationConfig
from trmpipe.trainer.learners.solver_rule import Deduced
from trmpipe.trainer.models import CorpusSizes, Deduction
from trmpipe.trainer.models.equivariant import Equivariant, EquivariantConfig

N, FIRST, BATCH = 4, 2, 6
SIZES = CorpusSizes(seq_len=N * N, vocab_size=FIRST + N, rows=N, columns=N)
SURE = 12.0
"""A logit that no threshold of these tests comes near."""


@pytest.fixture(scope="module")
def puzzles():
    """Inputs and labels int64 [24, 16]: solved 4x4 Sudoku, half of the cells shown, be there other solutions or not."""
    grid = torch.tensor([[0, 1, 2, 3], [2, 3, 0, 1], [1, 0, 3, 2], [3, 2, 1, 0]]).flatten()
    source = generator(1)
    labels = torch.stack([torch.randperm(N, generator=source)[grid] + FIRST for _ in range(24)])
    inputs = torch.where(torch.rand(labels.shape, generator=source) < 0.5, labels, FIRST - 1)
    assert len(inputs.unique(dim=0)) == 24
    return inputs, labels


class Scripted(torch.nn.Module):
    """A network whose words are given by a function of states, inputs and keys."""

    num_cells, digits, puzzle_table = N * N, range(FIRST, FIRST + N), None

    def __init__(self, say):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones((), dtype=torch.float64))
        self.say = say

    def eliminate(self, candidates, inputs, rows, num_loops, keys):
        said = [self.say(candidates, inputs, keys, loop) for loop in range(num_loops)]
        return Deduction(*(torch.stack(one) * self.weight for one in zip(*said, strict=True)))


def noisy(candidates, inputs, keys, loop):
    """Words of no sense, a function of the keys and the loop; now and then a candidate goes or a state is blamed."""
    source = [generator(int(key) % 1000 + 7 * loop) for key in keys]
    shape = (N * N, N)
    keep = torch.stack([torch.randn(shape, generator=one, dtype=torch.float64) * 2 + 1.5 for one in source])
    digits = torch.stack([torch.randn(shape, generator=one, dtype=torch.float64) for one in source])
    return keep, digits, torch.stack([torch.randn((), generator=one, dtype=torch.float64) for one in source])


class Oracle(Scripted):
    """A network that knows the solutions of all puzzles: it is never wrong, and never unsure but of which digit."""

    def __init__(self, puzzles):
        super().__init__(self.know)
        self.inputs, self.solutions = puzzles[0], those_of(puzzles[1], self.digits)

    def know(self, candidates, inputs, keys, loop):
        which = (inputs[:, None] == self.inputs).all(-1).int().argmax(1)
        solution = self.solutions[which]
        lost = has_lost(candidates, solution)
        keep = self.keeps(solution, lost)
        return keep, torch.zeros_like(keep), torch.where(lost, SURE, -SURE).double()

    def keeps(self, solution, lost):
        return torch.where(solution, SURE, -SURE).double()


class LazyOracle(Oracle):
    """One that passes over some wrong candidates, and over all where the solution is lost."""

    def keeps(self, solution, lost):
        passed_over = torch.arange(N * N * N).view(N * N, N) % 11 == 0
        return torch.where(solution | passed_over | lost[:, None, None], SURE, -SURE).double()


def make(**settings):
    return Elimination(EliminationConfig(**{"loops": 2, **settings}), seed=3, max_steps=10)


def rows_at(learner, step, puzzles, slots=range(BATCH)):
    draws = {
        name: torch.from_numpy(np.ascontiguousarray(one))
        for name, one in learner.draws(step, np.array(slots, np.int64)).items()
    }
    index = torch.tensor([(BATCH * step + slot) % len(puzzles[0]) for slot in slots])
    return Rows(inputs=puzzles[0][index], labels=puzzles[1][index], identifiers=index * 0, draws=draws)


def walk(net, learner, puzzles, num_steps):
    """Work and lesson of every step, each going on from the one before."""
    state = learner.begin(net, BATCH, N * N)
    for step in range(num_steps):
        work = learner.take_up(net, state, rows_at(learner, step, puzzles))
        lesson = learner.learn(net, work, None, judge_by_label)
        yield work, lesson
        state = lesson.state


def sets_of(state):
    return [{digit for digit in range(N) if cell[digit]} for cell in state.tolist()]


def test_the_pool_equals_the_reference(puzzles):
    """Forty steps with a network that talks nonsense: every way to leave a slot is taken."""
    net, learner = Scripted(noisy), make(max_age=9)
    slots = [reference.Slot([], [], []) for _ in range(BATCH)]
    left = {"old": 0, "young": 0, "branched": 0, "kept though blamed": 0}
    for step, (work, lesson) in enumerate(walk(net, learner, puzzles, 40)):
        rows = rows_at(learner, step, puzzles)
        loops = [noisy(work["candidates"], None, rows.draws["keys"], loop) for loop in range(2)]
        for place in range(BATCH):
            given = rows.inputs[place].tolist(), rows.labels[place].tolist()
            slot = reference.taken_up(slots[place], *given, N, FIRST)
            assert sets_of(work["candidates"][place]) == slot.state
            assert work["inputs"][place].tolist() == slot.inputs
            said = [tuple(part[place].tolist() for part in loop) for loop in loops]
            expected = sum(reference.loss(one, slot, learner.config, N, FIRST) for one in said) / 2
            torch.testing.assert_close(lesson.loss[place].item(), expected, **EXACT)
            key = rows.draws["keys"][place].item()
            slot = reference.after_step(slot, said[-1], key, learner.rule, 9, FIRST)
            assert sets_of(lesson.state["candidates"][place]) == slot.state
            assert lesson.state["steps"][place].item() == slot.age
            assert lesson.state["halted"][place].item() == slot.free
            left["old"] += slot.age == 9
            left["young"] += slot.free and slot.age < 9
            left["branched"] += lesson.metrics["branched"][place].item()
            left["kept though blamed"] += lesson.metrics["contradictory"][place].item() and not slot.free
            slots[place] = slot
    assert all(left.values()), left


def test_an_oracle_loses_no_solution_and_solves_every_puzzle_at_once(puzzles):
    net, learner = Oracle(puzzles), make()
    for work, lesson in walk(net, learner, puzzles, 4):
        solution = those_of(work["labels"], net.digits)
        assert torch.equal(lesson.state["candidates"], solution)
        assert lesson.metrics["exact"].all()
        assert lesson.state["halted"].all()


def test_a_solution_is_lost_by_a_guess_alone_and_then_found_out(puzzles):
    """A network that is right and says little: the rule has to guess, and wrong guesses leave as contradictions."""
    net, learner = LazyOracle(puzzles), make()
    guessed_wrong = found = solved = 0
    before = None
    for work, lesson in walk(net, learner, puzzles, 60):
        solution = those_of(work["labels"], net.digits)
        lost, lost_after = (has_lost(one["candidates"], solution) for one in (work, lesson.state))
        kept = learner.rule.deduce(
            work["candidates"],
            work["inputs"] >= FIRST,
            net.eliminate(work["candidates"], work["inputs"], None, 1, work["keys"]).after_all_loops(),
        )
        assert torch.equal(has_lost(kept.candidates, solution), lost)
        assert lesson.metrics["branched"][lost_after & ~lost].all()
        assert torch.equal(lesson.metrics["contradictory"], lost)
        assert lesson.state["halted"][lost].all()
        assert not lesson.state["halted"][lost_after & ~lost].any()
        assert (lesson.state["candidates"] <= work["candidates"]).all()
        if before is not None:
            taken = before["halted"]
            assert torch.equal(work["candidates"][taken], first_state(work["inputs"], net.digits)[taken])
            assert torch.equal(work["candidates"][~taken], before["candidates"][~taken])
        guessed_wrong += (lost_after & ~lost).sum().item()
        found += lost.sum().item()
        solved += (lesson.state["halted"] & ~lost).sum().item()
        before = lesson.state
    assert min(guessed_wrong, found, solved) > 10, (guessed_wrong, found, solved)


@pytest.mark.parametrize(("taught", "blamed"), [(0.0, False), (0.5, True)])
def test_training_may_believe_in_contradictions_sooner_than_answers_do(puzzles, taught, blamed):
    """Of a network that holds every state for lost at .55: published is .5 in training and .6 in answers."""
    unsure = math.log(0.55 / 0.45)

    def say(candidates, inputs, keys, loop):
        keep = torch.full_like(candidates, SURE, dtype=torch.float64)
        return keep, torch.zeros_like(keep), torch.full((len(candidates),), unsure, dtype=torch.float64)

    learner = make(taught_above=taught)
    (_, lesson), *_ = walk(Scripted(say), learner, puzzles, 1)
    assert lesson.metrics["contradictory"].unique().tolist() == [blamed]
    assert learner.rule.contradiction_above == 0.6


def test_a_complete_state_that_is_wrong_stays_until_it_is_found_out(puzzles):
    """By a network that blames nobody it is never found, and is left as it is."""

    def content(candidates, inputs, keys, loop):
        keep = torch.full(candidates.shape, SURE, dtype=torch.float64)
        return keep, torch.zeros_like(keep), torch.full(candidates.shape[:1], -SURE, dtype=torch.float64)

    net, learner = Scripted(content), make()
    work = learner.take_up(net, learner.begin(net, BATCH, N * N), rows_at(learner, 0, puzzles))
    solution = those_of(work["labels"], net.digits)
    work["candidates"] = solution.clone()
    wrong = (work["inputs"][3] < FIRST).nonzero()[0]
    work["candidates"][3, wrong] = solution[3, wrong].roll(1, -1)
    after = learner.learn(net, work, None, judge_by_label).state
    assert after["halted"].tolist() == [place != 3 for place in range(BATCH)]
    assert torch.equal(after["candidates"], work["candidates"])


def test_draws_are_a_function_of_seed_step_and_slot(puzzles):
    """Two ranks draw what one does, and another seed draws otherwise."""
    net, learner = Scripted(noisy), make()
    (_, whole), *_ = walk(net, learner, puzzles, 1)
    for slots in (range(3), range(3, BATCH)):
        part = learner.take_up(net, learner.begin(net, 3, N * N), rows_at(learner, 0, puzzles, slots))
        found = learner.learn(net, part, None, judge_by_label)
        for name, value in found.state.items():
            assert torch.equal(value, whole.state[name][list(slots)]), name
    other = Elimination(EliminationConfig(loops=2), seed=4, max_steps=10)
    keys = [one.draws(0, np.arange(BATCH))["keys"] for one in (learner, other)]
    assert not (keys[0] == keys[1]).any()
    assert not (keys[0] == learner.draws(1, np.arange(BATCH))["keys"]).any()


def test_cells_and_digits_are_drawn_as_often_as_they_should_be():
    """A thousand guesses on one state: cells alike, digits by softmax at the temperature, within four sigma."""
    count = 1000
    candidates = torch.zeros(count, 5, 3, dtype=torch.bool)
    candidates[:, :, 0] = True
    candidates[:, 1:3, :2] = True
    candidates[:, 3] = True
    no = torch.zeros(count, dtype=torch.bool)
    logits = torch.tensor([0.0, 1.5, 3.0]).expand(count, 5, 3)
    keys = torch.randint(-(2**62), 2**62, (count,), generator=generator(2))
    after = make().rule.branch(Deduced(candidates, no, no), logits, keys)
    changed = (after != candidates).any(-1)
    assert (changed.sum(1) == 1).all()
    assert not changed[:, [0, 4]].any()
    shares = changed.float().mean(0)[1:4]
    assert (shares - 1 / 3).abs().max() < 4 * (2 / 9 / count) ** 0.5
    drawn = after[changed[:, 3], 3].float().mean(0)
    expected = torch.softmax(torch.tensor([0.0, 1.0, 2.0]), 0)
    assert (drawn - expected).abs().max() < 4 * (1 / 4 / (count / 3)) ** 0.5


def test_what_is_given_never_goes_and_an_empty_cell_is_a_contradiction():
    rule = make().rule
    candidates = torch.ones(1, 2, 3, dtype=torch.bool)
    candidates[0, 0] = torch.tensor([True, False, False])
    said = Deduction(torch.full((1, 2, 3), -SURE), torch.zeros(1, 2, 3), torch.full((1,), -SURE))
    found = rule.deduce(candidates, torch.tensor([[True, False]]), said)
    assert found.candidates.tolist() == [[[True, False, False], [False, False, False]]]
    assert found.contradictory.all()
    assert not found.complete.any()
    assert torch.equal(rule.branch(found, said.digits, torch.tensor([5])), found.candidates)


def test_answers_are_what_is_left_and_never_guesses(puzzles):
    net, learner = LazyOracle(puzzles), make()
    inputs, labels = puzzles[0][:BATCH], puzzles[1][:BATCH]
    keys = torch.arange(BATCH)
    answers = list(learner.answers(net, inputs, keys * 0, 3, keys))
    assert len(answers) == 3
    assert torch.equal(answers[0].tokens, answers[2].tokens)
    assert (answers[2].halt < 0).any()
    known = next(learner.answers(Oracle(puzzles), inputs, keys * 0, 1, keys))
    assert torch.equal(known.tokens, labels)
    assert (known.halt > 0).all()
    assert known.logits.shape == (BATCH, N * N, SIZES.vocab_size)
    assert torch.equal(known.logits.argmax(-1), labels)


def test_the_likeliest_of_what_is_left_answers():
    candidates = torch.tensor([[[True, False, True], [False, False, False], [False, True, False]]])
    logits = torch.tensor([[[1.0, 9.0, 2.0], [0.0, 0.5, -1.0], [5.0, -5.0, 4.0]]])
    assert answer_logits(candidates, logits, range(2, 5)).argmax(-1).tolist() == [[4, 3, 3]]


def a_network(n=N, **settings):
    sizes = CorpusSizes(seq_len=n * n, vocab_size=FIRST + n, rows=n, columns=n)
    config = EquivariantConfig(**{"width": 6, "message": 5, "inner": 8, "num_layers": 2, **settings})
    net = Equivariant(config, sizes, generator=generator(), dtype=torch.float64).double()
    with torch.no_grad():
        for seed, parameter in enumerate(net.parameters()):
            parameter += 0.3 * torch.randn(parameter.shape, generator=generator(seed), dtype=torch.float64)
    return net


def test_the_equivariant_cell_takes_symmetries_of_states_along(puzzles):
    """Digits renamed, two rows of a band and two stacks exchanged, rows for columns: all goes along."""
    net = a_network()
    inputs = puzzles[0][:3]
    candidates = first_state(inputs, net.digits) & (torch.rand(3, N * N, N, generator=generator(3)) < 0.8)
    digits = torch.tensor([2, 0, 3, 1])
    tokens = torch.cat((torch.arange(FIRST), FIRST + digits.argsort()))
    cells = torch.arange(N * N).view(N, N)[[1, 0, 2, 3]][:, [2, 3, 0, 1]].T.flatten()
    keys = torch.arange(3)
    plain = net.eliminate(candidates, inputs, None, 2, keys)
    turned = net.eliminate(candidates[:, cells][..., digits], tokens[inputs[:, cells]], None, 2, keys)
    for one, other in ((plain.keep, turned.keep), (plain.digits, turned.digits)):
        torch.testing.assert_close(one[:, :, cells][..., digits], other, **EXACT)
        assert (one - other).abs().max() > 1e-3
    torch.testing.assert_close(plain.contradiction, turned.contradiction, **EXACT)


def test_the_equivariant_cell_looks_at_candidates_and_at_every_loop():
    net = a_network()
    inputs = torch.ones(1, N * N, dtype=torch.int64)
    candidates = torch.ones(1, N * N, N, dtype=torch.bool)
    whole = net.eliminate(candidates, inputs, None, 3, inputs[:, 0])
    assert whole.keep.shape == (3, 1, N * N, N)
    assert whole.contradiction.shape == (3, 1)
    shorter = net.eliminate(candidates, inputs, None, 2, inputs[:, 0])
    for one, other in zip(whole, shorter, strict=True):
        assert torch.equal(one[:2], other)
        assert not torch.equal(one[1], one[2])
    candidates[0, 5, 1] = False
    assert not torch.equal(net.eliminate(candidates, inputs, None, 1, inputs[:, 0]).keep[0], whole.keep[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"loops": 0},
        {"loops": 5000},
        {"max_age": 0},
        {"temperature": 0.0},
        {"eliminate_below": 1.5},
        {"contradiction_above": -0.1},
        {"keep_weight": -1.0},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(SettingError, match=r"learner\.") as caught:
        EliminationConfig(**wrong)
    assert "\n" not in str(caught.value)
