"""Files of tensors by name that anybody may have written: those of ``torch.save`` and of safetensors.

Nothing in a file is executed: of torch's files only dense tensors in mappings are read, after the checks of
`checkpoint`; safetensors has no code in it. No tensor is looked at that would take more memory than the file has bytes.
"""

import zipfile
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from trmpipe.shards.files import write_atomically

from ..errors import NoRunError, RunError, RunWriteError
from ..files import is_file
from ..runs.checkpoint import refuse_other_content

SAFETENSORS = ".safetensors"
"""The suffix by which a file of that kind is known; all others are torch's."""
_MOST_TENSORS = 10_000
_MOST_LETTERS = 200
_SAVED = "expected what torch.save makes of a state dict, or a file of safetensors"


def read_tensors(path: Path) -> dict[str, Tensor]:
    """The tensors in a file, by name, on the CPU; they may be views of the file.

    Raises:
        NoRunError: there is no such file.
        RunError: it is damaged, or holds other things than dense tensors of floating-point numbers.
    """
    if not is_file(path):
        raise NoRunError(f"there is no file {path!s:.200}; give a file of published weights, such as step_65100")
    try:
        found = _read(path)
        _refuse_other_values(found, path.stat().st_size)
        return {name: tensor.detach().contiguous() for name, tensor in found.items()}
    except OSError as error:
        raise RunError(f"{path} cannot be read ({error.strerror or type(error).__name__}); {_SAVED}") from error
    except Exception as error:
        reason = error if isinstance(error, RunError) else f"it is damaged: {type(error).__name__}"
        raise RunError(f"{path} cannot be read ({reason}); {_SAVED}") from error


def _read(path: Path) -> Any:
    if path.suffix == SAFETENSORS:
        return safetensors.torch.load_file(path)
    if not zipfile.is_zipfile(path):
        raise RunError("it is no zip archive")
    refuse_other_content(path)
    return torch.load(path, map_location="cpu", weights_only=True, mmap=True)


def _refuse_other_values(found: Any, most_bytes: int) -> None:
    """Refuse all but a mapping from words to dense tensors of numbers with at most so many bytes together."""
    if not isinstance(found, Mapping) or not 1 <= len(found) <= _MOST_TENSORS:
        what = f"{len(found):,} tensors" if isinstance(found, Mapping) else type(found).__name__
        raise RunError(f"it holds {what}")
    left = most_bytes
    for name, tensor in found.items():
        if not (isinstance(name, str) and name.isprintable() and len(name) <= _MOST_LETTERS):
            raise RunError("a tensor's name is no word")
        if not isinstance(tensor, Tensor):
            raise RunError(f"{name} is no tensor but {type(tensor).__name__}")
        if tensor.layout != torch.strided or tensor.device.type != "cpu" or not tensor.is_floating_point():
            raise RunError(f"{name} is no dense tensor of floating-point numbers but {str(tensor.dtype)[6:]}")
        left -= tensor.numel() * tensor.element_size()
        # One that repeats its numbers, by strides of 0, would take any amount of memory.
        if left < 0:
            raise RunError(f"up to {name} its tensors have more numbers than the file")


def is_exported(path: Path) -> bool:
    """Whether a file is one that `write_tensors` writes; checkpoints of runs, which hold their digest, are not."""
    if path.suffix == SAFETENSORS:
        try:
            with safetensors.safe_open(path, framework="pt"):
                return True
        except (OSError, safetensors.SafetensorError):
            return False
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return not archive.comment and any(name.endswith("/data.pkl") for name in archive.namelist())


def write_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write tensors so that the file is whole or absent; by its suffix a file of safetensors, else one of torch.

    Raises:
        RunWriteError: it cannot be written.
    """
    plain = OrderedDict((name, tensor.detach().cpu().contiguous()) for name, tensor in tensors.items())
    try:
        if path.suffix == SAFETENSORS:
            write_atomically(path, safetensors.torch.save(plain))
        else:
            write_atomically(path, lambda file: torch.save(plain, file))
    except (OSError, RuntimeError) as error:
        # torch's own writer hides the reason, most often a full disk, behind lines on its internals.
        reason = error.strerror if isinstance(error, OSError) else "the disk may be full"
        raise RunWriteError(f"{path} could not be written ({reason}); free some space or give another --out") from error
