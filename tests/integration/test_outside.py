"""The seams, proven: a package that lives under tests/ alone adds one entry of every kind; all commands work with it.

`tests/outside` lies on the path as an installed package would; nothing of the product knows its names, which
`tests/unit/test_house.py` checks.
"""

import json
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.conformance.optimiser import OptimiserConformance
from tests.plug_ins import add_entry, all_registries
from trmpipe.generators import registry
from trmpipe.generators.testing import TaskConformance
from trmpipe.shards import Corpus
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.optim import OPTIMISERS
from trmpipe.trainer.parts import Part
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.settings.overrides import apply_overrides
from trmpipe.trainer.settings.setting_words import settings_in_words
from trmpipe.trainer.trained.inference import open_trained

OUTSIDE = Path(__file__).parents[1] / "outside"


@pytest.fixture(autouse=True)
def installed(monkeypatch):
    """The package on the path, and the registries without what they remember."""
    monkeypatch.syspath_prepend(OUTSIDE)
    monkeypatch.setenv("PYTHONPATH", str(OUTSIDE))
    forget()
    yield
    monkeypatch.undo()
    forget()


def forget():
    registry.forget()
    for known in all_registries():
        known.forget()


class TestShades(TaskConformance):
    @pytest.fixture(params=["shades3", "shades4"])
    def task(self, request):
        return registry.get_task(request.param)


class TestShadesWithOptions(TaskConformance):
    @pytest.fixture
    def task(self):
        return registry.get_task("shades4", {"open": "4:7", "corners": "yes"})


class TestSignum(OptimiserConformance):
    @pytest.fixture
    def part(self):
        return OPTIMISERS["signum"]


def make(trmpipe, out, *options):
    made = trmpipe("generate", "shades", "--n", 40, "--test", 12, "--aug", 3, "--out", out, *options, "--json")
    assert made.code == 0, made.err
    return json.loads(made.out)


def test_help_shows_the_family_and_its_options(trmpipe):
    assert "shades" in trmpipe("generate", "--help").out
    told = trmpipe("generate", "shades", "--help").out
    assert "Grids of three shades in which neighbours differ." in told
    for option in ("--size", "--open", "--corners", "--n", "--test", "--tiles", "--skip-open", "--aug", "--format"):
        assert f"{option} " in told, option
    assert "Rows of the grid: 3 or 4." in told


def test_a_corpus_is_made_inspected_verified_and_made_again(trmpipe, tmp_path):
    told = make(trmpipe, tmp_path / "c", "--open", "4:07", "--corners")
    assert told["name"] == "shades4-n40-aug3-seed0-corners-open4to7-test12"
    assert told["groups"] == {"train": 40, "test": 12}
    corpus = Corpus.open(tmp_path / "c")
    task = registry.get_task("shades4")
    rows = corpus.read("train")
    assert task.check(rows.inputs, rows.labels).all()
    is_open = rows.inputs == 1
    assert set(np.unique(is_open.sum(axis=1))) <= {4, 5, 6, 7}
    assert not is_open[:, [0, 3, 12, 15]].any()
    assert corpus.catalog["train"].difficulty.tolist() == is_open.sum(axis=1)[rows.variants == 0].tolist()
    said = trmpipe("inspect", tmp_path / "c", "--puzzles", 1)
    assert (said.code, "open 4:7" in said.out, "difficulty" in said.out) == (0, True, True)
    assert len(said.out.split(" clues, difficulty ")[1].splitlines()[1:]) == 4
    assert "is sound" in trmpipe("verify", tmp_path / "c").out
    again = trmpipe("regenerate", tmp_path / "c", "--out", tmp_path / "again")
    assert (again.code, "content equal" in again.out) == (0, True)


def test_it_is_generated_from_python(trmpipe, tmp_path):
    import trmpipe as package

    told = make(trmpipe, tmp_path / "c", "--open", "4:7", "--corners")
    corpus = package.generate("shades4", n=40, test=12, aug=3, out=tmp_path / "python", open="4:7", corners=True)
    assert corpus.manifest.content_digest == told["content_digest"]


def test_options_that_are_not_there_are_refused(trmpipe, tmp_path):
    refused = trmpipe("generate", "shades", "--open", "7:4", "--out", tmp_path / "c")
    assert refused.code == 2
    assert "open is '7:4'; expected the smaller number first" in refused.message
    assert trmpipe("generate", "shades", "--size", 5, "--out", tmp_path / "c").code == 2
    assert not (tmp_path / "c").exists()


