"""Recipes, their choice, overrides and schedules."""

import dataclasses
import re

import pytest

from trmpipe.generators.errors import TrmpipeError
from trmpipe.trainer.config import TrainConfig, config_hash, flatten, from_json, to_json
from trmpipe.trainer.device import choose_compile, pick_device
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.overrides import apply_overrides
from trmpipe.trainer.presets import PRESETS, choose_preset, get_preset
from trmpipe.trainer.schedule import longest_stay, lr_factor


def test_published_recipe_is_the_table_of_the_paper():
    config = get_preset("sudoku-mlp")
    model = config.model
    assert (model.mixer, model.h_cycles, model.l_cycles, model.width, model.num_layers) == ("mlp_t", 3, 6, 512, 2)
    assert (config.batch_size, config.lr, config.embedding_lr, config.weight_decay) == (768, 1e-4, 1e-4, 1.0)
    assert (config.max_steps, config.warmup_steps, config.schedule) == (65_100, 2000, "constant")
    assert (config.optimiser, config.betas, config.ema_decay, config.loss) == (
        "adam_atan2",
        (0.9, 0.95),
        0.999,
        "stablemax",
    )
    assert (config.halt_max_steps, config.halt_exploration, config.halt_weight) == (16, 0.1, 0.5)
    assert dataclasses.replace(get_preset("sudoku-attention"), model=model) == config


def test_published_arc_recipe_is_the_table_of_the_paper():
    config = get_preset("arc")
    model = config.model
    assert (model.mixer, model.h_cycles, model.l_cycles, model.width, model.num_prefix) == ("attention", 3, 4, 512, 16)
    assert (config.batch_size, config.max_steps, config.warmup_steps) == (768, 518_000, 2000)
    assert (config.lr, config.embedding_lr) == (1e-4, 1e-2)
    assert (config.weight_decay, config.embedding_weight_decay) == (0.1, 0.1)
    assert (config.optimiser, config.ema_decay, config.loss) == ("adam_atan2", 0.999, "stablemax")


@pytest.mark.parametrize("name", PRESETS)
def test_every_recipe_survives_json(name):
    config = get_preset(name)
    assert from_json(to_json(config)) == config


@pytest.mark.parametrize(
    ("task", "seq_len", "device", "expected"),
    [
        ("sudoku6", 36, "cpu", "sudoku6-cpu"),
        ("sudoku9", 81, "cpu", "sudoku9-cpu"),
        ("sudoku9", 81, "cuda", "sudoku-mlp"),
        ("sudoku4", 16, "cuda", "sudoku4-cpu"),
        ("arc", 900, "cuda", "arc"),
        ("arc", 900, "cpu", "arc-cpu"),
        ("arc", 900, "mps", "arc-cpu"),
        ("somebodys", 50, "cpu", "sudoku9-cpu"),
    ],
)
def test_recipe_is_chosen_by_task_and_device(task, seq_len, device, expected):
    name, reason = choose_preset(task, seq_len, device)
    assert name == expected
    assert task in reason


def test_overrides_are_typed_by_what_stands_there():
    config = apply_overrides(TrainConfig(), ["lr=3e-4", "model.width=64", "betas=0.8,0.9", "loss=softmax"])
    assert (config.lr, config.model.width, config.betas, config.loss) == (3e-4, 64, (0.8, 0.9), "softmax")
    assert config.model.h_cycles == 3


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("leraning_rate=1", "there is no setting 'leraning_rate'; the nearest are"),
        ("model.widht=1", "model.width"),
        ("lr", "has no value; write it as KEY=VALUE"),
        ("lr=fast", "lr=fast does not fit; it takes a number"),
        ("batch_size=1.5", "it takes a whole number"),
        ("betas=0.9", "it takes 2 numbers"),
        ("batch_size=0", "it must be at least 1"),
        ("lr=nan", "it must be at least 0"),
        ("halt_exploration=2", "it must be from 0 to 1"),
        ("loss=hinge", "take one of stablemax, softmax"),
        ("model.mixer=conv", "take one of mlp_t, attention"),
        ("seed=-1", "give one from 0"),
    ],
)
def test_wrong_overrides_give_one_line(setting, message):
    with pytest.raises(TrmpipeError, match=re.escape(message)) as caught:
        apply_overrides(TrainConfig(), [setting])
    assert "\n" not in str(caught.value)


def test_unknown_names_list_what_there_is():
    with pytest.raises(SettingError, match="known: sudoku-mlp"):
        get_preset("sudoku5")
    with pytest.raises(SettingError, match="known: auto, cpu, cuda, mps"):
        pick_device("tpu")


def test_config_from_another_version_is_refused():
    values = to_json(TrainConfig())
    values["novelty"] = 1
    with pytest.raises(SettingError, match="does not fit this version"):
        from_json(values)


def test_hash_changes_with_any_setting():
    values = to_json(TrainConfig())
    for key in flatten(values):
        other = {**values, key: "other"}
        assert config_hash(other) != config_hash(values)


@pytest.mark.parametrize(("schedule", "at_half"), [("constant", 1.0), ("cosine", 0.5), ("linear", 0.5)])
def test_schedules(schedule, at_half):
    config = TrainConfig(schedule=schedule, warmup_steps=10, max_steps=100)
    assert lr_factor(config, 0) == pytest.approx(0.1, rel=1e-2)
    assert lr_factor(config, 50) == pytest.approx(at_half)
    if schedule != "constant":
        assert lr_factor(config, 100) == pytest.approx(0)


def test_compiling_needs_a_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    choice = choose_compile(pick_device("cpu"), "on")
    assert not choice.wanted
    assert "no C++ compiler was found" in choice.reason


def test_stays_are_short_in_the_early_part():
    config = TrainConfig(max_steps=10, halt_max_steps=4, halt_early_steps=2, halt_early_share=0.5)
    assert [longest_stay(config, step) for step in range(10)] == [2] * 5 + [4] * 5
    assert longest_stay(TrainConfig(), 0) == 16
