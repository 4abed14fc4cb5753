"""Named steps that turn a config and a corpus into the parts of a run."""

from collections.abc import Iterable
from typing import Any, cast

import torch
from torch import nn

from trmpipe.generators.rng import INIT, philox
from trmpipe.shards import Corpus

from .config import TrainConfig
from .models import CorpusSizes, RecursiveNet, build_model
from .optim import AdamATan2, Muon

_WEIGHTS = 0
"""First counter word of the key that initial weights are drawn under."""


def corpus_sizes(*corpora: Corpus) -> CorpusSizes:
    """What a network must know of the corpora that it is trained on; puzzle identifiers are counted on over them."""
    spec = corpora[0].spec
    return CorpusSizes(
        seq_len=spec.seq_len,
        vocab_size=spec.vocab_size,
        num_identifiers=1 + sum(corpus.num_identifiers - 1 for corpus in corpora),
    )


def torch_generator(seed: int, purpose: int, counter: int) -> torch.Generator:
    """A torch generator on the CPU whose seed is one Philox word, a pure function of the arguments."""
    word = int(philox(seed, purpose, counter, 0, 0, 0)[0])
    return torch.Generator().manual_seed(word >> 1)


def build_net(config: TrainConfig, sizes: CorpusSizes, device: torch.device, dtype: torch.dtype) -> nn.Module:
    """The network with its initial weights, which depend on config, sizes and seed alone, on `device`."""
    generator = torch_generator(config.seed, INIT, _WEIGHTS)
    net = build_model(config.model_name, config.model, sizes, generator=generator, dtype=dtype)
    return cast(nn.Module, net).to(device)


def as_net(module: nn.Module) -> RecursiveNet:
    """The module as what the loop calls."""
    return cast(RecursiveNet, module)


def build_optimisers(config: TrainConfig, net: nn.Module) -> list[torch.optim.Optimizer]:
    """The optimisers of all parameters; each group carries its undecayed rate as ``base_lr``."""
    matrices, others = _split_parameters(net) if config.optimiser == "muon" else ([], list(net.parameters()))
    optimisers: list[torch.optim.Optimizer] = []
    if matrices:
        optimisers.append(
            Muon(matrices, lr=config.matrix_lr, momentum=config.momentum, weight_decay=config.weight_decay)
        )
    adam: Any = AdamATan2 if config.optimiser == "adam_atan2" else torch.optim.AdamW
    optimisers.append(adam(others, lr=config.lr, betas=config.betas, weight_decay=config.weight_decay))
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["base_lr"] = group["lr"]
    return optimisers


def _split_parameters(net: nn.Module) -> tuple[list[nn.Parameter], list[nn.Parameter]]:
    """The matrices inside the blocks, for Muon, and everything else: embeddings, heads, biases."""
    matrices: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in net.named_parameters():
        inside = ".layers." in name and parameter.ndim == 2
        (matrices if inside else others).append(parameter)
    return matrices, others


def set_learning_rates(optimisers: Iterable[torch.optim.Optimizer], factor: float) -> None:
    """Give every parameter group its base rate times `factor`."""
    for optimiser in optimisers:
        for group in optimiser.param_groups:
            group["lr"] = group["base_lr"] * factor