def test_its_own_input_format(trmpipe, tmp_path):
    task = registry.get_task("shades4")
    groups = task.generate(5, 0, 0, 8)
    tiles = [
        {"shown": task.format(shown), "full": task.format(full)}
        for shown, full in zip(groups.inputs, groups.labels, strict=True)
    ]
    tiles.append({"shown": "." * 16, "full": task.format(groups.labels[0])})
    (tmp_path / "tiles.json").write_text(json.dumps(tiles))
    arguments = ["generate", "shades", "--tiles", tmp_path / "tiles.json", "--aug", 2, "--skip-open"]
    told = json.loads(trmpipe(*arguments, "--out", tmp_path / "c", "--json").out)
    assert told["groups"] == {"train": 8, "test": 0}
    assert "-shown" in told["name"]
    assert [drop["reason"] for drop in told["dropped"]["tiles"]] == ["not as asked for"]
    said = trmpipe(*arguments, "--out", tmp_path / "d").out
    assert "1 tile of --tiles dropped, not as asked for: 8" in said
    again = trmpipe("regenerate", tmp_path / "c", "--input", tmp_path / "tiles.json", "--out", tmp_path / "again")
    assert (again.code, "content equal" in again.out) == (0, True)
    tiles[0]["full"] = "a" * 16
    (tmp_path / "wrong.json").write_text(json.dumps(tiles))
    refused = trmpipe("generate", "shades", "--tiles", tmp_path / "wrong.json", "--out", tmp_path / "e")
    assert (refused.code, "tile 0: the full grid is no answer" in refused.message) == (1, True)


def test_its_own_format_says_the_same(trmpipe, tmp_path):
    plain = make(trmpipe, tmp_path / "plain")
    packed = make(trmpipe, tmp_path / "packed", "--format", "npzip")
    assert packed["content_digest"] == plain["content_digest"]
    assert "is sound" in trmpipe("verify", tmp_path / "packed").out
    assert (tmp_path / "packed" / "train" / "0000.npz").exists()


def train(trmpipe, tmp_path, *options, size=4, name="run", code=0):
    if not (tmp_path / f"c{size}").exists():
        make(trmpipe, tmp_path / f"c{size}", "--size", size)
    done = trmpipe("train", tmp_path / f"c{size}", "--out", tmp_path / name, "--max-steps", 40, *options)
    assert done.code == code, done.err
    return done


def test_a_model_with_one_state_and_another_loss_learns(trmpipe, tmp_path):
    done = train(trmpipe, tmp_path, "--max-steps", 300)
    assert "preset shades-cpu: made for shades4" in done.err
    assert "it reached half of the open cells right in two seconds on a laptop (the package's own page)" in done.err
    assert "puddle of width 24" in done.err
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    first, last = lines[0], lines[-1]
    assert last["loss"] < 0.7 * first["loss"]
    assert {"loss", "cell", "exact", "accepted"} <= set(last)
    scores = json.loads(trmpipe("evaluate", tmp_path / "run", "--json").out)
    final = scores["steps"][-1]
    assert scores["puzzles"] == 12
    assert final["accepted"] >= final["exact"]
    assert last["cell"] > first["cell"]
    said = trmpipe("evaluate", tmp_path / "run").out
    assert "accepted" in said
    assert "says solved" not in said, "the learner has no halting head"


def test_a_model_is_published_under_names_of_its_own(trmpipe, tmp_path):
    train(trmpipe, tmp_path, "--max-steps", 3)
    told = json.loads(trmpipe("export", "checkpoint", tmp_path / "run", "--json").out)
    assert "_orig_mod.model.inner.mixing.weight" in torch.load(told["file"], weights_only=True)
    taken = trmpipe("import", "checkpoint", told["file"], "--corpus", tmp_path / "c4", "--out", tmp_path / "again")
    assert (taken.code, "puddle of width 24" in taken.out) == (0, True)
    nets = [open_trained(str(tmp_path / name), "cpu").net.state_dict() for name in ("run", "again")]
    assert all(torch.equal(nets[0][name], nets[1][name]) for name in nets[0] | nets[1])
    refused = trmpipe(
        "import", "checkpoint", told["file"], "--corpus", tmp_path / "c4", "--out", tmp_path / "x", "--heads", 2
    )
    assert (refused.code, "the model puddle has no setting num_heads; it has noise, width" in refused.message) == (
        2,
        True,
    )


