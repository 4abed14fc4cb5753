"""Every network against its plain reference in float64: answers, losses and a step along the gradient."""

import numpy as np
import pytest
import torch

from tests.exact import generator
from tests.references import networks as reference
from trmpipe.trainer.building.memory import activation_bytes
from trmpipe.trainer.building.sketch import without_numbers
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.learners.one_pass import OnePass, OnePassConfig
from trmpipe.trainer.models import CorpusSizes, puzzle_rows
from trmpipe.trainer.models.direct import DirectConfig, DirectPrediction
from trmpipe.trainer.models.equivariant import Equivariant, EquivariantConfig
from trmpipe.trainer.models.hrm import HRM, HRMConfig
from trmpipe.trainer.models.layers import rotate
from trmpipe.trainer.models.looped import Looped, LoopedConfig
from trmpipe.trainer.models.positions import rotary_tables_2d
from trmpipe.trainer.models.trm import TRM, TRMConfig
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.settings.config import TrainConfig, from_json, to_json
from trmpipe.trainer.training.watch import Watch, watched

GRID = CorpusSizes(seq_len=6, vocab_size=5, num_identifiers=4, rows=2, columns=3)
SMALL = {"width": 8, "num_heads": 2, "inner": 6, "token_inner": 5}
NUM_ROWS = 3
SINGLE_Z = {name: getattr(get_preset("trm-single-z-sudoku").model, name) for name in ("latents", "puzzle_in_answer")}
"""What makes the published network with one latent: its last call of a cycle does not see the puzzle."""
EXACT = {"rtol": 1e-9, "atol": 1e-12}
"""Float64, some hundred sums of products of which none has more than 12 terms."""


def make(kind, config_class, **settings):
    """A small network in float64 of which no weight is zero."""
    generator = torch.Generator().manual_seed(1)
    net = kind(config_class(**{**SMALL, **settings}), GRID, generator=generator, dtype=torch.float64).double()
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
        if net.puzzle_table is not None:
            net.puzzle_table.normal_(generator=generator)
    return net


def leaves_of(net):
    """The state dict as leaves of their own for the reference."""
    trained = {name for name, _ in net.named_parameters()}
    return {name: t.detach().clone().requires_grad_(name in trained) for name, t in net.state_dict().items()}


def sizes_of(net):
    config = net.config
    names = [name for owner in type(config).__mro__ for name in getattr(owner, "__slots__", ())]
    return {"rows": GRID.rows, "columns": GRID.columns, **{name: getattr(config, name) for name in names}}


def starts(net, state):
    """The latents to begin with, [B, S, D]."""
    where = {"z_H": "H_init", "z_L": "L_init", "z": "z_init"}
    found = {}
    for name in net.initial(torch.zeros(NUM_ROWS)):
        init = state[where[name]] if name in where else state["L_init"][int(name.removeprefix("z_"))]
        found[name] = init.repeat(NUM_ROWS, GRID.seq_len + net.config.num_prefix, 1)
    return found


def drawn_rows(learner, seed):
    generator = torch.Generator().manual_seed(seed)
    inputs, labels = (
        torch.randint(low, GRID.vocab_size, (NUM_ROWS, GRID.seq_len), generator=generator) for low in (1, 0)
    )
    labels[:, 0] = 1  # Some cells are pad, not all of them.
    draws = {name: torch.from_numpy(one) for name, one in learner.draws(0, np.arange(NUM_ROWS)).items()}
    return Rows(inputs=inputs, labels=labels, identifiers=torch.tensor([3, 0, 1]), draws=draws)


def taught(net, learner, seed, state=None):
    """A lesson, its gradients by name, and the rows that it was on."""
    rows = drawn_rows(learner, seed)
    work = learner.take_up(net, learner.begin(net, NUM_ROWS, GRID.seq_len) if state is None else state, rows)
    embeddings = puzzle_rows(net, work["identifiers"])
    lesson = learner.learn(net, work, embeddings, judge_by_label)
    names, parameters = zip(*net.named_parameters(), strict=True)
    gradients = torch.autograd.grad(lesson.loss.sum() / NUM_ROWS, parameters, allow_unused=True)
    return lesson, dict(zip(names, gradients, strict=True)), work


