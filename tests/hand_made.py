"""Networks made by hand whose every answer, latent and halting logit is known, and puzzles to ask them."""

from dataclasses import dataclass, field
from types import SimpleNamespace

import numpy as np
import torch

from trmpipe.generators.spec import TaskSpec
from trmpipe.shards import Examples
from trmpipe.shards.progress import Silent
from trmpipe.trainer.analysis.recording import Recorder
from trmpipe.trainer.analysis.subject import RunSubject
from trmpipe.trainer.evaluators.label import LabelEvaluator
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.learners.one_pass import OnePass, OnePassConfig
from trmpipe.trainer.models import Outcome
from trmpipe.trainer.scores.examinee import Examinee

BLANK, ANSWER = 1, 2
VOCABULARY = 12
SURE = 12.0
"""A logit by which a token has a probability of more than .9999."""
SPEC = TaskSpec(name="by-hand", vocabulary="." + "abcdefghijk", grid_shape=(1, 4))


def never(z, inputs):
    return torch.full((len(inputs),), -9.0)


@dataclass
class HandMade:
    """A recursive network of one latent z, [B, D] here: how it starts and moves, what it says, how sure it is of that.

    `say` gives tokens [B, S] of z after the step and of the inputs, `halt` logits [B].
    """

    move: object
    say: object
    halt: object = never
    start: object = lambda keys: torch.ones(len(keys), 2)
    sure: float = SURE
    puzzle_table: object = None
    draws: bool = False
    rows: list = field(default_factory=list)

    def initial(self, keys):
        return {"z": self.start(keys)[None]}

    def step(self, latents, inputs, rows, keys):
        self.rows.append(rows)
        z = self.move(latents["z"][0])
        logits = self.sure * torch.nn.functional.one_hot(self.say(z, inputs), VOCABULARY).float()
        return Outcome({"z": z[None]}, logits, self.halt(z, inputs))


class AtOnce:
    """A network of one pass that answers as `say` does."""

    puzzle_table = None

    def __init__(self, say):
        self.say = say

    def __call__(self, inputs, rows):
        return SURE * torch.nn.functional.one_hot(self.say(None, inputs), VOCABULARY).float()


def copies(z, inputs):
    return inputs


def right(z, inputs):
    return torch.full_like(inputs, ANSWER)


def puzzles(number=3, seq_len=4, identifiers=None):
    """So many puzzles whose every cell is open, told apart by nothing, and whose solution is `ANSWER` everywhere."""
    inputs = np.full((number, seq_len), BLANK, np.uint8)
    return examples_of(inputs, np.full_like(inputs, ANSWER), identifiers)


def examples_of(inputs, labels, identifiers=None):
    everyone = np.arange(len(inputs))
    return Examples(
        inputs=inputs,
        labels=labels,
        identifiers=np.zeros(len(inputs), np.int32) if identifiers is None else np.array(identifiers, np.int32),
        groups=everyone,
        variants=np.zeros_like(everyone),
        examples=np.zeros_like(everyone),
    )


def recorder(net, steps, own=None, learner=None, loss="softmax"):
    learner = learner or DeepSupervision(DeepSupervisionConfig(), seed=0, max_steps=1)
    examinee = Examinee(net=net, learner=learner, num_steps=steps, device=torch.device("cpu"))
    judge = LabelEvaluator(SPEC).judge
    return Recorder(examinee=examinee, judge=judge, own_steps=own or steps, loss=loss, progress=Silent())


def subject(net, examples, steps, own=None, corpus=None, learner=None):
    """What measures ask, without a run: a corpus of which the catalog alone is looked at."""
    corpus = corpus or SimpleNamespace(spec=SPEC)
    return RunSubject(
        recorder=recorder(net, steps, own, learner),
        evaluator=LabelEvaluator(SPEC),
        corpora=[corpus],
        parts=[(corpus, examples)],
        limit=None,
    )


def one_pass():
    return OnePass(OnePassConfig(), seed=0, max_steps=1)
