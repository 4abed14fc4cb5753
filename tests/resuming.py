"""Runs that are broken off and gone on with: what they are asked for, and all that two of them must have in common."""

import dataclasses
import json

import torch

from tests.pairs import PAIRS
from tests.shrinking import shrunk
from trmpipe.trainer.runs.checkpoint import best_path, list_best, list_checkpoints, load_checkpoint
from trmpipe.trainer.settings.config import TrainConfig, flatten, to_json
from trmpipe.trainer.settings.request import TrainRequest

MAX_STEPS = 6
HALT_STEPS = 4
"""Slots are given new examples after so many, in the course of a run, and in the middle of it their state counts."""
SETTINGS = (
    *("batch_size=8", "num_slices=2", "precision=fp32", "optimiser.lr=0.01", "schedule.warmup_steps=1"),
    # A line of means spans checkpoints and evaluations, and the last one is begun and never written.
    *("log_every=5", "checkpoint_every=1", "checkpoint_keep=2", "ema_decay=0.9", "ema_warm=2"),
    *("evaluation.every=2", "evaluation.steps=2", "evaluation.limit=4", "evaluation.monitor=4"),
    "evaluation.train_limit=2",
)


def settings_of(name):
    """The changes to any preset that make it a tiny run of one of `PAIRS`."""
    learner, model = PAIRS[name]
    if hasattr(learner, "halt_max_steps"):
        learner = dataclasses.replace(learner, halt_max_steps=HALT_STEPS)
    whole = flatten(to_json(TrainConfig(learner=learner, model=shrunk(model))))
    return tuple(
        f"{key}={','.join(map(str, value)) if isinstance(value, list) else value}"
        for key, value in whole.items()
        if key.startswith(("learner.", "model."))
    )


def request_for(name, corpus, out, *settings):
    """A tiny run of one of `PAIRS`, with more settings; resumed where there is one."""
    return TrainRequest(
        paths=(str(corpus),),
        settings=(*settings_of(name), *SETTINGS, *settings),
        max_steps=MAX_STEPS,
        out=str(out),
        device="cpu",
        resume=(out / "config.json").exists(),
    )


def assert_same_run(run, whole):
    """Whether all that is kept of a run is that of one without a break, but for times of day and of work."""
    for name in ("config.json", "metrics.jsonl", "evaluation.json"):
        assert _bytes_of(run / name) == _bytes_of(whole / name), f"{run}: {name}"
    assert _names(run) == _names(whole)
    steps = [
        [json.loads(line)["step"] for line in _bytes_of(one / "timings.jsonl").splitlines()] for one in (run, whole)
    ]
    assert steps[0] == steps[1]
    folder = whole / "checkpoints"
    for path in [*list_checkpoints(folder), *list_best(folder)]:
        kept, expected = (load_checkpoint(one / "checkpoints" / path.name) for one in (run, whole))
        assert kept.pop("timings").keys() == expected.pop("timings").keys()
        assert_same_values(kept, expected, path.name)
    assert scalars(run) == scalars(whole)


def assert_best_is_there(run):
    """Whether the last checkpoint of a run finds the best one that it knows of, however the run was broken off."""
    folder = run / "checkpoints"
    for path in list_checkpoints(folder)[-1:]:
        best = load_checkpoint(path)["best"]
        if best is not None:
            known = load_checkpoint(best_path(folder, best["step"]))
            assert known["best"] == {**best, "worse": 0}, path


def _bytes_of(path):
    return path.read_bytes() if path.exists() else b""


def _names(run):
    """Of all files but TensorBoard's, of which each session has one."""
    return {str(path.relative_to(run)) for path in run.rglob("*") if path.parent.name != "tb"}


def assert_same_values(one, other, where):
    """Whether two values out of checkpoints are the same to the last bit."""
    assert type(one) is type(other), where
    if isinstance(one, torch.Tensor):
        assert (one.dtype, one.shape) == (other.dtype, other.shape), where
        assert torch.equal(*(value.reshape(-1).view(torch.uint8) for value in (one, other))), where
    elif isinstance(one, dict):
        assert list(one) == list(other), where
        for name, value in one.items():
            assert_same_values(value, other[name], f"{where}: {name}")
    elif isinstance(one, list | tuple):
        assert len(one) == len(other), where
        for number, (value, expected) in enumerate(zip(one, other, strict=True)):
            assert_same_values(value, expected, f"{where}: {number}")
    else:
        assert one == other, where


def scalars(run):
    """What TensorBoard shows of a run: tag, step and value, without wall-clock ones, in order."""
    from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

    found = []
    for path in sorted((run / "tb").iterdir()):
        for event in EventFileLoader(str(path)).Load():
            if event.HasField("session_log"):
                found = [one for one in found if one[1] < event.step]
            for value in event.summary.value:
                if not value.tag.startswith("time/"):
                    found.append((value.tag, event.step, value.tensor.float_val[0]))
    return sorted(found)
