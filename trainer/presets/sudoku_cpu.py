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
    """Two supervision steps at once, twice a puzzle, half of the puzzles with hints."""
    return TrainConfig(
        learner=DeepSupervisionConfig(
            loss="softmax", halt_weight=0.05, halt_max_steps=4, halt_early_steps=4, unroll=2, hints=0.5
        ),
        model=EquivariantConfig(width=32, inner=128, calls=4),
        optimiser=MuonConfig(lr=2e-3, matrix_lr=0.03, weight_decay=0.01),
        schedule=CosineConfig(warmup_steps=30),
        evaluation=EvaluationConfig(every=250, limit=200),
        batch_size=16,
        num_slices=4,
        max_steps=2000,
        ema_decay=0.99,
        ema_warm=10,
        checkpoint_every=250,
        log_every=10,
    )


def cpu6() -> TrainConfig:
    """The 9x9 config, narrower and shorter."""
    base = cpu9()
    return dataclasses.replace(base, model=EquivariantConfig(calls=4), max_steps=600)


CPU9 = Preset(
    config=cpu9,
    doc="9x9 Sudoku on two CPU cores, a quarter of an hour.",
    tasks=("sudoku9",),
    devices=EVERYWHERE,
    expectations=(
        Expectation(
            task="sudoku9",
            reached="91 % of held-out puzzles exact, from 1,000 puzzles x 1,000 variants,",
            time="13 minutes of training",
            machine="2 CPU cores, beside other work",
            remark="86 % after 250 steps",
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
            reached="99.7 % of held-out puzzles exact, from 1,000 puzzles x 1,000 variants,",
            time="1.3 to 1.9 minutes of training",
            machine="2 CPU cores, beside other work",
            remark="99.5 % after 250 steps",
            source="docs/results/sudoku6-cpu.md",
        ),
    ),
)
