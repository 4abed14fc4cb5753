"""The last of many answers: those before take no memory, no rows have answers too, what does not fit is refused."""

import gc
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from tests.hand_made import SPEC, puzzles
from tests.pairs import SIZES, make_pair, one_of_each_model
from trmpipe.generators.errors import InputError
from trmpipe.trainer.arc.evaluation import final_answers
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.learners.guesses import Guesses
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.scores.examinee import Examinee
from trmpipe.trainer.trained import predicting, solving

STEPS = 9
TINY = CorpusSizes(seq_len=4, vocab_size=12, num_identifiers=2, rows=1, columns=4)


class Counted:
    """A learner that counts how many of its answers are alive."""

    def __init__(self):
        self.most, self._logits = 0, []

    def answers(self, net, inputs, identifiers, num_steps, keys):
        for _ in range(num_steps):
            logits = torch.nn.functional.one_hot(inputs.long(), 12).float()
            self._logits.append(weakref.ref(logits))
            self.most = max(self.most, sum(one() is not None for one in self._logits))
            yield Answer(tokens=logits.argmax(-1), halt=logits[:, 0, 0], logits=logits)
            del logits


def examinee_of(learner, steps=STEPS, net=None):
    return Examinee(net=net, learner=learner, num_steps=steps, device=torch.device("cpu"))


def guess(examinee, rows):
    task = SimpleNamespace(spec=SPEC, blank=1, choices=(2, 3), frame=())
    sought = SimpleNamespace(task=task, inputs=rows.inputs, identifiers=rows.identifiers)
    return Guesses(examinee.answers, sought).look(np.arange(len(rows)))


def ask_one(examinee, rows):
    class Trained:
        def examinee(self):
            return self

        def __enter__(self):
            return examinee

        def __exit__(self, *error):
            pass

    return solving._ask(Trained(), rows.inputs[:1])


WAYS = {
    "predict": lambda one, rows: predicting.predict(one, TINY, rows.inputs, None, STEPS),
    "answers": lambda one, rows: predicting.answer_examples(one, TINY, rows),
    "votes": lambda one, rows: final_answers(one, rows.inputs, rows.identifiers),
    "guesses": guess,
    "solve": ask_one,
}


@pytest.mark.parametrize("way", WAYS)
def test_answers_before_the_last_are_let_go(way):
    learner = Counted()
    gc.disable()  # What is let go is freed at once.
    try:
        WAYS[way](examinee_of(learner), puzzles())
    finally:
        gc.enable()
    assert learner.most <= 2


def test_an_answer_stands_from_the_step_at_which_it_last_changed():
    class Settles:
        def answers(self, net, inputs, identifiers, num_steps, keys):
            for step in range(num_steps):
                tokens = torch.full_like(inputs.long(), min(step, 3))
                yield Answer(tokens=tokens, halt=torch.full((len(inputs),), float(step)), logits=tokens[..., None])

    answers, confidence = ask_one(examinee_of(Settles()), puzzles())
    assert (answers[-1].tolist(), solving._settled_step(answers)) == ([3] * 4, 4)
    assert solving._settled_step(answers[3:]) == 1
    assert confidence == pytest.approx(torch.sigmoid(torch.tensor(STEPS - 1.0)).item())


@pytest.mark.parametrize("name", one_of_each_model())
def test_no_rows_have_no_answers(name):
    net, learner = make_pair(name)
    asked = examinee_of(learner, net=net.eval())
    none, some = (np.full((count, SIZES.seq_len), 2) for count in (0, 3))
    logits, halt = predicting.predict(asked, SIZES, none, None, 1)
    others, other_halt = predicting.predict(asked, SIZES, some, None, 1)
    assert logits.shape == (0, *others.shape[1:])
    assert logits.dtype == others.dtype
    assert (halt is None) == (other_halt is None)
    assert halt is None or halt.shape == (0,)


def test_examples_that_do_not_fit_are_refused():
    asked = examinee_of(Counted())
    with pytest.raises(InputError, match=r"inputs has shape \[3, 5\], expected \[B, 4\]"):
        predicting.answer_examples(asked, TINY, puzzles(seq_len=5))
    with pytest.raises(InputError, match="puzzle_identifiers has 0 to 7, expected 0 to 1"):
        predicting.answer_examples(asked, TINY, puzzles(identifiers=[0, 7, 1]))
    assert predicting.answer_examples(asked, TINY, puzzles(0)).shape == (0, 4)