def assert_same_step(gradients, loss, state):
    """The weights after a step along both gradients."""
    (loss.sum() / NUM_ROWS).backward()
    for name, gradient in gradients.items():
        expected = state[name].grad
        assert (gradient is None) == (expected is None), name
        if gradient is not None:
            before = state[name].detach()
            torch.testing.assert_close(before - 0.1 * gradient, before - 0.1 * expected, msg=name, **EXACT)
            torch.testing.assert_close(gradient, expected, msg=name, rtol=1e-9, atol=1e-13)


RECURSIVE = {
    "mixer": (TRM, TRMConfig, reference.trm, {"l_cycles": 2}),
    "attention": (TRM, TRMConfig, reference.trm, {"l_cycles": 2, "mixer": "attention", "num_prefix": 2}),
    "rows and columns": (
        TRM,
        TRMConfig,
        reference.trm,
        {"mixer": "attention", "positions": "rotary2d", "num_prefix": 2, "h_cycles": 1, "l_cycles": 2},
    ),
    "convolution": (TRM, TRMConfig, reference.trm, {"mixer": "conv", "num_prefix": 2, "l_cycles": 2}),
    "no positions": (TRM, TRMConfig, reference.trm, {"mixer": "attention", "positions": "none", "l_cycles": 1}),
    "no prefix": (TRM, TRMConfig, reference.trm, {"num_prefix": 0, "l_cycles": 1}),
    "single z": (TRM, TRMConfig, reference.trm, {"latents": "single", "h_cycles": 2, "l_cycles": 2}),
    "multi-scale z": (TRM, TRMConfig, reference.trm, {"latents": "multi", "h_cycles": 2, "l_cycles": 3}),
    "one-step gradient": (TRM, TRMConfig, reference.trm, {"gradient": "one_step", "h_cycles": 2, "l_cycles": 3}),
    "single z, blind answer": (TRM, TRMConfig, reference.trm, {**SINGLE_Z, "h_cycles": 2, "l_cycles": 2}),
    "multi-scale z, blind answer": (TRM, TRMConfig, reference.trm, {**SINGLE_Z, "latents": "multi", "l_cycles": 3}),
    "one step of one z": (TRM, TRMConfig, reference.trm, {"gradient": "one_step", "latents": "single", "l_cycles": 2}),
    "two nets": (TRM, TRMConfig, reference.trm, {"num_nets": 2, "h_cycles": 2, "l_cycles": 2}),
    "recomputed": (TRM, TRMConfig, reference.trm, {"recompute": True, "h_cycles": 2, "l_cycles": 2}),
    "HRM": (HRM, HRMConfig, reference.hrm, {"num_layers": 2, "h_cycles": 2, "l_cycles": 3}),
    "looped": (Looped, LoopedConfig, reference.looped, {"loops": 4, "grad_loops": 2}),
    "looped throughout": (Looped, LoopedConfig, reference.looped, {"loops": 3, "grad_loops": 0, "mixer": "mlp_t"}),
}


@pytest.mark.parametrize("continue_loss", [False, True], ids=["halting", "continuing"])
@pytest.mark.parametrize("case", RECURSIVE)
def test_two_supervision_steps_equal_the_reference(case, continue_loss):
    kind, config_class, step, settings = RECURSIVE[case]
    net = make(kind, config_class, **settings)
    config = DeepSupervisionConfig(continue_loss=continue_loss, halt_max_steps=2, halt_exploration=0.0)
    learner = DeepSupervision(config, seed=0, max_steps=1)
    with torch.no_grad():
        net.q_head.bias -= 20  # Nobody halts before the last step, so that the second one goes on from the first.
        net.q_head.bias[1] += 10
    state, sizes = leaves_of(net), sizes_of(net)
    lessons = taught(net, learner, 5)
    lessons = [lessons, taught(net, learner, 6, lessons[0].state)]
    inputs, labels, rows = (lessons[0][2][name] for name in ("inputs", "labels", "identifiers"))
    rows = state["puzzle_emb.weights"][rows] if net.puzzle_table is not None else None
    z, loss = starts(net, state), None
    for number, (lesson, _, _) in enumerate(lessons):
        z = {name: one.detach() for name, one in z.items()}
        z, (logits, halt, go_on) = step(z, state, inputs, rows, sizes)
        loss = reference.stablemax_loss(logits, labels)
        loss = loss + 0.5 * reference.binary_loss(halt, reference.solved(logits, labels))
        if continue_loss:
            with torch.no_grad():
                _, (_, *following) = step(z, state, inputs, rows, sizes)
            worth = reference.going_on(*(one.tolist() for one in following), [number == 1] * NUM_ROWS)
            loss = loss + 0.5 * reference.binary_loss(go_on, worth)
        torch.testing.assert_close(lesson.loss, loss, **EXACT)
        for name, one in z.items():
            torch.testing.assert_close(lesson.state[f"latents.{name}"], one.detach(), msg=name, **EXACT)
        assert lesson.state["halted"].tolist() == [number == 1] * NUM_ROWS
    assert_same_step(lessons[-1][1], loss, state)


