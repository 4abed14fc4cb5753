"""Time and memory: `--minutes`, `--max-minutes`, what does not fit, and places that take no run."""

import json
import re
import time
from pathlib import Path

import pytest
import torch

from tests.runs import TINY, config, metrics
from trmpipe.shards.corpus import open_corpus
from trmpipe.trainer.training.loop import Loop

# Time.


def test_minutes_fit_the_steps_and_nothing_else(train, trmpipe, corpus4, tmp_path, monkeypatch):
    small = [option for option in TINY if not option.startswith("--max-steps")]
    monkeypatch.chdir(tmp_path)
    started = time.monotonic()
    result = trmpipe("train", corpus4, *small, "--minutes", 0.02)
    assert result.code == 0, result.err
    assert time.monotonic() - started < 20
    (run,) = Path("runs").iterdir()
    assert "-minutes=0.02-" in run.name
    steps = config(run)["train"]["max_steps"]
    assert steps >= 1
    assert f"{steps:,} steps fit 0.02 minutes on this machine as it is now" in result.err
    assert trmpipe("train", corpus4, *small, "--max-steps", steps, "--out", "given").code == 0
    assert metrics(run) == metrics(Path("given"))
    assert config(run)["hash"] == config(Path("given"))["hash"]
    assert trmpipe("train", corpus4, *small, "--minutes", 0.02, "--resume").code == 0
    other = trmpipe("train", corpus4, *small, "--minutes", 3, "--resume", "--out", run)
    assert "was fitted to 0.02 minutes, not to 3 minutes" in other.message


def test_the_evaluation_at_the_end_counts_where_none_comes_before(trmpipe, corpus4, tmp_path, monkeypatch):
    """Though nothing is scored while it trains."""
    answered = []
    monkeypatch.setattr(
        "trmpipe.trainer.training.fitting._score", lambda trainer, scored: answered.append(len(scored.sample))
    )
    monkeypatch.setattr("trmpipe.trainer.training.fitting._seconds", lambda work: work() or 50.0)
    small = [option for option in TINY if not option.startswith("--max-steps")]
    result = trmpipe("train", corpus4, *small, "--minutes", 0.5, "--set=evaluation.limit=0", "--out", tmp_path / "run")
    assert (result.code, len(answered)) == (2, 1)
    assert "and the evaluation at the end, of 50.0 s" in result.message


def test_minutes_that_hold_no_step_are_refused(trmpipe, corpus4, tmp_path):
    small = [option for option in TINY if not option.startswith("--max-steps")]
    result = trmpipe("train", corpus4, *small, "--minutes", 1e-6, "--out", tmp_path / "run")
    assert "minutes do not hold a step of" in result.message
    assert not (tmp_path / "run").exists()
    both = trmpipe("train", corpus4, "--minutes", 1, "--max-steps", 5)
    assert both.code == 2
    assert "--minutes and --max-steps both say how long to train" in both.message


def test_max_minutes_say_that_the_schedule_is_cut_off(train, tmp_path):
    result = train("--out", tmp_path / "run", "--max-minutes", 1e-5)
    assert "the schedule of 9 steps is cut off where it stands; --minutes fits the steps to the time" in result.err
    assert re.search(r"schedule  cut off at \d+% of the full learning rate", result.out)


def test_evaluations_count_in_the_minutes(train, tmp_path, monkeypatch):
    from trmpipe.trainer.training import loop

    act = loop.score_parts
    monkeypatch.setattr(loop, "score_parts", lambda *arguments: (time.sleep(0.7), act(*arguments))[1])
    result = train("--out", tmp_path / "run", "--max-minutes", 0.01, "--json")
    # The first evaluation is after step 4 and takes longer than the 0.6 seconds.
    assert json.loads(result.out)["step"] <= 4


