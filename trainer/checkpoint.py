"""Checkpoints: everything that the next step depends on, in one file that is either whole or absent.

A file is written by `shards.files`; it is read with ``weights_only=True``, so nothing in it is executed. The last
`KEEP` are kept.
"""

import re
from pathlib import Path
from typing import Any

import torch

from trmpipe.shards.files import write_atomically

from .errors import NoRunError, RunError, RunWriteError

CHECKPOINT_VERSION = 2
KEEP = 3
_NAME = re.compile(r"step-(\d{6,})\.pt")


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint after `step` lies: ``<folder>/step-000123.pt``."""
    return folder / f"step-{step:06d}.pt"


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder by rising step; temporary files do not count."""
    if not folder.is_dir():
        return []
    found = [(int(match[1]), path) for path in folder.iterdir() if (match := _NAME.fullmatch(path.name))]
    return [path for _, path in sorted(found)]


def save_checkpoint(folder: Path, step: int, state: dict[str, Any], *, keep: int = KEEP) -> Path:
    """Write `state` as the checkpoint after `step`, then drop all but the last `keep`.

    Args:
        folder: the run's checkpoints; made where it is missing.
        step: number of steps taken.
        state: tensors, numbers, strings and containers of them.
        keep: number of checkpoints to leave, at least 1.

    Raises:
        RunWriteError: the disk is full or the folder cannot be written to; no part of the file is left.
    """
    path = checkpoint_path(folder, step)
    whole = {**state, "checkpoint_version": CHECKPOINT_VERSION, "step": step}
    try:
        write_atomically(path, lambda file: torch.save(whole, file))
    except (OSError, RuntimeError) as error:
        # torch's own writer hides the reason, most often a full disk, behind lines on its internals.
        reason = error.strerror if isinstance(error, OSError) else "the disk may be full"
        raise RunWriteError(
            f"the checkpoint {path} could not be written ({reason}); free some space and go on with --resume, "
            "or give another --out"
        ) from error
    for old in list_checkpoints(folder)[:-keep]:
        old.unlink(missing_ok=True)
    return path


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The state in a checkpoint, on the CPU.

    Raises:
        NoRunError: there is no such file.
        RunError: it is damaged, or of another version of trmpipe.
    """
    if not path.is_file():
        raise NoRunError(f"there is no checkpoint {path}; give a run folder that `trmpipe train` wrote")
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        version = state["checkpoint_version"]
    except Exception as error:
        raise RunError(
            f"the checkpoint {path} is damaged ({type(error).__name__}); delete it to go on from the one before"
        ) from error
    if version != CHECKPOINT_VERSION:
        raise RunError(
            f"the checkpoint {path} has version {version}, this trmpipe reads {CHECKPOINT_VERSION}; "
            "use the trmpipe that wrote it"
        )
    return state
