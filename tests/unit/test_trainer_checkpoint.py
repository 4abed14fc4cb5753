"""Checkpoints: whole or absent, a bounded number, refused where damaged."""

import hashlib
import os
import subprocess
import sys
import uuid
import zipfile
from pathlib import Path

import pytest
import torch

from trmpipe.shards.files import write_atomically
from trmpipe.trainer.errors import NoRunError, RunError, RunWriteError
from trmpipe.trainer.files import is_left_behind, write_json
from trmpipe.trainer.runs.checkpoint import list_checkpoints, load_checkpoint, save_checkpoint, write_checkpoint
from trmpipe.trainer.runs.lines import Kept, LineFile, keep_first, read_metrics
from trmpipe.trainer.runs.run_folder import RunFolder


def test_state_comes_back_as_it_was(tmp_path):
    state = {"weights": torch.arange(3.0), "nested": [{"step": 3}, "text", None, 0.1]}
    loaded = load_checkpoint(save_checkpoint(tmp_path / "c", 12, state))
    assert torch.equal(loaded["weights"], state["weights"])
    assert loaded["nested"] == state["nested"]
    assert loaded["step"] == 12


def test_the_last_few_are_kept_in_order_of_steps(tmp_path):
    for step in (5, 999_999, 1_000_000, 7):
        save_checkpoint(tmp_path, step, {}, keep=3)
    assert [path.name for path in list_checkpoints(tmp_path)] == ["step-000007.pt", "step-999999.pt", "step-1000000.pt"]


@pytest.mark.parametrize(("wanted", "step"), [("0", 0), ("000", 0), ("07", 7), ("last", 7)])
def test_a_checkpoint_is_named_by_its_step(tmp_path, wanted, step):
    for kept in (0, 7):
        save_checkpoint(tmp_path / "checkpoints", kept, {}, keep=3)
    assert RunFolder(tmp_path).checkpoint(wanted).name == f"step-{step:06d}.pt"
    with pytest.raises(NoRunError, match="keeps no checkpoint after step 10; it keeps those after step 0, 7"):
        RunFolder(tmp_path).checkpoint("10")