@pytest.mark.parametrize("slices", [1, 2])
def test_a_long_step_is_given_up_when_time_is_up(train, nine, tmp_path, monkeypatch, slices):
    """The third step takes for ever; what is resumed takes it as if nothing had happened."""
    from trmpipe.trainer.models.trm import Level
    from trmpipe.trainer.training import watch

    act, calls = Level.forward, []
    # Measuring which precision is faster would call the network too.
    options = [f"--set=num_slices={slices}", "--set=precision=fp32"]
    assert train("--out", tmp_path / "whole", *options).code == 0

    def slow(level, *arguments):
        if level.training:
            calls.append(0)
            if len(calls) > 4 * slices:
                time.sleep(0.05)
        return act(level, *arguments)

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr("trmpipe.trainer.training.preparing.refuse_large_activations", lambda *arguments: None)
        patch.setattr(Level, "forward", slow)
        patch.setattr(watch, "LONG_SECONDS", 0.04)
        patch.setattr(Loop, "_time_is_up", lambda loop, more=0.0: len(calls) > 4 * slices)
        result = train("--out", run, "--json", *options)
    assert json.loads(result.out)["ended"] == "minutes"
    assert json.loads(result.out)["step"] == 2
    assert train("--out", run, "--resume", *options).code == 0
    assert metrics(run) == metrics(tmp_path / "whole")


def test_a_step_that_is_given_up_was_not_begun(train, tmp_path, monkeypatch):
    from trmpipe.trainer.training.watch import StepGivenUp, Watch

    assert train("--out", tmp_path / "whole").code == 0
    asked = []

    def ask(watch, *_):
        asked.append(0)
        if len(asked) > 12:
            raise StepGivenUp

    stopped = []
    act = Loop._reason_to_end
    with monkeypatch.context() as patch:
        patch.setattr(Watch, "ask", ask)
        patch.setattr(Loop, "_reason_to_end", lambda loop: act(loop) or (len(asked) > 12 and "minutes") or "")
        result = train("--out", tmp_path / "run", "--json")
        stopped.append(json.loads(result.out)["step"])
    assert 0 < stopped[0] < 9
    assert train("--out", tmp_path / "run", "--resume").code == 0
    assert metrics(tmp_path / "run") == metrics(tmp_path / "whole")


# Memory.


def test_memory_is_measured_on_puzzles_of_the_corpus(train, corpus4, tmp_path, monkeypatch):
    """A network that computes possible candidates alone would need three times as much for rows of nothing."""
    from trmpipe.trainer.building import memory

    seen, act = [], memory.activation_bytes
    monkeypatch.setattr(memory, "activation_bytes", lambda *given: seen.append(given[2:]) or act(*given))
    assert train("--out", tmp_path / "run", "--max-steps", 1).code == 0
    expected = open_corpus(corpus4).rows("train", num_groups=len(seen[0][0]), num_variants=1)
    first = next(iter(expected))
    assert [rows.tolist() for rows in seen[0]] == [first.inputs.tolist(), first.labels.tolist()]


def test_the_published_model_on_a_small_cpu_is_refused_before_the_first_step(trmpipe, corpus9, tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.building.memory.available_bytes", lambda device: 24 * 10**9)
    # Narrower in the cycles without gradient, which take no memory and most of the time.
    options = ("--preset", "sudoku-mlp", "--device", "cpu", "--set", "model.h_cycles=1", "--set", "precision=fp32")
    result = trmpipe("train", corpus9, *options, "--out", tmp_path / "run")
    assert result.code == 2
    assert re.search(
        r"a step of this run needs at least \d\d\.\d GB .* and 24.0 GB are free on cpu; lower batch_size",
        result.message,
    )
    most = int(re.search(r"of which (\d+) may fit", result.message)[1])
    assert 100 < most < 400
    assert not (tmp_path / "run").exists()


def test_what_fits_is_not_refused(train, tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.building.memory.available_bytes", lambda device: 10**8)
    assert train("--out", tmp_path / "run", "--max-steps=1").code == 0


def test_memory_that_gives_out_in_a_step_gets_one_line(train, tmp_path, monkeypatch):
    from trmpipe.trainer.training.trainer import Trainer

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Trainer, "train_step", full)
    assert "start a run with more slices (--set num_slices=" in train("--out", tmp_path / "r").message


@pytest.mark.parametrize("place", ["s3:", "s3:/bucket/run", "s3://bucket/run", "file:///tmp/run", "file:run", "gs:x"])
def test_a_url_is_no_place_for_a_run(trmpipe, corpus4, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = trmpipe("train", corpus4, "--out", place)
    assert result.code == 2
    assert f"--out is {place}; a run lies in a local folder" in result.message
    assert not list(tmp_path.iterdir())
