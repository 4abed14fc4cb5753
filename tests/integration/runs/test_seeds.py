"""``trmpipe train --seeds N``: runs of their own, one after the other, gone on with, and what they come to together."""

import json
from pathlib import Path
from statistics import mean, stdev

import pytest

from tests.runs import config, metrics
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.settings.request import TrainRequest
from trmpipe.trainer.training.loop import Loop
from trmpipe.trainer.training.seeds import Spread, seed_requests, spreads_of

SHORT = ["--max-steps=4", "--set=evaluation.every=2", "--set=evaluation.monitor=4"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def at(loop):
    return loop.config.seed, loop.step


def runs_in(folder):
    return sorted(path.parent for path in Path(folder).glob("*/config.json"))


def test_each_seed_is_a_run_of_its_own_and_the_same_as_alone(train, trmpipe, place):
    told = train(*SHORT, "--seeds=2", "--seed=3")
    assert told.code == 0, told.err
    found = runs_in("runs")
    assert [path.name[-6:] for path in found] == ["-seed3", "-seed4"]
    assert [config(path)["train"]["seed"] for path in found] == [3, 4]
    assert len({metrics(path) for path in found}) == 2
    for path in found:
        assert str(path) in told.out
    assert "regime    16 of 20 training puzzles x " in told.out
    assert train(*SHORT, "--seed=4", "--out", "alone").code == 0
    assert metrics(Path("alone")) == metrics(found[1])


def test_mean_and_deviation(train, trmpipe, place):
    told = json.loads(train(*SHORT, "--seeds=3", "--out=three", "--json").out)
    assert (told["seeds"], told["finished"]) == (3, 3)
    assert [one["seed"] for one in told["runs"]] == [0, 1, 2]
    assert [Path(one["run"]) for one in told["runs"]] == runs_in("three")
    last = [one["scores"]["steps"][-1]["exact"] for one in told["runs"]]
    best = [one["best"]["scores"]["steps"][-1]["exact"] for one in told["runs"]]
    for name, values in (("exact", last), ("exact at best", best)):
        assert told["summary"][name] == {"mean": mean(values), "deviation": stdev(values), "seeds": 3}


def test_numbers_that_not_all_runs_have_are_left_out():
    found = spreads_of([{"exact": 0.5, "gap": 0.1}, {"exact": 0.7}, {"exact": 0.9}])
    assert list(found) == ["exact"]
    assert found["exact"].deviation == pytest.approx(0.2)
    assert found["exact"].in_words() == "70.0% on average, deviation 20.0 points (n - 1), 3 seeds"
    assert spreads_of([{"exact": 0.5}])["exact"] == Spread(mean=0.5, deviation=None, seeds=1)
    assert spreads_of([]) == {}


def test_interrupted_in_the_second_and_gone_on_with(train, place, monkeypatch):
    assert train(*SHORT, "--seeds=3", "--out=whole").code == 0
    act = Loop._reason_to_end
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_reason_to_end", lambda loop: "interrupted" if at(loop) == (1, 3) else act(loop))
        stopped = train(*SHORT, "--seeds=3", "--out=broken")
    assert stopped.code == 130
    assert "1 of 3 runs are trained; to go on: the same command with --resume" in stopped.out
    assert [path.name for path in runs_in("broken")] == ["seed0", "seed1"]
    assert train(*SHORT, "--seeds=3", "--out=broken", "--resume").code == 0
    assert [metrics(path) for path in runs_in("broken")] == [metrics(path) for path in runs_in("whole")]


def test_what_is_refused_before_the_first_run(train, place):
    assert train(*SHORT, "--seed=1", "--out=some/seed1").code == 0
    there = train(*SHORT, "--seeds=2", "--out=some")
    assert (there.code, "some/seed1 is a run already" in there.message) == (1, True)
    assert [path.name for path in runs_in("some")] == ["seed1"]
    nothing = train(*SHORT, "--seeds=2", "--resume")
    assert (nothing.code, "there is none of the runs to go on with" in nothing.message) == (1, True)
    for number in ("0", "1001", "x"):
        refused = train(*SHORT, f"--seeds={number}")
        assert (refused.code, "--seeds is" in refused.message) == (2, True)
    request = TrainRequest(paths=("x",), minutes=1.0)
    with pytest.raises(SettingError, match="--minutes measures the steps of every run for itself"):
        seed_requests(request, 2, None)


def test_all_runs_have_one_precision(train, place, monkeypatch):
    """Measured by each of them for itself, it could come out either way."""
    choices = iter(["bf16", "fp32", "fp32", "fp32"])
    monkeypatch.setattr(
        "trmpipe.trainer.training.seeds.choose_precision", lambda *_: (next(choices), "it is faster here")
    )
    monkeypatch.setattr(
        "trmpipe.trainer.training.resolving.choose_precision", lambda *_: (next(choices), "it is faster here")
    )
    assert train(*SHORT, "--seeds=2", "--out=both").code == 0
    longer = ("--max-steps=7", "--seeds=3", "--out=both", "--resume")
    assert train(*SHORT, *longer).code == 0
    found = [json.loads((path / "config.json").read_text())["train"]["precision"] for path in runs_in("both")]
    assert found == ["bf16"] * 3


def test_a_seed_that_is_there_twice_counts_once(train, trmpipe, place):
    assert train(*SHORT, "--seeds=2", "--out=both").code == 0
    assert train(*SHORT, "--seed=0", "--out=both/again").code == 0
    (group,) = json.loads(trmpipe("runs", "both", "--json").out)["seeds"]
    assert group["seeds"] == [0, 1]


@pytest.mark.parametrize(("lengths", "groups"), [((8, 8), 1), ((6, 8), 0)])
def test_runs_that_were_made_longer_otherwise_are_no_group(train, trmpipe, place, monkeypatch, lengths, groups):
    """From where they were made longer on their rates are others, though both stand at the same step."""
    act = Loop._reason_to_end
    for seed, most in enumerate(lengths):
        # Of one precision, whatever is measured when each of them starts.
        mine = (f"--seed={seed}", f"--out=both/seed{seed}", "--set=precision=fp32")
        assert train(*SHORT, *mine).code == 0
        with monkeypatch.context() as patch:
            if most > 6:
                patch.setattr(Loop, "_reason_to_end", lambda loop: "interrupted" if loop.step == 6 else act(loop))
            assert train(*SHORT, *mine, "--resume", f"--max-steps={most}").code == (130 if most > 6 else 0)
        assert trmpipe("evaluate", f"both/seed{seed}").code == 0
    listed = json.loads(trmpipe("runs", "both", "--json").out)
    assert [run["step"] for run in listed["runs"]] == [6, 6]
    assert len(listed["seeds"]) == groups


def test_runs_of_several_seeds_are_listed_together(train, trmpipe, place):
    assert train(*SHORT, "--seeds=2", "--out=both").code == 0
    assert train(*SHORT, "--variants=3", "--out=both/other").code == 0
    listed = trmpipe("runs", "both")
    lines = [line for line in listed.out.splitlines() if line.startswith("seed0, seed1: exact ")]
    assert len(lines) == 1
    (group,) = json.loads(trmpipe("runs", "both", "--json").out)["seeds"]
    assert (group["seeds"], group["runs"]) == ([0, 1], ["both/seed0", "both/seed1"])
    assert group["summary"]["exact"]["seeds"] == 2


def test_a_seed_that_diverges_is_told_and_the_others_are_trained(train, place, monkeypatch):
    """It would diverge again with --resume, and stand before all that come after it."""
    refuse = Loop._refuse_diverged

    def diverging(loop):
        if at(loop) == (1, 2):
            raise loop._diverged("loss", loop.step)
        refuse(loop)

    monkeypatch.setattr(Loop, "_refuse_diverged", diverging)
    told = train(*SHORT, "--seeds=3", "--out=three")
    assert told.code == 1
    assert "seed 1: training diverged: loss is not finite after step 2" in told.err
    assert told.out.splitlines()[-1] == "1 of 3 runs diverged"
    assert (place / "three" / "seed2" / "evaluation.json").exists()
    as_json = json.loads(train(*SHORT, "--seeds=2", "--seed=1", "--out=two", "--json").out)
    assert (as_json["finished"], as_json["diverged"]) == (1, 1)


def test_answers_to_other_questions_are_no_group(train, trmpipe, place):
    """Votes of several answers, deeper ones: whoever made them for one seed alone compares nothing."""
    assert train(*SHORT, "--seeds=2", "--out=both").code == 0
    for number in range(2):
        assert trmpipe("evaluate", f"both/seed{number}", "--steps", 3 + number).code == 0
    listed = json.loads(trmpipe("runs", "both", "--json").out)
    assert len(listed["seeds"]) == 1
    assert [run["scores"][0]["steps"] for run in listed["runs"]] == [None, None]
    for number in range(2):
        (place / "both" / f"seed{number}" / "evaluation.json").unlink()
    listed = json.loads(trmpipe("runs", "both", "--json").out)
    assert [sorted(score["steps"] for score in run["scores"]) for run in listed["runs"]] == [[3], [4]]
    assert listed["seeds"] == []
