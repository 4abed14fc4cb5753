"""The equivariant cell: its sums against loops, a training step against a plain reference, and what it cannot tell."""

import itertools
import random

import numpy as np
import pytest
import torch

from tests.exact import EXACT, LR, WEIGHT_DECAY, generator, gradients, in_float64, step_on, weights
from tests.references import equivariant as reference
from tests.references import training
from trmpipe.generators.sudoku.geometry import BOXES
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.candidate_lists import UnitMessages, UnitTables, list_of, list_of_all
from trmpipe.trainer.models.equivariant import Equivariant, EquivariantConfig
from trmpipe.trainer.models.noise import keys_at
from trmpipe.trainer.models.units import Grid, grid_of

SMALL = {"width": 6, "message": 4, "inner": 5, "num_layers": 2}
ROUNDING = {"rtol": 0, "atol": 1e-12}
"""Sums of float64 in another order; what is added up is below 10."""
NUM_RELABELLINGS = 6


def sizes_of(n, num_others=2):
    return CorpusSizes(seq_len=n * n, vocab_size=n + num_others, rows=n, columns=n)


def make(n=4, **settings):
    """A small network in float64 none of whose weights is zero."""
    net = in_float64(Equivariant, EquivariantConfig(**{**SMALL, **settings}), sizes_of(n))
    torch.nn.init.normal_(net.other_head, generator=generator(5))
    return net


def tokens_of(n, batch, seed=4):
    """Puzzles and labels; some cells of the labels are pad, and so is a cell of the puzzles."""
    inputs = torch.randint(1, n + 2, (batch, n * n), generator=generator(seed))
    labels = torch.randint(2, n + 2, (batch, n * n), generator=generator(seed + 1))
    labels[0, 3:] = 0
    inputs[-1, 1] = 0
    return inputs, labels


def learner_of(**settings):
    return DeepSupervision(DeepSupervisionConfig(loss="softmax", **settings), seed=3, max_steps=10)


def taught(net, learner, inputs, labels):
    draws = {name: torch.from_numpy(one) for name, one in learner.draws(0, np.arange(len(inputs))).items()}
    rows = Rows(inputs=inputs, labels=labels, identifiers=torch.zeros(len(inputs), dtype=torch.int64), draws=draws)
    return learner.learn(net, learner.take_up(net, learner.begin(net, *inputs.shape), rows), None, judge_by_label)


def lists_of(grid, batch, share):
    """A list of all, or of a share of the candidates drawn at random; and who is in it by puzzle."""
    tables = UnitTables.of(grid)
    if share == 1:
        return list_of_all(tables, batch), torch.ones(grid.candidates, batch, dtype=torch.bool)
    chosen = torch.rand(grid.candidates, batch, generator=generator(6)) < share
    return list_of(tables, chosen), chosen


@pytest.mark.parametrize("share", [1, 0.4, 0.02, 0])
@pytest.mark.parametrize(("n", "box_rows"), [(4, 2), (6, 2), (9, 3), (16, 4), (6, 3), (4, 1), (3, 1)])
def test_sums_over_units_and_back_equal_loops(n, box_rows, share):
    grid, units = Grid(n, box_rows), list(reference.units_of(n, box_rows).values())
    among, chosen = lists_of(grid, 2, share)
    x = torch.randn(n, n, n, 2, 3, generator=generator(), dtype=torch.float64) * chosen.view(n, n, n, 2, 1)
    expected = torch.stack([torch.stack([sum(x[one] for one in unit) for unit in kind]) for kind in units])
    found = among.sums(among.taken(x.view(n**3, 2, 3)))
    torch.testing.assert_close(found.view(len(units), n * n, 2, 3), expected, **ROUNDING)
    told = torch.zeros_like(x)
    for kind, sums in zip(units, expected, strict=True):
        for unit, total in zip(kind, sums, strict=True):
            for one in unit:
                told[one] += total
    image = among.put(torch.zeros(n**3, 2, 3, dtype=torch.float64), among.spread(expected.flatten(1, 2)))
    torch.testing.assert_close(image, told.view(n**3, 2, 3) * chosen.unsqueeze(-1), **ROUNDING)


