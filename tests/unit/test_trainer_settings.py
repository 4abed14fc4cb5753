"""Settings: presets and their choice, sections and their entries, overrides, schedules."""

import dataclasses
import json
import math
import re

import pytest

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import json_digest
from trmpipe.trainer.building.build import build_schedule
from trmpipe.trainer.device import choose_compile, pick_device
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.learners.one_pass import OnePassConfig
from trmpipe.trainer.models.se_rrm import SERRMConfig
from trmpipe.trainer.optim.adam_atan2 import AdamATan2Config
from trmpipe.trainer.optim.adamw import AdamWConfig
from trmpipe.trainer.parts import name_of
from trmpipe.trainer.presets import PRESETS, choose_preset, get_preset
from trmpipe.trainer.settings.config import SECTIONS, EvaluationConfig, TrainConfig, flatten, from_json, to_json
from trmpipe.trainer.settings.curriculum import CurriculumConfig
from trmpipe.trainer.settings.overrides import apply_overrides


def test_published_preset_is_the_table_of_the_paper():
    config = get_preset("sudoku-mlp")
    model, optimiser, learner = config.model, config.optimiser, config.learner
    assert (model.mixer, model.h_cycles, model.l_cycles, model.width, model.num_layers) == ("mlp_t", 3, 6, 512, 2)
    assert (config.batch_size, optimiser.lr, config.embedding.lr, optimiser.weight_decay) == (768, 1e-4, 1e-4, 1.0)
    assert (config.max_steps, config.schedule.warmup_steps) == (65_100, 2000)
    assert name_of(SECTIONS["schedule"], config.schedule) == "constant"
    assert name_of(SECTIONS["optimiser"], optimiser) == "adam_atan2"
    assert (optimiser.betas, config.ema_decay, learner.loss) == ((0.9, 0.95), 0.999, "stablemax")
    assert (learner.halt_max_steps, learner.halt_exploration, learner.halt_weight) == (16, 0.1, 0.5)
    assert dataclasses.replace(get_preset("sudoku-attention"), model=model) == config


def test_published_arc_preset_is_the_table_of_the_paper():
    config = get_preset("arc")
    model, optimiser = config.model, config.optimiser
    assert (model.mixer, model.h_cycles, model.l_cycles, model.width, model.num_prefix) == ("attention", 3, 4, 512, 16)
    assert (config.batch_size, config.max_steps, config.schedule.warmup_steps) == (768, 518_000, 2000)
    assert (optimiser.lr, config.embedding.lr) == (1e-4, 1e-2)
    assert (optimiser.weight_decay, config.embedding.weight_decay) == (0.1, 0.1)
    assert isinstance(optimiser, AdamATan2Config)
    assert (config.ema_decay, config.learner.loss) == (0.999, "stablemax")


@pytest.mark.parametrize("name", PRESETS.names())
def test_every_preset_survives_json(name):
    config = get_preset(name)
    assert from_json(to_json(config)) == config


@pytest.mark.parametrize(
    ("task", "device", "expected"),
    [
        ("sudoku6", "cpu", "sudoku6-cpu"),
        ("sudoku6", "mps", "sudoku6-cpu"),
        ("sudoku9", "cpu", "sudoku9-cpu"),
        ("sudoku9", "cuda", "sudoku-mlp"),
        ("sudoku16", "cpu", "trm-cpu"),
        ("sudoku16", "cuda", "sudoku-mlp"),
        ("sudoku4", "cuda", "sudoku4-cpu"),
        ("maze30", "cuda", "maze-hard"),
        ("maze10", "cuda", "maze-hard-2d"),
        ("maze10", "cpu", "maze-cpu"),
        ("maze64", "mps", "maze-cpu"),
        ("arc", "cuda", "arc"),
        ("arc", "cpu", "arc-cpu"),
        ("arc", "mps", "arc-cpu"),
    ],
)
def test_preset_is_chosen_by_declared_tasks_and_devices(task, device, expected):
    assert choose_preset(task, device) == (expected, f"made for {task} on {device}")


@pytest.mark.parametrize("device", ["cpu", "cuda", "mps"])
def test_a_task_without_a_preset_gets_a_general_one_and_is_told_so(device):
    """Whatever the length of its sequences: no name and no length is looked at."""
    name, reason = choose_preset("somebodys", device)
    assert name == "trm-cpu"
    assert reason == f"a general one, as there is none for somebodys on {device}"


