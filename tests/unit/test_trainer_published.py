"""Published weights: files of strangers, models and sizes found in the tensors, logits beside a plain network's."""

import dataclasses
import zipfile
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch

from tests.references import trm as reference
from trmpipe.generators.errors import InputError
from trmpipe.trainer import load_published
from trmpipe.trainer.building.sketch import without_numbers
from trmpipe.trainer.errors import NoRunError, RunError, SettingError
from trmpipe.trainer.models import MODELS, CorpusSizes
from trmpipe.trainer.models.trm import TRM, TRMConfig
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.published.reading import (
    PREFIX,
    PublishedWeights,
    network_tensors,
    open_published,
    read_alone,
    read_for,
)
from trmpipe.trainer.published.tensor_files import read_tensors, write_tensors

SMALL = {"width": 16, "num_heads": 2, "inner": 24, "token_inner": 12, "h_cycles": 2, "l_cycles": 2, "num_prefix": 3}
SIZES = CorpusSizes(seq_len=16, vocab_size=6, num_identifiers=4)
CYCLES = {"h_cycles": 2, "l_cycles": 2}


def small_net(mixer="mlp_t", **changed):
    net = TRM(TRMConfig(**{**SMALL, "mixer": mixer, **changed}), SIZES, generator=torch.Generator().manual_seed(1))
    for tensor in (net.q_head.weight, net.puzzle_emb.weights):
        torch.nn.init.normal_(tensor, generator=torch.Generator().manual_seed(2))
    return net


def published(net, prefix=PREFIX):
    return {prefix + name: tensor for name, tensor in net.state_dict().items()}


def without_memory(config, sizes, model="trm"):
    """Published weights of a model of any size."""
    with without_numbers():
        net = MODELS[model].build(config, sizes, generator=torch.Generator())
    return PublishedWeights(path=Path("step_65100"), model=model, part=MODELS[model], tensors=net.state_dict())


@pytest.mark.parametrize("name", ["step_12", "x.safetensors"])
def test_a_file_comes_back_to_the_bit(tmp_path, name):
    tensors = published(small_net())
    write_tensors(tmp_path / name, tensors)
    found = read_tensors(tmp_path / name)
    assert all(torch.equal(found[one], tensors[one]) and found[one].dtype == tensors[one].dtype for one in tensors)
    assert set(found) == set(tensors)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_our_safetensors_are_read_without_us_and_theirs_by_us(tmp_path):
    tensors = {"a.b": torch.arange(6.0).view(2, 3), "c": torch.ones(2, dtype=torch.bfloat16)}
    write_tensors(tmp_path / "ours.safetensors", tensors)
    assert torch.equal(safetensors.torch.load_file(tmp_path / "ours.safetensors")["a.b"], tensors["a.b"])
    safetensors.torch.save_file(tensors, tmp_path / "theirs.safetensors")
    assert torch.equal(read_tensors(tmp_path / "theirs.safetensors")["c"], tensors["c"])


class Evil:
    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.mkdir, (self.path,)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"a": torch.arange(3)}, "a is no dense tensor of floating-point numbers but int64"),
        ({"a": {"b": torch.ones(3)}}, "a is no tensor but dict"),
        ({"a": torch.ones(1).expand(1 << 20, 1 << 20)}, "up to a its tensors have more numbers than the file"),
        ({1: torch.ones(3)}, "a tensor's name is no word"),
        ({"a\x1b": torch.ones(3)}, "a tensor's name is no word"),
        ([torch.ones(3)], "it holds list"),
        ({}, "it holds 0 tensors"),
        ({"a": torch.ones(3).to_sparse()}, "it holds other things than plain values and tensors"),
    ],
)
def test_what_is_no_state_dict_is_refused(tmp_path, content, words):
    torch.save(content, tmp_path / "step_1")
    with pytest.raises(RunError, match=words):
        read_tensors(tmp_path / "step_1")


