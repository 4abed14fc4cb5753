"""The networks that `trmpipe.trainer.loop` can train, found by name.

A network is built from a config of its own, the sizes of the corpus and a generator for its weights; the loop knows
it only by the protocol `RecursiveNet`. A new architecture is one file here and one line in `MODELS`.
"""

from collections.abc import Callable

import torch

from .net import CorpusSizes, Latents, RecursiveNet
from .trm import TRM, PuzzleEmbedding, TRMConfig

MODELS: dict[str, tuple[type, Callable[..., RecursiveNet]]] = {"trm": (TRMConfig, TRM)}
"""Name -> (config class, network class)."""


def build_model(
    name: str, config: TRMConfig, sizes: CorpusSizes, *, generator: torch.Generator, dtype: torch.dtype
) -> RecursiveNet:
    """A freshly initialised network called `name`.

    Args:
        name: a key of `MODELS`.
        config: the network's own config.
        sizes: sequence length, vocabulary and number of identifiers of the corpus.
        generator: the source of the initial weights, on the CPU.
        dtype: dtype of the forward pass; weights are float32.
    """
    return MODELS[name][1](config, sizes, generator=generator, dtype=dtype)


__all__ = ["MODELS", "TRM", "CorpusSizes", "Latents", "PuzzleEmbedding", "RecursiveNet", "TRMConfig", "build_model"]