@pytest.mark.parametrize("norm", ["post", "pre"])
@pytest.mark.parametrize("mixer", ["mlp_t", "attention", "conv"])
def test_direct_prediction_equals_the_reference(mixer, norm):
    net = make(DirectPrediction, DirectConfig, mixer=mixer, norm=norm, num_layers=2)
    state, sizes = leaves_of(net), sizes_of(net)
    lesson, gradients, work = taught(net, OnePass(OnePassConfig(), seed=0, max_steps=1), 5)
    logits = reference.direct(state, work["inputs"], state["puzzle_emb.weights"][work["identifiers"]], sizes)
    loss = reference.softmax_loss(logits, work["labels"])
    torch.testing.assert_close(lesson.loss, loss, **EXACT)
    assert_same_step(gradients, loss, state)


def test_published_hrm_has_27_275_266_parameters():
    """By the published shapes: 8 layers of 4 matrices each, two tables of 11 tokens, and a head of two logits."""
    layer = 3 * 512 * 512 + 512 * 512 + 2 * 1536 * 512 + 1536 * 512
    expected = 8 * layer + 2 * 11 * 512 + 2 * 512 + 2
    assert expected == 27_275_266
    sudoku = CorpusSizes(seq_len=81, vocab_size=11)
    with without_numbers():
        hrm = HRM(HRMConfig(), sudoku, generator=torch.Generator(device="cpu"))
        direct = DirectPrediction(DirectConfig(), sudoku, generator=torch.Generator(device="cpu"))
    assert sum(parameter.numel() for parameter in hrm.parameters()) == expected
    # Direct prediction has no halting head.
    assert sum(parameter.numel() for parameter in direct.parameters()) == expected - 1026
    assert {".".join(name.split(".")[:3]) for name, _ in hrm.named_parameters() if "level" in name} == {
        f"{level}.layers.{number}" for level in ("H_level", "L_level") for number in range(4)
    }


@pytest.mark.parametrize(
    ("kind", "config_class", "settings"),
    [(TRM, TRMConfig, {"h_cycles": 2, "l_cycles": 4}), (Looped, LoopedConfig, {"loops": 5, "grad_loops": 4})],
)
def test_recomputing_keeps_less_and_gives_the_same_gradient_bit_for_bit(kind, config_class, settings):
    learner = DeepSupervision(DeepSupervisionConfig(), seed=0, max_steps=1)
    nets = [make(kind, config_class, recompute=recompute, **settings) for recompute in (False, True)]
    (plain, plain_gradients, _), (again, gradients, _) = (taught(net, learner, 5) for net in nets)
    assert torch.equal(plain.loss, again.loss)
    for name, gradient in gradients.items():
        assert gradient is None if plain_gradients[name] is None else torch.equal(gradient, plain_gradients[name])
    tokens = torch.ones(2, GRID.seq_len, dtype=torch.int64)
    kept, less = (activation_bytes(net, learner, tokens, tokens) for net in nets)
    assert less < kept / 3


def test_a_puzzle_that_shows_more_keeps_less_where_possible_candidates_alone_are_computed():
    """So the memory of a step is that of real puzzles, and not of empty ones."""
    sizes = CorpusSizes(seq_len=16, vocab_size=6, rows=4, columns=4)
    net = Equivariant(EquivariantConfig(candidates="possible"), sizes, generator=generator())
    learner = DeepSupervision(DeepSupervisionConfig(), seed=0, max_steps=1)
    empty, solved = (
        torch.ones(2, 16, dtype=torch.int64),
        torch.tensor([[2, 3, 4, 5, 4, 5, 2, 3, 3, 2, 5, 4, 5, 4, 3, 2]]),
    )
    half = torch.where(torch.arange(16) < 8, solved, 1).repeat(2, 1)
    assert activation_bytes(net, learner, half, half) < activation_bytes(net, learner, empty, empty) / 2


