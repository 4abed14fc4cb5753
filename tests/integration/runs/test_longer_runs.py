"""Runs can be told apart and gone on with: names, extensions, `--from`."""

import json
import re
import shutil
from pathlib import Path

import pytest
import torch

from tests.runs import TINY, config, metrics, reseal, stopping_at
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.runs.checkpoint import digest_of, list_checkpoints
from trmpipe.trainer.runs.run_folder import RunFolder

# Names.


def test_names_tell_the_corpus_folder_and_what_was_changed(train, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = ("--set=optimiser.name=adamw", "--set=optimiser.lr=3e-4")
    done = train("--max-steps=1", *settings, "--groups=5", "--variants=50")
    assert done.code == 0
    (name,) = (path.name for path in Path("runs").iterdir())
    assert name.startswith("sudoku4-sudoku4-cpu-groups=5-variants=50-optimiser.name=adamw-")
    assert re.fullmatch(r"[A-Za-z0-9._=+,-]{1,200}", name)
    assert name.endswith("-seed0")


@pytest.fixture
def named(corpus4):
    """The name of a run with some changes to the preset trm-sudoku6-cpu."""
    from trmpipe.shards import Corpus
    from trmpipe.trainer.presets import get_preset
    from trmpipe.trainer.runs.naming import run_name
    from trmpipe.trainer.settings.overrides import apply_overrides
    from trmpipe.trainer.settings.request import TrainRequest

    def call(*settings, **options):
        corpora = [Corpus.open(corpus4)]
        base = apply_overrides(get_preset("trm-sudoku6-cpu"), settings)
        return run_name(TrainRequest(paths=("x",), **options), "trm-sudoku6-cpu", base, corpora)

    return call


def test_a_name_says_only_what_differs(named):
    assert named() == "sudoku4-trm-sudoku6-cpu-seed0"
    assert named("batch_size=32") == "sudoku4-trm-sudoku6-cpu-seed0"
    assert named("batch_size=8", "seed=3") == "sudoku4-trm-sudoku6-cpu-batch_size=8-seed3"
    assert named("optimiser.name=adamw", "optimiser.betas=0.8,0.9") == (
        "sudoku4-trm-sudoku6-cpu-optimiser.name=adamw-optimiser.betas=0.8,0.9-seed0"
    )
    assert named(groups=5, variants=2) == "sudoku4-trm-sudoku6-cpu-groups=5-variants=2-seed0"
    assert named(minutes=2.5) == "sudoku4-trm-sudoku6-cpu-minutes=2.5-seed0"
    assert named(start="a b/$(x)") == "sudoku4-trm-sudoku6-cpu-from=__x_-seed0"


def test_a_long_name_is_cut_and_stays_its_own(named):
    long = [f"{key}=0.{'1' * 14}{{}}" for key in ("optimiser.lr", "optimiser.matrix_lr", "embedding.lr", "ema_decay")]
    one, other = (named(*[setting.format(end) for setting in long]) for end in (1, 2))
    assert one != other
    assert len(one) < 200
    assert one.endswith("-seed0")


# Made longer.


def refused(path):
    """Why a run's config is not believed."""
    with pytest.raises(RunError) as caught:
        RunFolder(path).read_config()
    return str(caught.value)


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


@pytest.mark.parametrize(("stop_at", "command"), [(9, "--max-steps=9"), (12, "--max-steps=15")])
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


def test_a_run_can_be_made_longer_from_before_its_last_extension(train, nine, tmp_path):
    early = shutil.copytree(nine / "checkpoints", tmp_path / "early")
    assert train("--out", nine, "--resume", "--max-steps=12").code == 0
    shutil.rmtree(nine / "checkpoints")
    shutil.copytree(early, nine / "checkpoints")
    (nine / "checkpoints" / "step-000009.pt").unlink()
    assert train("--out", nine, "--resume", "--max-steps=13").code == 0
    assert config(nine)["extensions"] == [{"from_step": 8, "max_steps": 13}]
    assert train("--out", nine, "--resume", "--max-steps=13").code == 0


@pytest.mark.parametrize(
    "extensions",
    [
        [(9, 12), (3, 20)],
        [(9, 12), (10, 12)],
        [(9, 12), (13, 20)],
        [(4, 8)],
        [(9, 9)],
        [(10, 12)],
    ],
    ids=["order", "not longer", "beyond", "shorter than the run", "as long as the run", "beyond the run"],
)
def test_extensions_that_do_not_follow_on_the_run_are_damage(nine, extensions):
    """The run has 9 steps."""
    names = ("from_step", "max_steps")
    reseal(nine / "config.json", extensions=[dict(zip(names, values, strict=True)) for values in extensions])
    step, length = extensions[-1]
    assert f"an extension from step {step} to {length} steps does not follow on" in refused(nine)


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
    other = trmpipe("train", corpus6, "--preset=trm-sudoku6-cpu", *TINY, "--out", tmp_path / "b", "--from", nine)
    assert f"the weights of {nine} are for sequences of 16 tokens out of 6" in other.message
    none = train("--out", tmp_path / "c", "--from", tmp_path / "nothing")
    assert "is no run: it has no config.json" in none.message
    assert not [name for name in "abc" if (tmp_path / name).exists()]


def test_lines_of_times_say_which_session_they_are_of(nine, train):
    """The second session is longer than the first, so that its times alone would not tell."""
    first = [json.loads(line) for line in (nine / "timings.jsonl").read_text().splitlines()]
    assert {line["step"] - line["session_steps"] for line in first} == {0}
    assert train("--resume", "--max-steps=30", "--out", nine).code == 0
    lines = [json.loads(line) for line in (nine / "timings.jsonl").read_text().splitlines()]
    assert {line["step"] - line["session_steps"] for line in lines[len(first) :]} == {9}
