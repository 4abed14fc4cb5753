"""The table of all models runs from end to end in a size without meaning; what it counts and chooses is right."""

import dataclasses
import json

import pytest
import torch
import torch.nn.functional as F
from benchmarks.flops import flops_of

from benchmarks import runs
from benchmarks.model_table import __main__ as table
from benchmarks.model_table import tuning
from benchmarks.model_table.entries import ENTRIES, PRESET, REFERENCE, Entry, entries_named
from benchmarks.model_table.estimate import estimated_seconds
from benchmarks.model_table.report import summary
from tests.runs import quick_training
from trmpipe.trainer.build import build_learner, build_net
from trmpipe.trainer.config import TrainConfig
from trmpipe.trainer.learners.deep_supervision import DeepSupervisionConfig
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import TRMConfig
from trmpipe.trainer.overrides import apply_overrides
from trmpipe.trainer.presets import get_preset

B, S, D, V, PREFIX, INNER, TOKENS, LAYERS = 3, 9, 16, 5, 2, 24, 8, 2
TINY = ("model.width=16", "model.inner=16", "model.token_inner=16", "batch_size=8", "evaluation.steps=2")


def counted(**changes):
    """FLOPs of a step of a tiny TRM of one cycle."""
    sizes = {"width": D, "inner": INNER, "token_inner": TOKENS, "num_prefix": PREFIX, "num_layers": LAYERS}
    model = TRMConfig(**sizes, h_cycles=1, l_cycles=1, num_heads=2, **changes)
    config = TrainConfig(model=model, learner=DeepSupervisionConfig())
    corpus = CorpusSizes(seq_len=S, vocab_size=V)
    net = build_net(config, corpus, torch.device("cpu"), torch.float32)
    tokens = torch.ones(B, S, dtype=torch.int64)
    return runs.step_flops(net, build_learner(config, net), tokens, tokens)


def by_hand(a_layer, more=0):
    """Of two calls of all layers, the answers, the logits of halting and going on; backward is twice forward."""
    products = 2 * LAYERS * a_layer + 2 * B * S * D * V + 2 * B * D * 2
    return 3 * products + more


def test_the_flops_of_a_step_are_those_counted_by_hand():
    positions = B * (PREFIX + S)
    channels = 2 * positions * D * 3 * INNER
    assert counted() == by_hand(2 * positions * D * 3 * TOKENS + channels)
    scores = 2 * positions * (PREFIX + S) * D
    attention = 2 * LAYERS * (2 + 5) * scores
    assert counted(mixer="attention") == by_hand(2 * positions * D * 4 * D + channels, attention)


def test_attention_without_gradient_counts_too():
    query, key = torch.ones(2, 3, 4, 8), torch.ones(2, 3, 7, 8)
    with torch.no_grad():
        assert flops_of(lambda: F.scaled_dot_product_attention(query, key, key)) == 2 * 2 * (2 * 3 * 4 * 7 * 8)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_variant_is_a_config_of_its_own(entry):
    configs = [
        apply_overrides(get_preset(PRESET), tuning.settings_of(entry, variant, "0.03")) for variant in entry.variants
    ]
    assert len(configs) == 2
    assert configs[0] != configs[1]


def test_an_entry_that_is_not_there_is_refused_and_the_reference_always_is():
    assert [entry.name for entry in entries_named(("HRM",))] == [REFERENCE, "HRM"]
    with pytest.raises(SystemExit, match="no entry 'HRN'; known: TRM mixer"):
        entries_named(("HRN",))


def test_tuning_takes_what_solves_most_puzzles_kept_aside(monkeypatch, tmp_path):
    """Of two that solve as many, what has more cells right; held-out puzzles have no say."""
    entry = Entry("one", (), {"a": (), "b": ()})
    costs = {("one", name): {"seconds_per_step": 0.5, "step_flops": 7} for name in entry.variants}
    monitor = {("a", "0.03"): (0.5, 0.7), ("b", "0.01"): (0.5, 0.8), ("b", "0.06"): (0.4, 0.9)}

    def did(specs, jobs):
        assert {spec.steps for spec in specs} == {20}
        tried = [(spec.labels["variant"], spec.labels["rate"]) for spec in specs]
        return [
            {**spec.labels, "monitor": monitor.get(key, (0, 0)), "exact": key == ("a", "0.06")}
            for spec, key in zip(specs, tried, strict=True)
        ]

    monkeypatch.setattr(tuning, "do_all", did)
    (choice,), tries = tuning.tune([entry], costs, "", tmp_path, seconds=10, kept_aside=5, jobs=1)
    assert len(tries) == 6
    assert (choice.variant, choice.rate, choice.seconds, choice.flops) == ("b", "0.01", 0.5, 7)


def test_budgets_that_come_to_the_same_are_one_run(tmp_path):
    entry = Entry("one", (), {"a": ()})
    choice = tuning.Choice(entry, "a", "0.03", seconds=0.1, flops=10)

    def steps(flops):
        specs = table.specs_of(choice, {"time": 10.0, "flops": flops}, 2, "", tmp_path, 5)
        return [(spec.labels["budgets"], spec.steps, spec.seed) for spec in specs]

    both = ["time", "flops"]
    assert steps(1029.0) == [(both, 102, 0), (both, 102, 1)]
    assert steps(2000.0) == [
        ([name], count, seed) for name, count in (("time", 100), ("flops", 200)) for seed in (0, 1)
    ]