def test_a_long_step_can_be_left_at_either_of_two_networks():
    net, asked = make(HRM, HRMConfig), []
    watch = Watch(lambda seconds: False)
    watch.ask = lambda module, arguments: asked.append(module)
    inputs = torch.ones(2, GRID.seq_len, dtype=torch.int64)
    rows = puzzle_rows(net, inputs[:, 0])
    with watched(net.core, watch):
        net(inputs, rows)
    assert {id(module) for module in asked} == {id(net.H_level), id(net.L_level)}
    count = len(asked)
    net(inputs, rows)
    assert len(asked) == count


def test_runs_of_before_these_settings_are_of_the_published_network():
    values = to_json(TrainConfig())
    for name in ("latents", "gradient", "num_nets", "recompute", "positions"):
        del values["model"][name]
    del values["learner"]["continue_loss"]
    assert from_json(values) == TrainConfig()


def test_the_core_of_two_networks_is_both_and_is_not_saved_twice():
    net = make(TRM, TRMConfig, num_nets=2)
    in_core = {id(parameter) for parameter in net.core.parameters()}
    names = {name.partition(".")[0] for name, one in net.named_parameters() if id(one) in in_core}
    assert names == {"L_level", "H_level"}
    assert not [name for name in net.state_dict() if "core" in name]


@pytest.mark.parametrize(
    ("kind", "wrong", "words"),
    [
        (
            *(TRMConfig, {"latents": "single", "puzzle_in_answer": False, "l_cycles": 0}),
            "model.l_cycles is 0; it must be at least 1",
        ),
        (TRMConfig, {"latents": "three"}, "model.latents is 'three'; take one of two, single, multi"),
        (TRMConfig, {"gradient": "none"}, "model.gradient is 'none'"),
        (TRMConfig, {"num_nets": 3}, "model.num_nets is 3; it must be 2 at most"),
        (TRMConfig, {"positions": "polar"}, "model.positions is 'polar'"),
        (HRMConfig, {"h_cycles": 0}, "model.h_cycles is 0"),
        (HRMConfig, {"num_layers": 10**6}, "model.num_layers is 1000000"),
        (DirectConfig, {"norm": "none"}, "model.norm is 'none'"),
        (DirectConfig, {"width": 12, "num_heads": 8}, "model.width 12 does not split into 8 heads of even width"),
        (
            DirectConfig,
            {"width": 12, "num_heads": 6, "positions": "rotary2d"},
            "model.width 12 does not split into 6 heads of a width that 4 divides",
        ),
        (LoopedConfig, {"loops": 2, "grad_loops": 3}, "model.grad_loops is 3; it must be model.loops, 2, at most"),
    ],
)
def test_impossible_settings_are_refused_in_one_line(kind, wrong, words):
    with pytest.raises(SettingError) as caught:
        kind(**wrong)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_and_columns_have_to_be_known():
    unknown = CorpusSizes(seq_len=6, vocab_size=5)
    config = TRMConfig(**SMALL, mixer="attention", positions="rotary2d")
    with pytest.raises(SettingError, match=r"model\.positions rotary2d needs the rows and columns of 6 cells"):
        TRM(config, unknown, generator=torch.Generator())
    assert unknown == CorpusSizes(seq_len=6, vocab_size=5, rows=2, columns=3)


def test_two_dimensional_positions_tell_rows_from_columns():
    """Turned by row and column, the product of two cells depends on how far apart they are in each."""
    cosine, sine = rotary_tables_2d(2, (3, 4), 8, 10000.0, torch.float64)
    vector = torch.randn(8, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    turned = rotate(vector.expand(1, 1, 14, 8), cosine, sine)[0, 0]
    assert torch.equal(turned[0], vector)
    assert torch.equal(turned[1], vector)
    cells = turned[2:].view(3, 4, 8)
    across = [(cells[row, column] @ cells[row, column + 1]).item() for row in range(3) for column in range(3)]
    down = [(cells[row, column] @ cells[row + 1, column]).item() for row in range(2) for column in range(4)]
    assert across == pytest.approx([across[0]] * 9)
    assert down == pytest.approx([down[0]] * 8)
    assert abs(across[0] - down[0]) > 1e-3
