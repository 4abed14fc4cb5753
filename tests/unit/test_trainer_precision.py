"""Precision: what a run computes in, how it is chosen, kept and cast."""

import dataclasses
import json
import re

import pytest
import torch

import trmpipe
from trmpipe.trainer.building import precision_choice
from trmpipe.trainer.building.build import build_net
from trmpipe.trainer.building.precision import computing_copy, refresh
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import TRMConfig
from trmpipe.trainer.settings.config import TrainConfig, from_json, to_json

CPU = torch.device("cpu")
SIZES = CorpusSizes(seq_len=9, vocab_size=7, num_identifiers=3)
SMALL = TrainConfig(
    model=TRMConfig(width=16, inner=16, token_inner=8, num_prefix=2, h_cycles=1, l_cycles=1), batch_size=4
)


def test_settings_that_came_later_may_be_missing_in_a_run():
    values = to_json(SMALL)
    for name in ("precision", "clip_norm"):
        del values[name]
    assert from_json(values) == SMALL
    del values["batch_size"]
    with pytest.raises(SettingError, match="differs in batch_size"):
        from_json(values)


def test_without_units_for_bf16_a_cpu_takes_fp32_and_measures_nothing(monkeypatch):
    monkeypatch.setattr(precision_choice, "has_bf16_units", lambda: False)
    monkeypatch.setattr(precision_choice, "_seconds_of_lessons", None)
    assert precision_choice.choose_precision(SMALL, [], CPU) == ("fp32", "cpu has no units for bf16")


@pytest.mark.parametrize(("fp32_ms", "bf16_ms", "chosen"), [(20, 10, "bf16"), (20, 17, "fp32"), (20, 30, "fp32")])
def test_with_units_the_faster_one_is_taken_where_that_is_clear(monkeypatch, fp32_ms, bf16_ms, chosen):
    seconds = {"fp32": fp32_ms / 1000, "bf16": bf16_ms / 1000}
    monkeypatch.setattr(precision_choice, "has_bf16_units", lambda: True)
    monkeypatch.setattr(precision_choice, "_seconds_of_lessons", lambda config, corpora, device: seconds)
    found, reason = precision_choice.choose_precision(SMALL, [], CPU)
    assert found == chosen
    assert reason == f"measured on 4 examples: fp32 {fp32_ms} ms, bf16 {bf16_ms} ms"


def test_both_are_really_measured(monkeypatch, corpus4):
    monkeypatch.setattr(precision_choice, "has_bf16_units", lambda: True)
    monkeypatch.setattr(precision_choice, "_MEASURABLE", 0.0)
    found, reason = precision_choice.choose_precision(SMALL, [trmpipe.open(str(corpus4))], CPU)
    assert found in ("fp32", "bf16")
    assert re.fullmatch(r"measured on 4 examples: fp32 \d+ ms, bf16 \d+ ms", reason)


def test_what_takes_a_few_milliseconds_is_fp32_at_once(monkeypatch, corpus4):
    """They say more of what else runs than of the two."""
    asked = []
    monkeypatch.setattr(precision_choice, "has_bf16_units", lambda: True)
    monkeypatch.setattr(precision_choice, "_MEASURABLE", 60.0)
    monkeypatch.setattr(precision_choice, "build_net", lambda *args: asked.append(args[-1]) or build_net(*args))
    found, reason = precision_choice.choose_precision(SMALL, [trmpipe.open(str(corpus4))], CPU)
    assert (found, asked) == ("fp32", [torch.float32])
    assert re.fullmatch(r"measured on 4 examples: fp32 \d+ ms", reason)


def test_a_large_network_is_measured_once(monkeypatch, corpus4):
    """Its lessons take seconds, so that six of each would be half a minute before the first step."""
    seconds = iter([1.5, 0.9, 1.4, 0.8])
    monkeypatch.setattr(precision_choice, "has_bf16_units", lambda: True)
    monkeypatch.setattr(precision_choice, "_seconds_of_lesson", lambda *_: next(seconds))
    found, reason = precision_choice.choose_precision(SMALL, [trmpipe.open(str(corpus4))], CPU)
    assert (found, reason) == ("bf16", "measured on 4 examples: fp32 1,500 ms, bf16 900 ms")


def test_a_copy_in_bf16_casts_the_core_alone_and_follows_its_network():
    net = build_net(SMALL, SIZES, CPU, torch.bfloat16)
    copied = computing_copy(net)
    core = {name for name, _ in net.named_parameters() if name.startswith("L_level.")}
    own, theirs = dict(net.named_parameters()), dict(copied.named_parameters())
    assert list(own) == list(theirs)
    for name in own:
        assert theirs[name].dtype == (torch.bfloat16 if name in core else torch.float32)
        assert (theirs[name] is own[name]) == (name not in core)
    assert copied.puzzle_emb.weights is net.puzzle_emb.weights
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 1
    refresh(copied, net)
    assert all(torch.equal(theirs[name], own[name].to(theirs[name].dtype)) for name in own)
    inputs = torch.ones(2, 9, dtype=torch.int64)
    rows = torch.zeros(2, 16)
    assert torch.equal(copied(inputs, rows), net(inputs, rows))


def test_fp32_needs_no_copy():
    net = build_net(SMALL, SIZES, CPU, torch.float32)
    assert computing_copy(net) is net


TINY = ["--device=cpu", "--set=model.width=16", "--set=model.num_heads=2", "--set=batch_size=4", "--set=num_slices=1"]


def test_a_run_keeps_the_precision_that_it_began_with(trmpipe, corpus4, tmp_path, monkeypatch):
    """It was chosen on another machine: the choice is told, noted, and not made again."""
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *_: [])
    monkeypatch.setattr("trmpipe.trainer.training.resolving.choose_precision", lambda *_: ("bf16", "it is faster here"))
    run = tmp_path / "run"
    begun = trmpipe("train", corpus4, "--out", run, "--max-steps=2", *TINY)
    assert begun.code == 0, begun.err
    assert "precision bf16: it is faster here" in begun.err
    assert json.loads((run / "config.json").read_text())["train"]["precision"] == "bf16"
    monkeypatch.setattr("trmpipe.trainer.training.resolving.choose_precision", lambda *_: ("fp32", "no units here"))
    longer = trmpipe("train", corpus4, "--out", run, "--max-steps=3", "--resume", *TINY)
    assert longer.code == 0, longer.err
    assert "precision fp32" not in longer.err
    other = trmpipe("train", corpus4, "--out", run, "--max-steps=3", "--resume", *TINY, "--set=precision=fp32")
    assert other.code == 1
    assert "these differ: max_steps, precision. Give" in other.err


def test_runs_of_before_the_setting_have_the_rule_of_their_time():
    before = dataclasses.replace(SMALL, precision="auto")
    assert precision_choice.precision_of(before, CPU) == torch.float32
    assert precision_choice.precision_of(before, torch.device("cuda")) == torch.bfloat16
    assert precision_choice.precision_of(dataclasses.replace(SMALL, precision="bf16"), CPU) == torch.bfloat16
