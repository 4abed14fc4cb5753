"""Analyses that are damaged, made by strangers, or broken off: one line each, and never half of one."""

import json
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.runs import make_run, quick_training, reseal
from trmpipe.shards.digests import sha256_hex
from trmpipe.shards.files import write_atomically
from trmpipe.trainer.analysis import MEASURES, read_analysis
from trmpipe.trainer.analysis.columns import table_bytes
from trmpipe.trainer.errors import NoRunError, RunError

ASK = ["--limit=8", "--steps=4", "--device=cpu", "--pictures=none"]


@pytest.fixture(scope="module")
def made(corpus4, tmp_path_factory):
    from trmpipe.cli.main import run

    path = make_run(corpus4, tmp_path_factory.mktemp("runs") / "nine")
    with quick_training():
        assert run(["analyse", str(path), *ASK, "--only=steps,fixed-points,difficulty"]) == 0
    return path


@pytest.fixture
def nine(made, tmp_path):
    return shutil.copytree(made, tmp_path / "nine")


@pytest.fixture
def folder(nine):
    return nine / "analysis"


def replace(folder, name, data, rows=None):
    """Put other bytes in the place of a table, with a summary that tells of them."""
    (folder / f"{name}.parquet").write_bytes(data)
    summary = folder / "analysis.json"
    measures = json.loads(summary.read_text())["measures"]
    measures[name].update({"digest": sha256_hex(data), **({} if rows is None else {"rows": rows})})
    reseal(summary, measures=measures)


def table_of(folder, name):
    return dict(read_analysis(folder)[name].table)


@pytest.mark.parametrize("place", [100, -200])
def test_a_changed_bit_is_found(folder, place):
    for name in ("analysis.json", "steps.parquet"):
        path = folder / name
        data = bytearray(path.read_bytes())
        data[place] ^= 1
        path.write_bytes(data)
        with pytest.raises(RunError, match="is damaged"):
            read_analysis(folder)


def test_a_file_that_is_missing_or_cut_off(folder):
    path = folder / "steps.parquet"
    data = path.read_bytes()
    path.write_bytes(data[:-100])
    with pytest.raises(RunError, match="not the file that analysis"):
        read_analysis(folder)
    replace(folder, "steps", data[:-100])
    with pytest.raises(RunError, match="is damaged"):
        read_analysis(folder)
    path.unlink()
    with pytest.raises(RunError, match=r"steps.parquet is damaged: it is no regular file"):
        read_analysis(folder)
    (folder / "analysis.json").unlink()
    with pytest.raises(NoRunError, match="holds no analysis"):
        read_analysis(folder)


@pytest.mark.parametrize(
    ("name", "column", "value", "message"),
    [
        ("steps", "right", 1.5, "a value of its column right is not from 0 to 1"),
        ("steps", "right", np.nan, "a value of its column right is missing"),
        ("steps", "residual", np.inf, "a value of its column residual is not from 0 to inf"),
        ("steps", "step", 0, "a value of its column step is not from 1 to inf"),
        ("fixed-points", "ending", "happy", "its column ending says happy, expected one of right, spurious"),
        ("fixed-points", "latent_period", -2, "a value of its column latent_period is not from -1"),
        ("difficulty", "name", "\x1b[2J", "damaged"),
    ],
)
def test_a_value_that_no_measure_gives_is_refused(folder, monkeypatch, name, column, value, message):
    table = table_of(folder, name)
    table[column] = table[column].copy()
    table[column][0] = value
    monkeypatch.setattr("trmpipe.trainer.analysis.columns.checked", lambda table, columns: table)
    data = table_bytes(table, MEASURES[name].columns, {})
    monkeypatch.undo()
    replace(folder, name, data)
    with pytest.raises(RunError, match=message):
        read_analysis(folder)


