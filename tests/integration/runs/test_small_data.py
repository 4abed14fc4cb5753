"""Runs with puzzles kept aside: the best checkpoint, the early stop, the gap, and what is told of them."""

import json
import os
import shutil

import pytest
import torch

from tests.runs import TINY, config, metrics, reseal, resign, stopping_at
from trmpipe.shards import open_corpus
from trmpipe.trainer.pictures import curves
from trmpipe.trainer.runs.checkpoint import list_best, list_checkpoints, load_checkpoint
from trmpipe.trainer.runs.lines import read_metrics

ASIDE = ["--set=evaluation.every=2", "--set=evaluation.monitor=6", "--set=evaluation.train_limit=5", "--seed=2"]
"""Under this seed the evaluations after steps 2, 4 and 6 are each better than those before, and that after 8 is not."""
STILL = ["--set=ema_decay=0.99999999", "--set=ema_warm=0", "--set=evaluation.patience=2"]
"""An average that never moves scores the same for ever, so that nothing is better than the first evaluation."""
FILES = ("metrics.jsonl", "evaluation.json")


@pytest.fixture(scope="module")
def finished_aside(corpus4, tmp_path_factory):
    """A run that keeps puzzles aside; not to be changed."""
    from tests.runs import quick_training
    from trmpipe.cli.main import run

    out = tmp_path_factory.mktemp("runs") / "aside"
    with quick_training():
        assert run(["train", str(corpus4), "--out", str(out), *TINY, *ASIDE]) == 0
    return out


@pytest.fixture
def aside(finished_aside, tmp_path):
    """A copy of the run that keeps puzzles aside."""
    return shutil.copytree(finished_aside, tmp_path / "aside")


def lines_of(run, split):
    return [line for line in read_metrics(run / "metrics.jsonl") if line.split == split]


def best_by_hand(run):
    """The step of the first evaluation with most puzzles solved, and of those with most cells right."""
    found = [((line.values["exact"], line.values["cell"]), line.step) for line in lines_of(run, "monitor")]
    most = max(scores for scores, _ in found)
    return next(step for scores, step in found if scores == most)


def checkpoints(run):
    return sorted(path.name for path in (run / "checkpoints").iterdir())


def same_tensors(first, second):
    """Whether two checkpoints hold the same averages."""
    one, other = (load_checkpoint(path)["trainer"]["ema"] for path in (first, second))
    return all(torch.equal(one[name], other[name]) for name in one | other)


def test_three_sets_are_scored_and_the_best_is_kept(aside):
    for split in ("test", "monitor", "train_eval"):
        assert [line.step for line in lines_of(aside, split)] == [2, 4, 6, 8]
    best = best_by_hand(aside)
    assert best == 6
    assert checkpoints(aside) == [
        f"best-step-{best:06d}.pt",
        *(f"step-{step:06d}.pt" for step in (6, 8, 9)),
    ]
    assert load_checkpoint(list_checkpoints(aside / "checkpoints")[-1])["best"]["step"] == best


def test_the_best_is_evaluated_solved_with_and_listed(trmpipe, aside):
    best = best_by_hand(aside)
    found = json.loads(trmpipe("evaluate", aside, "--checkpoint", "best", "--json").out)
    assert found["trained_steps"] == best
    (then,) = [line for line in lines_of(aside, "test") if line.step == best]
    assert found["steps"][-1]["exact"] == then.values["exact"]
    assert found["steps"][-1]["cell"] == pytest.approx(then.values["cell"])
    told = json.loads((aside / "evaluation.json").read_text())
    assert (told["step"], told["best"]["step"]) == (9, best)
    assert told["best"]["scores"]["steps"] == found["steps"]
    assert told["gap"] == told["training"]["steps"][-1]["exact"] - told["steps"][-1]["exact"]
    assert told["training"]["puzzles"] == 5
    for which in ("best", "last", "8"):
        assert trmpipe("solve", aside, "1...3..2....4...", "--checkpoint", which).code == 0
    assert f"% exact (best, step {best})" in trmpipe("runs", aside).out
    assert json.loads(trmpipe("runs", aside, "--json").out)["runs"][0]["best_step"] == best


@pytest.mark.parametrize(
    ("which", "code", "words"),
    [
        ("3", 1, "keeps no checkpoint after step 3; it keeps those after step 6, 8, 9, "),
        ("bset", 2, "the checkpoint 'bset' is unknown; give last, best, or a number of steps"),
        ("-1", 2, "the checkpoint '-1' is unknown"),
    ],
)
def test_checkpoints_that_there_are_not(trmpipe, aside, which, code, words):
    for command in (("evaluate", aside), ("solve", aside, "1...3..2....4...")):
        result = trmpipe(*command, f"--checkpoint={which}")
        assert (result.code, words in result.message) == (code, True), result.err


