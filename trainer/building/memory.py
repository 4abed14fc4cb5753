"""How much memory a run takes at least, so that one that cannot fit is refused before any of it is taken.

The estimate counts what surely is there at once: weights with gradient, average and what the optimiser holds, the
learner's state before and after a step, and the logits of a batch. On a CPU, where a process that takes too much is
killed without a word, two puzzles are learned from in trial, and what autograd keeps of them for the way back counts:
measured with the published Sudoku model at a batch of 32, this says 3.4 GB where 3.9 are taken, and of its batch of 768
that it needs 80. Other devices refuse by themselves, and compile, which keeps less.
"""

import dataclasses
import resource
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import torch
from torch import Tensor, nn

from trmpipe.shards import Corpus

from ..device import is_out_of_memory
from ..errors import RunError, SettingError
from ..learners import Learner
from ..models import CorpusSizes
from ..settings.config import TrainConfig
from .build import build_learner
from .forms import tensors_in
from .sketch import optimiser_states, sketch_net, without_numbers
from .trial import first_puzzles, lesson_of

Result = TypeVar("Result")

_CGROUP = Path("/sys/fs/cgroup")
_MEMORY = Path("/proc/meminfo")
_ADDRESSES = Path("/proc/self/statm")
_TRIAL_ROWS = 2
_STATES = 2
"""The learner's state before a step and after it."""
_LOGIT_BYTES = 4
_WEIGHT_COPIES = 3
"""Weights, gradient, average."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Bytes that are free before a run takes any, and that model and batch take at least, see `needed_bytes`."""

    available: int
    model: int
    batch: int


def refuse_too_large(config: TrainConfig, sizes: CorpusSizes, device: torch.device) -> Room | None:
    """Refuse a run that the memory of a device cannot hold; returns what is known of it, None for nothing.

    Args:
        config: of the run.
        sizes: of its corpora.
        device: where it is to run.

    Raises:
        SettingError: it needs more than there is.
    """
    needed, available = needed_bytes(config, sizes), available_bytes(device)
    if needed is None or available is None:
        return None
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
    return Room(available=available, model=model_bytes, batch=batch_bytes)


def refuse_large_activations(
    config: TrainConfig, net: nn.Module, learner: Learner, corpus: Corpus, slices_at_once: int, room: Room | None
) -> None:
    """Refuse a run on a CPU of which a step needs more memory than there is.

    Args:
        config: of the run.
        net: its network; it is only looked at.
        learner: how it is taught.
        corpus: the first one, for a few puzzles.
        slices_at_once: slices of a batch that are worked on side by side.
        room: what `refuse_too_large` gave.

    Raises:
        SettingError: it needs more than there is.
    """
    device = next(net.parameters()).device
    if device.type != "cpu" or room is None:
        return
    row = activation_bytes(net, learner, *first_puzzles(corpus, _TRIAL_ROWS))
    rows = -(-config.batch_size // config.num_slices) * min(slices_at_once, config.num_slices)
    whole = room.model + room.batch + row * rows
    if whole > room.available:
        most = int((room.available - room.model) / (whole - room.model) * config.batch_size)
        lower = f"lower batch_size, of which {most:,} may fit" if most > 0 else "take a smaller model"
        if getattr(config.model, "recompute", None) is False:
            lower += ", or --set model.recompute=true, which keeps less for the way back"
        raise SettingError(
            f"a step of this run needs at least {_gb(whole)} GB ({_gb(row * rows)} of them for {rows:,} examples at "
            f"once), and {_gb(room.available)} GB are free on {device.type}; {lower}, or take a preset made "
            "for this device (`trmpipe presets`)"
        )


def activation_bytes(net: nn.Module, learner: Learner, inputs: Tensor, labels: Tensor) -> int:
    """Bytes that autograd keeps of an example for the way back, the mean over some.

    Args:
        net: the network.
        learner: how it is taught.
        inputs: int64 [B, S].
        labels: int64 [B, S].
    """
    own = {_storage(tensor) for tensor in (*net.parameters(), *net.buffers())}
    kept: dict[int, int] = {}

    def keep(tensor: Tensor) -> Tensor:
        kept[_storage(tensor)] = tensor.untyped_storage().nbytes()
        return tensor

    device = next(net.parameters()).device
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        lesson = lesson_of(net, learner, inputs.to(device), labels.to(device))
    del lesson
    return sum(size for storage, size in kept.items() if storage not in own) // len(inputs)


def _storage(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


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
        # What torch has freed and kept, of a run before in this process, is free for the next one.
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return int(torch.cuda.mem_get_info(device)[0]) + kept
    if device.type == "cpu" and _MEMORY.exists():
        words = dict(line.split(":", 1) for line in _MEMORY.read_text().splitlines() if ":" in line)
        free = int(words["MemAvailable"].split()[0]) * 1024
        return min([free, *_left_to_container(), *_left_to_process()])
    return None


def _left_to_container() -> list[int]:
    """What the limit of a container leaves, where there is one; pages of files can be given up."""
    try:
        limit, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
        pages = dict(line.split() for line in (_CGROUP / "memory.stat").read_text().splitlines())
        return [int(limit) - int(used) + int(pages["inactive_file"])]
    except (OSError, ValueError, KeyError):  # No container, no limit ("max"), or an older kernel.
        return []


def _left_to_process() -> list[int]:
    """What the limit of a process's address space leaves (``ulimit -v``), where there is one."""
    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    if limit == resource.RLIM_INFINITY:
        return []
    pages = int(_ADDRESSES.read_text().split()[0])
    return [max(0, limit - pages * resource.getpagesize())]


def _bytes(tensors: Iterable[Tensor]) -> int:
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def _gb(count: int) -> str:
    return f"{count / 1e9:,.1f}"


def in_memory_of(device: torch.device, work: Callable[[], Result], what: str) -> Result:
    """The result of `work`.

    Args:
        device: whose memory it takes.
        work: what may take more than there is.
        what: that it makes, and what to do where it does not fit.

    Raises:
        RunError: it does not fit. The error of torch, whose frames hold on to all that was computed, is let go.
    """
    try:
        return work()
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
    raise RunError(f"the memory of {device.type} does not hold {what}")


def smaller_steps(config: TrainConfig) -> str:
    """What to do about a step that does not fit, as the end of a sentence."""
    ways = [f"more slices (--set num_slices={2 * config.num_slices})"]
    if getattr(config.model, "recompute", None) is False:
        ways.append("model.recompute=true, which keeps less for the way back")
    return f"start a run with {', '.join(ways)}, or a lower batch_size"
