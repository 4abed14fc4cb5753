"""Checkpoints: whole or absent, a bounded number, refused where damaged."""

import os

import pytest
import torch

from trmpipe.trainer.checkpoint import list_checkpoints, load_checkpoint, save_checkpoint
from trmpipe.trainer.errors import NoRunError, RunError, RunWriteError
from trmpipe.trainer.run_folder import RunFolder, append_line, read_lines, truncate_lines, write_json


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


def test_nothing_executable_is_loaded(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    path = tmp_path / "step-000001.pt"
    torch.save({"checkpoint_version": 2, "evil": Evil()}, path)
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
    torch.save({"checkpoint_version": 99}, tmp_path / "step-000001.pt")
    with pytest.raises(RunError, match="has version 99, this trmpipe reads 2"):
        load_checkpoint(tmp_path / "step-000001.pt")


def test_stale_temporaries_do_not_count(tmp_path):
    (tmp_path / ".step-000009.pt.tmp-0123").write_bytes(b"half")
    assert list_checkpoints(tmp_path) == []


def test_what_a_killed_session_left_is_removed_and_nothing_else(tmp_path):
    run = RunFolder(tmp_path)
    save_checkpoint(run.checkpoints, 1, {})
    write_json(run.config_file, {})
    for path in (run.path / ".config.json.tmp-0123", run.checkpoints / ".step-000009.pt.tmp-0123"):
        path.write_bytes(b"half")
    run.remove_temporaries()
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["config.json", "step-000001.pt"]


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


def test_lines_after_a_step_are_dropped_and_a_cut_off_one(tmp_path):
    path = tmp_path / "metrics.jsonl"
    for step in (1, 2, 2, 3):
        append_line(path, {"step": step, "x": 0.1 + 0.2})
    expected = "".join(path.read_text().splitlines(keepends=True)[:3])
    with path.open("a") as file:
        file.write('{"step": 2, "x"')
    truncate_lines(path, 2)
    assert path.read_text() == expected
    assert len(read_lines(path)) == 3
