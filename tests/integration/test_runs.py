"""Runs can be told apart, compared and gone on with: names, extensions, `--from`, minutes, scores, `trmpipe runs`."""

import json
import os
import re
import shutil
import time
from pathlib import Path

import pytest
import torch

from tests.runs import TINY, reseal
from trmpipe.cli.main import run as run_command
from trmpipe.trainer.checkpoint import digest_of, list_checkpoints
from trmpipe.trainer.loop import Loop

NAMED = [option for option in TINY if "model" not in option]


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    """Torch on one thread, and no pictures."""
    monkeypatch.setattr("trmpipe.trainer.session.draw_pictures", lambda *arguments: [])
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def train(trmpipe, corpus4):
    return lambda *options: trmpipe("train", corpus4, *TINY, *options)


@pytest.fixture(scope="module")
def finished(corpus4, tmp_path_factory):
    """A run of 9 steps; not to be changed."""
    out = tmp_path_factory.mktemp("runs") / "nine"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trmpipe.trainer.session.draw_pictures", lambda *arguments: [])
        assert run_command(["train", str(corpus4), "--out", str(out), *TINY]) == 0
    return out


@pytest.fixture
def nine(finished, tmp_path):
    """A copy of the run of 9 steps."""
    return shutil.copytree(finished, tmp_path / "nine")


def metrics(run):
    return (run / "metrics.jsonl").read_bytes()


def config(run):
    return json.loads((run / "config.json").read_text())


def stopping_at(monkeypatch, step):
    """Ctrl-C after a step."""
    act = Loop._reason_to_end
    monkeypatch.setattr(Loop, "_reason_to_end", lambda loop: "interrupted" if loop.step >= step else act(loop))


# Names.


