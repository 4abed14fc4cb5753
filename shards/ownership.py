"""One owner at a time for every folder that is written: a second command is refused, and told who is at work there.

On a file system the operating system holds the lock (flock, by the library `filelock`) and lets go of it when its
process ends, however that ends. Object stores have no locks: there the owner puts a note that nobody else can put, and
renews it as long as it is at work; a note that was not renewed for ten minutes is that of a command that was broken
off, and is taken over.
"""

import os
import socket
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from .digests import canonical_json
from .errors import DamagedError, OwnedError, WriteError
from .fields import Count, Word
from .json_files import read_json
from .store import Store

_RENEW_SECONDS = 60
_STALE_SECONDS = 600
_MOST_BYTES = 1 << 16
# A lock file that its owner removes meanwhile is noticed at the next try.
_TRY_SECONDS = 0.2


@contextmanager
def owned(store: Store, folder: str = "") -> Iterator[None]:
    """Own what is written at `store` for the time of a ``with`` block.

    Args:
        store: the folder that is written.
        folder: where in it the lock and a note on its owner are kept; made where it is missing, and removed in the end
            if it is empty then.

    Raises:
        OwnedError: another command owns it; the message says which and since when.
        WriteError: the lock cannot be written.
    """
    lock, note = (f"{folder}/{name}".lstrip("/") for name in (".lock", ".owner.json"))
    yield from _locked(store, lock, note) if store.is_local else _leased(store, note)


def _locked(store: Store, lock: str, note: str) -> Generator[None, None, None]:
    from filelock import FileLock, Timeout

    path = Path(store.locate(lock))
    folders = _make_folders(store, path.parent)
    held = FileLock(path, is_singleton=False)
    try:
        held.acquire(timeout=_TRY_SECONDS, poll_interval=_TRY_SECONDS / 4)
    except Timeout:
        raise _owned_by(store, note) from None
    except OSError as error:
        raise WriteError(f"cannot write {path}: {error.strerror or error}; choose another folder") from error
    try:
        store.write(note, _Owner().note())
        yield
    finally:
        with suppress(OSError):
            store.remove(note)
        # Removed while it is held: whoever opened it meanwhile finds that the name is another file's, and tries again.
        with suppress(OSError):
            path.unlink()
        held.release()
        for empty in folders:
            with suppress(OSError):
                empty.rmdir()


def _make_folders(store: Store, folder: Path) -> list[Path]:
    """Make a folder and those above it; returns those to remove in the end if they are empty, the innermost first."""
    made = [path for path in (folder, *folder.parents) if path == folder or not path.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise WriteError(
            f"cannot write {store.url}: {error.strerror}; choose another folder, then run the same command again"
        ) from error
    return made


def _leased(store: Store, note: str) -> Generator[None, None, None]:
    ours = _Owner()
    if not store.create(note, ours.note()):
        there = _read_note(store, note)
        if there is not None and time.time() - there.renewed < _STALE_SECONDS:
            raise _owned_by(store, note)
        store.write(note, ours.note())
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(_RENEW_SECONDS):
            with suppress(WriteError):
                store.write(note, ours.note())

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
        store.remove(note)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """Who owns a folder: a process of a machine, since when (as text), and when it last said so (seconds)."""

    host: Word = field(default_factory=socket.gethostname)
    pid: Count = field(default_factory=os.getpid)
    since: Word = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M:%S %z"))
    renewed: float = 0.0

    def note(self) -> bytes:
        """The owner's note, renewed now."""
        return canonical_json({**asdict(self), "renewed": time.time()})


def _read_note(store: Store, note: str) -> _Owner | None:
    try:
        return read_json(store.read(note, most_bytes=_MOST_BYTES), _Owner, note, "delete it")
    except DamagedError:
        return None


def _owned_by(store: Store, note: str) -> OwnedError:
    owner = _read_note(store, note)
    who = f"process {owner.pid} on {owner.host}, since {owner.since}" if owner else "another process"
    return OwnedError(
        f"another command is writing {store.url} ({who}); wait until it has ended, or choose another folder"
    )
