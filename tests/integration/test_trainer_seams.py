"""Parts that an installed package brings, trained and scored: no other code asks for any of them by name."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from tests.outside.shades.family import FAMILY
from tests.outside.shades.models import GLANCE, PUDDLE
from tests.outside.shades.optimiser import PART as SIGN
from tests.plug_ins import add_entry, add_family
from trmpipe.generators import registry
from trmpipe.generators.registry import get_task
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import Corpus, Examples
from trmpipe.trainer.building.build import build_optimisers
from trmpipe.trainer.errors import RunError, SettingError
from trmpipe.trainer.evaluators import evaluator_of
from trmpipe.trainer.models import MODELS
from trmpipe.trainer.optim import OPTIMISERS
from trmpipe.trainer.scores.held_out import counted_on
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.settings.overrides import apply_overrides
from trmpipe.trainer.trained.inference import open_trained, refuse_other_sizes, run_corpora
from trmpipe.trainer.training.loop import Loop

SETTINGS = [
    "--set=batch_size=16",
    "--set=num_slices=2",
    "--set=log_every=5",
    "--set=evaluation.every=10",
    "--set=evaluation.steps=2",
    "--set=schedule.warmup_steps=2",
    "--set=optimiser.lr=0.01",
    "--device=cpu",
]
TRM = ["--set=model.width=16", "--set=model.inner=16", "--set=model.token_inner=16"]
GLANCING = ["--set=model.name=glance", "--set=learner.name=one_pass", "--set=optimiser.name=adamw"]


@pytest.fixture(autouse=True)
def plugged(monkeypatch):
    """A task whose puzzles have several solutions, two networks and an optimiser, as a package would bring them."""
    add_family(monkeypatch, FAMILY)
    add_entry(monkeypatch, MODELS, "puddle", PUDDLE)
    add_entry(monkeypatch, MODELS, "glance", GLANCE)
    add_entry(monkeypatch, OPTIMISERS, "signum", SIGN)
    monkeypatch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
    registry._build.cache_clear()


@pytest.fixture
def shades(tmp_path):
    path = tmp_path / "shades"
    generate(Recipe(task="shades4", n=30, aug=5, test=12), str(path))
    return path


@pytest.fixture
def train(trmpipe, shades):
    def call(out, *more, steps=20):
        result = trmpipe("train", shades, "--out", out, "--max-steps", steps, *SETTINGS, *more)
        return result

    return call


def lines(run):
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_answers_that_the_task_accepts_count_beside_the_label(trmpipe, train, tmp_path):
    result = train(tmp_path / "run", *TRM)
    assert result.code == 0, result.err
    assert "preset trm-cpu: a general one, as there is none for shades4 on cpu" in result.err
    assert " accepted, " in result.out
    assert all({"exact", "accepted"} <= set(line) for line in lines(tmp_path / "run"))
    final = json.loads((tmp_path / "run" / "evaluation.json").read_text())
    table = trmpipe("evaluate", tmp_path / "run")
    lines_said = table.out.splitlines()
    assert lines_said[1].startswith("single pass: ")
    assert " exact, " in lines_said[1]
    assert " accepted; 2 steps, 1 restart, 1 variant, trained on 30 puzzles x " in lines_said[1]
    assert lines_said[2].split() == "supervision step open cells exact accepted says solved".split()
    assert json.loads(trmpipe("evaluate", tmp_path / "run", "--json").out)["steps"] == final["steps"]
    voted = json.loads(trmpipe("evaluate", tmp_path / "run", "--variants", 3, "--json").out)["passes"][1]
    assert voted["accepted"]["number"] == voted["exact"]["number"] == 12


def other_solutions(task, groups):
    """Right solutions, by search, that differ from the labels where there is another."""
    found = groups.labels.copy()
    for row, (puzzle, label) in enumerate(zip(groups.inputs, groups.labels, strict=True)):
        for cell in np.flatnonzero(puzzle == 1):
            for shade in (2, 3, 4):
                trial = label.copy()
                trial[cell] = shade
                if shade != label[cell] and task.check(puzzle[None], trial[None])[0]:
                    found[row] = trial
    return found


def test_another_right_answer_is_solved_and_not_exact():
    task = get_task("shades4")
    groups = task.generate(seed=1, purpose=0, start=0, count=40)
    others = other_solutions(task, groups)
    differs = (others != groups.labels).any(axis=1)
    assert differs.sum() > 5
    judge = evaluator_of(task.spec).judge
    tokens = [torch.from_numpy(values.astype(np.int64)) for values in (groups.inputs, groups.labels, others)]
    verdict = judge(*tokens)
    assert verdict.solved.all()
    assert verdict.exact.tolist() == (~differs).tolist()
    assert torch.equal(verdict.columns["accepted"], verdict.solved)
    broken = tokens[2].clone()
    broken[:, 0] = 1
    assert not judge(tokens[0], tokens[1], broken).solved.any()


def test_cells_whose_label_is_pad_do_not_count(monkeypatch):
    task = get_task("shades4")
    groups = task.generate(seed=1, purpose=0, start=0, count=3)
    inputs, labels = (torch.from_numpy(values.astype(np.int64)) for values in (groups.inputs, groups.labels))
    seen = []
    monkeypatch.setattr(type(task), "check", lambda _, given, answers: seen.append(answers) or np.ones(3, bool))
    evaluator = evaluator_of(task.spec)
    labels[:, 5] = 0
    evaluator.judge(inputs, labels, torch.full_like(labels, 4))
    assert (seen[0][:, 5] == 0).all()
    assert (np.delete(seen[0], 5, axis=1) == 4).all()


def test_a_missing_task_is_named_where_its_check_is_needed(shades, monkeypatch, trmpipe, tmp_path):
    with monkeypatch.context() as patch:
        patch.setattr(registry.FAMILIES, "_found", {})
        patch.setattr(registry.FAMILIES, "_places", {})
        registry._build.cache_clear()
        with pytest.raises(RunError, match="answers to shades4 are judged by the task's own code, which is not here"):
            evaluator_of(Corpus.open(shades).spec)
        result = trmpipe("train", shades, "--out", tmp_path / "run", *SETTINGS)
        assert result.code == 1
        assert "install the package that brings it" in result.message
        assert not (tmp_path / "run").exists()


def test_a_network_without_a_state_trains_stops_and_resumes(train, trmpipe, tmp_path, monkeypatch):
    whole, stopped = tmp_path / "whole", tmp_path / "stopped"
    result = train(whole, *GLANCING)
    assert result.code == 0, result.err
    assert "glance glance of width 48" in result.err
    assert torch.load(whole / "checkpoints" / "step-000020.pt", weights_only=True)["trainer"]["state"] == {}
    train_lines = [line for line in lines(whole) if line["split"] == "train"]
    assert train_lines[-1]["loss"] < train_lines[0]["loss"]
    assert list(train_lines[0]) == ["step", "split", "lr", "loss", "cell", "exact", "accepted"]
    with monkeypatch.context() as patch:
        patch.setattr(Loop, "_reason_to_end", lambda loop: "interrupted" if loop.step >= 7 else "")
        assert train(stopped, *GLANCING).code == 130
    assert train(stopped, *GLANCING, "--resume").code == 0
    assert (stopped / "metrics.jsonl").read_bytes() == (whole / "metrics.jsonl").read_bytes()
    table = trmpipe("evaluate", whole).out.splitlines()
    assert table[2].split() == "supervision step open cells exact accepted".split()
    assert [line.split()[0] for line in table[3:5]] == ["1", "open"]
    assert not [line for line in table if line.startswith("halting")]
    answer = json.loads(trmpipe("solve", whole, "a" + "." * 15, "--json").out)
    assert (answer["confidence"], answer["num_solutions"], answer["settled_step"]) == (None, -1, 1)
    assert "sure of it" not in trmpipe("solve", whole, "a" + "." * 15).out


def test_a_trm_can_be_taught_in_one_pass(train, tmp_path):
    result = train(tmp_path / "run", *TRM, "--set=learner.name=one_pass")
    assert result.code == 0, result.err


def test_one_pass_learns_a_puzzle_embedding(train, tmp_path):
    prefix = ["--set=model.num_prefix=1", "--set=model.mixer=attention", "--set=model.num_heads=1"]
    result = train(tmp_path / "run", *TRM, *prefix, "--set=learner.name=one_pass")
    assert result.code == 0, result.err
    state = torch.load(tmp_path / "run" / "checkpoints" / "step-000020.pt", weights_only=True)
    assert state["trainer"]["net"]["puzzle_emb.weights"].abs().sum() > 0


def test_another_recursive_network_trains_under_deep_supervision(train, tmp_path):
    result = train(tmp_path / "run", "--set=model.name=puddle", "--set=optimiser.name=signum")
    assert result.code == 0, result.err
    state = torch.load(tmp_path / "run" / "checkpoints" / "step-000020.pt", weights_only=True)["trainer"]["state"]
    assert list(state) == ["latents.z", "inputs", "labels", "identifiers", "steps", "halted"]


def test_a_network_that_a_learner_cannot_call_is_refused(train, tmp_path):
    result = train(tmp_path / "run", "--set=model.name=glance")
    assert result.code == 2
    assert (
        "the learner deep_supervision calls initial, step of a network, which the model glance has not"
        in result.message
    )
    assert not (tmp_path / "run").exists()


def test_a_run_of_a_missing_package_is_named(train, trmpipe, tmp_path, monkeypatch):
    assert train(tmp_path / "run", *GLANCING).code == 0
    with monkeypatch.context() as patch:
        patch.setattr(MODELS, "_found", {})
        patch.setitem(MODELS.__dict__, "_places", {})
        patch.setattr(MODELS, "_ours", {})
        assert "no model is called 'glance'" in trmpipe("evaluate", tmp_path / "run").message


def test_an_optimiser_is_what_its_name_says():
    """A name that nothing was built for once trained AdamW."""
    config = apply_overrides(TrainConfig(), ["optimiser.name=signum", "optimiser.lr=0.5"])
    (optimiser,) = build_optimisers(config, torch.nn.Linear(2, 2))
    assert type(optimiser).__name__ == "SignDescent"
    assert optimiser.param_groups[0]["base_lr"] == 0.5
    with pytest.raises(SettingError, match="no optimiser is called 'lion'"):
        apply_overrides(TrainConfig(), ["optimiser.name=lion"])


def test_other_content_is_scored_where_puzzles_have_no_embedding(train, trmpipe, tmp_path):
    assert train(tmp_path / "run", *GLANCING).code == 0
    generate(Recipe(task="shades4", n=10, aug=2, test=6, seed=4), str(tmp_path / "other"))
    scores = json.loads(trmpipe("evaluate", tmp_path / "run", "--corpus", tmp_path / "other", "--json").out)
    assert scores["puzzles"] == 6


def test_a_task_of_the_same_sizes_is_another_task(train, tmp_path):
    train(tmp_path / "run", *GLANCING)
    trained = open_trained(str(tmp_path / "run"), "cpu")
    corpora = run_corpora(trained, (), print)
    refuse_other_sizes(trained, corpora)
    with pytest.raises(RunError, match=r"was trained on squares4, .* holds shades4"):
        refuse_other_sizes(
            dataclasses.replace(trained, about=dataclasses.replace(trained.about, task="squares4")), corpora
        )


def test_blank_identifiers_are_notcounted_on():
    rows = Examples.empty(4)
    rows = dataclasses.replace(rows, identifiers=np.array([0, 1, 7], np.int32))
    assert counted_on(rows, 5).identifiers.tolist() == [0, 6, 12]