def test_a_run_without_puzzles_kept_aside_has_no_best(trmpipe, nine):
    result = trmpipe("evaluate", nine, "--checkpoint", "best")
    assert result.code == 1
    assert "has no best checkpoint, as it was trained without puzzles kept aside" in result.message
    assert "--set evaluation.monitor=N" in result.message
    assert {line.split for line in read_metrics(nine / "metrics.jsonl")} == {"train", "test"}


def test_the_last_ones_are_kept_as_asked(train, tmp_path):
    assert train("--set=checkpoint_keep=1", "--out", tmp_path / "one").code == 0
    assert checkpoints(tmp_path / "one") == ["step-000009.pt"]
    refused = train("--set=checkpoint_keep=0", "--out", tmp_path / "none")
    assert (refused.code, "checkpoint_keep is 0; it must be at least 1" in refused.message) == (2, True)


def test_a_best_checkpoint_that_was_deleted_ends_no_training(train, trmpipe, aside):
    for path in (aside / "checkpoints").iterdir():
        if path.name != "step-000006.pt":
            path.unlink()
    told = json.loads(train(*ASIDE, "--out", aside, "--resume", "--json").out)
    assert (told["step"], told["best"]["step"], told["best"]["scores"]) == (9, 6, None)
    assert "or its file was deleted; train on" in trmpipe("evaluate", aside, "--checkpoint", "best").message


@pytest.mark.parametrize("keep", [1, 3])
def test_without_ordinary_checkpoints_the_best_one_is_gone_on_with(train, aside, tmp_path, keep):
    """It holds as much as they do; to begin anew would lose it and all that was trained."""
    run = tmp_path / "alone"
    settings = [*ASIDE, f"--set=checkpoint_keep={keep}", "--out", run]
    assert train(*settings).code == 0
    whole = shutil.copytree(run, tmp_path / "whole")
    for path in list_checkpoints(run / "checkpoints"):
        path.unlink()
    (best,) = list_best(run / "checkpoints")
    kept = best.read_bytes()
    resumed = train(*settings, "--resume")
    assert resumed.code == 0, resumed.err
    assert "resumed after step 6" in resumed.err
    assert best.read_bytes() == kept
    assert checkpoints(run) == checkpoints(whole)
    assert [(run / name).read_bytes() for name in FILES] == [(whole / name).read_bytes() for name in FILES]


def test_a_damaged_best_checkpoint_that_is_alone_is_not_deleted(train, aside):
    for path in list_checkpoints(aside / "checkpoints"):
        path.unlink()
    (best,) = list_best(aside / "checkpoints")
    best.write_bytes(best.read_bytes()[:-100])
    before = metrics(aside)
    refused = train(*ASIDE, "--out", aside, "--resume")
    assert refused.code == 1
    assert "there is none beside it to go on from: restore it" in refused.message
    assert (checkpoints(aside), metrics(aside)) == ([best.name], before)


@pytest.mark.parametrize("step", [1, 2, 5, 7])
def test_stopped_anywhere_and_gone_on_with_it_is_the_same_run(train, aside, tmp_path, monkeypatch, step):
    run = tmp_path / "stopped"
    with monkeypatch.context() as patch:
        stopping_at(patch, step)
        assert train(*ASIDE, "--out", run).code == 130
    assert train(*ASIDE, "--out", run, "--resume").code == 0
    assert [(run / name).read_bytes() for name in FILES] == [(aside / name).read_bytes() for name in FILES]
    assert same_tensors(*(list_best(one / "checkpoints")[0] for one in (run, aside)))


def test_a_kill_around_the_best_checkpoint_ends_in_the_same_run(train, aside, tmp_path, monkeypatch):
    """What a kill leaves is what lies on the disk at that moment: copied whenever a best file comes or goes."""
    run, left = tmp_path / "whole", []

    def around(name):
        act = getattr(os, name)

        def watched(*arguments, **options):
            inside = any("best-step" in str(argument) for argument in arguments)
            for _ in range(inside):
                left.append(shutil.copytree(run, tmp_path / f"killed-{len(left)}"))
            act(*arguments, **options)
            for _ in range(inside):
                left.append(shutil.copytree(run, tmp_path / f"killed-{len(left)}"))

        return watched

    with monkeypatch.context() as patch:
        for name in ("replace", "unlink"):
            patch.setattr(os, name, around(name))
        assert train(*ASIDE, "--out", run).code == 0
    assert len(left) >= 8
    for one in left:
        before = checkpoints(one)
        assert train(*ASIDE, "--out", one, "--resume").code == 0
        assert (checkpoints(one), metrics(one)) == (checkpoints(aside), metrics(aside)), before


