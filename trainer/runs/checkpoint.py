"""Checkpoints: everything that the next step depends on, in one file that is either whole or absent.

A checkpoint is the zip file that torch writes, and its comment, the last 64 bytes of the file, is the SHA-256 of all
bytes before: ``head -c -64 FILE | sha256sum`` checks it. It is compared before anything else is read, so no changed bit
is believed. *Rejected:* the digest in a file beside it, since two files can be parted, by a kill or by a copy.

A digest that fits says nothing of who wrote the file. It is read with ``weights_only=True``, so nothing in it is
executed. Only plain values and dense tensors are read, which lie in the file as they are and are mapped into memory, so
that its size bounds what it takes.

The last ones are kept, `KEEP` of them where a run says nothing else, and the best one under a name of its own.
"""

import hashlib
import pickletools
import re
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, cast

import torch

from trmpipe.shards.files import write_atomically

from ..errors import NoRunError, RunError, RunWriteError

CHECKPOINT_VERSION = 3
KEEP = 3
_NAME = re.compile(r"step-(\d{6,18})\.pt")
_BEST = re.compile(r"best-step-(\d{6,18})\.pt")
_DIGEST_BYTES = 64
_COMMENT_LENGTH = _DIGEST_BYTES.to_bytes(2, "little")
_CHUNK_BYTES = 1 << 20
_MOST_PICKLE_BYTES = 4 << 20
"""A checkpoint's own, without its tensors, has some 100 bytes a tensor; unpickled, one byte can become 64."""
_GLOBAL = re.compile(
    r"torch\._utils _rebuild_tensor_v[23]|collections OrderedDict|torch (\w+Storage|u?int\d+|b?float\w+|bool)"
)
"""What a pickle may name: how a dense tensor is put together, and dtypes."""


def checkpoint_path(folder: Path, step: int) -> Path:
    """Where the checkpoint after `step` lies: ``<folder>/step-000123.pt``."""
    return folder / f"step-{step:06d}.pt"


def best_path(folder: Path, step: int) -> Path:
    """Where the checkpoint after `step` lies if it is the best one: ``<folder>/best-step-000123.pt``."""
    return folder / f"best-{checkpoint_path(folder, step).name}"


def step_of(path: Path) -> int:
    """The step in a checkpoint's name."""
    match = _NAME.fullmatch(path.name) or _BEST.fullmatch(path.name)
    return int(match[1]) if match else -1


def list_checkpoints(folder: Path) -> list[Path]:
    """The checkpoints in a folder by rising step, without the best ones; temporary files do not count."""
    return _named(_NAME, folder)


def list_best(folder: Path) -> list[Path]:
    """The best checkpoints in a folder by rising step: one, and a better one until the next checkpoint notes it."""
    return _named(_BEST, folder)