def test_overrides_are_typed_by_what_stands_there():
    settings = ["optimiser.lr=3e-4", "model.width=64", "optimiser.betas=0.8,0.9", "learner.loss=softmax"]
    config = apply_overrides(TrainConfig(), [*settings, "evaluation.steps=3", "embedding.lr=2", "batch_size=4"])
    assert (config.optimiser.lr, config.model.width, config.optimiser.betas) == (3e-4, 64, (0.8, 0.9))
    assert (config.learner.loss, config.evaluation.steps) == ("softmax", 3)
    assert (config.embedding.lr, config.batch_size) == (2.0, 4)
    assert config.model.h_cycles == 3


def test_another_entry_starts_from_its_own_defaults_in_any_order():
    settings = ["optimiser.weight_decay=0.5", "optimiser.name=adamw"]
    config = apply_overrides(get_preset("trm-sudoku6-cpu"), settings)
    assert config.optimiser == AdamWConfig(weight_decay=0.5)
    assert apply_overrides(get_preset("trm-sudoku6-cpu"), settings[::-1]) == config
    assert apply_overrides(TrainConfig(), ["learner.name=one_pass"]).learner == OnePassConfig()


def test_an_entry_of_the_same_name_starts_from_its_defaults_too():
    assert apply_overrides(get_preset("arc-cpu"), ["optimiser.name=adamw"]).optimiser == AdamWConfig()


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("vqxzw=1", "there is no setting 'vqxzw'; `trmpipe presets NAME` lists those that there are"),
        ("model.widht=1", "model.width"),
        ("lr=1", "there is no setting 'lr'; the nearest are optimiser.lr, embedding.lr"),
        ("learner.lr=1", "the nearest are optimiser.lr, embedding.lr"),
        ("halt_max_steps=1", "the nearest are learner.halt_max_steps"),
        ("eval_steps=1", "evaluation.steps"),
        ("warmup=1", "schedule.warmup_steps"),
        ("optimiser=adamw", "there is no setting 'optimiser'; the nearest are optimiser.name"),
        ("optimiser.name=sgd", "no optimiser is called 'sgd'; known: adam_atan2, adamw, muon"),
        ("optimiser.matrix_lr=1", "there is no setting 'optimiser.matrix_lr'"),
        ("optimiser.lr", "has no value; write it as KEY=VALUE"),
        ("optimiser.lr=fast", "optimiser.lr=fast does not fit; it takes a number"),
        ("batch_size=1.5", "it takes a whole number"),
        ("optimiser.betas=0.9", "it takes 2 numbers with commas between, such as 0.9,0.95"),
        ("optimiser.betas=0.9,1", "each must be from 0 to below 1"),
        ("batch_size=0", "batch_size is 0; it must be at least 1"),
        ("optimiser.lr=nan", "optimiser.lr is nan; it must be a finite number"),
        ("optimiser.lr=-1", "optimiser.lr is -1.0; it must be at least 0"),
        ("optimiser.lr=inf", "optimiser.lr is inf; it must be a finite number"),
        ("optimiser.weight_decay=1e999", "optimiser.weight_decay is inf; it must be a finite number"),
        ("optimiser.betas=nan,0.9", "optimiser.betas is nan; it must be a finite number"),
        ("optimiser.betas=5,5", "optimiser.betas are 5.0, 5.0; each must be from 0 to below 1"),
        ("embedding.lr=inf", "embedding.lr is inf"),
        ("ema_decay=nan", "ema_decay is nan"),
        ("ema_decay=1", "ema_decay is 1.0; it must be from 0 to below 1"),
        ("learner.halt_weight=inf", "learner.halt_weight is inf"),
        (
            "learner.halt_max_steps=99999999999999999999",
            f"is a whole number of 67 bits; it must be {2**63 - 1} at most",
        ),
        ("max_steps=99999999999999999999", "max_steps is a whole number of 67 bits"),
        ("batch_size=" + "9" * 5000, "does not fit; it takes a whole number"),
        ("schedule.warmup_steps=99999999999999999999", "schedule.warmup_steps is a whole number of 67 bits"),
        ("evaluation.steps=1000000", "evaluation.steps is 1000000; it must be 10000 at most"),
        ("num_slices=100000", "num_slices is 100000; it must be 1024 at most"),
        ("model.num_layers=1000000", "model.num_layers is 1000000; it must be 1000 at most"),
        ("model.h_cycles=1000000", "model.h_cycles is 1000000; it must be 1000 at most"),
        ("model.l_cycles=1001", "model.l_cycles is 1001; it must be 1000 at most"),
        ("model.width=10000000", "model.width is 10000000; it must be 1048576 at most"),
        ("model.num_heads=1048577", "model.num_heads is 1048577; it must be 1048576 at most"),
        ("model.inner=1048577", "model.inner is 1048577; it must be 1048576 at most"),
        ("model.token_inner=1048577", "model.token_inner is 1048577; it must be 1048576 at most"),
        ("model.num_prefix=1048577", "model.num_prefix is 1048577; it must be 1048576 at most"),
        ("model.num_layers=0", "model.num_layers is 0; it must be at least 1"),
        ("model.inner=-1", "model.inner is -1; it must be at least 0"),
        ("seed=99999999999999999999", "seed is a whole number of 67 bits"),
        ("embedding.lr=-1", "embedding.lr is -1.0; it must be at least 0"),
        ("evaluation.steps=0", "evaluation.steps is 0; it must be at least 1"),
        ("schedule.warmup_steps=-1", "schedule.warmup_steps is -1; it must be at least 0"),
        ("learner.halt_exploration=2", "learner.halt_exploration is 2.0; it must be from 0 to 1"),
        ("learner.loss=hinge", "take one of stablemax, softmax"),
        ("model.mixer=pool", "take one of mlp_t, attention, conv"),
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


