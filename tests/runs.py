"""Runs that somebody has changed: sealed files and checkpoints with new content and a digest that fits it."""

import json
from contextlib import contextmanager

import pytest
import torch

from trmpipe.shards import json_digest
from trmpipe.shards.json_files import seal
from trmpipe.trainer.runs.checkpoint import write_checkpoint
from trmpipe.trainer.runs.run_config import BINDING
from trmpipe.trainer.training.feeding import rows_of
from trmpipe.trainer.training.loop import Loop


@contextmanager
def quick_training():
    """Torch on one thread, and no pictures."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
        yield
    torch.set_num_threads(before)


def make_run(corpus, out, options=()):
    """A run of `options`, or else of `TINY`, in the folder `out`, which is given back."""
    from trmpipe.cli.main import run

    with quick_training():
        assert run(["train", str(corpus), "--out", str(out), *(options or TINY)]) == 0
    return out


def reseal(path, *, rehash=True, replace=None, **changes):
    """Change fields of a sealed file, or replace them all, and give it the digest of its new content."""
    values = {**(json.loads(path.read_text()) if replace is None else replace), **changes}
    values.pop("digest", None)
    if rehash and "hash" in values:
        values["hash"] = json_digest({name: values.get(name) for name in BINDING})
    path.write_bytes(seal(values))


def resign(path, change):
    """Let `change` change the state in a checkpoint, and give it the digest of its new content."""
    state = torch.load(path, weights_only=True)
    change(state)
    write_state(path, state)


def write_state(path, state):
    """A checkpoint of any state, with its digest."""
    with path.open("wb") as file:
        write_checkpoint(file, state)


OF_ANY_MODEL = [
    "--max-steps=9",
    "--set=log_every=2",
    "--set=checkpoint_every=2",
    "--set=evaluation.every=4",
    "--set=evaluation.steps=2",
    "--set=model.width=16",
    "--set=model.inner=16",
    "--set=batch_size=8",
    "--device=cpu",
]
"""Options of a run that takes a second, whichever model its preset has."""

TINY = [*OF_ANY_MODEL, "--set=model.token_inner=16"]
"""The same for a preset whose model mixes tokens."""


def metrics(run):
    return (run / "metrics.jsonl").read_bytes()


def config(run):
    return json.loads((run / "config.json").read_text())


LOSS_TOLERANCE = 1e-3
"""float32 sums over a batch in another order, six steps of Muon on."""


def assert_same_losses(one, other):
    """Whether two runs, of different numbers of processes, have the same curve within rounding."""
    curves = [[json.loads(line) for line in metrics(run).splitlines()] for run in (one, other)]
    for before, after in zip(*curves, strict=True):
        assert before.keys() == after.keys()
        for name in ("step", "split", "lr", "supervision_steps"):
            assert before.get(name) == after.get(name)
        if before["split"] == "train":
            assert after["loss"] == pytest.approx(before["loss"], rel=LOSS_TOLERANCE)


def stopping_at(monkeypatch, step):
    """Ctrl-C after a step."""
    act = Loop._reason_to_end
    monkeypatch.setattr(Loop, "_reason_to_end", lambda loop: "interrupted" if loop.step >= step else act(loop))


def rows_for(trainer, batch, step):
    """A batch as the trainer takes it at a step."""
    return rows_of(batch, trainer.learner.draws(step, trainer.slots), trainer.device)


def step_on(trainer, batch, step):
    """Train on a batch; returns the sums of the metrics by name."""
    metrics = trainer.train_step(rows_for(trainer, batch, step), step)
    return {name: column.double().sum().item() for name, column in metrics.items()}
