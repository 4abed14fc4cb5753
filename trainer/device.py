"""Which device to train on, how tokens get there, and whether to compile for it."""

import importlib.util
import os
import shutil
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.threads import num_cores

from .errors import SettingError

GPUS = "CUDA_VISIBLE_DEVICES"
"""The environment variable that says which CUDA devices a process may use."""
DEVICES = ("auto", "cpu", "cuda", "mps")
_FULL = (
    "can't allocate memory",
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "Triton Error [CUDA]: out of memory",
    "Cuda failure 2 'out of memory'",
)
"""What a CPU's allocator, CUDA, its matrix products, kernels that were compiled, and NCCL say where memory is full."""


def pick_device(name: str) -> torch.device:
    """The device called `name`; ``"auto"`` takes CUDA where there is some, else the CPU; mps is taken by name only.

    Raises:
        SettingError: there is no such device here.
    """
    available = {"auto": True, "cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if name not in available:
        raise SettingError(f"no device is called {name!r}; known: {', '.join(DEVICES)}")
    if not available[name]:
        raise SettingError(f"this machine has no {name} device that torch can use; take --device cpu")
    kind = name if name != "auto" else "cuda" if available["cuda"] else "cpu"
    return _own_cuda_device() if kind == "cuda" and "LOCAL_RANK" in os.environ else torch.device(kind)


def _own_cuda_device() -> torch.device:
    """The device of this process's number, as every process of a machine has its own under torchrun.

    Raises:
        SettingError: there are fewer.
    """
    number, count = os.environ["LOCAL_RANK"], torch.cuda.device_count()
    if not number.isdecimal() or int(number) >= count:
        raise SettingError(
            f"LOCAL_RANK is {number!r:.50}, and this machine has {count} CUDA devices, counted from 0; start as many "
            f"processes as there are (torchrun --nproc-per-node {count})"
        )
    device = torch.device("cuda", int(number))
    torch.cuda.set_device(device)
    return device


def num_devices(name: str) -> int:
    """How many trainings find a core or a GPU of their own on the device called `name`; see `pick_device`."""
    kind = pick_device(name).type
    return {"cpu": num_cores(), "cuda": torch.cuda.device_count()}.get(kind, 1)


def visible_gpus(name: str) -> list[str]:
    """The CUDA devices that this process may use, as `GPUS` names them; none where `name` is another device."""
    if pick_device(name).type != "cuda":
        return []
    named = [one.strip() for one in os.environ.get(GPUS, "").split(",") if one.strip()]
    return named or [str(number) for number in range(torch.cuda.device_count())]


def is_out_of_memory(error: Exception) -> bool:
    """Whether there was no memory: NumPy and a GPU's allocator have an error for that, all others a text."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or any(text in str(error) for text in _FULL)


def as_tokens(values: NDArray[np.integer], device: torch.device) -> Tensor:
    """Tokens or identifiers of any integer dtype as int64 on `device`."""
    return torch.from_numpy(values.astype(np.int64)).to(device)


@dataclass(frozen=True, slots=True)
class CompileChoice:
    """Whether to call torch.compile, one line that says why, and whether its kernels are replayed as CUDA graphs."""

    wanted: bool
    reason: str
    graphs: bool = False


def find_compiler() -> str | None:
    """A C++ compiler that torch.compile could use on the CPU: ``$CXX``, or the usual names."""
    return next(
        (path for name in (os.environ.get("CXX", ""), "g++", "clang++", "cl") if (path := shutil.which(name))), None
    )


def choose_compile(device: torch.device, wish: str) -> CompileChoice:
    """Whether torch.compile is used on `device`.

    Args:
        device: where the network runs.
        wish: ``"auto"``, ``"on"``, ``"graphs"`` or ``"off"``.

    Raises:
        SettingError: CUDA graphs are asked for, and the device has none.
    """
    if wish == "off":
        return CompileChoice(False, "torch.compile is off")
    if wish == "graphs" and device.type != "cuda":
        raise SettingError(f"CUDA graphs need CUDA, and training is on {device.type}; take --compile on or auto")
    if device.type == "cuda":
        if importlib.util.find_spec("triton") is None:
            return CompileChoice(False, "torch.compile is not used: triton is not installed")
        graphs = wish == "graphs"
        return CompileChoice(True, "torch.compile is on" + (", with CUDA graphs" if graphs else ""), graphs)
    if device.type == "mps":
        return CompileChoice(False, "torch.compile is not used on mps")
    return _choose_on_cpu(wish)


def _choose_on_cpu(wish: str) -> CompileChoice:
    if find_compiler() is None:
        return CompileChoice(False, "torch.compile is not used: no C++ compiler was found")
    if wish == "auto":
        return CompileChoice(False, "torch.compile is not used: on a CPU its start costs more than it saves in minutes")
    return CompileChoice(True, "torch.compile is on")
