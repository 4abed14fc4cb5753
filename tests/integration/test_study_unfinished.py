"""A study that still runs, or was broken off, tells what is done of it: table, report, Python."""

from dataclasses import replace

import pytest

from tests.study_plans import AS_PLANNED, TUNING, do_here, tiny_plan, working_here
from trmpipe.reports.studies import study_section
from trmpipe.studies import executing, read_so_far, read_study, run_study
from trmpipe.studies.errors import NoStudyError, StudyError, StudyInterrupted
from trmpipe.studies.jobs import RUN, TRY
from trmpipe.studies.record import read_record, write_record
from trmpipe.studies.results import RESULTS


def broken_off(corpus, folder, monkeypatch, runs, *, stage=RUN, text=AS_PLANNED):
    """A study that Ctrl-C ends after so many jobs of a stage."""

    def stopping(jobs, workers):
        doing = do_here(jobs, workers)
        if jobs[0].kind != stage:
            yield from doing
            return
        for _ in range(runs):
            yield next(doing)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, working_here():
        patch.setattr(executing, "do_side_by_side", stopping)
        with pytest.raises(StudyInterrupted):
            run_study(tiny_plan(text), folder, corpora=[str(corpus)])


def test_what_is_done_is_told(corpus4, tmp_path, monkeypatch):
    broken_off(corpus4, tmp_path, monkeypatch, 3)
    found, table = read_so_far(tmp_path), (tmp_path / "table.md").read_text()
    assert (len(found.runs), found.missing) == (3, 1)
    assert found.unfinished == "unfinished: 3 of 4 runs are done"
    assert "**unfinished: 3 of 4 runs are done**; the same command goes on" in table
    with pytest.raises(NoStudyError, match="has not come to its end"):
        read_study(tmp_path)
    section = study_section(tmp_path)
    assert "The study is unfinished: 3 of 4 runs are done." in section.says
    assert section.tables[0].rows[0][-1] == "2"
    assert section.tables[0].rows[1][-1] == "1"
    assert "results.jsonl" not in str(section)

    with working_here():
        whole = run_study(tiny_plan(AS_PLANNED), tmp_path, corpora=[str(corpus4)])
    assert whole.runs[:3] == found.runs
    assert (len(whole.runs), whole.missing, whole.unfinished) == (4, 0, "")
    assert "unfinished" not in (tmp_path / "table.md").read_text()
    assert RESULTS in str(study_section(tmp_path))
    assert read_so_far(tmp_path) == read_study(tmp_path)


def test_without_a_run_there_is_nothing_to_tell(corpus4, tmp_path, monkeypatch):
    broken_off(corpus4, tmp_path, monkeypatch, 0)
    with pytest.raises(NoStudyError, match="of which no run is done yet; wait for one"):
        read_so_far(tmp_path)
    assert not (tmp_path / "table.md").exists()


def test_a_record_from_elsewhere_cannot_ask_for_runs_without_end(corpus4, tmp_path, monkeypatch):
    broken_off(corpus4, tmp_path, monkeypatch, 1)
    record = read_record(tmp_path)
    many = replace(record.known.fitted, seeds=10**15)
    write_record(tmp_path, replace(record, measured=replace(record.known, fitted=many)))
    with pytest.raises(StudyError, match=r"study\.json is damaged: it asks for more than 100,000 runs"):
        read_so_far(tmp_path)


def test_nothing_is_told_before_tries_have_chosen(corpus4, tmp_path, monkeypatch):
    """A setup of which no try is done yet is none of which all failed."""
    broken_off(corpus4, tmp_path, monkeypatch, 1, stage=TRY, text=AS_PLANNED + TUNING)
    with pytest.raises(NoStudyError, match="of which no run is done yet"):
        read_so_far(tmp_path)


def test_what_an_earlier_end_put_together_goes_when_runs_are_missing(corpus4, tmp_path, monkeypatch):
    with working_here():
        whole = run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)])
    for run in whole.runs[1:]:
        (tmp_path / run.run).with_name("result.json").unlink()
    broken_off(corpus4, tmp_path, monkeypatch, 1)
    assert read_so_far(tmp_path).unfinished == "unfinished: 2 of 4 runs are done"
    with working_here():
        assert run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)]).runs[0] == whole.runs[0]