@pytest.mark.parametrize("change", [{"sampling": "a" * 5000}, {"model": {"name": "a" * 5000}}])
def test_a_text_without_end_is_refused_in_a_short_line(change):
    with pytest.raises(SettingError, match="has 5,000 characters") as caught:
        from_json({**to_json(TrainConfig()), **change})
    assert len(str(caught.value)) < 300


def test_config_from_another_version_is_refused():
    values = to_json(TrainConfig())
    values["novelty"] = 1
    with pytest.raises(SettingError, match="does not fit this version"):
        from_json(values)
    del values["novelty"], values["model"]["name"]
    with pytest.raises(SettingError, match="does not fit this version"):
        from_json(values)


OTHER = {
    "learner.name": "one_pass",
    "learner.loss": "softmax",
    "learner.continue_loss": True,
    "learner.halt_target": "label",
    "model.name": "hrm",
    "model.mixer": "attention",
    "model.positions": "none",
    "model.latents": "single",
    "model.gradient": "one_step",
    "model.num_nets": 2,
    "model.recompute": True,
    "model.puzzle_in_answer": False,
    "model.mlp": "normed",
    "optimiser.name": "adamw",
    "optimiser.betas": "0.5,0.6",
    "schedule.name": "cosine",
    "sampling": "published",
    "precision": "bf16",
    "curriculum.mix": "1,2,3,4",
}
"""Other values than the defaults, of settings that are no single number."""


def test_a_momentum_that_never_takes_anything_in_is_refused():
    with pytest.raises(SettingError, match=r"optimiser\.momentum is 1\.0; it must be from 0 to below 1"):
        apply_overrides(get_preset("trm-sudoku6-cpu"), ["optimiser.momentum=1"])


def fields_of(config, prefix=""):
    """Dotted names of all fields, those of sections too."""
    names = set()
    for field in dataclasses.fields(config):
        value, name = getattr(config, field.name), f"{prefix}{field.name}"
        names |= fields_of(value, f"{name}.") if dataclasses.is_dataclass(value) else {name}
    return names


def test_hash_changes_with_any_setting():
    # Without these there is neither patience nor an end of a curriculum's growth.
    config = TrainConfig(evaluation=EvaluationConfig(monitor=1), curriculum=CurriculumConfig(start=0.5))
    values = flatten(to_json(config))
    assert set(values) == fields_of(config) | {f"{section}.name" for section in SECTIONS}
    hashes = {json_digest(to_json(config))}
    for key, present in values.items():
        value = OTHER.get(key, 0.25 if isinstance(present, float) else 7)
        hashes.add(json_digest(to_json(apply_overrides(config, [f"{key}={value}"]))))
    assert len(hashes) == 1 + len(values)


def test_json_names_the_entries():
    values = to_json(get_preset("trm-sudoku6-cpu"))
    names = {section: values[section]["name"] for section in SECTIONS}
    assert names == {"learner": "deep_supervision", "model": "trm", "optimiser": "muon", "schedule": "cosine"}
    assert from_json(json.loads(json.dumps(values))) == get_preset("trm-sudoku6-cpu")


