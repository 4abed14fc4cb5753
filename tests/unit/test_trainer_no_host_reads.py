"""A training step reads no value of a tensor, whatever the model and the learner: it is one graph for any device.

Under FakeTensorMode tensors have shapes and no numbers, so whoever reads one is told; `torch.compile` of a whole graph
refuses whatever would leave it. Both run over the registries: a new model or learner is tried without a line here.
"""

import dataclasses

import numpy as np
import pytest
import torch
from torch._subclasses.fake_tensor import DataDependentOutputException, FakeTensorMode

from tests.pairs import PAIRS, SETTINGS, SIZES, make_pair
from tests.shrinking import shrunk
from trmpipe.generators.registry import FAMILIES
from trmpipe.trainer.building.build import build_learner, build_net
from trmpipe.trainer.errors import RunError, SettingError
from trmpipe.trainer.evaluators import evaluator_of
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import LEARNERS, Rows
from trmpipe.trainer.models import MODELS, puzzle_rows
from trmpipe.trainer.settings.config import TrainConfig

NUM_ROWS = 3


def make(name):
    """The parts of a training; skips learners that ask for more than the model has."""
    return make_pair(name) or pytest.skip("the learner does not take this model")


def rows_for(learner):
    generator = torch.Generator().manual_seed(1)
    tokens = [torch.randint(1, SIZES.vocab_size, (NUM_ROWS, SIZES.seq_len), generator=generator) for _ in range(2)]
    draws = {name: torch.from_numpy(one) for name, one in learner.draws(0, np.arange(NUM_ROWS)).items()}
    return Rows(inputs=tokens[0], labels=tokens[1], identifiers=torch.tensor([2, 0, 1]), draws=draws)


def train(net, learner, rows, teach, num_steps=1):
    """As the trainer does it: take up, learn, differentiate; more steps go on with a state."""
    state = learner.begin(net, NUM_ROWS, SIZES.seq_len)
    for _ in range(num_steps):
        with torch.no_grad():
            work = learner.take_up(net, state, rows)
        embeddings = puzzle_rows(net, work["identifiers"])
        wanted = [*net.parameters(), *(() if embeddings is None else (embeddings.requires_grad_(),))]
        lesson = teach(net, work, embeddings, judge_by_label)
        gradients = torch.autograd.grad(lesson.loss.sum(), wanted, allow_unused=True)
        state = lesson.state
    return lesson, gradients


def fake(mode, tensors):
    return {name: mode.from_tensor(one) for name, one in tensors.items()}


def fake_step(net, learner):
    """A training step of which nothing has a value, the weights included."""
    rows = rows_for(learner)
    mode = FakeTensorMode(allow_non_fake_inputs=False)
    for module in net.modules():
        for name, one in module._parameters.items():
            module._parameters[name] = torch.nn.Parameter(mode.from_tensor(one.detach()))
        for name, one in module._buffers.items():
            module._buffers[name] = mode.from_tensor(one)
    named = {name: getattr(rows, name) for name in ("inputs", "labels", "identifiers")}
    with mode:
        fakes = Rows(**fake(mode, named), draws=fake(mode, rows.draws))
        return train(net, learner, fakes, learner.learn, num_steps=2)


@pytest.mark.parametrize("name", PAIRS)
def test_a_step_reads_no_value(name):
    net, learner = make(name)
    lesson, gradients = fake_step(net, learner)
    assert tuple(lesson.loss.shape) == (NUM_ROWS,)
    assert any(gradient is not None for gradient in gradients)


OURS = [name for name in FAMILIES.names() if FAMILIES[name].default_size]
"""Kinds of tasks; each by the size that it has by itself."""


def judging(family):
    """How a step of training judges answers to a task, and what it is given: inputs, labels and other answers."""
    task = FAMILIES[family].build(FAMILIES[family].default_size, {})
    generator, shape = torch.Generator().manual_seed(2), (NUM_ROWS, task.spec.seq_len)
    tokens = [torch.randint(1, task.spec.vocab_size, shape, generator=generator) for _ in range(3)]
    return evaluator_of(task.spec).judge_lesson, tokens


@pytest.mark.parametrize("family", OURS)
def test_answers_are_judged_without_reading_a_value(family):
    judge, tokens = judging(family)
    mode = FakeTensorMode(allow_non_fake_inputs=False)
    with mode:
        assert tuple(judge(*map(mode.from_tensor, tokens)).solved.shape) == (NUM_ROWS,)
    torch._dynamo.reset()
    in_a_graph, plain = torch.compile(judge, fullgraph=True, backend="eager")(*tokens), judge(*tokens)
    assert in_a_graph.columns.keys() == plain.columns.keys()
    assert all(torch.equal(one, plain.columns[name]) for name, one in in_a_graph.columns.items())


@pytest.mark.parametrize(
    ("beside", "words"),
    [
        (lambda task, inputs, labels, answers: np.where(answers == labels, 1, 0).all(-1), "expected bool [1]"),
        (lambda task, inputs, labels, answers: answers.astype(np.int64) == labels, "it raises AttributeError: "),
    ],
)
def test_a_check_that_takes_no_tensors_is_refused_before_training(monkeypatch, beside, words):
    monkeypatch.setattr("trmpipe.generators.maze.task.MazeTask.check_beside", beside)
    with pytest.raises(RunError, match=r"Task\.check_beside of maze10 is asked with tensors") as caught:
        evaluator_of(FAMILIES["maze"].build(10, {}).spec)
    assert words in str(caught.value)


def test_reading_a_value_is_found(monkeypatch):
    net, learner = make(next(iter(SETTINGS)))
    take_up = type(learner).take_up

    def reading(self, net, state, rows):
        assert bool(state["halted"].all())
        return take_up(self, net, state, rows)

    monkeypatch.setattr(type(learner), "take_up", reading)
    with pytest.raises(DataDependentOutputException):
        fake_step(net, learner)


COMPILED = [
    pytest.param(name, marks=() if name in SETTINGS or name.endswith(", deep_supervision") else pytest.mark.slow)
    for name in PAIRS
]
"""A second each: each time every setting, and every model under the commonest learner."""


# Torch's compiler makes an object of a function with a way back of its own, which torch itself warns of.
@pytest.mark.filterwarnings("ignore:.*autograd.function.Function.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("name", COMPILED)
def test_a_lesson_is_one_graph_and_gives_the_same_numbers(name):
    net, learner = make(name)
    rows = rows_for(learner)
    plain, gradients = train(net, learner, rows, learner.learn)
    torch._dynamo.reset()
    teach = torch.compile(learner.learn, fullgraph=True, backend="eager")
    compiled, same = train(net, learner, rows, teach)
    torch.testing.assert_close(compiled.loss, plain.loss)
    assert compiled.metrics.keys() == plain.metrics.keys()
    assert compiled.state.keys() == plain.state.keys()
    for one, other in zip(same, gradients, strict=True):
        assert other is None if one is None else torch.allclose(one, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("model", MODELS.names())
def test_every_model_has_a_learner(model):
    config = TrainConfig(model=shrunk(MODELS[model].config()))
    net = build_net(config, SIZES, torch.device("cpu"), torch.float32)
    taking = []
    for name in LEARNERS.names():
        try:
            build_learner(dataclasses.replace(config, learner=LEARNERS[name].config()), net)
            taking.append(name)
        except SettingError:
            continue
    assert taking
