"""A preset: seconds on a CPU."""

from trmpipe.trainer.optim.adamw import AdamWConfig
from trmpipe.trainer.optim.schedule import ConstantConfig
from trmpipe.trainer.presets.preset import EVERYWHERE, Expectation, Preset
from trmpipe.trainer.settings.config import EvaluationConfig, TrainConfig

from .learner import LingeringConfig
from .models import PuddleConfig


def config():
    return TrainConfig(
        learner=LingeringConfig(),
        model=PuddleConfig(),
        optimiser=AdamWConfig(lr=1e-2, weight_decay=0.0),
        schedule=ConstantConfig(warmup_steps=5),
        evaluation=EvaluationConfig(steps=3, every=0, limit=20),
        batch_size=16,
        num_slices=2,
        max_steps=60,
        ema_decay=0.9,
        checkpoint_every=20,
        log_every=10,
    )


PRESET = Preset(
    config=config,
    doc="Seconds on a CPU.",
    tasks=("shades3", "shades4"),
    devices=EVERYWHERE,
    expectations=(
        Expectation(
            task="shades4",
            reached="half of the open cells right",
            time="two seconds",
            machine="a laptop",
            source="the package's own page",
        ),
    ),
)
