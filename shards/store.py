"""Files of one corpus: whole files in, whole files out, each committed atomically.

A root is a local folder or an fsspec URL of an allowed protocol (see `urls`: ``memory://``, ``s3://``). Local files are
written as `files` does it. Object stores commit a put atomically already, so there a plain put is used. Only regular
files are read: what claims to be a shard may be a device without end, or a pipe that nobody writes to.
"""

import os
import shutil
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from .errors import CorpusError, DamagedError, WriteError
from .files import is_temporary, write_atomically
from .urls import check_url, reached

SCRATCH = "writing-"
"""How folders for half-written files begin; the rest of the name is of that time alone."""
_REMOVALS = 100


class Store:
    """The files below one root, by relative paths with ``/``.

    Args:
        root: a local folder or an fsspec URL.
        scratch: folder below the root for files that are being written, see `scratch`; by default they lie beside
            those that they become.

    Raises:
        CorpusError: the URL may not be opened, or needs a package that is not there.
    """

    def __init__(self, root: str | os.PathLike[str], scratch: str | None = None) -> None:
        import fsspec

        check_url(os.fspath(root))
        self._filesystem: Any
        try:
            self._filesystem, path = fsspec.core.url_to_fs(os.fspath(root))
        except (ImportError, ValueError) as error:
            raise CorpusError(
                f"cannot open {root}: {' '.join(str(error).split())}; give a folder, or install what the URL needs "
                "(such as `pip install 'trmpipe[s3]'`)"
            ) from error
        self._root = str(path).rstrip("/")
        self._scratch = scratch
        self.is_local = "file" in _protocols(self._filesystem)
        if not self.is_local:
            self._filesystem = _Reaching(self._filesystem, os.fspath(root))
        self.url = self._root if self.is_local else self._filesystem.unstrip_protocol(self._root)

    def __repr__(self) -> str:
        return f"Store({self.url!r})"

    def __reduce__(self) -> tuple[type["Store"], tuple[str, str | None]]:
        return Store, (self.url, self._scratch)

    @property
    def name(self) -> str:
        """Last part of the root."""
        return self._root.rsplit("/", 1)[-1]

    def locate(self, path: str) -> str:
        """The full name of `path`, as messages show it."""
        return f"{self.url}/{path}" if path else self.url

    def exists(self, path: str = "") -> bool:
        """Whether there is a file or folder at `path`, by default at the root."""
        return bool(self._filesystem.exists(self._full(path)))

    def is_folder(self) -> bool:
        """Whether there is a folder at the root."""
        return bool(self._filesystem.isdir(self._root))

    def list_files(self) -> list[str]:
        """All files below the root, sorted."""
        start = len(self._root) + 1
        found = self._filesystem.find(self._root) if self.exists() else []
        return sorted(str(path)[start:] for path in found)

    def linked_folder(self) -> str | None:
        """A folder below a local root that is a symbolic link, by which what is written would lie elsewhere."""
        for folder, names, _ in os.walk(self._root) if self.is_local else ():
            for name in sorted(names):
                path = f"{folder}/{name}"
                if os.path.islink(path):
                    return path[len(self._root) + 1 :]
        return None

    def list_folder(self) -> list[str]:
        """Names of the files and folders directly below the root, sorted."""
        if not self._filesystem.isdir(self._root):
            return []
        self._filesystem.invalidate_cache(self._root)
        return sorted(
            str(path).rstrip("/").rsplit("/", 1)[-1] for path in self._filesystem.ls(self._root, detail=False)
        )

    def matches(self) -> list[str]:
        """What the root matches as a pattern of shells, sorted; each can be the root of a store."""
        found = sorted(str(path).rstrip("/") for path in self._filesystem.glob(self._root))
        return found if self.is_local else [self._filesystem.unstrip_protocol(path) for path in found]

    def modified(self, path: str) -> float:
        """When a file was last written, in seconds since 1970."""
        return float(self._filesystem.modified(self._full(path)).timestamp())

    def read(self, path: str, *, size_bytes: int | None = None, most_bytes: int | None = None) -> bytes:
        """The bytes of one file; one of another size than expected is refused before it is read.

        Args:
            path: of the file.
            size_bytes: its size, where that is known.
            most_bytes: its size at most, where that is known.

        Raises:
            DamagedError: it is missing, no regular file, of another size, or cannot be read.
        """

        def check(found: int) -> None:
            least, most = size_bytes or 0, most_bytes if size_bytes is None else size_bytes
            if found < least or (most is not None and found > most):
                expected = f"{most}" if size_bytes is not None else f"{most} at most"
                raise DamagedError(
                    f"{self.locate(path)} is damaged: it has {found} bytes, expected {expected}; "
                    "restore the file, or delete the corpus and generate it again"
                )

        try:
            if self.is_local:
                return _read_regular(self._full(path), check)
            check(int(self._filesystem.size(self._full(path)) or 0))
            return bytes(self._filesystem.cat_file(self._full(path)))
        except OSError as error:
            raise DamagedError(
                f"cannot read {self.locate(path)}: {_reason(error)}; restore the file or generate the corpus again"
            ) from error

    def write(self, path: str, data: bytes) -> None:
        """Commit `data` under `path`, replacing what is there; after an error nothing is left behind.

        Raises:
            WriteError: the file system refused (full, read-only, no permission).
        """
        try:
            if self.is_local:
                write_atomically(self._full(path), data, self._scratch and self._full(self._scratch))
            else:
                self._filesystem.pipe_file(self._full(path), data)
        except OSError as error:
            raise self._refused(path, error) from error

    def create(self, path: str, data: bytes) -> bool:
        """Commit `data` under `path` unless something is there; of several who try at once one succeeds.

        Only for object stores and memory, which offer it.

        Returns:
            Whether it was written.

        Raises:
            WriteError: the store refused.
        """
        try:
            self._filesystem.pipe_file(self._full(path), data, mode="create")
        except OSError as error:
            if not isinstance(error, FileExistsError) and not self.exists(path):
                raise WriteError(f"cannot write {self.locate(path)}: {_reason(error)}; choose another place") from error
            return False
        return True

    def size_bytes(self, path: str) -> int | None:
        """Size of a file, or None where there is none."""
        try:
            return int(self._filesystem.size(self._full(path)))
        except (FileNotFoundError, NotADirectoryError):
            return None

    def remove(self, path: str) -> None:
        """Delete a file or a whole folder, if it is there."""
        if self.exists(path):
            self._filesystem.rm(self._full(path), recursive=True)

    @contextmanager
    def scratch(self, folder: str) -> Iterator["Store"]:
        """A store whose writers need a folder that is there only for the time of a ``with`` block.

        A writer that goes on after the block, such as a worker that was given up for dead, fails and leaves nothing:
        its half-written file goes with the folder, and without the folder it can begin no other. Object stores have
        no half-written files, and need no folder.

        Args:
            folder: where that folder lies below the root; it gets a name that no earlier one had, and those that
                killed commands left are removed.

        Raises:
            WriteError: the file system refused.
        """
        if not self.is_local:
            yield self
            return
        scratch = f"{folder}/{SCRATCH}{uuid.uuid4().hex}"
        for name in Store(self.locate(folder)).list_folder():
            if name.startswith(SCRATCH):
                self._remove_scratch(f"{folder}/{name}")
        try:
            os.makedirs(self._full(scratch))
        except OSError as error:
            raise self._refused(scratch, error) from error
        try:
            yield Store(self.url, scratch)
        finally:
            self._remove_scratch(scratch)

    def remove_temporaries(self) -> int:
        """Delete what killed writers left behind, only while no writer is at work; returns how many files."""
        stale = [path for path in self.list_files() if is_temporary(path)]
        for path in stale:
            # A writer that was given up for dead may still finish its file.
            with suppress(FileNotFoundError):
                self._filesystem.rm_file(self._full(path))
        return len(stale)

    def _remove_scratch(self, scratch: str) -> None:
        path = self._full(scratch)
        for _ in range(_REMOVALS):
            shutil.rmtree(path, ignore_errors=True)
            # A late writer may have begun a file between the look into the folder and its removal.
            if not os.path.exists(path):
                return

    def _refused(self, path: str, error: OSError) -> WriteError:
        in_the_way = isinstance(error, FileExistsError | NotADirectoryError)
        reason = "a file lies where its folder has to be" if in_the_way else _reason(error)
        advice = "delete that file" if in_the_way else "make room"
        return WriteError(
            f"cannot write {self.locate(path)}: {reason}; {advice} or choose another folder, then run the same command "
            "again"
        )

    def _full(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root


class _Reaching:
    """A file system elsewhere, whose own exceptions are told as `urls.reached` does it.

    Args:
        filesystem: of fsspec.
        url: for messages.
    """

    def __init__(self, filesystem: Any, url: str) -> None:
        self._filesystem, self._url = filesystem, url

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._filesystem, name)
        if not callable(found):
            return found

        def call(*arguments: Any, **options: Any) -> Any:
            with reached(self._url):
                return found(*arguments, **options)

        return call


def _read_regular(path: str, check: Callable[[int], None]) -> bytes:
    """The bytes of a local file whose size `check` does not refuse."""
    # Without O_NONBLOCK to open a pipe would wait for its writer.
    with open(os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)), "rb", buffering=0) as file:
        about = os.fstat(file.fileno())
        if not stat.S_ISREG(about.st_mode):
            raise OSError("it is no regular file")
        check(about.st_size)
        return file.read()


def _protocols(filesystem: Any) -> tuple[str, ...]:
    protocol = filesystem.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
