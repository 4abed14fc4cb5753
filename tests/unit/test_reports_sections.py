"""What sections say: errors of open cells alone, scores by their names, figures that nothing replaces."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from trmpipe.reports.figures import Figure
from trmpipe.reports.page.parts import Section
from trmpipe.reports.report import Report
from trmpipe.reports.runs.remake import evaluate_commands
from trmpipe.reports.runs.scores import ShownScore, scores_of
from trmpipe.reports.runs.sections import curves_section, errors_figure, together_sections
from trmpipe.reports.runs.summary import main_score, named_score_number
from trmpipe.shards.json_files import seal
from trmpipe.trainer.trained.stepwise import Stepwise


def score(what, value=0.5, rank=(1,), source="evaluations/step-1.json#/headline", elsewhere=False):
    return ShownScore(
        what=what,
        value=value,
        interval=None,
        puzzles=None,
        step=1,
        how="trmpipe evaluate",
        corpora=("a",),
        source=f"{source}/{what}",
        rank=rank,
        elsewhere=elsewhere,
        is_whole=not elsewhere,
    )


def test_a_given_cell_that_is_broken_is_no_error_of_an_open_one():
    inputs = np.array([[1, 2, 3, 4], [1, 2, 3, 4], [9, 2, 3, 4]], np.uint8)
    labels = np.tile(np.array([1, 2, 3, 4], np.uint8), (3, 1))
    answers = np.array([[[5, 2, 3, 4], [5, 5, 3, 4], [5, 2, 3, 4]]], np.uint8)
    asked = Stepwise(
        corpus=SimpleNamespace(spec=SimpleNamespace(grid_shape=(2, 2)), name="a"),
        examples=type("Some", (SimpleNamespace,), {"__len__": lambda self: 3})(inputs=inputs, labels=labels),
        answers=answers,
        solved=np.zeros((1, 3), bool),
        sure=None,
        ratings=np.zeros(3),
    )
    rows = errors_figure(asked, "a").rows
    assert [(row["wrong"], row["asked"], row["share"]) for row in rows] == [
        (1, 1, 1.0),
        (0, 0, 0),
        (0, 0, 0),
        (0, 0, 0),
    ]


@pytest.mark.parametrize(
    ("names", "main"),
    [
        (["pass@1", "pass@2"], "pass@2"),
        (["exact", "accepted"], "accepted"),
        (["own", "exact"], "exact"),
        (["own"], "own"),
    ],
)
def test_the_main_score_is_the_one_that_its_task_is_judged_by(names, main):
    older = score("pass@2", rank=(0,), source="evaluations/step-0.json#/headline")
    scores = [*map(score, names), older]
    assert main_score(SimpleNamespace(scores=scores)).what == main
    assert main_score(SimpleNamespace(scores=[])) is None


def _called(name):
    return Figure(name=name, title=name, says=name, chart=None, rows=())


def test_no_figure_takes_the_place_of_another():
    long = "a" * 70
    runs = [
        Section(
            name=f"run-{number}-{long[:60]}",
            title=f"{long}-{number}",
            parts=[
                Section(name=f"run-{number}-{part}", title=part, figures=[_called("difficulty"), _called(part)])
                for part in ("solving", "analysis")
            ],
        )
        for number in (1, 2)
    ]
    studies = [Section(name=f"study-{number}", title="s", figures=[_called("arms")]) for number in (1, 2)]
    both = [Section(name=name, title="c", figures=[_called("loss"), _called(name)]) for name in ("curves", "other")]
    names = [one.name for one in Report(title="", says="", sections=[*studies, *both, *runs]).figures()]
    assert len(set(names)) == len(names) == 2 + 4 + 8
    assert {"study-1-arms", "curves", "other-loss", "run-2-analysis-difficulty"} <= set(names)


def test_the_command_of_a_score_on_another_corpus_says_what_is_missing():
    facts = SimpleNamespace(
        scores=[score("exact"), score("cell"), score("exact", elsewhere=True)], run=SimpleNamespace(path="run"), step=1
    )
    (own, command), (elsewhere, other) = evaluate_commands(facts)
    assert (own, command) == ("Its scores:", "trmpipe evaluate run")
    assert other == "trmpipe evaluate run --corpus PATH-OF-a"
    assert "write where that is in place of PATH-OF-a" in elsewhere


def test_scores_at_the_end_of_a_training_are_of_as_many_puzzles_again():
    final = replace(score("exact"), how="at the end of training", puzzles=500)
    facts = SimpleNamespace(scores=[final], run=SimpleNamespace(path="run"), step=1)
    assert evaluate_commands(facts) == [("Its scores:", "trmpipe evaluate run --limit 500")]


def test_restarts_are_told_with_what_chooses(tmp_path):
    corpora = [{"name": "a", "content_digest": "0" * 64}]
    kept = {"step": 1, "corpora": corpora, "corpus": "a", "limit": None, "variants": None, "headline": {"exact": 0.5}}
    (tmp_path / "step-1.json").write_bytes(seal({**kept, "restarts": 4, "choose": "votes"}))
    run, about = SimpleNamespace(evaluations=tmp_path), SimpleNamespace(corpora=[])
    (found,), damaged = scores_of(run, None, about)
    assert found.how == "trmpipe evaluate --restarts 4 --choose votes"
    assert damaged == []


CORPORA = [{"name": "own", "content_digest": "0" * 64}, {"name": "other", "content_digest": "1" * 64}]


def keep(folder, name, *passes, corpora=CORPORA[:1], **more):
    """A file of ``evaluations/`` with passes of single puzzles, `(name, share)` each."""
    values = {"step": 1, "corpora": corpora, "corpus": corpora[0]["name"], "limit": None, "variants": None}
    shares = [
        {"name": one, "exact": {"right": right, "number": 100, "share": right / 100, "low": 0.0, "high": 1.0}}
        for one, right in passes
    ]
    headline = {"exact": passes[0][1] / 100}
    (folder / f"step-{name}.json").write_bytes(
        seal({**values, "headline": headline, "scores": {"passes": shares}, **more})
    )


def shown_of(folder, trained_on=CORPORA[:1]):
    about = SimpleNamespace(corpora=[SimpleNamespace(**one) for one in trained_on])
    scores, damaged = scores_of(SimpleNamespace(evaluations=folder), None, about)
    assert damaged == []
    return scores


def test_every_pass_has_its_own_number(tmp_path):
    """A search is not told with the share of the single pass, beside which it stands in its file."""
    keep(tmp_path, "a", ("single pass", 7), ("search", 82), search=64)
    found = [(one.of, one.value, one.how, one.source.partition("#")[2]) for one in shown_of(tmp_path)]
    how = "trmpipe evaluate --search 64"
    assert found == [
        ("single pass", 0.07, how, "/scores/passes/0/exact/share"),
        ("search", 0.82, how, "/scores/passes/1/exact/share"),
    ]
    assert main_score(SimpleNamespace(scores=shown_of(tmp_path))).of == "single pass"


def test_a_single_pass_needs_no_name_and_several_do(tmp_path):
    keep(tmp_path, "a", (None, 7))
    assert [(one.of, one.value) for one in shown_of(tmp_path)] == [("", 0.07)]
    keep(tmp_path, "a", ("single pass", 7), (["search"], 82))
    about = SimpleNamespace(corpora=[SimpleNamespace(**CORPORA[0])])
    scores, (damaged,) = scores_of(SimpleNamespace(evaluations=tmp_path), None, about)
    assert scores == []
    assert "(the name of a pass) is damaged" in damaged


def test_a_score_on_another_corpus_is_no_main_score_beside_one_on_its_own(tmp_path):
    keep(tmp_path, "old", ("single pass", 88), limit=100)
    keep(tmp_path, "new", ("single pass", 7), corpora=CORPORA[1:], made="2026-11-30T10:00:00+0000")
    facts = SimpleNamespace(scores=shown_of(tmp_path), name="run")
    assert named_score_number(facts).text == "88.00% exact"
    (tmp_path / "step-old.json").unlink()
    facts = SimpleNamespace(scores=shown_of(tmp_path), name="run")
    assert named_score_number(facts).text == "7.00% exact on other"


def test_a_score_on_some_of_its_corpora_is_asked_so_again(tmp_path):
    keep(tmp_path, "some", ("single pass", 7))
    scores = shown_of(tmp_path, CORPORA)
    [(what, command)] = evaluate_commands(SimpleNamespace(scores=scores, run=SimpleNamespace(path="run"), step=1))
    assert command == "trmpipe evaluate run --corpus PATH-OF-own"
    assert what.startswith("Its scores on some of its corpora, own; write where")
    twins = [{**one, "name": "test"} for one in CORPORA]
    keep(tmp_path, "some", ("single pass", 7), corpora=twins)
    [(_, command)] = evaluate_commands(
        SimpleNamespace(scores=shown_of(tmp_path), run=SimpleNamespace(path="run"), step=1)
    )
    assert [word for word in command.split() if word.startswith("PATH")] == ["PATH-OF-test-1", "PATH-OF-test-2"]


def test_scores_of_several_corpora_name_them_all(tmp_path):
    keep(tmp_path, "both", ("single pass", 7), corpora=CORPORA)
    scores = shown_of(tmp_path)
    assert scores[0].corpus == "own and other"
    [(what, command)] = evaluate_commands(SimpleNamespace(scores=scores, run=SimpleNamespace(path="run"), step=1))
    assert command.replace(" \\\n   ", "") == "trmpipe evaluate run --corpus PATH-OF-own --corpus PATH-OF-other"
    assert "in place of PATH-OF-own and PATH-OF-other:" in what


def test_a_score_has_its_name_where_runs_of_several_tasks_stand():
    told = named_score_number(SimpleNamespace(scores=[score("pass@1"), score("pass@2", 0.0)], name="run"))
    assert told.text == "0.00% pass@2"


@pytest.mark.parametrize(("step", "says"), [(4, "Nothing was measured yet."), (5, "holds no measurement")])
def test_a_run_without_measurements_is_told_by_whether_it_ended(step, says):
    about = SimpleNamespace(max_steps=5)
    section = curves_section(SimpleNamespace(lines=[], difficulty=[], final=None, step=step, about=about))
    assert says in section.says[0]


def test_runs_without_curves_have_no_section_of_them():
    assert [section.name for section in together_sections([], {})] == ["comparison"]
