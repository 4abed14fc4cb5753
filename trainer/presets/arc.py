"""Presets for ARC: the published one (arXiv 2510.04871 and its code), and a small one for a CPU."""

from ..learners.deep_supervision import DeepSupervisionConfig
from ..models.trm import TRMConfig
from ..optim import EmbeddingConfig
from ..optim.adam_atan2 import AdamATan2Config
from ..optim.adamw import AdamWConfig
from ..optim.schedule import CosineConfig
from ..settings.config import EvaluationConfig, TrainConfig
from .preset import OTHER_THAN_PUBLISHED, Expectation, Preset


def published() -> TrainConfig:
    """The published config, but for what `sudoku` says of all published ones."""
    return TrainConfig(
        model=TRMConfig(mixer="attention", h_cycles=3, l_cycles=4),
        optimiser=AdamATan2Config(weight_decay=0.1),
        embedding=EmbeddingConfig(lr=1e-2, weight_decay=0.1),
        evaluation=EvaluationConfig(every=10_000),
        max_steps=518_000,
        checkpoint_every=10_000,
    )


def cpu() -> TrainConfig:
    """A narrow model with a short recursion."""
    return TrainConfig(
        learner=DeepSupervisionConfig(loss="softmax", halt_max_steps=1, halt_early_steps=1),
        model=TRMConfig(mixer="attention", width=64, num_heads=2, inner=128, h_cycles=1, l_cycles=1),
        optimiser=AdamWConfig(lr=2e-3, weight_decay=0.0),
        schedule=CosineConfig(warmup_steps=30),
        embedding=EmbeddingConfig(lr=0.02, weight_decay=0.0),
        evaluation=EvaluationConfig(steps=1, every=0),
        batch_size=8,
        num_slices=2,
        max_steps=1500,
        ema_decay=0.98,
        ema_warm=10,
        checkpoint_every=250,
        log_every=10,
    )


PUBLISHED = Preset(
    config=published,
    doc="Published for ARC-AGI-1: 518,000 steps of 768 with attention; ARC-AGI-2 took 724,000.",
    tasks=("arc",),
    devices=("cuda",),
    published=True,
    expectations=(
        Expectation(
            task="arc",
            reached="44.6 % pass@2 on ARC-AGI-1 (7.8 % on ARC-AGI-2), as published and not repeated here,",
            time="about 3 days",
            machine="four H100",
            remark=OTHER_THAN_PUBLISHED,
            source="arXiv 2510.04871",
        ),
    ),
)
CPU = Preset(
    config=cpu,
    doc="A handful of small ARC tasks on two CPU cores, a quarter of an hour: a narrow model, a short recursion.",
    tasks=("arc",),
    devices=("cpu", "mps"),
    expectations=(
        Expectation(
            task="arc",
            reached="every demonstration of ten 3 x 3 tasks by heart, 0 % pass@1 and 18 % pass@2 on their tests,",
            time="14 minutes of training",
            machine="2 CPU cores with AVX2, beside other work",
            remark="what generalises takes the preset for GPUs",
            source="docs/results/arc.md",
        ),
    ),
)
