"""A run whose folder is deleted while it is trained: it is not brought back, and what lies there next stays."""

import shutil
from contextlib import ExitStack
from dataclasses import replace

import pytest

from tests.runs import TINY, quick_training
from trmpipe.shards import Store
from trmpipe.shards.errors import OwnedError
from trmpipe.shards.ownership import owned
from trmpipe.trainer.settings.request import TrainRequest
from trmpipe.trainer.training import session
from trmpipe.trainer.training.listener import Unheard

SETTINGS = tuple(option.removeprefix("--set=") for option in TINY if option.startswith("--set="))
ASIDE = ("evaluation.monitor=4", "evaluation.train_limit=2")


@pytest.fixture(autouse=True)
def quick():
    """See `quick_training`."""
    with quick_training():
        yield


def request_for(corpus, run, *more):
    return TrainRequest(paths=(str(corpus),), settings=(*SETTINGS, *more), max_steps=9, out=str(run), device="cpu")


def files(folder):
    """Bytes of every file below a folder."""
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


class Deleting(Unheard):
    """Deletes a run's folder after a step, and lets `then` put something in its place."""

    def __init__(self, run, step, then=lambda: None):
        self.run, self.step, self.then = run, step, then

    def trained(self, step, means, rate):
        if step == self.step:
            shutil.rmtree(self.run)
            self.then()


# After step 1 a line comes next, after 3 a line, an evaluation with a best checkpoint and an ordinary one, after 9 the
# last checkpoint and the scores.
@pytest.mark.parametrize("step", [1, 3, 4, 9])
def test_a_run_that_was_deleted_is_not_brought_back(corpus4, tmp_path, step):
    run = tmp_path / "run"
    with pytest.raises(OwnedError, match="was deleted while this command was writing"):
        session.train(request_for(corpus4, run, *ASIDE), Deleting(run, step))
    assert not run.exists()


@pytest.mark.parametrize("step", [1, 3, 4, 9])
def test_a_run_that_was_started_in_its_place_is_left_alone(corpus4, tmp_path, step):
    """Checkpoints of larger steps would drop its own, and lines of the one would go into the other's files."""
    run, whole = tmp_path / "run", tmp_path / "whole"
    session.train(request_for(corpus4, whole, *ASIDE, "checkpoint_keep=1"), Unheard())
    (whole / "checkpoints" / "step-000009.pt").rename(whole / "checkpoints" / "step-000001.pt")
    with ExitStack() as other:

        def start_anew():
            other.enter_context(owned(Store(run)))
            shutil.copytree(whole, run, dirs_exist_ok=True)
            before.update(files(run))

        before = {}
        with pytest.raises(OwnedError):
            session.train(request_for(corpus4, run, *ASIDE, "checkpoint_keep=1"), Deleting(run, step, start_anew))
        assert files(run) == before


@pytest.mark.parametrize("name", ["run_loop", "final_scores"])
def test_a_run_that_is_deleted_at_its_end_gets_no_scores_and_no_pictures(corpus4, tmp_path, monkeypatch, name):
    run, act = tmp_path / "run", getattr(session, name)

    def deleting(*arguments):
        found = act(*arguments)
        shutil.rmtree(run)
        return found

    monkeypatch.setattr(session, name, deleting)
    monkeypatch.setattr(session, "draw_pictures", lambda *_: [(run / "curves.png").mkdir(parents=True)])
    with pytest.raises(OwnedError):
        session.train(request_for(corpus4, run), Unheard())
    assert not run.exists()


def test_a_run_of_two_phases_does_not_go_on_from_anothers_checkpoint(corpus4, tmp_path, monkeypatch):
    run, act = tmp_path / "run", session.run_loop
    session.train(request_for(corpus4, run), Unheard())
    shutil.copytree(run, tmp_path / "nine")
    longer = replace(request_for(corpus4, run), max_steps=12, resume=True)
    session.train(longer, Unheard())
    # From before the end of the first phase on, both are trained.
    for path in sorted((run / "checkpoints").iterdir()):
        path.unlink()
    shutil.copy(tmp_path / "nine" / "checkpoints" / "step-000008.pt", run / "checkpoints")

    def replacing(loop, state):
        reason = act(loop, state)
        if loop.step == 9:
            shutil.rmtree(run)
            shutil.copytree(tmp_path / "nine", run)
        return reason

    monkeypatch.setattr(session, "run_loop", replacing)
    with pytest.raises(OwnedError):
        session.train(longer, Unheard())
    assert files(run) == files(tmp_path / "nine")
