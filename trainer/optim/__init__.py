"""Optimisers, one a file, found by name in `OPTIMISERS`; beside them the weight average and the embedding's sign-SGD.

An entry is a `Part` whose ``build(config, net)`` gives a list of ``torch.optim.Optimizer``s that share the network's
parameters between them; the rate of the first one's first group is what metrics show as ``lr``. A new optimiser is one
file here and its line in `OPTIMISERS`; an installed package adds entry points to the group ``trmpipe.optimisers``.
"""

from trmpipe.generators.plugins import Registry

from ..errors import SettingError
from ..parts import Part
from .clip import clip_gradients
from .ema import EMA
from .sign_sgd import EmbeddingConfig, sign_sgd_rows

OPTIMISERS: Registry[Part] = Registry(
    "trmpipe.optimisers",
    "optimiser",
    {
        "adam_atan2": "trmpipe.trainer.optim.adam_atan2:PART",
        "adamw": "trmpipe.trainer.optim.adamw:PART",
        "muon": "trmpipe.trainer.optim.muon:PART",
    },
    SettingError,
)
"""Optimisers by name."""

__all__ = ["EMA", "OPTIMISERS", "EmbeddingConfig", "clip_gradients", "sign_sgd_rows"]
