"""The network: published sizes and names, and its numbers against a plain batch-first reference."""

import math
from dataclasses import replace

import pytest
import torch

from tests.references import trm as reference
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.models import CorpusSizes, puzzle_rows
from trmpipe.trainer.models.layers import inner_width, trunc_normal
from trmpipe.trainer.models.trm import TRM, TRMConfig

SMALL = {"width": 16, "num_heads": 2, "inner": 24, "token_inner": 12, "h_cycles": 2, "l_cycles": 2}


def generator(seed=1):
    return torch.Generator().manual_seed(seed)


def small_net(mixer, num_prefix, dtype=torch.float32):
    config = TRMConfig(mixer=mixer, num_prefix=num_prefix, **SMALL)
    net = TRM(config, CorpusSizes(seq_len=9, vocab_size=7, num_identifiers=4), generator=generator(), dtype=dtype)
    if num_prefix:
        net.puzzle_emb.weights.normal_(generator=generator(2))
    torch.nn.init.normal_(net.q_head.weight, generator=generator(3))
    return net


def test_published_mixer_has_5028866_trained_parameters():
    net = TRM(TRMConfig(), CorpusSizes(seq_len=81, vocab_size=11), generator=generator())
    assert sum(parameter.numel() for parameter in net.parameters()) == 5_028_866


def test_published_names_and_shapes():
    sizes = CorpusSizes(seq_len=81, vocab_size=11)
    mixer = TRM(TRMConfig(), sizes, generator=generator()).state_dict()
    attention = TRM(TRMConfig(mixer="attention"), sizes, generator=generator()).state_dict()
    shared = {
        "H_init": (512,),
        "L_init": (512,),
        "embed_tokens.embedding_weight": (11, 512),
        "lm_head.weight": (11, 512),
        "q_head.weight": (2, 512),
        "q_head.bias": (2,),
        "puzzle_emb.weights": (1, 512),
    }
    mixed, attended = dict(shared), dict(shared)
    for i in range(2):
        layer = f"L_level.layers.{i}"
        for shapes in (mixed, attended):
            shapes |= {f"{layer}.mlp.gate_up_proj.weight": (3072, 512), f"{layer}.mlp.down_proj.weight": (512, 1536)}
        mixed |= {f"{layer}.mlp_t.gate_up_proj.weight": (1024, 97), f"{layer}.mlp_t.down_proj.weight": (97, 512)}
        attended |= {
            f"{layer}.self_attn.qkv_proj.weight": (1536, 512),
            f"{layer}.self_attn.o_proj.weight": (512, 512),
        }
    assert {name: tuple(value.shape) for name, value in mixer.items()} == mixed
    assert {name: tuple(value.shape) for name, value in attention.items()} == attended
    assert mixer["H_init"].dtype == torch.bfloat16


def test_inner_width_follows_the_published_rule():
    assert [inner_width(n) for n in (512, 97, 916)] == [1536, 512, 2560]


@pytest.mark.parametrize("mixer", ["mlp_t", "attention"])
@pytest.mark.parametrize("num_prefix", [0, 3])
def test_step_equals_batch_first_reference(mixer, num_prefix):
    net = small_net(mixer, num_prefix)
    inputs = torch.randint(7, (5, 9), generator=generator(4))
    identifiers = torch.tensor([0, 3, 1, 1, 2])
    start = net.initial(torch.zeros(5))
    latents, logits, halt, _ = net.step(start, inputs, puzzle_rows(net, identifiers))
    first = [z.transpose(0, 1) for z in start.values()]
    z_H, z_L, expected, expected_halt = reference.step(*first, inputs, identifiers, net.state_dict(), net.config)
    # float32 rounding over some 30 products of width 16 to 24.
    tolerance = {"rtol": 1e-4, "atol": 1e-4}
    torch.testing.assert_close(latents["z_H"].transpose(0, 1), z_H, **tolerance)
    torch.testing.assert_close(latents["z_L"].transpose(0, 1), z_L, **tolerance)
    torch.testing.assert_close(logits, expected, **tolerance)
    torch.testing.assert_close(halt, expected_halt, **tolerance)


