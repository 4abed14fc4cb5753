"""How much memory a run takes at least, so that one that cannot fit is refused before any of it is taken.

The estimate counts what surely is there at once: weights with gradient, average and what the optimiser holds, the
learner's state before and after a step, and the logits of a batch. Activations come on top, so a run that is not
refused may still not fit.
"""

import dataclasses
from pathlib import Path

import torch
from torch import Tensor

from .build import build_learner
from .config import TrainConfig
from .errors import SettingError
from .forms import tensors_in
from .models import CorpusSizes
from .sketch import optimiser_states, sketch_net, without_numbers

_CGROUP = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")
_STATES = 2
"""The learner's state before a step and after it."""
_LOGIT_BYTES = 4
_WEIGHT_COPIES = 3
"""Weights, gradient, average."""


def refuse_too_large(config: TrainConfig, sizes: CorpusSizes, device: torch.device) -> None:
    """Refuse a run that the memory of a device cannot hold.

    Args:
        config: of the run.
        sizes: of its corpora.
        device: where it is to run.

    Raises:
        SettingError: it needs more than there is.
    """
    needed, available = needed_bytes(config, sizes), available_bytes(device)
    if needed is None or available is None:
        return
    model_bytes, batch_bytes = needed
    if model_bytes + batch_bytes > available:
        lower = (
            "batch_size" if batch_bytes > model_bytes else f"the sizes of the model ({', '.join(_sizes_of(config))})"
        )
        raise SettingError(
            f"this run needs at least {_gb(model_bytes + batch_bytes)} GB ({_gb(model_bytes)} for the model and its "
            f"optimiser, {_gb(batch_bytes)} for a batch of {config.batch_size:,}), and {_gb(available)} GB are free on "
            f"{device.type}; lower {lower}"
        )


def _sizes_of(config: TrainConfig) -> list[str]:
    """Settings of the model that are whole numbers."""
    names = [field.name for field in dataclasses.fields(config.model)]
    return [f"model.{name}" for name in names if type(getattr(config.model, name)) is int]


def needed_bytes(config: TrainConfig, sizes: CorpusSizes) -> tuple[int, int] | None:
    """Bytes that the model with its optimiser takes at least, and a batch; None where no sketch says it."""
    net = sketch_net(config, sizes, torch.float32)
    if net is None:
        return None
    parameters, buffers = _bytes(list(net.parameters())), _bytes(list(net.buffers()))
    held = _bytes(tensors_in(optimiser_states(config, sizes) or []))
    with without_numbers():
        state = build_learner(config, net).begin(net, config.batch_size, sizes.seq_len)
    logits = config.batch_size * sizes.seq_len * sizes.vocab_size * _LOGIT_BYTES
    return _WEIGHT_COPIES * parameters + buffers + held, _STATES * _bytes(list(state.values())) + logits


def available_bytes(device: torch.device) -> int | None:
    """Free memory of a device, as much as its operating system tells; None where it does not."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    if device.type == "cpu" and _MEMORY.exists():
        words = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines() if ":" in line)
        free = int(words["MemAvailable"].split()[0]) * 1024
        return min([free, *_left_to_container()])
    return None


def _left_to_container() -> list[int]:
    """What the limit of a container leaves, where there is one; pages of files can be given up."""
    try:
        limit, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        pages = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return [int(limit) - int(used) + int(pages["inactive_file"])]
    except (OSError, ValueError, KeyError):  # No container, no limit ("max"), or an older kernel.
        return []


def _bytes(tensors: list[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _gb(count: int) -> str:
    return f"{count / 1e9:,.1f}"
