"""Training steps of the published recipes: time, examples/s, share of the measured matrix peak, memory, launches.

Each recipe is timed eagerly, compiled as one graph, and, on CUDA, compiled and replayed as CUDA graphs. The FLOPs are
those of matrix products and attention, forward, again where a recipe recomputes, and backward, counted by torch's own
counter in an eager step; the peak is that of one large matrix product in the same dtype, measured in the same run.

    python -m benchmarks.gpu                             # all recipes at their full size, on CUDA
    python -m benchmarks.gpu --smallest --device cpu     # end to end on a CPU in a minute

The rows are random, and no slot halts while it is timed.
"""

import argparse
import dataclasses
import json
import math
import resource
import sys
import time
from collections.abc import Iterator
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch

from trmpipe.generators.registry import get_task
from trmpipe.trainer.building.build import build_learner, build_net
from trmpipe.trainer.building.flops import flops_of
from trmpipe.trainer.building.precision_choice import DTYPES
from trmpipe.trainer.device import CompileChoice, find_compiler, pick_device
from trmpipe.trainer.evaluators import evaluator_of
from trmpipe.trainer.judging import Judge, judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import TRMConfig
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.training.compiling import compile_steps
from trmpipe.trainer.training.trainer import Trainer

RECIPES = {
    "sudoku": ("sudoku-mlp", CorpusSizes(seq_len=81, vocab_size=11)),
    "maze": ("sudoku-attention", CorpusSizes(seq_len=900, vocab_size=6)),
    "arc": ("arc", CorpusSizes(seq_len=900, vocab_size=12, num_identifiers=400_000)),
}
"""Preset and sizes; Maze-Hard's published config is that of Sudoku with attention, but for its four updates of z_L."""
MAZE_L_CYCLES = 4
LONG = 900
"""Tokens from which on calls are computed again on the way back: at a batch of 768 no device holds what they keep."""
SMALLEST = {"width": 32, "num_heads": 2, "inner": 32, "token_inner": 32, "h_cycles": 2, "l_cycles": 1}
MODES = ("eager", "compiled", "cuda graphs")
WARM_STEP = 5000
"""Beyond the warm-up of the schedule."""


def config_of(recipe: str, *, batch_size: int, smallest: bool) -> tuple[TrainConfig, CorpusSizes]:
    """The config of a recipe and the sizes of its corpus.

    Args:
        recipe: its name.
        batch_size: examples of a step; 0 for the recipe's own.
        smallest: the same parts with hardly any numbers in them.
    """
    preset, sizes = RECIPES[recipe]
    config = get_preset(preset)
    model: TRMConfig = config.model
    if recipe == "maze":
        model = dataclasses.replace(model, l_cycles=MAZE_L_CYCLES)
    if sizes.seq_len >= LONG:
        model = dataclasses.replace(model, recompute=True)
    if smallest:
        model = dataclasses.replace(model, **SMALLEST)
        sizes = dataclasses.replace(sizes, seq_len=25, num_identifiers=min(10, sizes.num_identifiers))
    return dataclasses.replace(config, model=model, batch_size=batch_size or (8 if smallest else 768)), sizes


def rows_of_a_size(sizes: CorpusSizes, batch: int, device: torch.device) -> Rows:
    """Random rows that no slot leaves: exploration asks for the longest stay."""
    random = np.random.default_rng(0)

    def drawn(least: int, limit: int, *shape: int) -> torch.Tensor:
        return torch.from_numpy(random.integers(least, limit, shape)).to(device)

    stay = torch.full((batch,), 10**6, device=device)
    return Rows(
        inputs=drawn(1, sizes.vocab_size, batch, sizes.seq_len),
        labels=drawn(1, sizes.vocab_size, batch, sizes.seq_len),
        identifiers=drawn(0, sizes.num_identifiers, batch),
        draws={"minimum": stay, "longest": stay, "keys": torch.zeros_like(stay)},
    )


def judge_of(recipe: str, sizes: CorpusSizes) -> Judge:
    """What `trmpipe train` judges answers with in a step."""
    if recipe != "maze":
        return judge_by_label
    return evaluator_of(get_task(f"maze{math.isqrt(sizes.seq_len)}").spec).judge_lesson


def peak_flops(device: torch.device, dtype: torch.dtype, size: int) -> float:
    """FLOP/s of one square matrix product of a side of `size`, the best of ten."""
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    best = float("inf")
    for _ in range(10):
        _wait(device)
        started = time.perf_counter()
        a @ b
        _wait(device)
        best = min(best, time.perf_counter() - started)
    return 2 * size**3 / best