def test_a_section_of_no_entry_is_refused():
    """A config class that its registry does not know would train something else than it says."""

    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Lion:
        lr: float = 1e-4

    with pytest.raises(SettingError, match=r"Lion is the config of no trmpipe\.optimisers entry; known: adam_atan2"):
        TrainConfig(optimiser=Lion())
    with pytest.raises(SettingError, match=r"OnePassConfig is the config of no trmpipe\.optimisers entry"):
        TrainConfig(optimiser=OnePassConfig())


@pytest.mark.parametrize(("schedule", "at_half"), [("constant", 1.0), ("cosine", 0.5), ("linear", 0.5), ("wsd", 1.0)])
def test_schedules(schedule, at_half):
    settings = [f"schedule.name={schedule}", "schedule.warmup_steps=10", "max_steps=100"]
    factor = build_schedule(apply_overrides(TrainConfig(), settings))
    assert factor(0) == pytest.approx(0.1, rel=1e-2)
    assert factor(50) == pytest.approx(at_half)
    if schedule != "constant":
        assert factor(100) == pytest.approx(0)


@pytest.mark.parametrize(("decay", "at_half"), [("linear", 0.5), ("sqrt", 1 - 0.5**0.5)])
def test_wsd_is_stable_and_then_falls(decay, at_half):
    settings = ["schedule.name=wsd", "schedule.warmup_steps=10", "schedule.decay_share=0.2", f"schedule.decay={decay}"]
    factor = build_schedule(apply_overrides(TrainConfig(), [*settings, "max_steps=200"]))
    for step in range(200):
        warm, done = min(1, (step + 1) / 10), max(0, step - 160) / 40
        expected = warm * (1 - done if decay == "linear" else 1 - done**0.5)
        assert factor(step) == pytest.approx(expected), step
    assert [factor(step) for step in (160, 180, 200, 300)] == pytest.approx([1, at_half, 0, 0])


def test_wsd_without_a_decay_stays_and_is_refused_other_ways_to_fall():
    usual = ["schedule.name=wsd", "max_steps=50", "schedule.warmup_steps=0"]
    factor = build_schedule(apply_overrides(TrainConfig(), [*usual, "schedule.decay_share=0"]))
    assert {factor(step) for step in range(60)} == {1.0}
    for setting, words in (
        ("decay=cliff", "schedule.decay is 'cliff'; take one of sqrt, linear"),
        ("decay_share=1.5", "schedule.decay_share is 1.5; it must be from 0 to 1"),
        ("warmup_steps=-1", "schedule.warmup_steps is -1; it must be at least 0"),
    ):
        with pytest.raises(SettingError, match=words):
            apply_overrides(TrainConfig(), [*usual, f"schedule.{setting}"])


def test_compiling_needs_a_compiler(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    choice = choose_compile(pick_device("cpu"), "on")
    assert not choice.wanted
    assert "no C++ compiler was found" in choice.reason


@pytest.mark.parametrize(
    ("section", "change", "message"),
    [
        ("", {"seed": 10**20}, "seed is a whole number of 67 bits"),
        ("", {"log_every": 10**20}, "log_every is a whole number of 67 bits"),
        ("optimiser", {"betas": [float("nan"), 0.9]}, "betas is nan; it must be a finite number"),
        ("optimiser", {"lr": float("inf")}, "lr is inf; it must be a finite number"),
        ("model", {"width": 10**20}, "width is a whole number of 67 bits"),
        ("", {"batch_size": 2**55}, "batch_size is 36028797018963968; it must be 1099511627776 at most"),
        ("", {"max_steps": 10**17}, "max_steps is 100000000000000000; it must be 1000000000000000 at most"),
    ],
)
def test_numbers_out_of_a_file_are_those_that_arrays_take(section, change, message):
    values = to_json(TrainConfig())
    values = {**values, **change} if not section else {**values, section: {**values[section], **change}}
    with pytest.raises(SettingError, match=re.escape(message)):
        from_json(values)


def test_heads_that_no_machine_holds_are_refused_together():
    with pytest.raises(SettingError, match=r"num_heads x model\.head_width is 1099511627776; it must be 1048576"):
        SERRMConfig(width=4, num_heads=1 << 20, head_width=1 << 20)


@pytest.mark.parametrize("rate", [math.inf, math.nan])
def test_a_config_made_in_python_is_checked_alike(rate):
    with pytest.raises(SettingError, match=r"optimiser\.lr is"):
        AdamWConfig(lr=rate)