def _named(pattern: re.Pattern[str], folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted((path for path in folder.iterdir() if pattern.fullmatch(path.name)), key=step_of)


def advice_on(path: Path) -> str:
    """What to do about a checkpoint that is damaged: what is gone on with without it, by what lies beside it."""
    others = [other for other in list_checkpoints(path.parent) if other != path]
    best = [other for other in list_best(path.parent) if other != path]
    if others:
        return f"delete it to go on from the one after step {step_of(others[-1]):,}"
    if best:
        return f"delete it to go on from the best one, after step {step_of(best[-1]):,}"
    return "there is none beside it to go on from: restore it, or delete it to train from the start"


def keep_as_last(best: Path) -> None:
    """Copy the best checkpoint to where the ordinary one of its step lies: it holds as much.

    Raises:
        RunWriteError: it cannot be written.
    """
    with best.open("rb") as file:
        _write(checkpoint_path(best.parent, step_of(best)), lambda to: shutil.copyfileobj(file, to))


def save_checkpoint(
    folder: Path,
    step: int,
    state: dict[str, Any],
    *,
    keep: int = KEEP,
    check_owned: Callable[[], None] | None = None,
) -> Path:
    """Write `state` as the checkpoint after `step`, then drop all but the last `keep`.

    Args:
        folder: the run's checkpoints; made where it is missing.
        step: number of steps taken.
        state: tensors, numbers, strings and containers of them.
        keep: number of checkpoints to leave, at least 1.
        check_owned: is called before any is dropped; it raises where the folder has become another command's.

    Raises:
        RunWriteError: the disk is full or the folder cannot be written to; no part of the file is left.
    """
    path = checkpoint_path(folder, step)
    _save(path, step, state)
    if check_owned is not None:
        check_owned()
    drop_old_checkpoints(folder, keep=keep)
    return path


def save_best(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write `state`, that after `step`, as the best checkpoint.

    The one before stays until `drop_other_bests`: an ordinary checkpoint may be gone on with that knows of it alone.

    Args:
        folder: the run's checkpoints; made where it is missing.
        step: number of steps taken.
        state: as of `save_checkpoint`.

    Raises:
        RunWriteError: as `save_checkpoint`.
    """
    path = best_path(folder, step)
    _save(path, step, state)
    return path


def drop_other_bests(folder: Path, step: int | None) -> None:
    """Delete all best checkpoints but that after `step`; all of them where it is None."""
    for path in list_best(folder):
        if step_of(path) != step:
            path.unlink(missing_ok=True)


def _save(path: Path, step: int, state: dict[str, Any]) -> None:
    whole = {**state, "checkpoint_version": CHECKPOINT_VERSION, "step": step}
    _write(path, lambda file: write_checkpoint(file, whole))


def _write(path: Path, content: Callable[[BinaryIO], object]) -> None:
    try:
        write_atomically(path, content)
    except (OSError, RuntimeError) as error:
        # torch's own writer hides the reason, most often a full disk, behind lines on its internals.
        reason = error.strerror if isinstance(error, OSError) else "the disk may be full"
        raise RunWriteError(
            f"the checkpoint {path} could not be written ({reason}); free some space and go on with --resume, "
            "or give another --out"
        ) from error


def write_checkpoint(file: BinaryIO, whole: dict[str, Any]) -> None:
    """Write a checkpoint and its digest."""
    sealed = _Sealed(file)
    torch.save(whole, cast(BinaryIO, sealed))
    sealed.finish()


def drop_old_checkpoints(folder: Path, *, keep: int = KEEP) -> None:
    """Delete all checkpoints but the last `keep`."""
    for old in list_checkpoints(folder)[:-keep]:
        old.unlink(missing_ok=True)


class _Sealed:
    """A file that a zip archive is written to, which gets the digest of its bytes as the archive's comment.

    The length of the comment is the last thing in a zip file, two bytes that say 0: they are held back.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file, self._hash, self._held = file, hashlib.sha256(), b""

    def write(self, data: bytes) -> int:
        view = memoryview(data).cast("B")
        size = len(_COMMENT_LENGTH)
        if len(view) >= size:
            self._put(self._held)
            self._put(view[:-size])
            self._held = bytes(view[-size:])
        else:
            whole = self._held + bytes(view)
            self._put(whole[:-size])
            self._held = whole[-size:]
        return len(view)

    def flush(self) -> None:
        self._file.flush()

    def finish(self) -> None:
        self._put(_COMMENT_LENGTH)
        self._file.write(self._hash.hexdigest().encode())

    def _put(self, data: bytes | memoryview) -> None:
        self._file.write(data)
        self._hash.update(data)


def load_checkpoint(path: Path) -> dict[str, Any]:
    """The state in a checkpoint, on the CPU; its tensors are views of the file.

    Raises:
        NoRunError: there is no such file.
        RunError: it is damaged, or of another version of trmpipe.
    """
    if not path.is_file():
        raise NoRunError(f"there is no checkpoint {path}; give a run folder that `trmpipe train` wrote")
    try:
        _check_digest(path)
        refuse_other_content(path)
        state = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
        version = state["checkpoint_version"]
    except Exception as error:
        reason = error if isinstance(error, RunError) else type(error).__name__
        raise RunError(f"the checkpoint {path} is damaged ({reason}); {advice_on(path)}") from error
    if not isinstance(version, int) or version != CHECKPOINT_VERSION:
        shown = version if isinstance(version, int) else type(version).__name__
        raise RunError(
            f"the checkpoint {path} has version {shown}, this trmpipe reads {CHECKPOINT_VERSION}; "
            "use the trmpipe that wrote it"
        )
    return dict(state)


def digest_of(path: Path) -> str:
    """The digest that a checkpoint bears; whether it is that of its content is seen where it is loaded.

    Raises:
        RunError: it bears none, or cannot be read.
    """
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _DIGEST_BYTES))
            found = file.read().decode(errors="replace")
    except OSError as error:
        raise RunError(f"the checkpoint {path} cannot be read ({error.strerror}); {advice_on(path)}") from error
    if not re.fullmatch("[0-9a-f]{64}", found):
        raise RunError(f"the checkpoint {path} is damaged (it bears no digest); {advice_on(path)}")
    return found


def _check_digest(path: Path) -> None:
    """Refuse a file whose last bytes are not the digest of all before."""
    running, left = hashlib.sha256(), path.stat().st_size - _DIGEST_BYTES
    with path.open("rb") as file:
        while left > 0 and (chunk := file.read(min(left, _CHUNK_BYTES))):
            running.update(chunk)
            left -= len(chunk)
        if file.read() != running.hexdigest().encode():
            raise RunError("its digest is not that of its content")


def refuse_other_content(path: Path) -> None:
    """Refuse an archive that would take more memory than its size says, or name what no checkpoint holds.

    Raises:
        RunError: why, without the path.
        zipfile.BadZipFile: it is no archive.
    """
    with zipfile.ZipFile(path) as archive:
        if any(member.compress_type != zipfile.ZIP_STORED for member in archive.infolist()):
            raise RunError("it holds compressed parts")
        pickles = [member for member in archive.infolist() if member.filename.endswith(".pkl")]
        if len(pickles) != 1 or pickles[0].file_size > _MOST_PICKLE_BYTES:
            raise RunError("it holds more than tensors and a few plain values")
        for opcode, argument, _ in pickletools.genops(archive.read(pickles[0])):
            if "GLOBAL" in opcode.name and not _GLOBAL.fullmatch(str(argument)):
                raise RunError("it holds other things than plain values and tensors")
