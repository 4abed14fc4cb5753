"""Named recipes, and which one a corpus and a device get when none is named.

The recipes of the published models are FACTS of arXiv 2510.04871 and its code; those for a CPU are ours, with their
curves in docs/results and what else was tried in docs/notes/sudoku6-cpu.md.
"""

import dataclasses
from collections.abc import Callable

from .config import TrainConfig
from .errors import SettingError
from .models import TRMConfig


def sudoku_mlp() -> TrainConfig:
    """Published Sudoku-Extreme recipe with the MLP mixer: 65,100 steps of 768."""
    return TrainConfig()


def sudoku_attention() -> TrainConfig:
    """Published Sudoku-Extreme recipe with attention."""
    return TrainConfig(model=TRMConfig(mixer="attention"))


def arc() -> TrainConfig:
    """Published ARC-AGI-1 recipe: 518,000 steps of 768 with attention; ARC-AGI-2 took 724,000."""
    return TrainConfig(
        model=TRMConfig(mixer="attention", h_cycles=3, l_cycles=4),
        max_steps=518_000,
        weight_decay=0.1,
        embedding_lr=1e-2,
        embedding_weight_decay=0.1,
        eval_every=10_000,
        checkpoint_every=10_000,
    )


def sudoku6_cpu() -> TrainConfig:
    """6x6 Sudoku on two CPU cores, minutes."""
    return TrainConfig(
        model=TRMConfig(width=128, inner=256, token_inner=96, num_prefix=4, h_cycles=1, l_cycles=1, num_heads=4),
        batch_size=32,
        num_slices=2,
        max_steps=1600,
        loss="softmax",
        halt_max_steps=4,
        halt_early_steps=2,
        halt_early_share=0.5,
        optimiser="muon",
        lr=1e-3,
        matrix_lr=0.03,
        weight_decay=0.01,
        schedule="cosine",
        warmup_steps=30,
        ema_decay=0.98,
        ema_warm=10,
        eval_every=200,
        eval_limit=250,
        checkpoint_every=400,
        log_every=10,
    )


def sudoku4_cpu() -> TrainConfig:
    """4x4 Sudoku on a CPU, under a minute."""
    base = sudoku6_cpu()
    model = dataclasses.replace(base.model, width=64, inner=128, token_inner=64)
    return dataclasses.replace(base, model=model, max_steps=400, eval_every=100)


def sudoku9_cpu() -> TrainConfig:
    """9x9 Sudoku on a CPU: a small model that shows learning within an hour, not the published accuracy."""
    base = sudoku6_cpu()
    model = dataclasses.replace(base.model, width=192, inner=384, token_inner=192)
    return dataclasses.replace(base, model=model, max_steps=4000, eval_every=200, checkpoint_every=200)


def arc_cpu() -> TrainConfig:
    """A handful of small ARC tasks on two CPU cores, a quarter of an hour: the model is narrow, its recursion short."""
    return TrainConfig(
        model=TRMConfig(mixer="attention", width=64, num_heads=2, inner=128, h_cycles=1, l_cycles=1),
        batch_size=8,
        num_slices=2,
        max_steps=1500,
        loss="softmax",
        halt_max_steps=1,
        halt_early_steps=1,
        optimiser="adamw",
        lr=2e-3,
        weight_decay=0.0,
        embedding_lr=0.02,
        embedding_weight_decay=0.0,
        schedule="cosine",
        warmup_steps=30,
        ema_decay=0.98,
        ema_warm=10,
        eval_steps=1,
        eval_every=0,
        checkpoint_every=250,
        log_every=10,
    )


PRESETS: dict[str, Callable[[], TrainConfig]] = {
    "sudoku-mlp": sudoku_mlp,
    "sudoku-attention": sudoku_attention,
    "arc": arc,
    "arc-cpu": arc_cpu,
    "sudoku4-cpu": sudoku4_cpu,
    "sudoku6-cpu": sudoku6_cpu,
    "sudoku9-cpu": sudoku9_cpu,
}
"""Name -> recipe; its docstring's first line describes it."""


def get_preset(name: str) -> TrainConfig:
    """The recipe called `name`.

    Raises:
        SettingError: there is none; the message lists those there are.
    """
    if name not in PRESETS:
        raise SettingError(f"no preset is called {name!r}; known: {', '.join(PRESETS)}")
    return PRESETS[name]()


def choose_preset(task: str, seq_len: int, device_type: str) -> tuple[str, str]:
    """The preset for a corpus where the user names none, and the reason in a few words.

    Args:
        task: name of the corpus's task, such as ``sudoku6``.
        seq_len: tokens of an example.
        device_type: ``"cpu"``, ``"cuda"`` or ``"mps"``.
    """
    small = f"{task}-cpu"
    if device_type == "cuda" and task in PRESETS:
        return task, f"the published recipe, for {task} on cuda"
    if device_type == "cuda" and seq_len >= 81:
        return "sudoku-mlp", f"the published recipe, for {task} on cuda"
    if small in PRESETS:
        return small, f"small enough for {task} on {device_type}"
    return "sudoku9-cpu", f"the small model, as {task} has no recipe of its own for {device_type}"
