"""Small presets that learn Sudoku on a CPU in minutes: the equivariant cell, several supervision steps at once.

They are ours; their curves are in docs/results/sudoku9-cpu.md, and what else was tried in docs/notes/sudoku9-cpu.md.
"""

import dataclasses

from ..config import EvaluationConfig, TrainConfig
from ..learners.deep_supervision import DeepSupervisionConfig
from ..models.equivariant import EquivariantConfig
from ..optim.muon import MuonConfig
from ..schedule import CosineConfig
from .preset import EVERYWHERE, Expectation, Preset


def cpu9() -> TrainConfig:
    """Two supervision steps at once, half of the puzzles with hints; short stays at first, then up to eight rounds."""
    return TrainConfig(
        learner=DeepSupervisionConfig(
            loss="softmax",
            halt_weight=0.05,
            halt_max_steps=16,
            halt_early_steps=4,
            halt_early_share=0.5,
            unroll=2,
            hints=0.5,
        ),
        model=EquivariantConfig(width=48, message=24, inner=192, calls=4, candidates="possible"),
        optimiser=MuonConfig(lr=2e-3, matrix_lr=0.03, weight_decay=0.01),
        schedule=CosineConfig(warmup_steps=30),
        evaluation=EvaluationConfig(every=1000, limit=200),
        batch_size=16,
        num_slices=2,
        max_steps=8500,
        ema_decay=0.995,
        ema_warm=10,
        checkpoint_every=500,
        log_every=10,
    )


def cpu6() -> TrainConfig:
    """The 9x9 config, narrower and shorter, with short stays all the time."""
    base = cpu9()
    return dataclasses.replace(
        base,
        learner=dataclasses.replace(base.learner, halt_max_steps=4, halt_early_share=0.0),
        model=EquivariantConfig(calls=4, candidates="possible"),
        evaluation=EvaluationConfig(every=250, limit=200),
        max_steps=600,
        ema_decay=0.99,
        checkpoint_every=250,
    )


CPU9 = Preset(
    config=cpu9,
    doc="9x9 Sudoku on two CPU cores, twenty minutes.",
    tasks=("sudoku9",),
    devices=EVERYWHERE,
    expectations=(
        Expectation(
            task="sudoku9",
            reached="93.7 % of held-out puzzles exact, from 1,000 puzzles x 1,000 variants,",
            time="20 minutes of training",
            machine="2 CPU cores, beside other work",
            remark="92 % after 2,000 steps, 4.5 minutes",
            source="docs/results/sudoku9-cpu.md",
        ),
    ),
)
CPU6 = Preset(
    config=cpu6,
    doc="6x6 Sudoku on two CPU cores, a minute.",
    tasks=("sudoku6",),
    devices=EVERYWHERE,
    expectations=(
        Expectation(
            task="sudoku6",
            reached="99.6 % of held-out puzzles exact, from 1,000 puzzles x 1,000 variants,",
            time="0.7 to 1.1 minutes of training",
            machine="2 CPU cores, beside other work",
            remark="99.5 % after 500 steps",
            source="docs/results/sudoku6-cpu.md",
        ),
    ),
)