def test_a_model_without_a_state_and_an_optimiser_from_outside(trmpipe, tmp_path):
    wishes = ("model.name=glance", "learner.name=one_pass", "optimiser.name=signum", "optimiser.lr=0.02")
    done = train(trmpipe, tmp_path, *(part for wish in wishes for part in ("--set", wish)))
    assert "glance of width 48" in done.err
    config = json.loads((tmp_path / "run" / "config.json").read_text())["train"]
    assert (config["model"]["name"], config["learner"]["name"]) == ("glance", "one_pass")
    assert config["optimiser"] == {"name": "signum", "lr": 0.02}
    assert len(json.loads(trmpipe("evaluate", tmp_path / "run", "--json").out)["steps"]) == 1
    deeper = trmpipe("evaluate", tmp_path / "run", "--steps", 64, "--json")
    assert "the model answers in one pass, so that more steps change nothing; 1 is made, not 64" in deeper.err
    scores = json.loads(deeper.out)
    assert scores["protocol"]["steps"] == 1
    assert json.loads((tmp_path / "run" / "evaluations" / Path(scores["kept"]).name).read_text()).get("steps") is None


def test_a_model_that_draws_at_random_is_restarted(trmpipe, tmp_path):
    wishes = ("--set", "model.noise=0.5", "--set", "learner.name=deep_supervision")
    train(trmpipe, tmp_path, *wishes)
    ways = ("--steps", 4, "--restarts", 3, "--choose", "residual")
    done = trmpipe("evaluate", tmp_path / "run", *ways, "--json")
    assert "restarts change nothing" not in done.err
    scores = json.loads(done.out)
    assert [one["name"] for one in scores["passes"]] == ["single pass", "depth", "restarts"]
    assert {one["level"] for one in scores["difficulty"]} == {None}, "the task names no levels"
    said = trmpipe("evaluate", tmp_path / "run", *ways).out
    assert "accepted; 4 steps, 3 restarts (by the smallest residual), 1 variant, trained on 40 puzzles x " in said


def test_a_learner_from_outside_searches_in_its_own_way(trmpipe, tmp_path):
    """Its search goes on step by step, so it solves what any depth up to its budget does, in so many rounds."""
    train(trmpipe, tmp_path, "--max-steps", 300)
    told = json.loads(trmpipe("evaluate", tmp_path / "run", "--search", 6, "--steps", 6, "--json").out)
    search = told["passes"][-1]
    assert (search["name"], search["steps"]) == ("search", 1)
    assert search["search"]["within"][0]["solved"]["share"] == told["steps"][0]["accepted"]
    assert search["solved"] == search["accepted"]
    assert search["solved"]["share"] >= max(one["accepted"] for one in told["steps"]) > 0


def test_without_the_package_nothing_is_searched(trmpipe, tmp_path, monkeypatch):
    train(trmpipe, tmp_path, size=3)
    monkeypatch.setattr("trmpipe.trainer.scores.searching.installed_task", lambda spec: None)
    refused = trmpipe("evaluate", tmp_path / "run", "--search", 3)
    assert refused.code == 2
    assert "a search ends when the task's own code accepts an answer, and that of shades3 is not here" in (
        refused.message
    )


def test_a_model_from_outside_learns_what_going_on_is_worth(trmpipe, tmp_path):
    train(trmpipe, tmp_path, "--set", "learner.name=deep_supervision", "--set", "learner.continue_loss=true")
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert all(0 < line["continue_loss"] < 2 for line in lines if line["split"] == "train")


@pytest.mark.parametrize("model", ["puddle", "glance"])
def test_resuming_is_exact(trmpipe, tmp_path, model):
    wishes = () if model == "puddle" else ("--set", "model.name=glance", "--set", "learner.name=one_pass")
    train(trmpipe, tmp_path, *wishes, name="whole")
    stop = (*wishes, "--set", "checkpoint_every=10")
    train(trmpipe, tmp_path, *stop, name="parts", code=0)
    for checkpoint in sorted((tmp_path / "parts" / "checkpoints").glob("step-*.pt"))[1:]:
        checkpoint.unlink()
    train(trmpipe, tmp_path, *stop, "--resume", name="parts")
    metrics = [(tmp_path / name / "metrics.jsonl").read_bytes() for name in ("whole", "parts")]
    assert metrics[0] == metrics[1]


