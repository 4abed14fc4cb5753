"""Models with the learners that take them, and what their defaults do not do: for tests that try them all."""

import functools
from fnmatch import fnmatchcase

import torch

from tests.shrinking import shrunk
from trmpipe.trainer.building.build import build_learner, build_net
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.learners import LEARNERS
from trmpipe.trainer.learners.deep_supervision import DeepSupervisionConfig
from trmpipe.trainer.learners.elimination import EliminationConfig
from trmpipe.trainer.models import MODELS, CorpusSizes
from trmpipe.trainer.models.dec import DECConfig
from trmpipe.trainer.models.eqr import EqRConfig
from trmpipe.trainer.models.equivariant import EquivariantConfig
from trmpipe.trainer.models.hrm import HRMConfig
from trmpipe.trainer.models.ldt import LDTConfig
from trmpipe.trainer.models.looped import LoopedConfig
from trmpipe.trainer.models.se_rrm import SERRMConfig
from trmpipe.trainer.models.trm import TRMConfig
from trmpipe.trainer.settings.config import TrainConfig

SIZES = CorpusSizes(seq_len=16, vocab_size=6, num_identifiers=3, rows=4, columns=4)
"""A square grid with a token for each digit and two more, as some models ask for; in boxes of 2 x 2."""

DEEP, CONTINUED = DeepSupervisionConfig(), DeepSupervisionConfig(continue_loss=True)
UNROLLED = DeepSupervisionConfig(unroll=2, hints=0.5)
MANY_HINTS = DeepSupervisionConfig(unroll=2, hints=0.5, hints_share=1.0, hints_power=3.0)
SETTINGS = {
    "continue loss": (CONTINUED, TRMConfig()),
    "continue loss of HRM": (CONTINUED, HRMConfig()),
    "single z, rows and columns": (DEEP, TRMConfig(latents="single", mixer="attention", positions="rotary2d")),
    "multi-scale z, two nets": (DEEP, TRMConfig(latents="multi", num_nets=2, mixer="attention", positions="none")),
    "single z, blind answer": (DEEP, TRMConfig(latents="single", puzzle_in_answer=False)),
    "multi-scale z, blind answer": (DEEP, TRMConfig(latents="multi", puzzle_in_answer=False)),
    "convolution": (DEEP, TRMConfig(mixer="conv", num_prefix=1)),
    "one-step gradient": (DEEP, TRMConfig(gradient="one_step")),
    "unrolled with hints": (UNROLLED, EquivariantConfig()),
    "dropout, many hints": (MANY_HINTS, EquivariantConfig(dropout=0.25)),
    "damped and noisy calls": (UNROLLED, EquivariantConfig(calls=2, damping=0.2, noise=0.1)),
    "elimination with dropout": (shrunk(EliminationConfig()), LDTConfig(dropout=0.25)),
    "recomputed": (DEEP, TRMConfig(recompute=True)),
    "recomputed symbols": (DEEP, SERRMConfig(recompute=True)),
    "recomputed noisy calls": (DEEP, EqRConfig(recompute=True)),
    "anchors": (DeepSupervisionConfig(anchors=0.5, hints=0.5), DECConfig(recompute=True)),
    "recomputed loops": (CONTINUED, LoopedConfig(recompute=True)),
}
"""What the defaults of the entries do not do."""


LEFT_OUT = {"equivariant, one_pass"}
"""Pairs that show nothing which the others do not, and would take long: one_pass has its own model."""


def pairs():
    """Configs of every learner with every model, but those that are left out, and the settings above; by name."""
    for model in MODELS.names():
        for learner in LEARNERS.names():
            if f"{model}, {learner}" not in LEFT_OUT:
                yield f"{model}, {learner}", (shrunk(LEARNERS[learner].config()), MODELS[model].config())
    yield from SETTINGS.items()


PAIRS = dict(pairs())


def make_pair(name):
    """A tiny network and its learner; None for a learner that asks for more than the model has."""
    learner, model = PAIRS[name]
    config = TrainConfig(learner=learner, model=shrunk(model), max_steps=5)
    net = build_net(config, SIZES, torch.device("cpu"), torch.float32)
    try:
        found = build_learner(config, net)
        found.begin(net, 1, SIZES.seq_len)
    except SettingError:
        return None
    return net, found


@functools.cache
def pairs_that_fit():
    """Names of the pairs whose learner takes their model."""
    return tuple(name for name in PAIRS if make_pair(name))


def one_of_each_learner():
    """Names of pairs, the first that fits of every learner."""
    return [_first(f"*, {learner}") for learner in LEARNERS.names()]


def one_of_each_model():
    """Names of pairs, the first that fits of every model."""
    return [_first(f"{model}, *") for model in MODELS.names()]


def _first(pattern):
    return next(name for name in pairs_that_fit() if fnmatchcase(name, pattern))
