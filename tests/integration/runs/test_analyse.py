"""``trmpipe analyse`` on short runs: what it writes, keeps, prints, and refuses."""

import json
import shutil

import numpy as np
import pyarrow.parquet as pq
import pytest

from tests.runs import OF_ANY_MODEL, make_run
from trmpipe.reports.figures.of_analysis import figures_of_analysis
from trmpipe.trainer.analysis import MEASURES, read_analysis, read_summary
from trmpipe.trainer.analysis.keeping import owning_analysis

ASK = ["--limit=8", "--steps=4", "--device=cpu"]
NOT_HERE = {"restarts", "identifiers", "votes"}


def files_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def analysed(finished, tmp_path_factory):
    """The analysis of a copy of the run of 9 steps; not to be changed."""
    from trmpipe.cli.main import run

    copy = shutil.copytree(finished, tmp_path_factory.mktemp("analysed") / "nine")
    assert run(["analyse", str(copy), *ASK]) == 0
    return copy / "analysis"


def test_all_measures_are_kept_with_a_picture_each(analysed, finished):
    kept, summary = read_analysis(analysed), read_summary(analysed)
    assert set(kept) == set(MEASURES) - NOT_HERE
    assert set(summary.not_measured) == NOT_HERE
    pictures = {f"{figure.name}.svg" for figure in figures_of_analysis(kept)}
    assert {f"{name}.svg" for name in kept} <= pictures
    assert set(files_of(analysed)) == {"analysis.json", *pictures, *(f"{name}.parquet" for name in kept)}
    about = json.loads((finished / "config.json").read_text())
    noted = pq.read_schema(analysed / "steps.parquet").metadata
    assert noted[b"config_hash"].decode() == about["hash"] == summary.about.config_hash
    assert (noted[b"checkpoint_step"], noted[b"puzzles"], noted[b"seed"]) == (b"9", b"8", b"0")
    assert noted[b"title"].decode() == MEASURES["steps"].title
    assert noted[b"column.right"].decode() == MEASURES["steps"].columns["right"].says


def test_a_report_shows_the_analysis(analysed, trmpipe, tmp_path):
    copy = shutil.copytree(analysed.parent, tmp_path / "nine")
    asked = ("report", copy, "--puzzles", 4, "--shown", 1, "--device", "cpu", "--out", tmp_path / "page.html")
    assert trmpipe(*asked).code == 0
    page = (tmp_path / "page.html").read_text()
    assert "8 held-out puzzles, the weights of step 9" in page
    titles = [figure.title for figure in figures_of_analysis(read_analysis(analysed))]
    assert [title for title in titles if title not in page] == []
    (copy / "analysis" / "steps.parquet").write_bytes(b"PAR1")
    done = trmpipe(*asked)
    assert (done.code, "nine: its analysis is not shown: " in done.err, "steps.parquet" in done.err) == (0, True, True)
    page = (tmp_path / "page.html").read_text()
    assert "its analysis is not shown: " in page
    assert "Training loss" in page


def test_the_numbers_are_those_of_an_evaluation(analysed, finished, trmpipe):
    scores = json.loads(trmpipe("evaluate", finished, "--limit=8", "--steps=4", "--json").out)
    steps = read_analysis(analysed)["steps"].table
    assert steps["exact"] == pytest.approx([row["exact"] for row in scores["steps"]])
    assert steps["open_cell"] == pytest.approx([row["open_cell"] for row in scores["steps"]])
    halting = read_analysis(analysed)["halting"].headline
    single = scores["passes"][0]["halting"]
    assert halting["calibration_error"] == pytest.approx(single["calibration_error"])
    assert halting["mean_steps"] == single["mean_steps"]


def test_the_same_command_writes_the_same_bytes(analysed, nine, trmpipe):
    assert trmpipe("analyse", nine, *ASK).code == 0
    there = files_of(analysed)
    assert {name: data for name, data in files_of(nine / "analysis").items() if name not in there} == {}
    for name in there:
        if name.endswith((".parquet", ".json")):
            assert there[name] == (nine / "analysis" / name).read_bytes(), name


def test_one_line_or_two_for_each_measure(nine, trmpipe):
    done = trmpipe("analyse", nine, *ASK, "--pictures=none", "--out", nine / "elsewhere")
    assert not list((nine / "elsewhere").glob("*.svg"))
    lines = done.out.splitlines()
    assert lines[0].endswith("4 supervision steps each")
    assert [line.split()[0] for line in lines[1:] if not line.startswith(" ")] == list(MEASURES)
    assert len(lines) <= 1 + 2 * len(MEASURES)
    assert "votes         not measured: answers to sudoku4 are judged one by one" in done.out


def test_measures_of_the_same_question_stay_beside_new_ones(nine, trmpipe):
    assert trmpipe("analyse", nine, *ASK, "--only=steps,halting").code == 0
    before = files_of(nine / "analysis")
    told = json.loads(trmpipe("analyse", nine, *ASK, "--only", "residual", "--json").out)
    assert list(told["measures"]) == ["steps", "halting", "residual"]
    after = files_of(nine / "analysis")
    assert {name: after[name] for name in before if name != "analysis.json"} == {
        name: data for name, data in before.items() if name != "analysis.json"
    }
    assert trmpipe("analyse", nine, "--limit=7", "--steps=4", "--only", "residual").code == 0
    assert list(read_analysis(nine / "analysis")) == ["residual"]
    assert not (nine / "analysis" / "steps.svg").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--only=steps,everything"], "no measure is called 'everything'; known: steps, changes, "),
        (["--pictures=gif"], "--pictures is gif; expected some of svg, pdf, png, or none"),
        (["--steps=0"], "--steps is 0; expected 1 to 1024"),
        (["--checkpoint=newest"], "the checkpoint 'newest' is unknown"),
    ],
)
def test_a_wrong_argument_gets_one_line(nine, trmpipe, options, message):
    done = trmpipe("analyse", nine, *options)
    assert done.code == 2
    assert message in done.message
    assert not (nine / "analysis").exists()


def test_a_second_command_is_refused_while_one_writes(nine, trmpipe):
    with owning_analysis(nine / "analysis"):
        done = trmpipe("analyse", nine, *ASK)
    assert done.code == 1
    assert "another command is writing" in done.message


def test_a_folder_that_is_no_run_gets_one_line(tmp_path, trmpipe):
    assert "is no run" in trmpipe("analyse", tmp_path).message


MODELS = {
    "direct_prediction": {"fixed-points", "components", "halting", "residual", "restarts"},
    "autoregressive": {"fixed-points", "components", "halting", "residual", "restarts"},
    "eqr": set(),
}
"""What is not measured of a network beside what its task has not."""


@pytest.mark.parametrize("model", MODELS)
def test_every_kind_of_network(corpus4, tmp_path, trmpipe, model):
    learner = {"direct_prediction": "one_pass", "autoregressive": "token_by_token"}.get(model, "deep_supervision")
    options = [option for option in OF_ANY_MODEL if not option.startswith("--max-steps")]
    made = make_run(
        corpus4,
        tmp_path / "run",
        [
            "--max-steps=1",
            "--preset=sudoku4-cpu",
            f"--set=model.name={model}",
            f"--set=learner.name={learner}",
            *options,
        ],
    )
    done = trmpipe("analyse", made, *ASK, "--pictures=none")
    assert done.code == 0, done.err
    summary = read_summary(made / "analysis")
    assert set(summary.not_measured) == MODELS[model] | {"identifiers", "votes"}
    assert all(np.isfinite(list(one.headline.values())).all() for one in summary.measures.values())
