"""What ends a training after a whole step: that step is saved first, one line is said, and --resume makes up for it."""

import pytest
import torch

from tests.resuming import assert_same_run
from tests.runs import TINY, quick_training
from trmpipe.shards import DamagedError
from trmpipe.trainer.training import loop, session
from trmpipe.trainer.training.feeding import Feeder

ASIDE = ["--set=evaluation.monitor=4", "--set=checkpoint_every=100", "--set=precision=fp32"]


@pytest.fixture(autouse=True)
def quick():
    """See `quick_training`."""
    with quick_training():
        yield


@pytest.fixture
def train(trmpipe, corpus4):
    return lambda out, *more: trmpipe("train", corpus4, "--out", out, *TINY, *ASIDE, *more)


def assert_goes_on(train, run, step, tmp_path):
    """Whether a run was saved after a step, and ends as one that was not disturbed."""
    assert [path.name for path in (run / "checkpoints").glob("step-*.pt")] == [f"step-{step:06d}.pt"]
    assert train(run, "--resume").code == 0
    assert train(tmp_path / "whole").code == 0
    (run / "checkpoints" / f"step-{step:06d}.pt").unlink()  # It is there as after Ctrl-C.
    assert_same_run(run, tmp_path / "whole")


@pytest.mark.parametrize("step", [4, 8])
def test_an_evaluation_that_does_not_fit_the_memory(train, tmp_path, monkeypatch, step):
    act, run = loop.score_parts, tmp_path / "run"

    def too_large(examinee, *arguments):
        if len(asked) == (step // 4 - 1) * 2:
            raise torch.OutOfMemoryError("2 GiB")
        asked.append(arguments)
        return act(examinee, *arguments)

    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(loop, "score_parts", too_large)
        result = train(run)
    assert result.code == 1
    assert "the memory of cpu does not hold an evaluation of this run; make room there" in result.message
    assert f"saved after step {step}" in result.err
    assert_goes_on(train, run, step, tmp_path)


ERRORS = {
    "damaged": DamagedError("train/a.tar is damaged; restore it"),
    "unreadable": OSError(5, "Input/output error", "/mnt/a.tar"),
}
SAID = {
    "damaged": "train/a.tar is damaged; restore it",
    "unreadable": "the training data cannot be read (Input/output error); see to /mnt/a.tar, and go on with --resume",
}


@pytest.mark.parametrize("name", ERRORS)
def test_training_data_that_cannot_be_read_any_more(train, tmp_path, monkeypatch, name):
    act, run = Feeder._make, tmp_path / "run"

    def failing(feeder, step):
        if step == 5:
            raise ERRORS[name]
        return act(feeder, step)

    with monkeypatch.context() as patch:
        patch.setattr(Feeder, "_make", failing)
        result = train(run)
    assert result.code == 1
    assert result.message == f"trmpipe: {SAID[name]}"
    assert "saved after step 5" in result.err
    assert_goes_on(train, run, 5, tmp_path)


FULL = {
    "a GPU": torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
    "a CPU": RuntimeError("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory"),
}
"""What torch raises where there is no memory left."""


@pytest.mark.parametrize("device", FULL)
def test_a_step_that_does_not_fit_the_memory(train, tmp_path, monkeypatch, device):
    from trmpipe.trainer.training.trainer import Trainer

    act, run = Trainer._differentiate, tmp_path / "run"

    def too_large(trainer, work):
        if len(asked) == 5 * (trainer.config.num_slices):
            raise FULL[device]
        asked.append(work)
        return act(trainer, work)

    asked = []
    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_differentiate", too_large)
        result = train(run)
    assert result.code == 1
    assert (
        "the memory of cpu does not hold a step of this run; make room there and go on with --resume" in result.message
    )
    assert "saved after step 5" in result.err
    assert_goes_on(train, run, 5, tmp_path)


def test_what_a_step_says_of_itself_does_not_fit_the_memory(train, tmp_path, monkeypatch):
    """Before anything is changed, or the step would be taken twice."""
    from trmpipe.trainer.training import trainer as module

    act, run, asked = module._joined, tmp_path / "run", []

    def too_large(parts):
        asked.append(parts)
        if len(asked) == 2 * 5 + 2:
            raise torch.OutOfMemoryError("2 GiB")
        return act(parts)

    with monkeypatch.context() as patch:
        patch.setattr(module, "_joined", too_large)
        result = train(run)
    assert result.code == 1
    assert "saved after step 5" in result.err
    assert_goes_on(train, run, 5, tmp_path)


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("2 GiB"), MemoryError("Unable to allocate 2 GiB")])
def test_puzzles_of_a_step_that_do_not_fit_the_memory(train, tmp_path, monkeypatch, error):
    act, run = Feeder._make, tmp_path / "run"

    def too_large(feeder, step):
        if step == 5:
            raise error
        return act(feeder, step)

    with monkeypatch.context() as patch:
        patch.setattr(Feeder, "_make", too_large)
        result = train(run)
    assert result.code == 1
    assert "the memory of cpu does not hold the puzzles of a step of this run; make room there" in result.message
    assert "saved after step 5" in result.err
    assert_goes_on(train, run, 5, tmp_path)


