"""Optimisers, one a file; `build.build_optimiser` puts them together for a recipe."""

from .adam_atan2 import AdamATan2
from .ema import EMA
from .muon import Muon
from .sign_sgd import sign_sgd_rows

__all__ = ["EMA", "AdamATan2", "Muon", "sign_sgd_rows"]