def test_the_whole_time_counts_tries_runs_and_answers():
    entry = Entry("one", (), {"a": (), "b": ()})
    costs = {("one", name): {"answer_seconds": seconds} for name, seconds in (("a", 0.5), ("b", 0.25))}
    tries = 3 * (3 + 5) + 3 * (3 + 2.5)
    runs_of_both_budgets = 2 * 4 * (9 + 20 * 0.5)
    assert estimated_seconds([entry], costs, 9, 4, tried_on=10, scored_on=20) == tries + runs_of_both_budgets


def result(**changes):
    """The result of a run, as `runs.do` gives it."""
    one = {"entry": "one", "variant": "a", "rate": "0.03", "parameters": 1, "answer_flops": 2.0, "steps": 3, "gap": 0.1}
    more = {
        "step_flops": 5,
        "seconds_per_step": 0.5,
        "exact": 0.5,
        "exact_first": 0.25,
        "cell": 0.9,
        "budgets": ["time", "flops"],
    }
    return {**one, **more, **changes}


def test_means_and_deviations_are_of_the_runs_of_a_budget():
    results = [
        *(result(exact=share, budgets=["time"]) for share in (0.2, 0.4)),
        *(result(exact=share, budgets=["flops"], steps=9) for share in (0.5, 0.9)),
        result(entry="two", exact=0.8),
    ]
    two, one = summary(results)
    assert (two["entry"], two["time"]["exact"], two["flops"]["deviation"]) == ("two", 0.8, 0)
    assert one["time"]["exact"] == pytest.approx(0.3)
    assert one["time"]["deviation"] == pytest.approx(0.02**0.5)
    assert one["flops"]["exact"] == pytest.approx(0.7)
    assert (one["flops"]["steps"], one["flops"]["flops"], one["time"]["seconds"]) == (9, 45, 1.5)


@pytest.fixture
def tiny_table(monkeypatch, corpus4, tmp_path, capsys):
    """The table of two models of no size, made in this process; gives table.md and how many runs were trained."""
    recursive = Entry(REFERENCE, TINY, {"L1": ("model.h_cycles=1", "model.l_cycles=1"), "L2": ("model.h_cycles=1",)})
    looped = ("learner.name=one_pass", "model.name=direct_prediction", *TINY)
    direct = Entry("Direct", looped, {"1": ("model.num_layers=1",), "2": ("model.num_layers=2",)})
    trained, train = [], runs.train

    def do_here(specs, jobs):
        return [runs.do(spec) for spec in specs]

    monkeypatch.setattr(table, "entries_named", lambda names: [recursive, direct])
    monkeypatch.setattr(table, "corpora", lambda *arguments: (str(corpus4), str(corpus4)))
    monkeypatch.setattr(table, "do_all", do_here)
    monkeypatch.setattr(tuning, "do_all", do_here)
    monkeypatch.setattr(tuning, "RATES", ("0.01", "0.03"))
    monkeypatch.setattr(runs, "_PACE_STEPS", 4)
    monkeypatch.setattr(runs, "train", lambda request, pace: trained.append(request.out) or train(request, pace))

    def make():
        trained.clear()
        with quick_training():
            table.main(["--out", str(tmp_path), "--seconds", "0.05", "--seeds", "2", "--n", "20", "--jobs", "1"])
        capsys.readouterr()
        return (tmp_path / "table.md").read_text(), len(trained)

    return make


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_the_table_is_made_from_end_to_end_and_goes_on_where_it_was(tiny_table, tmp_path):
    made, _ = tiny_table()
    assert [line.split(" | ")[0] for line in made.splitlines()[2:]] in (
        [f"| {REFERENCE}", "| Direct"],
        ["| Direct", f"| {REFERENCE}"],
    )
    assert (tmp_path / "models.svg").read_text().startswith("<?xml")
    assert len(lines(tmp_path / "tuning.jsonl")) == 2 * 2 * 2
    finals = lines(tmp_path / "runs.jsonl")
    assert {(one["entry"], budget, one["seed"]) for one in finals for budget in one["budgets"]} == {
        (entry, budget, seed) for entry in (REFERENCE, "Direct") for budget in ("time", "flops") for seed in (0, 1)
    }
    assert {one["answer_steps"] for one in finals if one["entry"] == "Direct"} == {1}
    assert all(one["monitor"] is None and one["gap"] is not None and one["answer_seconds"] > 0 for one in finals)
    assert tiny_table() == (made, 0)
    cut_off = next((tmp_path / "final").glob("Direct*seed 1"))
    (cut_off / runs.RESULT).unlink()
    assert tiny_table()[1] == 1


def test_a_result_of_other_settings_is_not_taken(corpus4, tmp_path):
    """Though its steps, seed and labels are the same."""
    folder = tmp_path / "one"
    spec = runs.Spec(
        folder=str(folder), corpus=str(corpus4), preset=PRESET, settings=TINY, steps=1, seed=0, labels={"name": "one"}
    )
    with quick_training():
        found = runs.do(spec)
        assert runs.do(spec) == found
        with pytest.raises(SystemExit, match="is of another table"):
            runs.do(dataclasses.replace(spec, settings=(*TINY, "learner.halt_max_steps=3")))