def test_names_tell_the_corpus_folder_and_what_was_changed(train, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert train("--max-steps=1", "--set=optimiser.name=adamw", "--set=optimiser.lr=3e-4", "--groups=5").code == 0
    (name,) = (path.name for path in Path("runs").iterdir())
    assert name.startswith("sudoku4-sudoku4-cpu-optimiser.name=adamw-")
    assert re.fullmatch(r"[A-Za-z0-9._=+,-]{1,200}", name)
    assert name.endswith("-seed0")


@pytest.fixture
def named(corpus4):
    """The name of a run with some changes to the preset sudoku6-cpu."""
    from trmpipe.shards import Corpus
    from trmpipe.trainer.naming import run_name
    from trmpipe.trainer.overrides import apply_overrides
    from trmpipe.trainer.presets import get_preset
    from trmpipe.trainer.request import TrainRequest

    def call(*settings, **options):
        corpora = [Corpus.open(corpus4)]
        base = apply_overrides(get_preset("sudoku6-cpu"), settings)
        return run_name(TrainRequest(paths=("x",), **options), "sudoku6-cpu", base, corpora)

    return call


def test_a_name_says_only_what_differs(named):
    assert named() == "sudoku4-sudoku6-cpu-seed0"
    assert named("batch_size=32") == "sudoku4-sudoku6-cpu-seed0"
    assert named("batch_size=8", "seed=3") == "sudoku4-sudoku6-cpu-batch_size=8-seed3"
    assert named("optimiser.name=adamw", "optimiser.betas=0.8,0.9") == (
        "sudoku4-sudoku6-cpu-optimiser.name=adamw-optimiser.betas=0.8,0.9-seed0"
    )
    assert named(groups=5, variants=2) == "sudoku4-sudoku6-cpu-groups=5-variants=2-seed0"
    assert named(minutes=2.5) == "sudoku4-sudoku6-cpu-minutes=2.5-seed0"
    assert named(start="a b/$(x)") == "sudoku4-sudoku6-cpu-from=__x_-seed0"


def test_a_long_name_is_cut_and_stays_its_own(named):
    long = [f"{key}=0.{'1' * 14}{{}}" for key in ("optimiser.lr", "optimiser.matrix_lr", "embedding.lr", "ema_decay")]
    one, other = (named(*[setting.format(end) for setting in long]) for end in (1, 2))
    assert one != other
    assert len(one) < 200
    assert one.endswith("-seed0")


# Made longer.


def test_resume_with_more_steps_makes_a_finished_run_longer(train, nine):
    before, hash_before = metrics(nine), config(nine)["hash"]
    result = train("--out", nine, "--resume", "--max-steps=15")
    assert result.code == 0, result.err
    assert "extended from 9 to 15 steps: from step 10 on the schedule is that of 15 steps" in result.err
    assert "15 of 15 steps" in result.out
    assert metrics(nine).startswith(before)
    assert config(nine)["hash"] == hash_before
    assert config(nine)["extensions"] == [{"from_step": 9, "max_steps": 15}]
    assert json.loads((nine / "evaluation.json").read_text())["step"] == 15


def test_a_run_that_is_not_longer_keeps_its_config_to_the_byte(train, nine):
    before = (nine / "config.json").read_bytes()
    assert train("--out", nine, "--resume").code == 0
    assert (nine / "config.json").read_bytes() == before
    assert not {"extensions", "origin", "minutes"} & set(config(nine))


@pytest.mark.parametrize("stop_at", [9, 10, 13])
@pytest.mark.parametrize("command", ["--max-steps=9", "--max-steps=15"])
def test_an_extension_that_is_broken_off_equals_an_undisturbed_one(
    train, nine, tmp_path, monkeypatch, stop_at, command
):
    whole = shutil.copytree(nine, tmp_path / "whole")
    assert train("--out", whole, "--resume", "--max-steps=15").code == 0
    with monkeypatch.context() as patch:
        stopping_at(patch, stop_at)
        assert train("--out", nine, "--resume", "--max-steps=15").code == 130
    assert train("--out", nine, "--resume", command).code == 0
    assert metrics(nine) == metrics(whole)
    assert (nine / "evaluation.json").read_bytes() == (whole / "evaluation.json").read_bytes()


def test_an_extended_run_comes_out_the_same_from_a_checkpoint_before_its_extension(train, nine, tmp_path):
    whole = shutil.copytree(nine, tmp_path / "whole")
    early = shutil.copytree(nine / "checkpoints", tmp_path / "early")
    assert train("--out", whole, "--resume", "--max-steps=15").code == 0
    assert train("--out", nine, "--resume", "--max-steps=15").code == 0
    shutil.rmtree(nine / "checkpoints")
    shutil.copytree(early, nine / "checkpoints")
    (nine / "checkpoints" / "step-000009.pt").unlink()
    result = train("--out", nine, "--resume", "--max-steps=15")
    assert result.code == 0, result.err
    assert "resumed after step 8" in result.err
    assert metrics(nine) == metrics(whole)
    assert (nine / "evaluation.json").read_bytes() == (whole / "evaluation.json").read_bytes()


def test_a_run_is_never_made_shorter(train, nine):
    result = train("--out", nine, "--resume", "--max-steps=5")
    assert result.code == 1
    assert "has 9 steps, and a run is never made shorter than it is" in result.message
    assert (
        "differ: batch_size, max_steps"
        in train("--out", nine, "--resume", "--max-steps=20", "--set=batch_size=4").message
    )


def test_extensions_out_of_order_are_damage(train, nine):
    reseal(nine / "config.json", extensions=[{"from_step": 9, "max_steps": 12}, {"from_step": 3, "max_steps": 20}])
    assert "its extensions are in no order" in train("--out", nine, "--resume").message


def test_resuming_finds_the_run_under_its_old_name(trmpipe, corpus4, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    small = [option for option in TINY if not option.startswith("--max-steps")]
    assert trmpipe("train", corpus4, "--max-steps", 4, *small).code == 0
    (path,) = Path("runs").iterdir()
    assert trmpipe("train", corpus4, "--max-steps", 8, "--resume", *small).code == 0
    assert list(Path("runs").iterdir()) == [path]
    assert config(path)["extensions"] == [{"from_step": 4, "max_steps": 8}]
    path.rename("runs/as-it-was-called-before")
    assert trmpipe("train", corpus4, "--max-steps", 8, "--resume", *small).code == 0
    shutil.copytree("runs/as-it-was-called-before", "runs/copy")
    result = trmpipe("train", corpus4, "--max-steps", 8, "--resume", *small)
    assert (
        "several runs could be meant: runs/as-it-was-called-before, runs/copy; say which with --out" in result.message
    )


# From another run.


def test_from_begins_with_the_averaged_weights(train, nine, tmp_path):
    run = tmp_path / "tuned"
    result = train("--out", run, "--from", nine, "--max-steps=3", "--seed=5", "--set=checkpoint_every=1")
    assert result.code == 0, result.err
    assert "begins with the averaged weights of nine after step 9" in result.err
    (*_, last) = list_checkpoints(nine / "checkpoints")
    assert config(run)["origin"] == {"run": "nine", "step": 9, "digest": digest_of(last)}
    assert train("--out", tmp_path / "plain", "--max-steps=3", "--seed=5", "--set=checkpoint_every=1").code == 0
    assert config(run)["hash"] != config(tmp_path / "plain")["hash"]
    assert metrics(run) != metrics(tmp_path / "plain")
    net = torch.load(last, weights_only=True)["trainer"]["ema"]["lm_head.weight"]
    first = torch.load(run / "checkpoints" / "step-000001.pt", weights_only=True)["trainer"]["net"]["lm_head.weight"]
    assert 0 < (net - first).abs().max() < 0.01


def test_a_run_from_another_is_resumed_exactly(train, nine, tmp_path, monkeypatch):
    options = ("--from", nine, "--max-steps=6", "--seed=5")
    assert train("--out", tmp_path / "whole", *options).code == 0
    broken = tmp_path / "broken"
    with monkeypatch.context() as patch:
        stopping_at(patch, 3)
        assert train("--out", broken, *options).code == 130
    shutil.copytree(broken, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "checkpoints")
    for run in (broken, tmp_path / "bare"):
        result = train("--out", run, "--resume", *options)
        assert result.code == 0, result.err
        assert metrics(run) == metrics(tmp_path / "whole")
    assert "these differ: from" in train("--out", broken, "--resume", "--max-steps=6", "--seed=5").message
    # The other run goes on, and its old checkpoints are dropped: what was begun with them needs them no more.
    assert train("--out", nine, "--resume", "--max-steps=30").code == 0
    assert train("--out", broken, "--resume", *options).code == 0
    shutil.rmtree(tmp_path / "bare" / "checkpoints")
    gone = train("--out", tmp_path / "bare", "--resume", *options)
    assert "no longer holds the checkpoint of step 9 that this run began with" in gone.message


def test_weights_that_do_not_fit_are_refused_and_nothing_is_left(train, trmpipe, corpus6, nine, tmp_path):
    wider = train("--out", tmp_path / "a", "--from", nine, "--set=model.width=32")
    assert wider.code == 1
    assert f"the weights of {nine} do not fit the model: " in wider.message
    other = trmpipe("train", corpus6, *TINY, "--out", tmp_path / "b", "--from", nine)
    assert f"the weights of {nine} are for sequences of 16 tokens out of 6" in other.message
    none = train("--out", tmp_path / "c", "--from", tmp_path / "nothing")
    assert "is no run: it has no config.json" in none.message
    assert not [name for name in "abc" if (tmp_path / name).exists()]


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
    from trmpipe.trainer import loop

    act = loop.score_here
    monkeypatch.setattr(loop, "score_here", lambda *arguments: (time.sleep(0.7), act(*arguments))[1])
    result = train("--out", tmp_path / "run", "--max-minutes", 0.01, "--json")
    # The first evaluation is after step 4 and takes longer than the 0.6 seconds.
    assert json.loads(result.out)["step"] <= 4


@pytest.mark.parametrize("slices", [1, 2])
def test_a_long_step_is_given_up_when_time_is_up(train, nine, tmp_path, monkeypatch, slices):
    """The third step takes for ever; what is resumed takes it as if nothing had happened."""
    from trmpipe.trainer import watch
    from trmpipe.trainer.models.trm import Level

    act, calls = Level.forward, []
    options = [f"--set=num_slices={slices}"]
    assert train("--out", tmp_path / "whole", *options).code == 0

    def slow(level, *arguments):
        if level.training:
            calls.append(0)
            if len(calls) > 4 * slices:
                time.sleep(0.05)
        return act(level, *arguments)

    run = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(Level, "forward", slow)
        patch.setattr(watch, "LONG_SECONDS", 0.06)
        result = train("--out", run, "--max-minutes", 0.001, "--json", *options)
    assert json.loads(result.out)["ended"] == "minutes"
    assert json.loads(result.out)["step"] < 9
    assert train("--out", run, "--resume", *options).code == 0
    assert metrics(run) == metrics(tmp_path / "whole")


def test_a_step_that_is_given_up_was_not_begun(train, tmp_path, monkeypatch):
    from trmpipe.trainer.watch import StepGivenUp, Watch

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


def test_the_published_model_on_a_small_cpu_is_refused_before_the_first_step(trmpipe, corpus9, tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.memory.available_bytes", lambda device: 24 * 10**9)
    # Narrower in the cycles without gradient, which take no memory and most of the time.
    options = ("--preset", "sudoku-mlp", "--device", "cpu", "--set", "model.h_cycles=1", "--out", tmp_path / "run")
    result = trmpipe("train", corpus9, *options)
    assert result.code == 1
    assert re.search(
        r"a step of this run needs at least \d\d\.\d GB .* and 24.0 GB are free on cpu; lower batch_size",
        result.message,
    )
    most = int(re.search(r"of which (\d+) may fit", result.message)[1])
    assert 100 < most < 400
    assert not (tmp_path / "run").exists()


def test_what_fits_is_not_refused(train, tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.trainer.memory.available_bytes", lambda device: 10**8)
    assert train("--out", tmp_path / "run", "--max-steps=1").code == 0


def test_memory_that_gives_out_in_a_step_gets_one_line(train, tmp_path, monkeypatch):
    from trmpipe.trainer.trainer import Trainer

    def full(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Trainer, "train_step", full)
    assert "does not hold a step of this run; cut the batch into more slices" in train("--out", tmp_path / "r").message


# Scores, and the list of runs.


def test_evaluate_keeps_its_scores_and_runs_shows_them(trmpipe, nine, corpus4):
    shown = json.loads(trmpipe("evaluate", nine, "--json", "--limit", 5).out)
    assert Path(shown["kept"]).parent == nine / "evaluations"
    for _ in range(2):
        assert trmpipe("evaluate", nine, "--corpus", corpus4).code == 0
    assert len(list((nine / "evaluations").iterdir())) == 2
    listed = trmpipe("runs", nine.parent)
    assert listed.code == 0, listed.err
    head, row = listed.out.splitlines()
    assert head.split() == ["run", "preset", "seed", "steps", "scores", "changed"]
    assert re.match(r"nine +sudoku4-cpu +0 +9/9 +\d+\.\d% exact +model.width=16", row)
    (told,) = json.loads(trmpipe("runs", nine.parent, "--json").out)["runs"]
    assert told["settings"]["model.width"] == "16"
    assert [(one["corpus"], one["limit"]) for one in told["scores"][:2]] == [(corpus4.name, None), (corpus4.name, 5)]
    exact = shown["steps"][-1]["exact"]
    assert told["scores"][1]["exact"] == exact


def test_scores_are_kept_beside_a_training_and_not_against_an_owner(trmpipe, nine):
    from trmpipe.shards import Store
    from trmpipe.shards.ownership import owned

    with owned(Store(nine)):
        assert trmpipe("evaluate", nine).code == 0
    assert len(list((nine / "evaluations").iterdir())) == 1
    with owned(Store(nine), "evaluations"):
        result = trmpipe("evaluate", nine, "--limit", 3)
        assert result.code == 0
        assert "the scores are not kept in the run: another command is writing" in result.err
    assert len(list((nine / "evaluations").iterdir())) == 1


class Killed(BaseException):
    """What no handler of errors takes for one."""


def test_a_kill_while_scores_are_kept_leaves_what_was_there(trmpipe, nine, monkeypatch):
    assert trmpipe("evaluate", nine).code == 0
    (path,) = (nine / "evaluations").iterdir()
    before, act, left = path.read_bytes(), os.replace, nine.parent / "left"

    def killed(*arguments, **options):
        if "step-" not in str(arguments):
            return act(*arguments, **options)
        shutil.copytree(nine, left)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", killed)
        with pytest.raises(Killed):
            trmpipe("evaluate", nine)
    assert len(list((left / "evaluations").iterdir())) > 1
    assert (left / "evaluations" / path.name).read_bytes() == before
    assert trmpipe("evaluate", left).code == 0
    assert [one.name for one in (left / "evaluations").iterdir()] == [path.name]


def test_a_damaged_run_gets_a_line_and_does_not_end_the_list(trmpipe, nine):
    broken = shutil.copytree(nine, nine.parent / "broken")
    (broken / "config.json").write_text("{}")
    (nine / "evaluations").mkdir()
    (nine / "evaluations" / "step-000009-0.json").write_text("{")
    result = trmpipe("runs", nine.parent)
    assert result.code == 1
    assert "9/9" in result.out
    assert f"{broken} is left out: " in result.err
    assert "step-000009-0.json is damaged" in result.err
    assert len(result.err.splitlines()) == 2


def test_a_folder_without_runs_is_told(trmpipe, tmp_path):
    assert "there is no run in" in trmpipe("runs", tmp_path).message


@pytest.mark.parametrize("place", ["s3:", "s3:/bucket/run", "s3://bucket/run", "file:///tmp/run", "file:run", "gs:x"])
def test_a_url_is_no_place_for_a_run(trmpipe, corpus4, place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = trmpipe("train", corpus4, "--out", place)
    assert result.code == 2
    assert f"--out is {place}; a run lies in a local folder" in result.message
    assert not list(tmp_path.iterdir())
