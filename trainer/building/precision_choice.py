"""Which dtype the forward pass of a new run has; it is noted in config.json, and a run that goes on keeps it.

CUDA takes bfloat16, as TRM's code does, where it has units for it (from compute capability 8.0 on). A CPU is ten times
slower in it without units for it and up to twice as fast with them, by the size of the network: so where there are
units, a few puzzles are learned from in both, in turn. bfloat16 is taken where it is clearly faster, and where a
measurement takes long enough to be one. Otherwise a run would be one thing or the other by chance, and two of the same
command would differ.
"""

import math
import time
from collections.abc import Sequence

import torch

from trmpipe.shards import Corpus

from ..settings.config import TrainConfig
from .build import build_learner, build_net, corpus_sizes
from .precision import computing_copy
from .trial import first_puzzles, lesson_of

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
_TRIALS = 6
_ENOUGH = 1.0
"""CPU seconds of float32 after which no more is tried: large networks take long and vary little."""
_CLEARLY = 0.8
"""Share of float32's time that bfloat16 may take at most."""
_MEASURABLE = 0.02
"""CPU seconds of float32 below which other work decides what is measured, and nothing is to be gained."""
_TRIAL_ROWS = 16


def precision_of(config: TrainConfig, device: torch.device) -> torch.dtype:
    """The dtype of a run's forward pass; runs of before the setting have bfloat16 on CUDA and float32 elsewhere."""
    if config.precision == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    return DTYPES[config.precision]


def choose_precision(config: TrainConfig, corpora: Sequence[Corpus], device: torch.device) -> tuple[str, str]:
    """The precision of a new run for which none is asked, and why, in words.

    Args:
        config: of the run.
        corpora: to train on.
        device: where it runs.
    """
    if device.type == "cuda":
        if gpu_has_bf16_units():
            return "bf16", "as on every GPU that has units for it"
        return "fp32", "this GPU has no units for bf16"
    if device.type != "cpu" or not has_bf16_units():
        return "fp32", f"{device.type} has no units for bf16" if device.type == "cpu" else f"as ever on {device.type}"
    seconds = _seconds_of_lessons(config, corpora, device)
    faster = len(seconds) > 1 and seconds["bf16"] < _CLEARLY * seconds["fp32"]
    chosen = "bf16" if faster else "fp32"
    words = ", ".join(f"{name} {1000 * value:,.0f} ms" for name, value in seconds.items())
    return chosen, f"measured on {_rows(config)} examples: {words}"


def gpu_has_bf16_units() -> bool:
    """Whether the present GPU does; torch would count those as able that only emulate it, slower than float32."""
    return bool(torch.cuda.is_bf16_supported(including_emulation=False))


def has_bf16_units() -> bool:
    """Whether this CPU multiplies matrices of bfloat16 by instructions of their own."""
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())


def _rows(config: TrainConfig) -> int:
    """Examples of a trial: those of a slice, as far as they take no time to speak of."""
    return min(_TRIAL_ROWS, max(1, config.batch_size // config.num_slices))


def _seconds_of_lessons(config: TrainConfig, corpora: Sequence[Corpus], device: torch.device) -> dict[str, float]:
    """The least CPU time to learn from a few puzzles, forward and backward, in each dtype: other work only ever adds.

    On the wall it adds as much as it likes: beside five busy processes small networks came out as either dtype. Where
    float32 takes too little to be measured, which is seen at once, that is all there is.
    """
    puzzles = tuple(tokens.to(device) for tokens in first_puzzles(corpora[0], _rows(config)))
    nets: dict[str, torch.nn.Module] = {}
    least, spent = dict.fromkeys(DTYPES, math.inf), 0.0
    for _ in range(_TRIALS):
        for name, dtype in DTYPES.items():
            if name not in nets:
                nets[name] = computing_copy(build_net(config, corpus_sizes(*corpora), device, dtype).train())
            seconds = _seconds_of_lesson(nets[name], config, puzzles)
            if name == "fp32" and seconds < _MEASURABLE:
                return {name: seconds}
            spent += seconds if name == "fp32" else 0
            least[name] = min(least[name], seconds)
        if spent > _ENOUGH:
            break
    return least


def _seconds_of_lesson(net: torch.nn.Module, config: TrainConfig, puzzles: Sequence[torch.Tensor]) -> float:
    started = time.process_time()
    inputs, labels = puzzles
    lesson = lesson_of(net, build_learner(config, net), inputs, labels)
    torch.autograd.grad(lesson.loss.sum(), list(net.parameters()), allow_unused=True)
    return time.process_time() - started
