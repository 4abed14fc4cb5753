"""Presets for Sudoku that learn to eliminate candidates: the published one, and a small one for a CPU."""

from ..learners.elimination import EliminationConfig
from ..models.equivariant import EquivariantConfig
from ..models.ldt import LDTConfig
from ..optim.adamw import AdamWConfig
from ..optim.schedule import CosineConfig
from ..settings.config import EvaluationConfig, TrainConfig
from .preset import EVERYWHERE, Expectation, Preset


def lattice_deduction() -> TrainConfig:
    """LDT's recipe for Sudoku-Extreme (arXiv 2605.08605 and its code): 4,000 steps of 512.

    As published: network with its dropout of .1, loss and rule with their thresholds, and what states begin with (a
    fifth are puzzles as they are, 55 % show some of their answer, a quarter some of it wrongly); AdamW at 3e-3 with a
    decay of .1, a tenth of the steps to warm up, gradients clipped to 1; no average of the weights.

    Other than published:

    - What becomes of a state is deduced from the pass that is learned from, dropout and all; published code asks the
      network again after the step of the optimiser, without dropout.
    - One cosine over all steps, to 0; published it begins after the warm-up, and ends at a hundredth.
    - Answers leave nothing out; published ones leave out a twentieth. (Its tables are of 1,000 training puzzles; its
      command takes all 3.8 million of Sudoku-Extreme where nobody says how many.)
    - A state that is found contradictory in the very round in which it lost its solution is looked at once more;
      published it makes room at once.
    - A state keeps its symmetry while it is in its slot; published is a fresh one at every step. A fresh puzzle is a
      fresh variant, drawn in blocks as in all presets.
    - Complete states that are wrong stay until they are found contradictory; published code lets them go.
    - Open cells are weighed by puzzle, not over the whole batch.
    - Puzzles that show something wrong show any number of cells, as others do; published a tenth of them at least.
    - The state's token is one vector; published it is the sum of two, which begins 1.4 times as long and learns twice
      as fast.
    - A GPU computes in bfloat16; published is float32 whose products are TF32 (``precision=fp32`` is near it).
    - An answer is 16 rounds of deduction without a guess; published answers search by 64 chains side by side, where
      `trmpipe evaluate --search` goes through them one after the other.
    """
    return TrainConfig(
        learner=EliminationConfig(taught_above=0.5, hints=0.8, mistakes=0.25 / 0.8),
        model=LDTConfig(dropout=0.1),
        optimiser=AdamWConfig(lr=3e-3, weight_decay=0.1),
        schedule=CosineConfig(warmup_steps=400),
        evaluation=EvaluationConfig(every=500),
        batch_size=512,
        clip_norm=1.0,
        max_steps=4000,
        ema_decay=0.0,
    )


def cpu4() -> TrainConfig:
    """The rule and the optimiser of LDT, and a small network to which all symmetries of a state are alike.

    Contradictions weigh more, and states stay for a shorter time, or most slots would soon hold states that have lost
    their solution.
    """
    return TrainConfig(
        learner=EliminationConfig(loops=4, contradiction_weight=1.0, max_age=20),
        model=EquivariantConfig(width=16, message=8, inner=32),
        optimiser=AdamWConfig(lr=3e-3, weight_decay=0.1),
        schedule=CosineConfig(warmup_steps=20),
        evaluation=EvaluationConfig(every=100, limit=250, steps=8),
        batch_size=32,
        num_slices=1,
        clip_norm=1.0,
        max_steps=400,
        ema_decay=0.95,
        ema_warm=10,
        checkpoint_every=100,
        log_every=25,
    )


LDT = Preset(
    config=lattice_deduction,
    doc="Elimination for Sudoku-Extreme, after Lattice Deduction Transformers: 4,000 steps of 512.",
    tasks=("sudoku9",),
    devices=("cuda",),
    expectations=(
        Expectation(
            task="sudoku9",
            reached="99.96 % of Sudoku-Extreme's test puzzles exact by a search of 64 chains, as published, and "
            "nothing known of answers without it,",
            time="4,000 steps",
            machine="a GPU",
            remark="the preset differs in eleven points, which trainer/presets/sudoku_elimination.py lists",
            source="arXiv 2605.08605",
        ),
    ),
)
CPU4 = Preset(
    config=cpu4,
    doc="Elimination on 4x4 Sudoku by the equivariant cell, a minute on a CPU.",
    tasks=("sudoku4",),
    devices=EVERYWHERE,
    expectations=(
        Expectation(
            task="sudoku4",
            reached="all 8 held-out puzzles exact, from the 28 others x 1,000 variants,",
            time="half a minute of training",
            machine="a share of 2 CPU cores, beside other work",
            remark="3 of them after 100 steps, all from 200 on",
            source="docs/results/expectations.md",
        ),
    ),
)
