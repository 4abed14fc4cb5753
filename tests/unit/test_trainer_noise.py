"""Noise is a pure function of key, draw and position, and looks like noise along each of them."""

import math

import pytest
import torch

from tests.references import noise as reference
from trmpipe.trainer.models.noise import keys_at, mixed, normal, normal_at, picked, truncated_normal, words

MOST, LEAST = 2**63 - 1, -(2**63)
KEYS = torch.tensor([0, 1, -1, MOST, LEAST, 0x123456789ABCDEF, 2**32, -(2**32)])


def many_keys(count, seed=1):
    return torch.randint(LEAST, MOST, (count,), generator=torch.Generator().manual_seed(seed))


def correlation(first, second):
    return torch.corrcoef(torch.stack((first.flatten().double(), second.flatten().double())))[0, 1].item()


@pytest.mark.parametrize("draw", [0, 1, 7, 2**32 - 1])
def test_words_equal_whole_numbers_one_by_one(draw):
    found = words(KEYS, draw, 3, 5)
    expected = [[[reference.word(key, draw, s * 5 + d) for d in range(5)] for key in KEYS.tolist()] for s in range(3)]
    assert found.tolist() == expected


def test_mixing_is_one_to_one_on_the_largest_words_too():
    x = torch.cat((torch.arange(50_000), torch.arange(2**32 - 50_000, 2**32)))
    assert [reference.mix(one) for one in x[::997].tolist()] == mixed(x)[::997].tolist()
    assert len(mixed(x).unique()) == len(x)


def test_golden_words():
    """Networks are trained with these: they never change."""
    found = words(torch.tensor([0, 5, -5]), 2, 1, 2).tolist()
    assert found == [[[2812880793, 1243309499], [4065942145, 3681409000], [1811840031, 4280424844]]]


@pytest.mark.parametrize("width", [1, 4, 6])
def test_what_is_picked_equals_bytes_of_words_one_by_one(width):
    expected = [
        [reference.word(key, 5, column // 4) >> 8 * (column % 4) & 255 < round(256 * 0.3) for column in range(width)]
        for key in KEYS.tolist()
    ]
    assert picked(KEYS, 5, width, 0.3).tolist() == expected


def test_as_many_are_picked_as_the_chance_says_and_neighbours_have_nothing_in_common():
    keys = many_keys(4000)
    found = picked(keys, 1, 100, 0.25)
    # 5 sqrt(p (1 - p) / n) of 400,000.
    assert found.double().mean().item() == pytest.approx(0.25, abs=0.0035)
    for axis in range(2):
        assert abs(correlation(found, found.roll(1, axis))) < 0.008, axis
    assert not picked(keys, 1, 20, 0.0).any()
    assert picked(keys, 1, 20, 1.0).all()


def test_a_row_depends_on_its_key_alone():
    keys = many_keys(12)
    whole = normal(keys, 3, 4, 6, torch.float32)
    order = torch.tensor([7, 2, 11])
    assert torch.equal(normal(keys[order], 3, 4, 6, torch.float32), whole[:, order])
    assert torch.equal(normal(keys[4:5], 3, 4, 6, torch.float32), whole[:, 4:5])
    torch.manual_seed(5)
    assert torch.equal(normal(keys, 3, 4, 6, torch.float32), whole)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_normal_values_of_some_positions_are_those_of_all(dtype):
    whole = normal(KEYS, 3, 7, 5, dtype)
    places, examples = torch.tensor([6, 0, 3, 6]), torch.tensor([1, 7, 0, 1])
    assert torch.equal(normal_at(KEYS, 3, (places, examples), 5, dtype), whole[places, examples])
    assert normal_at(KEYS, 3, (places[:0], examples[:0]), 5, dtype).shape == (0, 5)


def test_normal_values_have_the_moments_of_a_normal():
    values = normal(many_keys(1000), 0, 20, 50, torch.float64)
    # Of a million values the mean is within 5 / sqrt(n) = 0.005, the others in proportion.
    assert abs(values.mean().item()) < 0.005
    assert values.var().item() == pytest.approx(1, abs=0.007)
    assert values.pow(3).mean().item() == pytest.approx(0, abs=0.02)
    assert values.pow(4).mean().item() == pytest.approx(3, abs=0.05)
    for sigma in (0.5, 1.0, 3.0):
        share = (values > sigma).double().mean().item()
        expected = math.erfc(sigma / math.sqrt(2)) / 2
        assert share == pytest.approx(expected, abs=5 * math.sqrt(expected / values.numel()))


def test_a_truncated_normal_has_deviation_one_and_ends():
    values = truncated_normal(many_keys(500), 0, 20, 50, torch.float32)
    assert abs(values.mean().item()) < 0.007
    assert values.std().item() == pytest.approx(1, abs=0.005)
    assert values.abs().max().item() <= 2 / 0.8796 + 1e-3


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_every_word_gives_a_finite_value(dtype, monkeypatch):
    ends = torch.tensor([0, 1, 255, 256, 2**31 - 1, 2**31, 2**32 - 1]).view(-1, 1, 1)
    monkeypatch.setattr("trmpipe.trainer.models.noise.words", lambda *arguments: ends)
    for draw in (normal, truncated_normal):
        values = draw(KEYS, 0, 1, 1, dtype)
        assert values.dtype == dtype
        assert values.isfinite().all()
        assert torch.equal(values[[0, 4]], -values[[6, 5]])


@pytest.mark.parametrize("shift", [1, 2**31, 2**32, 2**62])
def test_neighbouring_keys_draws_steps_and_positions_have_nothing_in_common(shift):
    keys = torch.arange(400) * (MOST // 400)
    values = normal(keys, 1, 10, 50, torch.float64)
    others = {
        "keys": normal(keys + shift, 1, 10, 50, torch.float64),
        "draws": normal(keys, 1 + shift % (2**31 - 1), 10, 50, torch.float64),
        "steps": normal(keys_at(keys, 1), 1, 10, 50, torch.float64),
        "tokens": values.roll(1, 0),
        "channels": values.roll(1, 2),
        "examples": values.roll(1, 1),
    }
    for what, other in others.items():
        # 5 / sqrt(n) of 200,000 values.
        assert abs(correlation(values, other)) < 0.011, what
        assert abs(correlation(values.square(), other.square())) < 0.011, what


def test_one_bit_of_a_key_turns_half_of_all_bits():
    keys = many_keys(64)
    for bit in range(64):
        flipped = keys ^ torch.tensor(1 << bit if bit < 63 else LEAST)
        turned = words(keys, 0, 4, 16) ^ words(flipped, 0, 4, 16)
        share = sum((turned >> place & 1).double().mean().item() for place in range(32)) / 32
        # 131,072 bits: 5 / (2 sqrt(n)).
        assert share == pytest.approx(0.5, abs=0.007), bit


def test_steps_of_an_answer_have_keys_of_their_own():
    keys = many_keys(8)
    found = torch.stack([keys_at(keys, step) for step in range(64)])
    assert len(found.unique()) == found.numel()
    assert torch.equal(found[0], keys)
