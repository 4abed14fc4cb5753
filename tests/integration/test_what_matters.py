"""The table of what matters: every row is a run of its own, all of a family cost the same, and it is made whole."""

import json

import pytest

from benchmarks import what_matters as table
from benchmarks.what_matters import FAMILIES, ROWS, Row
from trmpipe.studies import work
from trmpipe.trainer.building.flops import step_flops
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.settings.overrides import apply_overrides


@pytest.mark.parametrize("family", FAMILIES)
def test_every_row_is_another_run(family):
    own = [row for row in ROWS if row.family == family]
    configs = [apply_overrides(get_preset(FAMILIES[family].preset), table.settings_of(row)) for row in own]
    made = [(repr(config), row.variants) for config, row in zip(configs, own, strict=True)]
    assert len(set(made)) == len(own)


def test_a_row_that_costs_twice_as_much_gets_half_the_steps(corpus4, tmp_path):
    corpus = table.trmpipe.open(corpus4)
    row, budget = ROWS[0], FAMILIES[ROWS[0].family].budget * 1e12
    for share, cost, steps in ((1, budget / 60, 60), (1, budget / 30, 30), (0.5, budget / 30, 15), (1, 3 * budget, 1)):
        made = table.jobs_of(row, corpus, tmp_path, step_cost=cost, seeds=2, budget_share=share)
        assert [(job.steps, job.seed) for job in made] == [(steps, 0), (steps, 1)]
        assert len({job.folder for job in made}) == 2


def test_puzzles_that_leave_less_open_cost_less(corpus4):
    """The cell computes possible candidates alone."""
    corpus = table.trmpipe.open(str(corpus4))
    inputs, labels = table.first_puzzles(corpus, 4)
    sizes = table.corpus_sizes(corpus)
    config = apply_overrides(get_preset("sudoku6-cpu"), ("learner.hints=0",))
    learner, net = (build(config, sizes) for build in (learner_of, net_of))
    assert step_flops(net, learner, labels, labels) < step_flops(net, learner, inputs, labels) / 2


def net_of(config, sizes):
    return table.build_net(config, sizes, table.torch.device("cpu"), table.torch.float32)


def learner_of(config, sizes):
    return table.build_learner(config, net_of(config, sizes))


def test_a_line_has_the_mean_and_the_deviation_of_its_seeds():
    common = {"family": "cell", "question": "stays", "name": "up to 4", "steps": 1200, "flops": 2.5e9}
    shares = [[0.1, 0, 0, 0.5, *[0.0] * 11, 0.9], [0.3, 0, 0, 0.5, *[0.0] * 11, 0.7]]
    results = [{**common, "exact_by_step": own, "cell": 0.75} for own in shares]
    line = table.as_markdown(results).splitlines()[2]
    assert line == "| cell | stays: up to 4 | 1,200 | 2.50 G | 20.0 ± 14.1 | 50.0 ± 0.0 | 80.0 ± 14.1 | 75.0 ± 0.0 |"


def test_the_table_is_made_from_end_to_end_and_goes_on_where_it_was(monkeypatch, tmp_path, capsys):
    rows, trained = ROWS[0:2], []
    monkeypatch.setattr(table, "ROWS", (*rows, Row("variants", "none", "cell", variants=1)))

    def do_here(jobs, workers):
        for job in jobs:
            trained.append(job)
            work.do(job)
            yield job

    monkeypatch.setattr(table, "do_side_by_side", do_here)
    arguments = ["--out", str(tmp_path), "--seeds", "1", "--size", "4", "--n", "20", "--aug", "3", "--share", "1e-5"]
    for _ in range(2):
        table.main(arguments)
    assert [job.variants for job in trained] == [None, None, 1]
    assert capsys.readouterr().out.splitlines()[-3:] == (tmp_path / "table.md").read_text().splitlines()[2:]
    found = [json.loads(line) for line in (tmp_path / "runs.jsonl").read_text().splitlines()]
    assert [(one["family"], one["name"]) for one in found] == [
        ("TRM", "as it is"),
        ("TRM", "up to 1"),
        ("cell", "none"),
    ]