def test_a_schedule_and_a_loss_from_outside(trmpipe, tmp_path):
    wishes = (
        "schedule.name=plateaus",
        "schedule.length=10",
        "model.name=glance",
        "learner.name=one_pass",
        "learner.loss=brier",
    )
    train(trmpipe, tmp_path, *(part for wish in wishes for part in ("--set", wish)))
    lines = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    rates = [line["lr"] for line in lines if line["split"] == "train"]
    assert [rate / rates[0] for rate in rates] == [1, 0.5, 0.25, 0.125]
    assert all(0 < line["loss"] < 2 for line in lines if line["split"] == "train")


def test_every_registry_has_an_entry_from_outside():
    for known in all_registries():
        assert set(known.names()) - set(known._ours), known.group


def test_an_optimiser_with_the_config_of_another_is_refused(monkeypatch):
    lion = Part(config=OPTIMISERS["adamw"].config, build=OPTIMISERS["signum"].build)
    add_entry(monkeypatch, OPTIMISERS, "lion", lion)
    with pytest.raises(SettingError, match="the optimiser 'lion' has the config class of 'adamw'"):
        apply_overrides(TrainConfig(), ["optimiser.name=lion"])


def test_an_evaluator_from_outside(trmpipe, tmp_path):
    train(trmpipe, tmp_path, size=3)
    final = json.loads(trmpipe("evaluate", tmp_path / "run", "--json").out)["steps"][-1]
    assert {"cell", "exact", "calm"} <= set(final)
    voted = json.loads(trmpipe("evaluate", tmp_path / "run", "--variants", 2, "--json").out)["passes"][1]
    assert (voted["name"], voted["variants"], voted["calm"]["number"]) == ("votes", 2, 12)


def test_solve_draws_the_puzzle_as_the_task_says(trmpipe, tmp_path):
    hint = shlex.split(train(trmpipe, tmp_path).out.splitlines()[-1])
    assert trmpipe(*hint[1:]).code == 0
    task = registry.get_task("shades4")
    puzzle = task.format(task.generate(9, 0, 0, 1).inputs[0])
    solved = trmpipe("solve", tmp_path / "run", puzzle)
    assert solved.code == 0, solved.err
    assert "puzzle" in solved.out
    assert "model" in solved.out
    refused = trmpipe("solve", tmp_path / "run", "abc")
    assert "expected 16 of the characters .abc" in refused.message


def test_pictures_are_drawn(trmpipe, tmp_path):
    train(trmpipe, tmp_path)
    assert (tmp_path / "run" / "solving.png").stat().st_size > 1000


def test_presets_lists_it(trmpipe):
    assert "shades-cpu  Seconds on a CPU." in trmpipe("presets").out
    assert "shades4: half of the open cells right in two seconds on a laptop" in trmpipe("presets").out
    assert "model.width  24" in trmpipe("presets", "shades-cpu").out


def test_no_setting_from_outside_is_without_words(trmpipe):
    told = trmpipe("presets", "shades-cpu").out
    assert "supervision steps of every puzzle" in told
    assert "does not say" not in told
    for section, name in (("model", "glance"), ("optimiser", "signum"), ("schedule", "plateaus")):
        assert all(settings_in_words(apply_overrides(TrainConfig(), [f"{section}.name={name}"])).values())


def test_workers_in_processes_of_their_own_know_it(trmpipe_process, tmp_path):
    arguments = ("generate", "shades", "--n", 40, "--test", 12, "--aug", 3, "--workers", 5, "--json")
    made = trmpipe_process(*arguments, "--out", tmp_path / "c", env={"PYTHONPATH": str(OUTSIDE)})
    assert made.code == 0, made.err


def test_without_the_package_its_corpora_are_still_read(trmpipe, tmp_path, monkeypatch):
    make(trmpipe, tmp_path / "c")
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path != str(OUTSIDE)])
    forget()
    told = trmpipe("inspect", tmp_path / "c", "--puzzles", 1)
    assert (told.code, "shades4" in told.out) == (0, True)
    assert "no task is called 'shades4'" in trmpipe("regenerate", tmp_path / "c", "--out", tmp_path / "d").message
    refused = trmpipe("train", tmp_path / "c", "--out", tmp_path / "run", "--max-steps", 1)
    assert "install the package that brings it" in refused.message
