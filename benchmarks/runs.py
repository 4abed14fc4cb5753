"""Runs of a table: each trained by `trmpipe.trainer` itself, in a folder of its own, and never twice."""

import dataclasses
import json
import os
import shutil
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import torch
from benchmarks.flops import flops_of
from torch import Tensor, nn

import trmpipe
from trmpipe.shards import Corpus
from trmpipe.shards.files import write_atomically
from trmpipe.trainer.inference import open_trained
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Learner
from trmpipe.trainer.listener import Unheard
from trmpipe.trainer.request import TrainRequest
from trmpipe.trainer.session import train
from trmpipe.trainer.trial import first_puzzles, work_of

RESULT = "result.json"
_COUNTED, _TIMED = 8, 64
"""Puzzles whose answers are counted, and timed."""
_PACE_STEPS, _PACE_EVERY = 30, 5


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Spec:
    """A run to be done.

    Attributes:
        folder: of the run; its result stands there.
        corpus: to train on.
        preset: that settings are changed of.
        settings: ``KEY=VALUE`` on top of the preset.
        steps: how long.
        seed: root seed.
        labels: what else stands in the result.
        variants: of each puzzle that are used, the first ones; None for all.
    """

    folder: str
    corpus: str
    preset: str
    settings: tuple[str, ...]
    steps: int
    seed: int
    labels: Mapping[str, Any]
    variants: int | None = None


class Pace(Unheard):
    """Notes the CPU time at which steps were taken: other processes on the machine take none of it."""

    def __init__(self) -> None:
        self.times: list[tuple[int, float]] = []

    def trained(self, step: int, means: dict[str, float], rate: float) -> None:
        """See `TrainingListener`."""
        self.times.append((step, time.process_time()))

    @property
    def seconds(self) -> float:
        """Of a step, over all but the first ones."""
        (first, begun), (last, ended) = self.times[0], self.times[-1]
        return (ended - begun) / (last - first)


def pace_of(spec: Spec) -> Spec:
    """A short run of the same kind that is only timed."""
    lines = (f"log_every={_PACE_EVERY}", "evaluation.every=0", "evaluation.limit=1")
    return dataclasses.replace(spec, settings=(*spec.settings, *lines), steps=_PACE_STEPS)


def do(spec: Spec) -> dict[str, Any]:
    """Train as `spec` says, unless that was done, and give what came out.

    Raises:
        SystemExit: the folder is of another table.
    """
    place = Path(spec.folder) / RESULT
    opened = trmpipe.open(spec.corpus)
    asked = [spec.preset, *spec.settings, spec.variants, opened.manifest.content_digest]
    known = {"steps": spec.steps, "seed": spec.seed, **spec.labels, "asked": asked}
    if place.is_file():
        found: dict[str, Any] = json.loads(place.read_text())
        if all(found.get(name) == value for name, value in known.items()):
            return found
        raise SystemExit(f"{place} is of another table ({known}); take another --out")
    found = {**known, **_trained(spec, opened)}
    write_atomically(place, lambda file: file.write(json.dumps(found).encode()))
    return found


def _trained(spec: Spec, opened: Corpus) -> dict[str, Any]:
    """What a run comes to."""
    pace, run = Pace(), Path(spec.folder) / "run"
    # One that was cut off begins anew: gone on with, it could not say what all of its steps took.
    shutil.rmtree(run, ignore_errors=True)
    request = TrainRequest(
        paths=(spec.corpus,),
        preset=spec.preset,
        settings=("num_slices=1", *spec.settings),
        max_steps=spec.steps,
        out=str(run),
        device="cpu",
        seed=spec.seed,
        variants=spec.variants,
    )
    result = train(request, pace)
    assert result is not None
    held_out = result.scores.held_out
    if held_out is None:
        raise SystemExit("interrupted; the same command goes on")
    return {
        "seconds_per_step": pace.seconds if spec.steps > 1 else result.clock.training,
        "exact": held_out.last()["exact"],
        "exact_first": held_out.after(1)["exact"],
        "exact_by_step": list(held_out.columns["exact"]),
        "cell": held_out.last()["cell"],
        "answer_steps": held_out.num_steps,
        "gap": result.scores.gap,
        "monitor": _monitored(run),
        **_costs(run, opened),
    }


def _monitored(run: Path) -> tuple[float, float] | None:
    """Exact puzzles and right cells of those kept aside, in the last evaluation; None where none are."""
    if not (run / "metrics.jsonl").is_file():
        return None
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    last = [line for line in lines if line["split"] == "monitor"][-1:]
    return (last[0]["exact"], last[0]["cell"]) if last else None


def _costs(run: Path, opened: Corpus) -> dict[str, float]:
    """Parameters; FLOPs of a training step (forward and backward, without the optimiser); of an answer also seconds."""
    trained = open_trained(str(run), "cpu")
    net, learner = trained.net, trained.learner

    def answer(count: int) -> None:
        inputs, _ = first_puzzles(opened, count)
        for _ in examinee.answers(inputs.numpy().astype(np.uint8), np.zeros(count, dtype=np.int32)):
            pass

    with trained.examinee() as examinee:
        answering = flops_of(partial(answer, _COUNTED))
        started = time.process_time()
        answer(_TIMED)
        answer_seconds = (time.process_time() - started) / _TIMED
    return {
        "parameters": sum(parameter.numel() for parameter in net.parameters()),
        "step_flops": step_flops(net.requires_grad_(True), learner, *first_puzzles(opened, trained.config.batch_size)),
        "answer_flops": answering / _COUNTED,
        "answer_seconds": answer_seconds,
    }


def step_flops(net: nn.Module, learner: Learner, inputs: Tensor, labels: Tensor) -> int:
    """FLOPs of the matrix products of a training step, forward and backward, the optimiser's aside.

    Args:
        net: the network.
        learner: how it is taught.
        inputs: int64 [B, S], the puzzles of the step: for some networks they decide how much is computed.
        labels: int64 [B, S].
    """
    with torch.no_grad():
        _, work, rows = work_of(net, learner, inputs, labels)
    rows = None if rows is None else rows.requires_grad_()
    # Not torch.autograd.grad: the counter's own hooks on a network's inputs do not know it.
    return flops_of(lambda: learner.learn(net, work, rows, judge_by_label).loss.sum().backward())


def _one_thread() -> None:
    torch.set_num_threads(1)


def do_all(specs: Iterable[Spec], jobs: int) -> list[dict[str, Any]]:
    """The results of `specs`, in their order, so many at a time."""
    os.environ["OMP_NUM_THREADS"] = "1"
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_one_thread) as pool:
        futures = [pool.submit(do, spec) for spec in specs]
        try:
            return [future.result() for future in futures]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