def test_nothing_in_a_file_is_executed(tmp_path):
    torch.save({"a": Evil(tmp_path / "executed")}, tmp_path / "step_1")
    with pytest.raises(RunError, match="other things than plain values and tensors"):
        read_tensors(tmp_path / "step_1")
    assert not (tmp_path / "executed").exists()


def test_damaged_files_are_refused_in_a_line(tmp_path):
    tensors = published(small_net())
    with pytest.raises(NoRunError, match="there is no file"):
        read_tensors(tmp_path / "step_1")
    for name in ("step_1", "a.safetensors"):
        path = tmp_path / name
        write_tensors(path, tensors)
        whole = path.read_bytes()
        for damaged in (b"", whole[:40], whole[: len(whole) // 2], b"\xff" * 100):
            path.write_bytes(damaged)
            with pytest.raises(RunError, match="cannot be read") as refused:
                read_tensors(path)
            assert "\n" not in str(refused.value)
    torch.save(tensors, tmp_path / "stored")
    with zipfile.ZipFile(tmp_path / "stored") as old, zipfile.ZipFile(tmp_path / "packed", "w", 8) as new:
        for member in old.namelist():
            new.writestr(member, old.read(member))
    with pytest.raises(RunError, match="it holds compressed parts"):
        read_tensors(tmp_path / "packed")


@pytest.mark.parametrize(
    ("preset", "task", "sizes"),
    [
        ("sudoku-mlp", "sudoku9", CorpusSizes(seq_len=81, vocab_size=11)),
        ("sudoku-attention", "sudoku9", CorpusSizes(seq_len=81, vocab_size=11)),
        ("arc", "arc", CorpusSizes(seq_len=900, vocab_size=12, num_identifiers=7)),
    ],
)
def test_published_models_are_their_presets(preset, task, sizes):
    config = get_preset(preset)
    weights = without_memory(config.model, sizes)
    assert weights.step == 65_100
    reading = read_for(weights, sizes, task, {})
    assert (reading.preset, reading.config) == (preset, config)
    assert read_alone(weights, None, {}) == (task, reading)
    cycles = f"h_cycles 3, l_cycles {config.model.l_cycles}"
    told = cycles if config.model.mixer == "mlp_t" else f"num_heads 8, num_prefix 16, {cycles}"
    assert reading.in_words() == f"not in the file, so taken from the preset {preset}: {told}"


def test_a_published_hrm_is_known_and_read_to_the_bit(tmp_path):
    config, sizes = get_preset("hrm-sudoku"), CorpusSizes(seq_len=81, vocab_size=11)
    reading = read_for(without_memory(config.model, sizes, "hrm"), sizes, "sudoku9", {})
    assert (reading.preset, reading.config) == ("hrm-sudoku", config)
    small = dataclasses.replace(config.model, width=16, num_heads=2, inner=16, num_layers=2)
    net = MODELS["hrm"].build(small, sizes, generator=torch.Generator().manual_seed(3))
    write_tensors(tmp_path / "step_9", published(net))
    found = open_published(tmp_path / "step_9")
    assert (found.model, found.step) == ("hrm", 9)
    assert all(torch.equal(found.tensors[name], tensor) for name, tensor in net.state_dict().items())
    del found.tensors["H_level.layers.1.mlp.down_proj.weight"]
    uneven = dataclasses.replace(found, tensors={n: t for n, t in found.tensors.items() if "H_level.layers.1" not in n})
    with pytest.raises(RunError, match="L_level has 2 layers and H_level has 1 layers, expected equal numbers"):
        read_for(uneven, sizes, "sudoku9", {"num_heads": 2})


def test_what_the_user_says_goes_before_the_preset():
    config = TRMConfig(mixer="attention", width=12, num_heads=3, inner=8, num_layers=3, h_cycles=2, l_cycles=5)
    weights = without_memory(config, SIZES)
    said = {"num_heads": 3, "h_cycles": 2, "l_cycles": 5}
    reading = read_for(weights, SIZES, "sudoku4", said)
    assert reading.config.model == config
    assert reading.told == ("num_prefix",)
    with pytest.raises(SettingError, match=r"model\.width 12 does not split into 8 heads"):
        read_for(weights, SIZES, "sudoku4", {})
    with pytest.raises(SettingError, match="the model trm has no setting depth; it has gradient, h_cycles"):
        read_for(weights, SIZES, "sudoku4", {"depth": 3})


def refusal(change, sizes=SIZES, task="sudoku4"):
    weights = without_memory(small_net().config, SIZES)
    change(weights.tensors)
    with pytest.raises(RunError) as refused:
        read_for(weights, sizes, task, CYCLES)
    return str(refused.value)


def test_tensors_that_do_not_fit_are_named():
    layer = "L_level.layers.0.mlp.down_proj.weight"
    meta = {"device": "meta"}
    assert f"{layer} is missing" in refusal(lambda tensors: tensors.pop(layer))
    said = refusal(lambda tensors: tensors.update({"L_level.layers.1.mlp.down_proj.weight": torch.ones(3, 3, **meta)}))
    assert "L_level.layers.1.mlp.down_proj.weight is float32 [3, 3], expected float32 [16, 24]" in said
    assert "more is float32 [3], expected none" in refusal(lambda tensors: tensors.update(more=torch.ones(3, **meta)))
    assert "are numbered 0, 1, 7, expected 0, 1 and so on" in refusal(
        lambda tensors: tensors.update({"L_level.layers.7.x": torch.ones(3, **meta)})
    )
    assert f"{layer} is of shape [3], expected a tensor with 2 axes or more" in refusal(
        lambda tensors: tensors.update({layer: torch.ones(3, **meta)})
    )
    words = refusal(lambda tensors: None, CorpusSizes(seq_len=16, vocab_size=7, num_identifiers=4))
    assert "has 6 tokens, sudoku4 has 7; give a corpus of the task" in words
    words = refusal(lambda tensors: None, CorpusSizes(seq_len=16, vocab_size=6, num_identifiers=5))
    assert "has embeddings for 4 puzzle identifiers, the corpora have 5" in words
    words = refusal(lambda tensors: None, CorpusSizes(seq_len=36, vocab_size=6, num_identifiers=4))
    assert "mixes 19 tokens, expected 36 at least" in words


def test_other_models_are_refused_by_their_modules(tmp_path):
    write_tensors(tmp_path / "step_1", {"H_level.a": torch.ones(2), "q": torch.ones(2)})
    with pytest.raises(RunError, match="holds H_level, q, which is no model that is known"):
        open_published(tmp_path / "step_1")


@pytest.mark.parametrize("prefix", [PREFIX, "model.inner.", ""])
def test_every_prefix_is_known(tmp_path, prefix):
    write_tensors(tmp_path / "w", published(small_net(), prefix))
    assert set(open_published(tmp_path / "w").tensors) == set(small_net().state_dict())


def test_weights_are_kept_to_the_last_bit_or_refused():
    net = small_net()
    tensors = {name: tensor.double() for name, tensor in net.state_dict().items()}
    weights = PublishedWeights(path=Path("step_1"), model="trm", part=MODELS["trm"], tensors=tensors)
    found = network_tensors(weights, net)
    assert all(torch.equal(found[name], tensor) for name, tensor in net.state_dict().items())
    assert found["H_init"].dtype == torch.bfloat16
    tensors["lm_head.weight"][0, 0] = 1 / 3
    with pytest.raises(RunError, match=r"lm_head.weight in float64, which float32 does not hold exactly"):
        network_tensors(weights, net)
    for wrong in (torch.nan, torch.inf, -torch.inf):
        tensors["lm_head.weight"][0, 0] = wrong
        with pytest.raises(RunError, match=r"lm_head.weight holds numbers that are not finite"):
            network_tensors(weights, net)


@pytest.mark.parametrize("name", ["nobody", "long" * 100, "a/" * 5000, "zero\0byte"])
def test_a_file_that_there_cannot_be_is_not_there(name):
    with pytest.raises(NoRunError, match=r"there is no file .*; give a file of published weights"):
        read_tensors(Path(name))


def test_what_fits_several_tasks_or_none_is_asked_for():
    weights = without_memory(small_net().config, SIZES)
    others = without_memory(small_net().config, dataclasses.replace(SIZES, vocab_size=7))
    with pytest.raises(RunError, match=r"has 7 tokens, which no task of a published preset has \(sudoku9, .*task="):
        read_alone(others, None, CYCLES)
    with pytest.raises(RunError, match=r"mixes 19 tokens, expected 900 at least"):
        read_alone(weights, None, CYCLES)  # Mazes are the only ones with as many tokens.
    assert read_alone(weights, "sudoku4", CYCLES)[1].sizes == SIZES
    with pytest.raises(InputError, match="no task is called 'chess'"):
        read_alone(weights, "chess", CYCLES)


@pytest.fixture(scope="module", params=["mlp_t", "attention"])
def loaded(request, tmp_path_factory):
    """A network, and its weights loaded from the file that it was written to."""
    net = small_net(request.param)
    path = tmp_path_factory.mktemp("published") / "step_5"
    write_tensors(path, published(net))
    if request.param == "attention":
        # Attention does not tell its prefix, which is the preset's unless the sequence is mixed by a matrix.
        net = small_net(request.param, num_prefix=16, token_inner=0)
    idle = request.param == "mlp_t"
    with pytest.warns(UserWarning, match="num_heads changes nothing") if idle else nullcontext():
        return net, load_published(path, task="sudoku4", num_heads=2, **CYCLES)


def test_prediction_is_the_plain_networks(loaded):
    net, found = loaded
    assert found.reading.config.model == net.config
    rng = np.random.Generator(np.random.Philox(3))
    inputs, identifiers = rng.integers(0, 6, (5, 16)), np.array([0, 3, 1, 1, 2], np.int16)
    state = {name: tensor.double() for name, tensor in found.net.state_dict().items()}
    start = [state[name].expand(5, 16 + net.config.num_prefix, -1) for name in ("H_init", "L_init")]
    z_H, z_L = start
    for _ in range(3):
        tensors = torch.from_numpy(inputs), torch.from_numpy(identifiers).long()
        z_H, z_L, expected, expected_halt = reference.step(z_H, z_L, *tensors, state, net.config)
    logits, halt = found.predict(inputs.astype(np.int8), identifiers, num_steps=3)
    assert (logits.dtype, halt.dtype, logits.shape, halt.shape) == (np.float32, np.float32, (5, 16, 6), (5,))
    # Float32 over 18 calls of the core; the reference computes in float64.
    np.testing.assert_allclose(logits, expected, atol=1e-4)
    np.testing.assert_allclose(halt, expected_halt, atol=1e-4)


def test_prediction_takes_what_fits_and_says_what_does_not(loaded):
    _, found = loaded
    inputs = np.ones((3, 16), np.int64)
    logits, halt = found.predict(inputs, num_steps=1)
    torch_logits, torch_halt = found.predict(torch.from_numpy(inputs), torch.zeros(3, dtype=torch.int32), num_steps=1)
    assert np.array_equal(torch_logits.numpy(), logits)
    assert np.array_equal(torch_halt.numpy(), halt)
    assert found.predict(inputs[:0], num_steps=1)[0].shape == (0, 16, 6)
    for arguments, words in (
        ((inputs[:, :5],), r"inputs has shape \[3, 5\], expected \[B, 16\]"),
        ((inputs[0],), r"inputs has shape \[16\]"),
        ((inputs + 5,), "inputs has 6 to 6, expected 0 to 5"),
        ((inputs.astype(float),), "inputs is float64, expected whole numbers"),
        ((inputs, np.array([0, 1])), r"puzzle_identifiers has shape \[2\], expected \[3\]"),
        ((inputs, np.array([0, 1, 4])), "puzzle_identifiers has 0 to 4, expected 0 to 3"),
        ((inputs, None, 0), "num_steps is 0, expected 1 to 10000"),
    ):
        with pytest.raises(InputError, match=words):
            found.predict(*arguments)
