"""A run of any model that is broken off goes on to the very bytes of one that is not, from wherever it had come to.

The pairs come from the registries: a new model or learner is tried without a line here. A process that is killed leaves
what is in the run's folder at that moment, so a copy made then stands for it, and one run gives all the broken ones.
"""

import os
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from tests.pairs import one_of_each_learner, pairs_that_fit
from tests.resuming import MAX_STEPS, assert_best_is_there, assert_same_run, request_for
from tests.runs import quick_training
from trmpipe.trainer.optim import OPTIMISERS
from trmpipe.trainer.runs.lines import LineFile
from trmpipe.trainer.training.listener import Unheard
from trmpipe.trainer.training.loop import Loop
from trmpipe.trainer.training.session import train

FITTING = pairs_that_fit()
QUICK_STEP = 3
"""In the middle of a line of means, between an evaluation that was the best so far and the next one."""
FEWEST_COPIES = 40
"""Of a run: two for each checkpoint that is written, each that is dropped, and each line."""


@pytest.fixture(scope="module", autouse=True)
def quickly():
    """One thread, no pictures, and nothing is asked of the machine's memory, which takes half as long as such a run."""
    with quick_training(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("trmpipe.trainer.training.preparing.refuse_too_large", lambda *arguments: None)
        patch.setattr("trmpipe.trainer.training.preparing.refuse_large_activations", lambda *arguments: None)
        yield


class Copies:
    """Copies of a run's folder, made while it is trained.

    Args:
        run: the folder.
        into: where copies go.
    """

    def __init__(self, run, into):
        self.run, self.into, self.made = run, into, []

    def make(self, moment):
        """Copy all that there is, the lock of a run that would be killed now included."""
        if self.run.exists():
            self.made.append(self.into / f"{len(self.made):03d}-{moment}")
            shutil.copytree(self.run, self.made[-1])

    def after_checkpoints(self, monkeypatch):
        """Copy after every step that is saved."""
        save = Loop.save

        def saving(loop):
            save(loop)
            self.make(f"step-{loop.step}")

        monkeypatch.setattr(Loop, "save", saving)

    def around_writes(self, monkeypatch):
        """Copy before and after everything that changes the folder."""
        for owner, name in ((os, "replace"), (os, "truncate"), (Path, "unlink"), (LineFile, "append")):
            self._copy_around(monkeypatch, owner, name)

    def _copy_around(self, monkeypatch, owner, name):
        act = getattr(owner, name)

        def copying(*arguments, **options):
            self.make(f"before-{name}")
            result = act(*arguments, **options)
            self.make(f"after-{name}")
            return result

        monkeypatch.setattr(owner, name, copying)


def trained(name, corpus, out):
    result = train(request_for(name, corpus, out), Unheard())
    assert result.reason == "steps"
    assert result.step == MAX_STEPS
    return out


@pytest.mark.parametrize("name", FITTING)
def test_from_a_step(name, corpus4, tmp_path, monkeypatch):
    copies = Copies(tmp_path / "whole", tmp_path)
    with monkeypatch.context() as patch:
        copies.after_checkpoints(patch)
        whole = trained(name, corpus4, copies.run)
    assert_same_run(trained(name, corpus4, copies.made[QUICK_STEP - 1]), whole)


@pytest.mark.slow
@pytest.mark.parametrize("name", FITTING)
def test_from_every_step(name, corpus4, tmp_path, monkeypatch):
    refuse_other_ends(monkeypatch, request_for(name, corpus4, tmp_path / "whole"))


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIMISERS.names())
def test_from_every_step_with_any_optimiser(name, corpus4, tmp_path, monkeypatch):
    settings = (f"optimiser.name={name}", "sampling=published", "clip_norm=1.0")
    refuse_other_ends(monkeypatch, request_for(FITTING[0], corpus4, tmp_path / "whole", *settings))


def refuse_other_ends(monkeypatch, request):
    """Whether a run as asked for ends as it does without a break from wherever it is gone on with."""
    whole = Path(request.out)
    copies = Copies(whole, whole.parent)
    with monkeypatch.context() as patch:
        copies.after_checkpoints(patch)
        train(request, Unheard())
    assert len(copies.made) == MAX_STEPS
    for copy in copies.made:
        train(replace(request, out=str(copy), resume=True), Unheard())
        assert_same_run(copy, whole)


@pytest.mark.slow
@pytest.mark.parametrize("name", one_of_each_learner())
def test_from_before_and_after_every_write(name, corpus4, tmp_path, monkeypatch):
    copies = Copies(tmp_path / "whole", tmp_path)
    with monkeypatch.context() as patch:
        copies.around_writes(patch)
        whole = trained(name, corpus4, copies.run)
    assert len(copies.made) > FEWEST_COPIES
    for copy in copies.made:
        assert_best_is_there(copy)
        assert_same_run(trained(name, corpus4, copy), whole)
