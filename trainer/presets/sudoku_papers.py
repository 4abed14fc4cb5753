"""What TRM is compared with on Sudoku-Extreme, as published: HRM, direct prediction, and two of TRM's ablations.

In all of them variants are drawn in blocks and the halting head computes in float32, as `sudoku` says. Not published is
how long direct prediction was trained ("as HRM" is taken here), nor with which network: TRM's code has one of 8 layers
with 12 heads, a start vector that is added to the puzzle, and halting over 16 steps; here it has 8 heads and answers
once.

Sources: HRM, arXiv 2506.21734, its code and README; TRM, arXiv 2510.04871, tables 1, 2 and 4.
"""

import dataclasses
from collections.abc import Callable

from ..learners.deep_supervision import DeepSupervisionConfig
from ..learners.one_pass import OnePassConfig
from ..models.direct import DirectConfig
from ..models.hrm import HRMConfig
from ..models.trm import TRMConfig
from ..settings.config import TrainConfig
from .preset import OTHER_THAN_PUBLISHED, Expectation, Preset
from .sudoku import PUBLISHED_DATA

_HRM_EPOCHS = 20_000
_HRM_ROUNDS = 10
"""Between its evaluations; what is left of a round and fills no batch is not trained on."""
_GROUPS = 1000


def hrm() -> TrainConfig:
    """The published config: 20,000 epochs of 1,000 puzzles in batches of 768, and no average of the weights."""
    base = TrainConfig()
    return dataclasses.replace(
        base,
        learner=DeepSupervisionConfig(continue_loss=True),
        model=HRMConfig(),
        max_steps=_HRM_ROUNDS * (_HRM_EPOCHS // _HRM_ROUNDS * _GROUPS // base.batch_size),
        ema_decay=0.0,
    )


def direct() -> TrainConfig:
    """A network as large as HRM without recursion, trained for as long."""
    return dataclasses.replace(hrm(), learner=OnePassConfig(loss="stablemax"), model=DirectConfig())


def single_z() -> TrainConfig:
    """The published mixer with one latent, whose last call of a cycle does not see the puzzle."""
    return TrainConfig(model=TRMConfig(latents="single", puzzle_in_answer=False))


def one_step() -> TrainConfig:
    """The published mixer with HRM's gradient."""
    return TrainConfig(model=TRMConfig(gradient="one_step"))


def _preset(
    config: Callable[[], TrainConfig],
    doc: str,
    reached: str,
    time: str,
    machine: str,
    source: str,
    *,
    published: bool = False,
    more: str = "",
) -> Preset:
    expectation = Expectation(
        task="sudoku9",
        reached=f"{reached} {PUBLISHED_DATA}",
        time=time,
        machine=machine,
        source=source,
        remark=OTHER_THAN_PUBLISHED + more,
    )
    return Preset(
        config=config,
        doc=doc,
        tasks=("sudoku9",),
        devices=("cuda",),
        expectations=(expectation,),
        published=published,
    )


HRM = _preset(
    hrm,
    "Published HRM for Sudoku-Extreme: two networks of 4 layers, Q-learned halting, 26,040 steps of 768.",
    "55.0 %",
    "about 10 minutes",
    "eight GPUs",
    "arXiv 2510.04871; time: HRM's README",
    published=True,
)
DIRECT = _preset(
    direct,
    "Direct prediction, as large as HRM and trained for as long: 8 layers of attention, once through.",
    "0.0 %",
    "a time that is not published",
    "a machine that is not published either",
    "arXiv 2510.04871",
    more="; the network and its length are a guess, as neither is published",
)
SINGLE_Z = _preset(
    single_z,
    "TRM's ablation with one latent instead of two; all else as in sudoku-mlp.",
    "71.9 %",
    "less than 36 hours, as sudoku-mlp,",
    "one L40S",
    "arXiv 2510.04871, table 2",
)
ONE_STEP = _preset(
    one_step,
    "TRM's ablation with HRM's gradient, of the last two calls alone; all else as in sudoku-mlp.",
    "56.5 %",
    "less than 36 hours, as sudoku-mlp,",
    "one L40S",
    "arXiv 2510.04871, table 1",
)