def launches_of(trainer: Trainer, rows: Rows, device: torch.device) -> int | None:
    """Kernels and graphs that the host launches in a step; None on a CPU, which launches none."""
    if device.type != "cuda":
        return None
    activities = [torch.profiler.ProfilerActivity.CPU, torch.profiler.ProfilerActivity.CUDA]
    with torch.profiler.profile(activities=activities) as profile:
        trainer.train_step(rows, WARM_STEP)
        _wait(device)
    return sum(event.count for event in profile.key_averages() if "Launch" in event.key)


def memory_bytes(device: torch.device, *, graphs: bool) -> int:
    """The most that was allocated since it was last reset; on a CPU the most that the process ever had.

    Args:
        device: whose memory it is.
        graphs: steps are replayed as CUDA graphs, whose memory is taken once, before: what torch holds is told then.
    """
    if device.type == "cuda":
        return torch.cuda.memory_reserved(device) if graphs else torch.cuda.max_memory_allocated(device)
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def measure(
    recipe: str, device: torch.device, *, batch_size: int, rounds: int, smallest: bool, precision: str
) -> Iterator[dict[str, Any]]:
    """A line for each mode that this device has.

    Args:
        recipe: its name.
        device: to run on.
        batch_size: examples of a step; 0 for the recipe's own.
        rounds: steps that are timed.
        smallest: the recipe's parts with hardly any numbers in them.
        precision: of the forward pass.
    """
    config, sizes = config_of(recipe, batch_size=batch_size, smallest=smallest)
    rows, judge = rows_of_a_size(sizes, config.batch_size, device), judge_of(recipe, sizes)
    peak = peak_flops(device, DTYPES[precision], 8192 if device.type == "cuda" else 1024)
    about = {"recipe": recipe, "precision": precision, "batch": config.batch_size, "recompute": config.model.recompute}
    flops = 0
    for mode in MODES:
        if (mode == "cuda graphs" and device.type != "cuda") or (mode != "eager" and find_compiler() is None):
            continue
        try:
            net = build_net(config, sizes, device, DTYPES[precision])
            trainer = Trainer(config, net, build_learner(config, net), judge, sizes)
            choice = CompileChoice(mode != "eager", mode, graphs=mode == "cuda graphs")
            started = time.perf_counter()
            said = compile_steps(trainer, choice, sizes.seq_len)
            flops = flops or flops_of(partial(trainer.train_step, rows, WARM_STEP))
            compiling = round(time.perf_counter() - started, 1)
            found = _timed(trainer, rows, rounds, device, flops, peak)
            found["memory_gb"] = round(memory_bytes(device, graphs=choice.graphs and said == choice.reason) / 1e9, 3)
            yield {**about, "mode": said, "compile_seconds": compiling, **found}
        except torch.OutOfMemoryError:
            yield {**about, "mode": mode, "error": "the memory of this device does not hold a step"}
        net = trainer = None
        torch.compiler.reset()
        if device.type == "cuda":
            torch.cuda.empty_cache()


def _timed(trainer: Trainer, rows: Rows, rounds: int, device: torch.device, flops: int, peak: float) -> dict[str, Any]:
    """Figures of a step, the median over some."""
    for _ in range(3):
        trainer.train_step(rows, WARM_STEP)
    _wait(device)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    taken = []
    for _ in range(rounds):
        started = time.perf_counter()
        trainer.train_step(rows, WARM_STEP)
        _wait(device)
        taken.append(time.perf_counter() - started)
    seconds = median(taken)
    return {
        "step_ms": round(1000 * seconds, 3),
        "examples_per_second": round(len(rows.inputs) / seconds, 1),
        "model_tflops": round(flops / seconds / 1e12, 4),
        "share_of_peak": round(flops / seconds / peak, 4),
        "peak_tflops": round(peak / 1e12, 3),
        "launches": launches_of(trainer, rows, device),
    }


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def main(arguments: list[str] | None = None) -> None:
    """Print a line of JSON for the machine, and one for each recipe and mode."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipe", choices=list(RECIPES), help="one alone")
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--precision", choices=list(DTYPES), help="by default bf16 on CUDA, fp32 on a CPU")
    parser.add_argument("--batch-size", type=int, default=0, help="by default the recipe's")
    parser.add_argument("--rounds", type=int, default=20, help="steps that are timed")
    parser.add_argument("--smallest", action="store_true", help="hardly any numbers: to see that all of it runs")
    options = parser.parse_args(arguments)
    device = pick_device(options.device)
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else torch.backends.cpu.get_cpu_capability()
    print(
        json.dumps({"device": device.type, "name": name, "torch": torch.__version__, "python": sys.version.split()[0]})
    )
    precision = options.precision or ("bf16" if device.type == "cuda" else "fp32")
    for recipe in [options.recipe] if options.recipe else list(RECIPES):
        lines = measure(
            recipe,
            device,
            batch_size=options.batch_size,
            rounds=options.rounds,
            smallest=options.smallest,
            precision=precision,
        )
        for line in lines:
            print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
