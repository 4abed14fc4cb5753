"""The Lattice Deduction Transformer against a plain reference in float64: words, loss, and a step along it."""

import numpy as np
import pytest
import torch

from tests.exact import EXACT, LR, WEIGHT_DECAY, generator, gradients, step_on, weights
from tests.references import elimination, training
from tests.references import ldt as reference
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.elimination import Elimination, EliminationConfig
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.ldt import LDT, LDTConfig

N, FIRST, LOOPS = 4, 2, 3
SIZES = CorpusSizes(seq_len=16, vocab_size=6, rows=4, columns=4)
PUBLISHED = 800_000


def make(**settings):
    config = LDTConfig(**{"width": 8, "num_heads": 2, "num_layers": 2, "inner": 12, **settings})
    net = LDT(config, SIZES, generator=generator(), dtype=torch.float64).double()
    with torch.no_grad():
        for seed, parameter in enumerate(net.parameters()):
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator(seed), dtype=torch.float64)
    return net


def test_a_training_step_equals_the_reference():
    net, learner = make(), Elimination(EliminationConfig(loops=LOOPS), seed=3, max_steps=10)
    labels = torch.randint(FIRST, FIRST + N, (3, 16), generator=generator(5))
    inputs = torch.where(torch.rand(3, 16, generator=generator(6)) < 0.5, labels, 1)
    draws = {name: torch.from_numpy(np.ascontiguousarray(one)) for name, one in learner.draws(0, np.arange(3)).items()}
    rows = Rows(inputs=inputs, labels=labels, identifiers=torch.zeros(3, dtype=torch.int64), draws=draws)
    work = learner.take_up(net, learner.begin(net, 3, 16), rows)
    work["candidates"][1] &= torch.rand(16, N, generator=generator(7)) < 0.7  # One that has lost its solution.
    lesson = learner.learn(net, work, None, judge_by_label)
    found = net.eliminate(work["candidates"], inputs, None, LOOPS)
    state = weights(net)
    total = 0.0
    for place in range(3):
        said = reference.deduction(work["candidates"][place], state, net.config, LOOPS)
        for loop, parts in enumerate(said):
            for one, other in zip(found, parts, strict=True):
                torch.testing.assert_close(one[loop, place], other, **EXACT)
        left = [set(cell.nonzero().flatten().tolist()) for cell in work["candidates"][place]]
        slot = elimination.Slot(inputs[place].tolist(), labels[place].tolist(), left)
        plain = [tuple(part.detach().tolist() for part in parts) for parts in said]
        expected = sum(elimination.loss(one, slot, learner.config, N, FIRST) for one in plain) / LOOPS
        torch.testing.assert_close(lesson.loss[place].item(), expected, **EXACT)
        total = total + loss_of(said, work, place, learner.config)
    torch.testing.assert_close(lesson.loss.sum(), total, **EXACT)
    moved = training.adamw_first_step(state, gradients(total, state), LR, WEIGHT_DECAY)
    after = step_on(net, lesson.loss.sum())
    assert set(moved) == set(after)
    for name, value in moved.items():
        torch.testing.assert_close(after[name].detach(), value.detach(), **EXACT)


def loss_of(said, work, place, config):
    """The loss of one puzzle as a tensor with gradient, by the chances themselves."""
    candidates, labels, inputs = (work[name][place] for name in ("candidates", "labels", "inputs"))
    solution = torch.nn.functional.one_hot(labels - FIRST, N).bool()
    lost, total = bool((solution & ~candidates).any()), 0.0
    for keep, digits, contradiction in said:
        chance = 1 / (1 + torch.exp(-keep))
        stays = candidates & solution
        of_candidates = config.keep_weight * -torch.log(chance) * stays
        of_candidates = of_candidates + config.drop_weight * -torch.log(1 - chance) * ~stays
        total = total + of_candidates.sum() / (16 * N)
        open_cells = (inputs < FIRST).nonzero().flatten().tolist()
        if not lost:
            picked = [digits[cell].exp() / digits[cell].exp().sum() for cell in open_cells]
            of_cells = [-torch.log(one[labels[cell] - FIRST]) for one, cell in zip(picked, open_cells, strict=True)]
            total = total + config.digit_weight * sum(of_cells) / len(of_cells)
        chance = 1 / (1 + torch.exp(-contradiction))
        total = total - config.contradiction_weight * torch.log(chance if lost else 1 - chance)
    return total / LOOPS


def test_dropout_is_the_reference_s_in_training_alone():
    """In every loop and layer another one; of a puzzle the same, whatever else is in the batch."""
    net, keys = make(dropout=0.4), torch.tensor([7, -(2**60), 7])
    candidates = torch.rand(3, 16, N, generator=generator(8)) < 0.7
    inputs, state = torch.ones(3, 16, dtype=torch.int64), weights(net)
    net.train()
    found = net.eliminate(candidates, inputs, None, LOOPS, keys)
    for row, key in enumerate(keys.tolist()):
        for loop, parts in enumerate(reference.deduction(candidates[row], state, net.config, LOOPS, key)):
            for one, other in zip(found, parts, strict=True):
                torch.testing.assert_close(one[loop, row], other, **EXACT)
    fewer = net.eliminate(candidates[1:], inputs[1:], None, LOOPS, keys[1:])
    torch.testing.assert_close(fewer.keep, found.keep[:, 1:], **EXACT)
    with pytest.raises(SettingError, match=r"model\.dropout=0"):
        net.eliminate(candidates, inputs, None, LOOPS)
    net.eval()
    answer = net.eliminate(candidates, inputs, None, LOOPS, keys)
    for loop, (keep, *_) in enumerate(reference.deduction(candidates[0], state, net.config, LOOPS)):
        torch.testing.assert_close(answer.keep[loop, 0], keep, **EXACT)


def test_it_is_as_large_as_published():
    sizes = CorpusSizes(seq_len=81, vocab_size=11, rows=9, columns=9)
    net = LDT(LDTConfig(), sizes, generator=generator())
    assert round(sum(one.numel() for one in net.parameters()), -4) == PUBLISHED
    assert net.digits == range(2, 11)


@pytest.mark.parametrize(
    ("config", "sizes", "words"),
    [
        ({"width": 10, "num_heads": 4}, SIZES, r"model\.width 10 does not split into 4 heads"),
        ({"num_layers": 0}, SIZES, r"model\.num_layers is 0"),
        ({"dropout": 0.95}, SIZES, r"model\.dropout is 0\.95"),
        ({}, CorpusSizes(seq_len=6, vocab_size=6, rows=2, columns=3), "the corpus has 2 rows, 3 columns, 6 cells"),
    ],
)
def test_what_does_not_fit_is_refused_in_one_line(config, sizes, words):
    with pytest.raises(SettingError, match=words) as caught:
        LDT(LDTConfig(**config), sizes, generator=generator())
    assert "\n" not in str(caught.value)
