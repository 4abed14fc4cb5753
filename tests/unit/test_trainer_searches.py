"""Every model and every learner is searched, over the registries: a new one is tried without a line here."""

import numpy as np
import pytest
import torch

from tests.pairs import make_pair, one_of_each_learner, one_of_each_model
from trmpipe.generators.registry import get_task
from trmpipe.trainer.learners.guesses import Guesses
from trmpipe.trainer.learners.search import Sought
from trmpipe.trainer.scores.examinee import Examinee
from trmpipe.trainer.scores.searching import begin_search, run_search

TASK = get_task("sudoku4")
BUDGET = 6


@pytest.fixture(scope="module")
def sought():
    groups = TASK.generate(6, 0, 0, 5)
    return Sought(TASK, groups.inputs, np.zeros(5, np.int32), groups.candidates)


def refusing(inputs, answers):
    assert inputs.dtype == answers.dtype == np.uint8
    return np.zeros(len(inputs), np.bool_)


@pytest.mark.parametrize("name", sorted({*one_of_each_learner(), *one_of_each_model()}))
def test_a_search_begins_with_the_plain_answer_and_spends_its_budget(sought, name):
    net, learner = make_pair(name)
    examinee = Examinee(net=net.eval(), learner=learner, num_steps=2, device=torch.device("cpu"))
    first, again = (begin_search(examinee, sought) for _ in range(2))
    found, repeated = (run_search(search, sought.inputs, refusing, BUDGET) for search in (first, again))
    assert found.rounds.tolist() == [BUDGET] * 5
    assert (found.answers == repeated.answers).all()
    if isinstance(first, Guesses):
        *_, plain = examinee.answers(sought.inputs, sought.identifiers)
        assert (found.answers == plain.tokens.numpy()).all()