def test_a_step_that_was_taken_by_half_is_not_saved(train, tmp_path, monkeypatch):
    from trmpipe.trainer.training.trainer import Trainer

    act, run, asked = Trainer._descend, tmp_path / "run", []

    def too_large(trainer, gradients):
        act(trainer, gradients)
        asked.append(gradients)
        if len(asked) == 5:
            raise torch.OutOfMemoryError("2 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "_descend", too_large)
        result = train(run)
    assert result.code == 1
    assert "does not hold a step of this run" in result.message
    assert "saved" not in result.err
    assert not list((run / "checkpoints").glob("step-*.pt"))


@pytest.mark.parametrize("command", ["evaluate", "analyse", "solve"])
@pytest.mark.parametrize("device", FULL)
def test_answers_that_do_not_fit_the_memory(trmpipe, train, tmp_path, monkeypatch, command, device):
    from trmpipe.trainer.models.trm import TRM

    def too_large(*_):
        raise FULL[device]

    run = tmp_path / "run"
    assert train(run).code == 0
    monkeypatch.setattr(TRM, "step", too_large)
    result = trmpipe(command, run, *(["1..." + 12 * "."] if command == "solve" else []))
    assert result.code == 1
    assert f"the memory of cpu does not hold answers of {run}; make room there" in result.message


def test_a_best_checkpoint_that_does_not_fit_the_memory_is_one_line(train, tmp_path, monkeypatch):
    from trmpipe.trainer.training.trainer import Trainer

    def too_large(trainer):
        raise torch.OutOfMemoryError("2 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(Trainer, "get_state", too_large)
        result = train(tmp_path / "run")
    assert result.code == 1
    assert "the memory of cpu does not hold a checkpoint of this run" in result.message


def test_scores_at_the_end_that_do_not_fit_the_memory_are_one_line(train, tmp_path, monkeypatch):
    def too_large(*arguments):
        raise torch.OutOfMemoryError("2 GiB")

    with monkeypatch.context() as patch:
        patch.setattr(session, "final_scores", too_large)
        result = train(tmp_path / "run")
    assert result.code == 1
    assert "the memory of cpu does not hold the scores at the end; all steps are saved" in result.message
    assert train(tmp_path / "run", "--resume").code == 0


def test_the_frames_of_what_did_not_fit_are_let_go():
    """They hold on to all that was computed, and a checkpoint is to be written with what there is."""
    from trmpipe.trainer.building.memory import in_memory_of
    from trmpipe.trainer.errors import RunError

    def work():
        raise torch.OutOfMemoryError("2 GiB")

    with pytest.raises(RunError) as caught:
        in_memory_of(torch.device("cpu"), work, "it")
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
