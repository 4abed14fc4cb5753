"""Presets for mazes: the published one (arXiv 2510.04871 and its code), ours with rows and columns, a small one.

The small one is ours; its curves, and those of attention and of the mixer of tokens beside it, are in
docs/results/mazes.md, which also says why the labels of variants decide whether variants help.
"""

import dataclasses

from ..learners.deep_supervision import DeepSupervisionConfig
from ..models.trm import TRMConfig
from ..optim.muon import MuonConfig
from ..optim.schedule import CosineConfig
from ..settings.config import EvaluationConfig, TrainConfig
from .preset import EVERYWHERE, OTHER_THAN_PUBLISHED, Expectation, Preset

_SIZES = range(5, 65)
_TASKS = tuple(f"maze{size}" for size in _SIZES)


def published() -> TrainConfig:
    """The published config for Maze-Hard, but for what `sudoku` says of all published ones.

    There are often several shortest paths; published halting learns whether the answer is the stored one.
    """
    return TrainConfig(
        learner=DeepSupervisionConfig(halt_target="label"), model=TRMConfig(mixer="attention", h_cycles=3, l_cycles=4)
    )


def rows_and_columns() -> TrainConfig:
    """The published config, but that attention knows a cell by its row and column."""
    base = published()
    return dataclasses.replace(base, model=dataclasses.replace(base.model, positions="rotary2d"))


def cpu() -> TrainConfig:
    """A narrow convolution, called eight times a step: so far a step sees, and its gradient goes through all of it."""
    return TrainConfig(
        # Half of the mazes stay for long, solved or not: else nothing teaches a solved state to remain one.
        learner=DeepSupervisionConfig(
            loss="softmax",
            halt_weight=0.05,
            halt_max_steps=16,
            halt_early_steps=2,
            halt_early_share=0.3,
            halt_exploration=0.5,
        ),
        model=TRMConfig(mixer="conv", width=32, inner=64, num_prefix=1, h_cycles=1, l_cycles=7),
        optimiser=MuonConfig(lr=1e-3, matrix_lr=0.01, weight_decay=0.01),
        schedule=CosineConfig(warmup_steps=30),
        evaluation=EvaluationConfig(every=500, limit=250),
        batch_size=32,
        num_slices=2,
        max_steps=2500,
        ema_decay=0.995,
        ema_warm=10,
        checkpoint_every=250,
        log_every=10,
    )


HARD = Preset(
    config=published,
    doc="Published for Maze-Hard, attention with places in the sequence: 65,100 steps of 768.",
    tasks=("maze30",),
    devices=("cuda",),
    published=True,
    expectations=(
        Expectation(
            task="maze30",
            reached="85.3 % of Maze-Hard's test puzzles exact, as published and not repeated here,",
            time="less than 24 hours",
            machine="four L40S",
            remark=OTHER_THAN_PUBLISHED,
            source="arXiv 2510.04871",
        ),
    ),
)
HARD_2D = Preset(
    config=rows_and_columns,
    doc="The published one for Maze-Hard, but that attention knows rows and columns; ours.",
    tasks=_TASKS,
    devices=("cuda",),
    expectations=(
        Expectation(
            task="maze30",
            reached="a loss of 1.9 after 20 steps of two mazes, which says that it trains and no more,",
            time="3 minutes",
            machine="one CPU core",
            source="docs/results/mazes.md",
        ),
    ),
)
CPU = Preset(
    config=cpu,
    doc="Mazes of any size on a CPU, 10 x 10 in minutes: a convolution, called eight times a step; ours.",
    tasks=_TASKS,
    devices=EVERYWHERE,
    expectations=(
        Expectation(
            task="maze10",
            reached="97 % of held-out mazes of kind hard answered by a shortest path, from 1,000 mazes x 8 variants,",
            time="4.4 minutes, evaluations included,",
            machine="2 CPU cores",
            remark="73 % after 500 steps, 92 % after 1,000",
            source="docs/results/mazes.md",
        ),
    ),
)
