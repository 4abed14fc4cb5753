"""Small presets that learn Sudoku on a CPU in minutes: the equivariant cell, as many calls at once as pay.

They are ours; their curves are in docs/results/sudoku9-cpu.md, and what else was tried in docs/notes/sudoku9-cpu.md.
"""

import dataclasses

from ..learners.deep_supervision import DeepSupervisionConfig
from ..models.equivariant import EquivariantConfig
from ..optim.muon import MuonConfig
from ..optim.schedule import CosineConfig
from ..settings.config import EvaluationConfig, TrainConfig
from .preset import EVERYWHERE, Expectation, Preset


def cpu9() -> TrainConfig:
    """Steps of eight calls, all puzzles with hints; short stays at first, then as long as an evaluation's."""
    return TrainConfig(
        learner=DeepSupervisionConfig(
            loss="softmax",
            halt_weight=0.05,
            halt_max_steps=16,
            halt_early_steps=2,
            halt_early_share=0.5,
            hints=0.5,
            hints_share=1.0,
            hints_power=3.0,
        ),
        model=EquivariantConfig(width=32, message=16, inner=128, calls=8, candidates="possible"),
        optimiser=MuonConfig(lr=2e-3, matrix_lr=0.03, weight_decay=0.01),
        schedule=CosineConfig(warmup_steps=30),
        evaluation=EvaluationConfig(every=2000, limit=200),
        batch_size=16,
        num_slices=2,
        max_steps=19_800,
        ema_decay=0.995,
        ema_warm=10,
        checkpoint_every=500,
        log_every=10,
    )


def hour9() -> TrainConfig:
    """More steps at a lower rate, stays that are long from three tenths on, and dropout; for hard puzzles."""
    base = cpu9()
    return dataclasses.replace(
        base,
        learner=dataclasses.replace(base.learner, halt_early_share=0.3),
        model=dataclasses.replace(base.model, dropout=0.1),
        optimiser=dataclasses.replace(base.optimiser, matrix_lr=0.02),
        max_steps=47_000,
    )


def cpu6() -> TrainConfig:
    """Narrower and shorter: two supervision steps at once, half of the puzzles with hints, short stays all the time."""
    base = cpu9()
    learner = dataclasses.replace(
        base.learner,
        halt_max_steps=4,
        halt_early_steps=4,
        halt_early_share=0.0,
        unroll=2,
        hints_share=0.5,
        hints_power=1.0,
    )
    return dataclasses.replace(
        base,
        learner=learner,
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
            reached="96.4 to 98.3 % of held-out puzzles exact, three seeds, from 1,000 puzzles x 1,000 variants,",
            time="20 minutes of training",
            machine="2 free CPU cores, which take 16.5 steps a second",
            remark="84 % after 1,000 steps, a minute; 92 to 95 % after 8,000; of extreme puzzles 78 %, trained on such,"
            " and 89 % in three times as long with dropout",
            source="docs/results/sudoku9-cpu.md",
        ),
    ),
)
HOUR9 = Preset(
    config=hour9,
    doc="9x9 Sudoku on two CPU cores, an hour: best on puzzles made with --difficulty extreme.",
    tasks=("sudoku9",),
    devices=EVERYWHERE,
    expectations=(
        Expectation(
            task="sudoku9",
            reached="85.4 to 88.4 % of held-out extreme puzzles exact, three seeds, from 1,000 extreme ones x 1,000 "
            "variants, and 98.9 to 99.2 % of minimal ones (99.1 to 99.7 in passes of 32 steps),",
            time="60 minutes of training",
            machine="2 free CPU cores, which take 13.1 steps a second",
            remark="40 to 56 % of the extreme ones after 14,000 to 16,000 steps, 72 % after 28,000",
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
            reached="99.5 to 99.7 % of held-out puzzles exact, from 1,000 puzzles x 1,000 variants,",
            time="0.5 to 1.1 minutes of training",
            machine="2 CPU cores",
            remark="99.5 % after 500 steps",
            source="docs/results/sudoku6-cpu.md",
        ),
    ),
)
