"""One owner at a time for every folder that is written: a second command is refused, and told who is at work there.

On a file system the operating system holds the lock (flock, by the library `filelock`) and lets go of it when its
process ends, however that ends. Object stores have no locks: there the owner puts a note that nobody else can put (S3
and Google Cloud Storage put it only where nothing is), and renews it as long as it is at work; a note that was not
renewed for ten minutes is that of a command that was broken off, and is taken over. An owner that was held up for so
long finds another's note when it renews its own, and owns nothing from then on: whoever writes what counts asks
`Ownership.check` before.
"""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trmpipe.generators.errors import TrmpipeError

from .digests import canonical_json
from .errors import DamagedError, OwnedError, WriteError
from .fields import Count, Word
from .json_files import read_json
from .store import Store

_RENEW_SECONDS = 60
_STALE_SECONDS = 600
_SETTLE_SECONDS = 2.0
"""A note that replaced a stale one has to stand so long: of several who replace it at once the last one's stays."""
_MOST_BYTES = 1 << 16
# A lock file that its owner removes meanwhile is noticed at the next try.
_TRY_SECONDS = 0.2
# So long a folder that vanishes between its making and the lock's is made again.
_FOLDER_SECONDS = 2.0
NOTES = (".lock", ".owner.json")
"""Names of the lock and of the note on its owner; they are `owned`'s to remove."""


@dataclass(frozen=True, slots=True)
class Ownership:
    """That a folder is owned.

    Attributes:
        check: raises OwnedError if it is not owned any more: another command took it over, or the folder was deleted.
    """

    check: Callable[[], None]


@contextmanager
def owned(store: Store, folder: str = "") -> Iterator[Ownership]:
    """Own what is written at `store` for the time of a ``with`` block.

    Args:
        store: the folder that is written.
        folder: where in it the lock and a note on its owner are kept; made where it is missing, and removed in the end
            if it is empty then.

    Raises:
        OwnedError: another command owns it; the message says which and since when.
        WriteError: the lock cannot be written.
    """
    lock, note = (f"{folder}/{name}".lstrip("/") for name in NOTES)
    yield from _locked(store, lock, note) if store.is_local else _leased(store, note)


def _locked(store: Store, lock: str, note: str) -> Generator[Ownership, None, None]:
    from filelock import FileLock

    path = Path(store.locate(lock))
    folders = _folders_to_remove(path.parent)
    held = FileLock(path, is_singleton=False)
    _acquire(held, store, note)
    there: os.stat_result | None = None

    def is_ours() -> bool:
        with suppress(OSError):
            return there is not None and os.path.samestat(there, path.stat())
        return False

    def check() -> None:
        if not is_ours():
            raise OwnedError(
                f"{path} was deleted while this command was writing, so that it does not own the folder any more; "
                "run the same command again"
            )

    try:
        there = path.stat()
        store.write(note, _Owner().note())
        yield Ownership(check)
    finally:
        if is_ours():
            with suppress(OSError):
                store.remove(note)
            # Removed while it is held: whoever opened it meanwhile finds that the name is another file's, and tries
            # again.
            with suppress(OSError):
                path.unlink()
        held.release()
        for empty in folders:
            with suppress(OSError):
                empty.rmdir()


def _acquire(held: Any, store: Store, note: str) -> None:
    """Take a lock, in a folder that its last owner may be removing just now."""
    from filelock import Timeout

    ended = time.monotonic() + _FOLDER_SECONDS
    while True:
        try:
            Path(held.lock_file).parent.mkdir(parents=True, exist_ok=True)
            held.acquire(timeout=_TRY_SECONDS, poll_interval=_TRY_SECONDS / 4)
            return
        except Timeout:
            raise _owned_by(store, note) from None
        except OSError as error:
            if isinstance(error, FileNotFoundError) and time.monotonic() < ended:
                continue
            raise WriteError(
                f"cannot write {store.url}: {error.strerror or error}; choose another folder, then run the same "
                "command again"
            ) from error


def _folders_to_remove(folder: Path) -> list[Path]:
    """A folder and those above it that are yet to be made, the innermost first."""
    return [path for path in (folder, *folder.parents) if path == folder or not path.exists()]


def _leased(store: Store, note: str) -> Generator[Ownership, None, None]:
    ours = _Owner()
    if not store.create(note, ours.note()):
        _replace_stale(store, note, ours)
    lost, ended = threading.Event(), threading.Event()

    def check() -> None:
        if lost.is_set() or _is_anothers(store, note, ours):
            lost.set()
            raise _owned_by(store, note)

    def renew() -> None:
        while not lost.is_set() and not ended.wait(_RENEW_SECONDS):
            # What cannot be read or written for once is tried again; the note stays ours for ten minutes.
            with suppress(TrmpipeError):
                check()
                store.write(note, ours.note())

    thread = threading.Thread(target=renew, daemon=True)
    thread.start()
    try:
        yield Ownership(check)
    finally:
        ended.set()
        thread.join()
        if not lost.is_set() and not _is_anothers(store, note, ours):
            store.remove(note)


def _is_anothers(store: Store, note: str, ours: "_Owner") -> bool:
    """Whether the note is gone or another's; one that cannot be read just now may still be ours."""
    try:
        there = read_json(store.read(note, most_bytes=_MOST_BYTES), _Owner, note, "delete it")
    except DamagedError as error:
        return isinstance(error.__cause__, FileNotFoundError) or not isinstance(error.__cause__, OSError)
    return there.token != ours.token


def _replace_stale(store: Store, note: str, ours: "_Owner") -> None:
    """Put our note in the place of one that is stale.

    Raises:
        OwnedError: it is not stale, or another command replaced it at the same time.
    """
    there = _read_note(store, note)
    if there is not None and time.time() - there.renewed < _STALE_SECONDS:
        raise _owned_by(store, note)
    store.write(note, ours.note())
    time.sleep(_SETTLE_SECONDS)
    there = _read_note(store, note)
    if there is None or there.token != ours.token:
        raise _owned_by(store, note)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Owner:
    """Who owns a folder: a process of a machine, since when, when it last said so (seconds), and a word of its own."""

    host: Word = field(default_factory=socket.gethostname)
    pid: Count = field(default_factory=os.getpid)
    since: Word = field(default_factory=lambda: time.strftime("%Y-%m-%d %H:%M:%S %z"))
    renewed: float = 0.0
    token: Word = field(default_factory=lambda: uuid.uuid4().hex)

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