def test_nothing_executable_is_loaded(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "step-000001.pt"
    with path.open("wb") as file:
        write_checkpoint(file, {"checkpoint_version": 3, "evil": Evil()})
    with pytest.raises(RunError, match="is damaged"):
        load_checkpoint(path)
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize("size", [0, 100, -1])
def test_a_cut_off_checkpoint_is_named(tmp_path, size):
    path = save_checkpoint(tmp_path, 1, {"weights": torch.zeros(1000)})
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(RunError, match=f"{path} is damaged"):
        load_checkpoint(path)


def test_missing_and_newer_checkpoints_are_refused(tmp_path):
    with pytest.raises(NoRunError, match="there is no checkpoint"):
        load_checkpoint(tmp_path / "step-000001.pt")
    with (tmp_path / "step-000001.pt").open("wb") as file:
        write_checkpoint(file, {"checkpoint_version": 99})
    with pytest.raises(RunError, match="has version 99, this trmpipe reads 3"):
        load_checkpoint(tmp_path / "step-000001.pt")


def test_stale_temporaries_do_not_count(tmp_path):
    (tmp_path / ".step-000009.pt.tmp-0123").write_bytes(b"half")
    assert list_checkpoints(tmp_path) == []


def test_what_a_killed_session_left_is_removed_and_nothing_else(tmp_path):
    run = RunFolder(tmp_path)
    save_checkpoint(run.checkpoints, 1, {})
    write_json(run.config_file, {})
    end = f".tmp-{uuid.uuid4().hex}"
    for path in (run.path / f".config.json{end}", run.checkpoints / f".step-000009.pt{end}"):
        path.write_bytes(b"half")
    # Not what `write_atomically` makes: a user's own.
    for name in ("notes.tmp-2026.txt", ".notes.tmp-2026", f"notes{end}"):
        (run.path / name).write_bytes(b"mine")
    (run.path / f".folder{end}").mkdir()
    run.remove_temporaries()
    left = {path.name for path in tmp_path.rglob("*") if path.is_file()}
    assert left == {".notes.tmp-2026", "config.json", "notes.tmp-2026.txt", f"notes{end}", "step-000001.pt"}
    assert (run.path / f".folder{end}").is_dir()


def test_what_is_left_behind_is_told_by_the_name_that_is_written_first(tmp_path, monkeypatch):
    names = []

    def fail(temporary, path):
        names.append(Path(temporary))
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", fail)
    monkeypatch.setattr("os.unlink", lambda path: None)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(tmp_path / "config.json", b"{}")
    assert [is_left_behind(path) for path in names] == [True]


def test_a_checkpoint_that_cannot_be_written_leaves_the_one_before(tmp_path):
    class Unwritable:
        def __reduce__(self):
            raise OSError(28, "No space left on device")

    path = save_checkpoint(tmp_path, 1, {"weights": torch.zeros(3)})
    before = path.read_bytes()
    with pytest.raises(RunWriteError, match="could not be written"):
        save_checkpoint(tmp_path, 1, {"weights": Unwritable()})
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_the_digest_is_the_comment_of_a_plain_zip_file(tmp_path):
    path = save_checkpoint(tmp_path, 1, {"weights": torch.arange(3.0), "more": [torch.ones(7, dtype=torch.bfloat16)]})
    data = path.read_bytes()
    assert data[-64:].decode() == hashlib.sha256(data[:-64]).hexdigest()
    with zipfile.ZipFile(path) as archive:
        assert archive.comment == data[-64:]
        assert archive.testzip() is None
    assert torch.equal(torch.load(path, weights_only=True)["weights"], torch.arange(3.0))


def test_lines_beyond_a_checkpoint_are_dropped_and_those_before_it_are_compared(tmp_path):
    path = tmp_path / "metrics.jsonl"
    lines = LineFile(path)
    for step in (1, 2, 3):
        lines.append({"step": step, "split": "train", "x": 0.1 + 0.2})
    kept, expected = lines.kept(), path.read_bytes()
    LineFile(path).append({"step": 4, "split": "test"})
    with path.open("a") as file:
        file.write('{"step": 2, "x"')
    assert [line.step for line in read_metrics(path)] == [1, 2, 3, 4]
    keep_first(path, kept)
    assert path.read_bytes() == expected
    for damaged in (expected[:-1], bytes([expected[0] ^ 1]) + expected[1:]):
        path.write_bytes(damaged)
        with pytest.raises(RunError, match=r"metrics\.jsonl is damaged: its first \d+ bytes are not those"):
            keep_first(path, kept)
    keep_first(path, Kept())
    assert path.read_bytes() == b""


def test_no_nan_goes_into_a_line(tmp_path):
    lines = LineFile(tmp_path / "metrics.jsonl")
    with pytest.raises(ValueError, match="not JSON compliant"):
        lines.append({"step": 1, "loss": float("nan")})
    assert not (tmp_path / "metrics.jsonl").exists()


@pytest.mark.parametrize(
    "line",
    [
        "{broken",
        "[]",
        "1",
        '{"split": "train"}',
        '{"step": -1, "split": "train"}',
        '{"step": 1.5, "split": "train"}',
        '{"step": 99999999999999999999, "split": "train"}',
        '{"step": 1, "split": "dev"}',
        '{"step": 1, "split": ["train"]}',
        '{"step": 1, "split": "train", "loss": NaN}',
        '{"step": 1, "split": "train", "loss": "0.5"}',
        '{"step": 1, "split": "train", "loss": 1e999}',
        "[" * 5000,
        "\\xff",
    ],
)
def test_a_damaged_line_of_metrics_is_named(tmp_path, line):
    path = tmp_path / "metrics.jsonl"
    path.write_bytes(b'{"step": 1, "split": "train"}\n' + line.encode().replace(b"\\xff", b"\xff") + b"\n")
    with pytest.raises(RunError, match=r"metrics\.jsonl line 2.* is damaged") as caught:
        read_metrics(path)
    assert "\n" not in str(caught.value)


def test_metrics_beyond_all_measure_are_not_read(tmp_path):
    path = tmp_path / "metrics.jsonl"
    with path.open("wb") as file:
        file.truncate(1 << 40)
    with pytest.raises(RunError, match=r"it has 1,099,511,627,776 bytes, expected 268,435,456 at most"):
        read_metrics(path)


def test_a_program_that_read_a_checkpoint_ends_well(tmp_path):
    """Some types make msgspec free memory twice at the end of a program, which is then killed."""
    path = save_checkpoint(tmp_path, 1, {"stream": {"config": {}}})
    read = f"load_run_state(Path({str(path)!r}), '')"
    code = f"from trmpipe.trainer.runs.run_state import *\ntry: {read}\nexcept RunError: pass"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
