"""Wrong hints: those that plain Python draws, as many as they should be; states without a solution from the start."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references.noise import word
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners.candidates import first_state, has_lost, those_of
from trmpipe.trainer.learners.elimination import Elimination, EliminationConfig
from trmpipe.trainer.learners.hints import Hints, with_hints, with_mistakes
from trmpipe.trainer.learners.learner import Rows
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.equivariant import Equivariant, EquivariantConfig

DIGITS = range(2, 6)
ALL = 1 << 32


def spoiled_by_reference(hinted, plain, key, chance):
    """One puzzle, cell by cell."""
    places = [place for place, (one, other) in enumerate(zip(hinted, plain, strict=True)) if one != other]
    if not places or word(key, ALL - 3, 0) / ALL >= chance:
        return hinted
    rate = 0.01 + 0.29 * word(key, ALL - 4, 0) / ALL
    drawn = {place: word(key, ALL - 5, place) / ALL for place in places}
    wrong = [place for place in places if drawn[place] < rate or drawn[place] == min(drawn.values())]
    found = list(hinted)
    for place in wrong:
        steps = 1 + int(word(key, ALL - 6, place) / ALL * (len(DIGITS) - 1))
        found[place] = DIGITS.start + (hinted[place] - DIGITS.start + steps) % len(DIGITS)
    return found


@settings(max_examples=100, deadline=None)
@given(
    st.integers(-(2**63), 2**63 - 1),
    st.lists(st.tuples(st.sampled_from([1, *DIGITS]), st.sampled_from(DIGITS)), min_size=1, max_size=30),
    st.sampled_from([0.0, 0.3, 1.0]),
)
def test_mistakes_are_those_that_plain_python_draws(key, cells, chance):
    plain, hinted = [one for one, _ in cells], [other if one == 1 else one for one, other in cells]
    found = with_mistakes(torch.tensor([hinted]), torch.tensor([plain]), torch.tensor([key]), DIGITS, chance)
    assert found[0].tolist() == spoiled_by_reference(hinted, plain, key, chance)


def test_as_many_puzzles_and_hints_are_wrong_as_they_should_be():
    size = (6000, 81)
    plain, labels = torch.ones(size, dtype=torch.int64), torch.full(size, 4)
    keys = torch.arange(size[0])
    hinted = with_hints(plain, labels, keys, Hints(most=1.0, share=0.8))
    found = with_mistakes(hinted, plain, keys, DIGITS, 0.3)
    shows, wrong = (hinted != plain).sum(1), ((found != hinted) & (hinted != plain)).sum(1)
    assert not (found != hinted)[hinted == plain].any()
    assert (found[found != hinted] != 4).all()
    assert abs((wrong > 0).sum() / (shows > 0).sum() - 0.3) < 0.025
    many = (wrong > 0) & (shows > 60)
    assert abs((wrong / shows)[many].mean() - 0.155) < 0.01, "from a hundredth to three tenths"
    counts = torch.bincount(found[found != hinted], minlength=6)[[2, 3, 5]]
    assert counts.max() < 1.1 * counts.min(), "the other digits are as likely"


WRONG = {"hints": 1.0, "mistakes": 0.5}
SIZES = CorpusSizes(seq_len=16, vocab_size=6, rows=4, columns=4)


@pytest.mark.parametrize(("settings", "some"), [({}, False), ({"hints": 1.0}, False), (WRONG, True)])
def test_states_begin_without_a_solution_where_hints_are_wrong(settings, some):
    config = EquivariantConfig(width=4, message=4, inner=4)
    net = Equivariant(config, SIZES, generator=torch.Generator().manual_seed(0))
    learner = Elimination(EliminationConfig(loops=1, **settings), seed=3, max_steps=10)
    labels = torch.tensor([[2, 3, 4, 5, 4, 5, 2, 3, 3, 2, 5, 4, 5, 4, 3, 2]]).repeat(64, 1)
    inputs = torch.where(torch.arange(16) % 3 == 0, labels, 1)
    draws = {name: torch.from_numpy(one) for name, one in learner.draws(0, np.arange(64)).items()}
    rows = Rows(inputs=inputs, labels=labels, identifiers=torch.zeros(64, dtype=torch.int64), draws=draws)
    work = learner.take_up(net, learner.begin(net, 64, 16), rows)
    solution = those_of(labels, net.digits)
    lost = has_lost(work["candidates"], solution)
    assert torch.equal(work["candidates"], first_state(work["inputs"], net.digits))
    assert torch.equal(lost, (work["inputs"] != labels).logical_and(work["inputs"] >= 2).any(1))
    assert lost.any() == some
    assert not some or 16 <= lost.sum() <= 48
    # Of a puzzle that shows something wrong every candidate is to go, of another its solution is to stay.
    said = net.eliminate(work["candidates"], work["inputs"], None, 1)
    stays = work["candidates"] & solution & ~lost.view(-1, 1, 1)
    weighed = torch.where(stays, 4.0 * F.softplus(-said.keep[0]), 0.5 * F.softplus(said.keep[0]))
    lesson = learner.learn(net, work, None, judge_by_label)
    torch.testing.assert_close(lesson.metrics["keep_loss"], weighed.mean((1, 2)).detach())
    # Once taken up, a puzzle stays what it is.
    state = {**work, "halted": torch.zeros(64, dtype=torch.bool)}
    later = learner.take_up(net, state, rows)
    assert torch.equal(later["inputs"], work["inputs"])