def test_tables_of_other_columns_types_and_lengths_are_refused(folder):
    table = {name: pa.array(values) for name, values in table_of(folder, "steps").items()}
    rows = len(table["step"])
    others = {
        "expected step, right": {name: values for name, values in table.items() if name != "exact"},
        "exact": {**table, "exact": pa.array(["1"] * rows)},
        f"has {rows} rows, expected {rows + 1}": table,
        "missing": {**table, "exact": pa.array([None] * rows, pa.float64())},
    }
    for message, columns in others.items():
        sink = pa.BufferOutputStream()
        pq.write_table(pa.table(columns), sink, compression="zstd", store_schema=False)
        replace(folder, "steps", bytes(sink.getvalue()), rows + ("rows" in message))
        with pytest.raises(RunError, match=message):
            read_analysis(folder)


def test_a_summary_with_other_values_is_refused_and_unknown_measures_are_passed_over(folder):
    summary = folder / "analysis.json"
    values = json.loads(summary.read_text())
    stranger = {**values["measures"], "of-others": {**values["measures"]["steps"], "file": "../../secret"}}
    reseal(summary, measures=stranger)
    assert list(read_analysis(folder)) == ["steps", "fixed-points", "difficulty"]
    for changed in (
        {"file": "../steps.parquet"},
        {"rows": 10**12},
        {"lines": ["two\nlines"]},
        {"headline": {"a": "b"}},
    ):
        reseal(summary, measures={**values["measures"], "steps": {**values["measures"]["steps"], **changed}})
        with pytest.raises(RunError, match="is damaged"):
            read_analysis(folder)
    reseal(summary, measures=values["measures"], version=2)
    with pytest.raises(RunError, match="another version"):
        read_analysis(folder)


def test_a_command_that_breaks_off_leaves_no_analysis(nine, folder, monkeypatch, trmpipe):
    def breaks(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("trmpipe.cli.analyse._draw", breaks)
        assert trmpipe("analyse", nine, *ASK, "--only=steps").code == 130
    with pytest.raises(NoRunError):
        read_analysis(folder)
    assert trmpipe("analyse", nine, *ASK, "--only=steps").code == 0
    assert list(read_analysis(folder)) == ["steps"]


def test_what_a_killed_command_left_is_removed(nine, folder, monkeypatch, trmpipe):
    """Tables and pictures of measures that the new analysis has not."""
    monkeypatch.setattr("trmpipe.cli.analyse._draw", lambda folder, kinds, kept: _draw_and_break(folder))
    assert trmpipe("analyse", nine, *ASK, "--only=steps").code == 130
    assert {"steps-2.svg", "fixed-points.parquet"} < {path.name for path in folder.iterdir()}
    monkeypatch.undo()
    assert trmpipe("analyse", nine, *ASK, "--only=difficulty").code == 0
    assert {path.name for path in folder.iterdir()} - {".lock"} == {"analysis.json", "difficulty.parquet"}


def _draw_and_break(folder):
    (folder / "steps-2.svg").write_text("drawn")
    raise KeyboardInterrupt


def test_files_of_others_stay(nine, tmp_path, trmpipe):
    """A folder of the user's with names that measures have too, first without an analysis, then with one of others."""
    out = tmp_path / "mine"
    out.mkdir()
    others = {"steps.parquet", "steps-of-mine.svg", "halting.png", "votes.pdf", "changes-2.svg"}
    for name in others:
        (out / name).write_text("mine")
    for only in ("fixed-points", "difficulty", "fixed-points"):
        assert trmpipe("analyse", nine, *ASK, f"--only={only}", "--out", out).code == 0
    assert {name for name in others if (out / name).read_text() == "mine"} == others
    assert list(read_analysis(out)) == ["fixed-points", "difficulty"]
    assert not (out / "analysis.unfinished").exists()


def test_a_disk_that_is_full_gets_one_line(nine, folder, monkeypatch, trmpipe):
    def full(path, data):
        if path.suffix == ".parquet":
            raise OSError(28, "No space left on device")
        return write_atomically(path, data)

    with monkeypatch.context() as patch:
        patch.setattr("trmpipe.trainer.analysis.keeping.write_atomically", full)
        done = trmpipe("analyse", nine, *ASK, "--only=steps")
    assert done.code == 1
    assert "cannot be written (No space left on device)" in done.message
    assert not (folder / "analysis.json").exists()
    assert not [path for path in folder.iterdir() if "tmp" in path.name]
