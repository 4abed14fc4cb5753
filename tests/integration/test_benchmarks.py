"""The benchmarks of a training step run from end to end, in a size in which their figures mean nothing."""

import json

import pytest

from benchmarks import gpu, train_step
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import TRMConfig


def printed(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_recipe_is_measured_without_a_gpu(monkeypatch, capsys):
    monkeypatch.setattr(gpu, "find_compiler", lambda: None)
    gpu.main(["--smallest", "--device", "cpu", "--rounds", "1"])
    machine, *lines = printed(capsys)
    assert machine["device"] == "cpu"
    assert [line["recipe"] for line in lines] == ["sudoku", "maze", "arc"]
    for line in lines:
        assert line["step_ms"] > 0
        assert line["model_tflops"] >= 0
        assert line["launches"] is None


@pytest.mark.slow
def test_a_compiled_step_is_measured_too(capsys):
    gpu.main(["--smallest", "--device", "cpu", "--rounds", "1", "--recipe", "sudoku"])
    _, eager, compiled = printed(capsys)
    assert (eager["mode"], compiled["mode"]) == ("eager", "compiled")


def test_the_published_step_has_our_loss(monkeypatch):
    """It is compared before anything is timed."""
    tiny = (TRMConfig(width=16, inner=16, token_inner=8, num_prefix=2, h_cycles=2, l_cycles=2),)
    monkeypatch.setattr(train_step, "SIZES", {"tiny": (*tiny, CorpusSizes(seq_len=9, vocab_size=5), 4)})
    found = train_step.compare("tiny", rounds=2, num_slices=2, dtypes=["fp32", "bf16"])
    assert found["fp32"]["ratio"] > 0
    monkeypatch.setattr(train_step.PlainStep, "_norm", lambda self, x: x)
    with pytest.raises(AssertionError):
        train_step.compare("tiny", rounds=1, num_slices=2, dtypes=["fp32"])
