"""Networks: torch and a paper's mathematics, one architecture a file, found by name in `MODELS`.

An entry is a `Part` whose ``build(config, sizes, *, generator, dtype)`` gives a ``torch.nn.Module`` that meets the
protocol `net.Network`, and beside it the one that its learner asks for (`net.RecursiveNetwork`, `net.DirectNetwork`,
`net.WritingNetwork`, `net.CandidateNetwork`). Its config has a method ``describe()`` with a few words for the line that
training begins with. A new architecture is one file here and its line in `MODELS`; an installed package adds entry
points to the group ``trmpipe.models``.
"""

from trmpipe.generators.plugins import Registry

from ..errors import SettingError
from ..parts import Part
from .net import (
    AnchoredNetwork,
    CandidateNetwork,
    CorpusSizes,
    Deduction,
    DirectNetwork,
    Latents,
    Network,
    Outcome,
    RecursiveNetwork,
    WritingNetwork,
    device_of,
    puzzle_rows,
)

MODELS: Registry[Part] = Registry(
    "trmpipe.models",
    "model",
    {
        "trm": "trmpipe.trainer.models.trm:PART",
        "hrm": "trmpipe.trainer.models.hrm:PART",
        "direct_prediction": "trmpipe.trainer.models.direct:PART",
        "looped": "trmpipe.trainer.models.looped:PART",
        "equivariant": "trmpipe.trainer.models.equivariant:PART",
        "se_rrm": "trmpipe.trainer.models.se_rrm:PART",
        "dec": "trmpipe.trainer.models.dec:PART",
        "eqr": "trmpipe.trainer.models.eqr:PART",
        "ldt": "trmpipe.trainer.models.ldt:PART",
        "autoregressive": "trmpipe.trainer.models.autoregressive:PART",
    },
    SettingError,
)
"""Networks by name."""

__all__ = [
    "MODELS",
    "AnchoredNetwork",
    "CandidateNetwork",
    "CorpusSizes",
    "Deduction",
    "DirectNetwork",
    "Latents",
    "Network",
    "Outcome",
    "RecursiveNetwork",
    "WritingNetwork",
    "device_of",
    "puzzle_rows",
]
