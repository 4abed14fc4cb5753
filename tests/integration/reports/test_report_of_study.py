"""A page on a study says what the study found, and names what failed."""

import json
import shutil

import pytest

from tests.study_plans import AS_PLANNED, tiny_plan, working_here
from trmpipe.reports.figures.of_study import figures_of_study
from trmpipe.reports.page import page_of
from trmpipe.reports.studies import study_section
from trmpipe.studies import read_study, run_study
from trmpipe.studies.summary import groups_of
from trmpipe.studies.table import rows_of


@pytest.fixture(scope="module")
def finished(corpus4, tmp_path_factory):
    """A study that has come to its end; not to be changed."""
    folder = tmp_path_factory.mktemp("studies") / "tiny"
    with working_here():
        run_study(tiny_plan(AS_PLANNED), folder, corpora=[str(corpus4)])
    return folder


def test_a_report_says_what_the_study_found(finished):
    folder = finished
    results = read_study(folder)
    section = study_section(folder)
    assert section.says[0] == results.record.plan.question
    (table,) = section.tables
    assert [table.columns, *table.rows] == rows_of(groups_of(results), results.record.plan.evaluation.depths)
    assert {figure.source for figure in section.figures} == {"tiny/results.jsonl"}
    assert [figure.rows for figure in section.figures] == [figure.rows for figure in figures_of_study(results)]
    assert dict(section.facts)["runs"].value == 4
    page = page_of("a study", [section])
    assert all(f">{run.arm}<" in page for run in results.runs)


def test_a_report_names_failed_runs_and_their_reasons(finished, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy")
    lines = (folder / "results.jsonl").read_text().splitlines()
    failed = {**json.loads(lines[0]), "status": "failed", "reason": "it <b>diverged</b>", "solved": []}
    (folder / "results.jsonl").write_text("\n".join([json.dumps(failed), *lines[1:]]) + "\n")
    section = study_section(folder)
    assert dict(section.facts)["came to their end"].value == 3
    assert section.tables[-1].rows == [("TRM", section.tables[-1].rows[0][1], "0", "it <b>diverged</b>")]
    assert "it &lt;b&gt;diverged&lt;/b&gt;" in page_of("a study", [section])


def test_a_report_refuses_what_has_nothing_to_say_in_one_line(finished, trmpipe, tmp_path):
    folder = shutil.copytree(finished, tmp_path / "copy")
    (folder / "results.jsonl").write_text('{"data": 5}\n')
    done = trmpipe("report", folder, "--out", tmp_path / "page.html")
    assert (done.code, "results.jsonl, line 1" in done.message) == (1, True)
    (folder / "results.jsonl").unlink()
    shutil.rmtree(folder / "runs")
    done = trmpipe("report", folder, "--out", tmp_path / "page.html")
    assert (done.code, "of which no run is done yet" in done.message) == (1, True)
    assert not (tmp_path / "page.html").exists()