def test_only_the_last_cycle_is_differentiated():
    net = small_net("mlp_t", 0)
    inputs = torch.randint(7, (3, 9), generator=generator(4))
    net.step(net.initial(torch.zeros(3)), inputs, None)[1].sum().backward()
    whole = net.L_level.layers[0].mlp.down_proj.weight.grad.clone()
    with torch.no_grad():
        latents = net._update(net.initial(torch.zeros(3)), net.embed(inputs, None), range(3))
    net.zero_grad()
    z_H = net._update(latents, net.embed(inputs, None), range(3))["z_H"]
    net.lm_head(z_H).sum().backward()
    torch.testing.assert_close(net.L_level.layers[0].mlp.down_proj.weight.grad, whole)


def test_latents_leave_a_step_with_gradient():
    """Learners that go on from them at their next step cut it; those that go through several steps at once do not."""
    net = small_net("mlp_t", 3)
    latents, logits, *_ = net.step(net.initial(torch.zeros(2)), torch.ones(2, 9, dtype=torch.int64), torch.zeros(2, 16))
    assert list(latents) == ["z_H", "z_L"]
    assert all(z.requires_grad for z in (*latents.values(), logits))


def test_halting_starts_at_minus_five():
    net = TRM(TRMConfig(**SMALL), CorpusSizes(seq_len=9, vocab_size=7), generator=generator())
    _, _, halt, _ = net.step(net.initial(torch.zeros(2)), torch.ones(2, 9, dtype=torch.int64), torch.zeros(2, 16))
    assert halt.tolist() == [-5.0, -5.0]


def test_bfloat16_forward_keeps_float32_weights_and_outputs():
    net = small_net("attention", 3, torch.bfloat16)
    latents, logits, halt, _ = net.step(
        net.initial(torch.zeros(2)), torch.ones(2, 9, dtype=torch.int64), torch.zeros(2, 16)
    )
    assert latents["z_H"].dtype == torch.bfloat16
    assert logits.dtype == halt.dtype == torch.float32
    assert all(parameter.dtype == torch.float32 for parameter in net.parameters())


def test_bfloat16_embeddings_are_cast_before_they_are_scaled():
    """As published; the other order rounds once and gives other numbers."""
    config, sizes = TRMConfig(**{**SMALL, "width": 24}), CorpusSizes(seq_len=9, vocab_size=7)
    net = TRM(replace(config, num_prefix=3), sizes, generator=generator(), dtype=torch.bfloat16)
    inputs, rows = torch.randint(7, (5, 9), generator=generator(4)), torch.randn(5, 24, generator=generator(5))
    x = torch.nn.functional.embedding(inputs, net.embed_tokens.embedding_weight.to(torch.bfloat16))
    prefix = torch.nn.functional.pad(rows.to(torch.bfloat16), (0, 2 * 24)).view(5, 3, 24)
    published = math.sqrt(24) * torch.cat((prefix, x), 1)
    assert torch.equal(net.embed(inputs, rows).transpose(0, 1), published)
    assert net.embed(inputs, rows).dtype == torch.bfloat16


def test_truncated_normal_has_the_asked_deviation():
    values = trunc_normal((200_000,), 0.5, generator())
    # The deviation of 200,000 draws is within 4 sigma / sqrt(2 n) = 0.3 % of its expectation.
    assert values.std().item() == pytest.approx(0.5, rel=0.01)
    assert values.abs().max().item() <= 2 * 0.5 / 0.8796 + 1e-3


def test_weights_depend_on_the_seed_alone():
    torch.manual_seed(7)
    first = small_net("mlp_t", 0).state_dict()
    torch.manual_seed(8)
    second = small_net("mlp_t", 0).state_dict()
    assert all(torch.equal(first[name], second[name]) for name in first)


@pytest.mark.parametrize(
    "wrong",
    [
        {"mixer": "pool"},
        {"mixer": "conv", "num_prefix": 0},
        {"width": 0},
        {"num_prefix": -1},
        {"mixer": "attention", "width": 100},
    ],
)
def test_impossible_sizes_are_refused(wrong):
    with pytest.raises(SettingError, match=r"model\."):
        TRMConfig(**wrong)


def test_puzzle_rows_are_those_of_the_identifiers():
    net = small_net("mlp_t", 3)
    assert torch.equal(puzzle_rows(net, torch.tensor([1, 3])), net.puzzle_emb.weights[[1, 3]])
    assert puzzle_rows(small_net("mlp_t", 0), torch.tensor([1, 3])) is None


def test_one_pass_is_the_first_supervision_step():
    net = small_net("attention", 3)
    inputs, rows = torch.randint(7, (3, 9), generator=generator(4)), torch.zeros(3, 16)
    assert torch.equal(net(inputs, rows), net.step(net.initial(torch.zeros(3)), inputs, rows)[1])