def test_a_run_that_gets_no_better_stops(trmpipe, train, tmp_path, monkeypatch):
    run = tmp_path / "still"
    result = train(*ASIDE, *STILL, "--out", run, "--json")
    told = json.loads(result.out)
    assert (told["ended"], told["step"], told["best"]["step"]) == ("patience", 6, 2)
    again = train(*ASIDE, *STILL, "--out", run, "--resume")
    assert again.code == 0
    assert "stopped   after step 6: no better in 2 evaluations" in again.out
    assert f"trmpipe evaluate {run} --checkpoint best" in again.out
    assert "--resume" not in again.out
    broken = tmp_path / "broken"
    with monkeypatch.context() as patch:
        stopping_at(patch, 5)
        assert train(*ASIDE, *STILL, "--out", broken).code == 130
    assert train(*ASIDE, *STILL, "--out", broken, "--resume").code == 0
    assert [(broken / name).read_bytes() for name in FILES] == [(run / name).read_bytes() for name in FILES]


def test_a_run_that_got_no_better_is_not_made_longer(train, tmp_path):
    """It would take no step, and its config would say that it had been."""
    run = tmp_path / "still"
    assert train(*ASIDE, *STILL, "--out", run).code == 0
    before = (run / "config.json").read_bytes()
    longer = train(*ASIDE, *STILL, "--out", run, "--resume", "--max-steps=80")
    assert longer.code == 0
    assert (run / "config.json").read_bytes() == before
    assert "extended" not in longer.err
    assert "not made longer: none of its last 2 evaluations was better than that after step 2" in longer.err
    assert "evaluation.patience=2" in longer.err


def test_what_is_told_at_the_end(train, tmp_path):
    told = train(*ASIDE, "--groups=10", "--variants=4", "--out", tmp_path / "run")
    assert told.code == 0, told.err
    assert "trained on: " in told.out
    assert "; the gap to held-out puzzles is " in told.out
    assert "exact of the puzzles kept aside; held out: " in told.out
    assert "regime    10 of 20 training puzzles x 4 of " in told.out
    assert "; 6 kept aside" in told.out
    # 9 steps of 8 are seven epochs of 10 and a fifth of one, and every group has four variants.
    assert "seen      40 of 40 variants (100%); each puzzle came 7.2 times" in told.out
    assert "kept aside 0" in told.err
    assert "trained on 0" in told.err


def test_too_many_kept_aside_are_refused_before_anything_is_written(train, tmp_path):
    refused = train("--set=evaluation.monitor=11", "--set=evaluation.every=2", "--groups=10", "--out", tmp_path / "r")
    assert (refused.code, "there are 20 in all" in refused.message) == (2, True)
    assert not (tmp_path / "r").exists()


def test_runs_made_before_all_this_are_gone_on_with(train, nine):
    expected = metrics(nine)
    settings = config(nine)["train"]
    for name in ("monitor", "patience", "train_limit"):
        del settings["evaluation"][name]
    del settings["checkpoint_keep"]
    reseal(nine / "config.json", train=settings)
    for path in list_checkpoints(nine / "checkpoints"):
        if path.name > "step-000006.pt":
            path.unlink()
    digest = config(nine)["hash"]

    def before(state):
        del state["best"]
        state["config_digest"] = digest

    resign(nine / "checkpoints" / "step-000006.pt", before)
    assert train("--out", nine, "--resume").code == 0
    assert metrics(nine) == expected


@pytest.mark.parametrize(
    "best",
    [
        {"step": 99, "exact": 0.5, "cell": 0.5, "worse": 0},
        {"step": 4, "exact": float("nan"), "cell": 0.5, "worse": 0},
        {"step": 4, "exact": 2.0, "cell": 0.5, "worse": 0},
        {"step": 4, "exact": 0.5, "cell": 0.5, "worse": -1},
        "best",
    ],
)
def test_a_best_evaluation_that_cannot_be_is_damage(train, aside, best):
    resign(aside / "checkpoints" / "step-000009.pt", lambda state: state.update(best=best))
    result = train(*ASIDE, "--out", aside, "--resume")
    assert result.code == 1
    assert "step-000009.pt" in result.message


def test_curves_show_every_set_and_the_gap(aside, monkeypatch, tmp_path):
    figures = []
    monkeypatch.setattr(curves, "save_figure", lambda figure, path: figures.append(figure))
    curves.draw_curves(read_metrics(aside / "metrics.jsonl"), "a run", tmp_path / "curves.png")
    axes = figures[0].axes[1]
    drawn = {line.get_label(): line.get_ydata().tolist() for line in axes.lines}
    for split, words in (("train_eval", "trained on"), ("monitor", "kept aside"), ("test", "held out")):
        (found,) = [values for label, values in drawn.items() if label.startswith("exact") and words in label]
        assert found == [line.values["exact"] for line in lines_of(aside, split)]
    assert [shade.get_label() for shade in axes.collections] == [curves.GAP]


def test_more_variants_than_any_group_has_are_refused(train, corpus4, tmp_path):
    most = int(open_corpus(str(corpus4)).catalog["train"].variants.max())
    refused = train("--out", tmp_path / "run", "--variants", most + 1)
    assert refused.code == 2
    assert f"none has more than {most:,}; give a number from 1 to {most:,}" in refused.message
    assert not (tmp_path / "run").exists()