@pytest.mark.parametrize("n", [4, 6, 9])
def test_candidates_are_excluded_by_what_is_given_in_their_units(n):
    inputs, _ = tokens_of(n, 2)
    inputs[:, : n * n // 2] = 1
    net = make(n, candidates="possible")
    chosen = net._chosen(net._said(inputs))
    for number, puzzle in enumerate(inputs.tolist()):
        expected = reference.possible(puzzle, n, 2, net.grid.box_rows)
        found = [divmod(one, n) for one in chosen[:, number].nonzero().flatten().tolist()]
        assert [(cell // n, cell % n, digit) for cell, digit in found] == expected


@pytest.mark.parametrize("share", [1, 0.5])
@pytest.mark.parametrize("box_rows", [2, 1])
def test_the_way_back_of_messages_is_their_gradient(box_rows, share):
    grid = Grid(4, box_rows)
    among, chosen = lists_of(grid, 2, share)
    x, weights = (
        torch.randn(*shape, generator=generator(), dtype=torch.float64, requires_grad=True)
        for shape in ((int(chosen.sum()), 2), (grid.kinds, 2, 3))
    )
    assert torch.autograd.gradcheck(lambda x, weights: UnitMessages.apply(x, weights, among), (x, weights))


@pytest.mark.parametrize(
    "settings",
    [
        {"calls": 2, "num_layers": 1},
        {"activation": "silu"},
        {"box_rows": 1, "num_layers": 1},
        {"candidates": "possible"},
        {"damping": 0.3, "calls": 2, "candidates": "possible"},
    ],
)
def test_a_training_step_equals_the_reference(settings):
    net, learner = make(**settings), learner_of(unroll=2, halt_weight=0.3)
    inputs, labels = tokens_of(4, 2)
    state, box_rows = weights(net), net.grid.box_rows
    lesson = taught(net, learner, inputs, labels)
    losses, z = [], [None, None]
    for _ in range(2):
        found = [reference.step(z[row], state, inputs[row].tolist(), net.config, 4, 2, box_rows) for row in range(2)]
        z, logits, halt, _ = zip(*found, strict=True)
        logits, halt = torch.stack(logits), torch.stack(halt)
        halting = training.halting_loss(halt, training.solved(logits, labels))
        losses.append(training.token_loss(logits, labels) + 0.3 * halting)
    loss = sum(losses) / 2
    torch.testing.assert_close(lesson.loss, loss, **EXACT)
    expected = training.adamw_first_step(state, gradients(loss.sum(), state), LR, WEIGHT_DECAY)
    (*_, last) = learner.answers(net, inputs, inputs[:, 0], 2, inputs[:, 0])
    torch.testing.assert_close(last.logits, logits, **EXACT)
    torch.testing.assert_close(last.halt, halt, **EXACT)
    moved = step_on(net, lesson.loss.sum())
    assert set(expected) == {name for name in moved if not name.startswith("candidate_heads.")}
    for name, value in expected.items():
        torch.testing.assert_close(moved[name].detach(), value.detach(), **EXACT, msg=name)


DRAWN = [{"dropout": 0.4}, {"noise": 0.2, "damping": 0.25}, {"noise": 0.2, "dropout": 0.4}]


@pytest.mark.parametrize("candidates", ["all", "possible"])
@pytest.mark.parametrize("drawn", DRAWN)
def test_dropout_and_noise_are_drawn_from_the_keys_of_a_step_of_training_alone(candidates, drawn):
    """Dropout leaves the same out in all calls of a step; noise is another one for each."""
    net, learner = make(candidates=candidates, calls=2, **drawn), learner_of(halt_weight=0.0)
    inputs, _ = tokens_of(4, 3)
    state, box_rows, whole = weights(net), net.grid.box_rows, net.config
    keys = torch.tensor([7, -(2**60), 7])
    net.train()
    first = net.step(net.initial(keys), inputs, None, keys)
    trained, following = first.logits, keys_at(keys, 1)
    second = net.step(first.latents, inputs, None, following).logits
    for row, key in enumerate(keys.tolist()):
        z, logits, *_ = reference.step(None, state, inputs[row].tolist(), whole, 4, 2, box_rows, key)
        torch.testing.assert_close(trained[row], logits, **EXACT)
        _, logits, *_ = reference.step(z, state, inputs[row].tolist(), whole, 4, 2, box_rows, int(following[row]))
        torch.testing.assert_close(second[row], logits, **EXACT)
    fewer = net.step(net.initial(keys[1:]), inputs[1:], None, keys[1:]).logits
    torch.testing.assert_close(fewer, trained[1:], **EXACT)
    with pytest.raises(SettingError, match=r"set model\.(dropout|noise)=0"):
        net.step(net.initial(keys), inputs, None)
    net.eval()
    (answer,) = learner.answers(net, inputs, inputs[:, 0], 1, keys)
    for row in range(3):
        _, logits, *_ = reference.step(None, state, inputs[row].tolist(), whole, 4, 2, box_rows)
        torch.testing.assert_close(answer.logits[row], logits, **EXACT)


def test_loops_of_an_elimination_leave_other_numbers_out():
    net, inputs = make(dropout=0.5), tokens_of(4, 2)[0]
    keys, candidates = torch.tensor([5, 6]), torch.ones(2, 16, 4, dtype=torch.bool)
    seen = []
    net.level.register_forward_pre_hook(lambda _, arguments: seen.append(torch.stack(arguments[2])))
    net.eliminate(candidates, inputs, None, 2, keys)
    for loop in range(2):
        net.step(net.initial(keys), inputs, None, keys_at(keys, loop))
    assert len(seen) == 4
    assert torch.equal(seen[0], seen[2])
    assert torch.equal(seen[1], seen[3])
    assert not torch.equal(seen[0], seen[1])


def shuffled(chance, size, of_block):
    """Lines in another order: blocks of `of_block` among each other, and the lines of each among themselves."""
    blocks = [chance.sample(range(start, start + of_block), of_block) for start in range(0, size, of_block)]
    return [line for block in chance.sample(blocks, len(blocks)) for line in block]


def relabelling(chance, n, box_rows):
    """Where each cell of an image is from, and the token that each token becomes."""
    rows, columns = shuffled(chance, n, box_rows), shuffled(chance, n, n // box_rows)
    cells = [row * n + column for row, column in itertools.product(rows, columns)]
    if box_rows * box_rows == n and chance.random() < 0.5:
        cells = [cells[row * n + column] for column, row in itertools.product(range(n), repeat=2)]
    return cells, [0, 1, *(2 + digit for digit in chance.sample(range(n), n))]


@pytest.fixture(
    scope="module", params=[(4, "all"), (6, "all"), (9, "all"), (6, "possible"), (9, "possible"), (16, "possible")]
)
def steered(request):
    """A network after some random steps, so that nothing of what it has begun with helps it."""
    n, candidates = request.param
    net = make(n, calls=2, candidates=candidates)
    for seed in range(3):
        step_on(net, taught(net, learner_of(unroll=2), *tokens_of(n, 2, seed)).loss.sum())
    return n, net.requires_grad_(False)


def test_a_relabelled_puzzle_has_the_relabelled_answer(steered):
    n, net = steered
    inputs, _ = tokens_of(n, 2)
    answers = list(learner_of().answers(net, inputs, inputs[:, 0], 3, inputs[:, 0]))
    chance, turned = random.Random(n), 0
    for _ in range(NUM_RELABELLINGS):
        cells, tokens = relabelling(chance, n, BOXES[n][0])
        image = torch.tensor(tokens)[inputs[:, cells]]
        turned += not torch.equal(image, inputs)
        found = learner_of().answers(net, image, inputs[:, 0], 3, inputs[:, 0])
        for answer, other in zip(answers, found, strict=True):
            expected = torch.empty_like(answer.logits)
            expected[:, :, tokens] = answer.logits[:, cells]
            torch.testing.assert_close(other.logits, expected, **ROUNDING)
            torch.testing.assert_close(other.halt, answer.halt, **ROUNDING)
            assert torch.equal(other.tokens, torch.tensor(tokens)[answer.tokens[:, cells]])
    assert turned == NUM_RELABELLINGS


def test_what_sudoku_does_not_allow_changes_the_answer(steered):
    """Rows of two bands exchanged: the boxes are others."""
    n, net = steered
    inputs, _ = tokens_of(n, 2)
    rows = [n - 1, *range(1, n - 1), 0]
    cells = [row * n + column for row, column in itertools.product(rows, range(n))]
    one, other = (net(tokens, None) for tokens in (inputs, inputs[:, cells]))
    assert (other - one[:, cells]).abs().max() > 1e-3


def test_the_same_weights_answer_at_every_size():
    taught_at_9 = make(9)
    for n in (4, 6, 16):
        net = make(n)
        net.load_state_dict(taught_at_9.state_dict(), strict=True)
        inputs, _ = tokens_of(n, 2)
        assert net(inputs, None).shape == (2, n * n, n + 2)


@pytest.mark.parametrize("size", BOXES)
def test_boxes_are_those_of_the_tasks(size):
    grid = grid_of(sizes_of(size), 0)
    assert (grid.box_rows, grid.box_columns) == BOXES[size]


ASKED = "this model asks for grids with as many rows as columns, and as many digits; the corpus has "


@pytest.mark.parametrize(
    ("sizes", "settings", "words"),
    [
        (
            (6, 5, 2, 3),
            {},
            ASKED + "2 rows, 3 columns, 6 cells and 4 tokens beside the pad token; set another",
        ),
        ((16, 4, 4, 4), {}, ASKED + "4 rows, 4 columns, 16 cells and 3 tokens"),
        ((16, 6, 0, 0), {}, ASKED + "0 rows, 0 columns, 16 cells"),
        ((81, 6, 4, 4), {}, ASKED + "4 rows, 4 columns, 81 cells"),
        ((36, 8, 6, 6), {"box_rows": 4}, "model.box_rows is 4, and 6 rows do not split into boxes of so many"),
    ],
    ids=["no square", "too few tokens", "rows not known", "longer", "boxes"],
)
def test_corpora_without_such_a_grid_are_refused(sizes, settings, words):
    seq_len, vocab_size, rows, columns = sizes
    corpus = CorpusSizes(seq_len=seq_len, vocab_size=vocab_size, rows=rows, columns=columns)
    with pytest.raises(SettingError) as caught:
        Equivariant(EquivariantConfig(**settings), corpus, generator=generator())
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_latents_start_from_is_drawn_from_the_keys():
    inputs, _ = tokens_of(4, 2)
    keys = torch.tensor([3, 4])
    quiet, noisy = make(), make(start_noise=0.5)
    noisy.load_state_dict(quiet.state_dict())
    starts = [noisy.initial(one)["z"] for one in (keys, keys, keys.flip(0))]
    assert torch.equal(starts[0], starts[1])
    assert torch.equal(starts[0], starts[2].flip(1))
    assert not torch.equal(starts[0][:, 0], starts[0][:, 1])
    assert not quiet.draws
    spread = (starts[0] - quiet.initial(keys)["z"]).std()
    assert noisy.draws
    assert 0.4 < spread < 0.6
    first, other = (
        noisy.eliminate(torch.ones(2, 16, 4, dtype=torch.bool), inputs, None, 1, one) for one in (keys, -keys)
    )
    assert not torch.equal(first.keep, other.keep)
    # A learner without keys would draw the same for all puzzles that begin alike.
    with pytest.raises(SettingError, match=r"set model\.start_noise=0"):
        noisy(inputs, None)


def test_states_leave_candidates_out_too():
    """What is no candidate any more has no part in sums, and is told to be dropped."""
    net = make(9, candidates="possible")
    inputs, _ = tokens_of(9, 2)
    inputs[:, 20:] = 1
    candidates = torch.rand(2, 81, 9, generator=generator(8)) < 0.7
    said = net.eliminate(candidates, inputs, None, 2)
    given = torch.nn.functional.one_hot((inputs - 2).clamp(min=0), 9).bool() & (inputs > 1).unsqueeze(-1)
    assert (said.keep[:, ~candidates & ~given] == -30).all()
    assert (said.digits[:, given] == 30).all()
    possible = net._chosen(net._said(inputs)).T.view(2, 81, 9)
    assert (said.keep[:, candidates & possible].abs() < 30).all()


@pytest.mark.parametrize(
    "wrong",
    [
        {"width": 0},
        {"calls": 0},
        {"box_rows": -1},
        {"activation": "tanh"},
        {"candidates": "few"},
        {"start_noise": -1},
        {"dropout": 0.95},
        {"noise": -0.1},
        {"damping": 1.5},
    ],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(SettingError, match=rf"model\.{next(iter(wrong))}"):
        EquivariantConfig(**wrong)
