"""Where the work runs: an embedded Dask cluster, or one that is there already.

The embedded cluster puts up to four threads into a process, the first of which is this one: kernels, hashing and file
writes leave the GIL, and a process of its own would cost two seconds of imports. Work is handed out lazily and a
bounded number of tasks is in flight, so a plan of any length takes no memory.
"""

import logging
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager, suppress
from importlib.machinery import ModuleSpec
from multiprocessing import resource_tracker
from typing import Any, TypeVar

from trmpipe.generators.jit import code_key
from trmpipe.generators.registry import code_folders
from trmpipe.generators.threads import num_cores

from .errors import ArgumentError, ClusterError
from .interrupts import HeldSignals

Result = TypeVar("Result")

_THREADS_PER_PROCESS = 4
_IN_FLIGHT_PER_WORKER = 3
_CONNECT_SECONDS = 10
_LOOK_SECONDS = 5
"""How long a result is waited for before a look whether there are workers at all."""
_WORKERLESS_SECONDS = 60
"""How long workers may be gone, all of them, before a run is given up: a worker takes seconds to start again."""
_SILENT = logging.CRITICAL + 1
"""A scheduler that closes amid work calls that critical."""
_UNSEEN = ModuleSpec("__main__", None)
_WORKERS_PER_CORE = 4
_LEAST_LIMIT = 16
"""So many workers may be asked for on any machine."""
_GO_ON = "run the same command again: it completes what is missing"


class Cluster:
    """Runs functions on workers.

    Args:
        client: a Dask client.
        num_workers: threads that work at the same time.
        address: of the scheduler, where a user gave one.
    """

    def __init__(self, client: Any, num_workers: int, address: str | None = None) -> None:
        self._client = client
        self._in_flight = _IN_FLIGHT_PER_WORKER * num_workers
        self._key = code_key(*code_folders())
        self._is_open = True
        self._address = address
        self.num_workers = num_workers

    def close(self) -> None:
        """Ask nothing more of the client: it is about to close, and lets go of what is still under way by itself."""
        self._is_open = False

    def share(self, value: Any) -> Any:
        """A stand-in for `value` that is sent to each worker once; pass it as an argument of its own.

        Raises:
            ClusterError: the workers or the scheduler are gone.
        """
        try:
            with self._asked():
                return self._client.scatter(value, broadcast=True, timeout=_WORKERLESS_SECONDS)
        except TimeoutError as error:
            raise self._no_workers() from error
        except OSError as error:  # A worker or the scheduler went away while it was sent.
            raise self._lost() from error

    def map(
        self, function: Callable[..., Result], arguments: Iterable[tuple[Any, ...]]
    ) -> Generator[Result, None, None]:
        """Results of ``function(*argument)`` in the order of `arguments`, which are drawn as workers get free.

        Closing the generator early gives up what is still under way.

        Raises:
            ClusterError: the workers or the scheduler are gone, or do not run the code that this process runs.
        """
        from distributed import CancelledError, KilledWorker

        pending: deque[Any] = deque()
        try:
            for argument in arguments:
                with self._asked():
                    pending.append(self._client.submit(_run_checked, self._key, function, *argument, pure=False))
                if len(pending) >= self._in_flight:
                    yield self._result(pending.popleft())
            while pending:
                yield self._result(pending.popleft())
        except KilledWorker as error:
            raise ClusterError(
                f"a task was given up after {error.allowed_failures + 1} workers died on it; see the workers' logs, "
                f"then {_GO_ON}"
            ) from error
        except CancelledError as error:
            raise self._lost() from error
        finally:
            # A generator that an error left behind may be closed after the client.
            if pending and self._is_open and self._client.status == "running":
                self._client.cancel(list(pending))

    def _result(self, future: Any) -> Any:
        """The result of a task, which waits while there are no workers, but not for ever."""
        workerless_since: float | None = None
        while True:
            try:
                return future.result(timeout=_LOOK_SECONDS)
            except TimeoutError:
                if future.done():  # A large result, or the task's own error.
                    return future.result()
            if self._has_workers():
                workerless_since = None
            elif workerless_since is None:
                workerless_since = time.monotonic()
            elif time.monotonic() - workerless_since > _WORKERLESS_SECONDS:
                raise self._no_workers()

    def _has_workers(self) -> bool:
        try:
            with self._asked():
                return bool(self._client.nthreads())
        except OSError as error:
            raise self._no_scheduler() from error

    @contextmanager
    def _asked(self) -> Iterator[None]:
        """While the client is asked: one that lost the scheduler and could not find it again closes itself, even now.

        Dask says so with RuntimeError or a plain Exception, by the place where the closing met the question.
        """
        if self._client.status == "closed":
            raise self._no_scheduler()
        try:
            yield
        except OSError:
            raise
        except Exception as error:
            if self._client.status in ("closing", "closed"):
                raise self._no_scheduler() from error
            raise

    def _lost(self) -> ClusterError:
        """Why tasks were cancelled that nobody here cancelled: what they need is gone, or all is."""
        if self._client.status != "running":
            return self._no_scheduler()
        try:
            self._has_workers()
        except ClusterError as error:
            return error
        return ClusterError(
            f"all workers{self._at()} that held data of this run were lost, as where memory runs out; see their logs, "
            f"then {_GO_ON}"
        )

    def _no_workers(self) -> ClusterError:
        start = f"start some with `dask worker {self._address}`, then " if self._address else ""
        return ClusterError(
            f"all workers{self._at()} were lost and none came back within {_WORKERLESS_SECONDS} s; {start}{_GO_ON}"
        )

    def _no_scheduler(self) -> ClusterError:
        return ClusterError(f"the scheduler{self._at()} has gone away; {_GO_ON}")

    def _at(self) -> str:
        return f" at {self._address}" if self._address else ""


def _run_checked(key: str, function: Callable[..., Result], *arguments: Any) -> Result:
    """Run `function` on a worker, if that has the code that the driver has: other code could write other bytes."""
    here = code_key(*code_folders())
    if here != key:
        raise ClusterError(
            f"a worker's trmpipe or Numba differs from this process's (kernel code {here}, here {key}); "
            "install the same versions on all workers"
        )
    return function(*arguments)


def check_workers(workers: int | None, scheduler: str | None = None) -> None:
    """Refuse more workers than this machine can run: each takes memory, and past the cores they only wait.

    Args:
        workers: as for `open_cluster`.
        scheduler: likewise.

    Raises:
        ArgumentError: there are too many, or fewer than one.
    """
    most = max(_LEAST_LIMIT, _WORKERS_PER_CORE * num_cores())
    if scheduler is None and workers is not None and not 1 <= workers <= most:
        raise ArgumentError(
            f"--workers is {workers}; expected 1 to {most}, as this process may use {num_cores()} cores"
        )


@contextmanager
def open_cluster(workers: int | None = None, scheduler: str | None = None) -> Iterator[Cluster]:
    """A cluster for the time of a ``with`` block.

    Args:
        workers: threads that work at the same time; by default one a core that this process may use.
        scheduler: address of an existing Dask scheduler, such as ``tcp://host:8786``; `workers` is ignored there.

    Raises:
        ClusterError: nothing answers at `scheduler`, or it has no workers.
    """
    with _quiet_dask():
        if scheduler is not None:
            yield from _existing(scheduler)
        else:
            yield from _embedded(workers or num_cores())


def _existing(address: str) -> Generator[Cluster, None, None]:
    from distributed import Client

    try:
        client = Client(address, timeout=_CONNECT_SECONDS)
    # Dask's answer to tls:// without a certificate is a TypeError.
    except (OSError, ValueError, TypeError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address}; start one with `dask scheduler` or leave out --scheduler"
        ) from error
    with _closed_after(client):
        threads = sum(client.nthreads().values())
        if threads == 0:
            raise ClusterError(f"the scheduler at {address} has no workers; start some with `dask worker {address}`")
        yield from _until_closed(Cluster(client, threads, address))


@contextmanager
def _closed_after(client: Any) -> Iterator[None]:
    """Close `client` at the end, in silence.

    A client that lost its scheduler is closing itself by then, and Dask's second closing trips over the first: that
    error would take the place of the one that tells what happened.
    """
    try:
        yield
    finally:
        with suppress(Exception):
            client.close()


def _embedded(workers: int) -> Generator[Cluster, None, None]:
    import dask
    from distributed import Client, LocalCluster

    num_processes = -(-workers // _THREADS_PER_PROCESS)
    if num_processes > 1:
        # Started by a thread of Dask's, it would unblock there what `HeldSignals` blocks.
        resource_tracker.ensure_running()
    with (
        HeldSignals() as signals,
        _main_module_unseen(),
        tempfile.TemporaryDirectory(prefix="trmpipe-") as folder,
        # The scheduler makes one too, which Dask leaves behind.
        dask.config.set({"temporary-directory": folder}),
        LocalCluster(
            n_workers=num_processes,
            threads_per_worker=-(-workers // num_processes),
            processes=num_processes > 1,
            # A scheduler always serves HTTP: any free port, and to this machine alone.
            dashboard_address="127.0.0.1:0",
            memory_limit=0,
            local_directory=folder,
            silence_logs=_SILENT,
        ) as cluster,
        Client(cluster) as client,
        signals.let_through(),
    ):
        yield from _until_closed(Cluster(client, workers))


@contextmanager
def _main_module_unseen() -> Iterator[None]:
    """Let processes that start meanwhile not import this program's main module.

    What workers run lies in modules that they import by name. Multiprocessing has each of them import the main module
    too, so that a plain script would start its whole work again there; only one whose spec says ``__main__``, as a
    package's does, is left alone.
    """
    main = sys.modules["__main__"]
    spec = main.__spec__
    if spec is _UNSEEN:  # Another cluster is open, and puts it back.
        yield
        return
    main.__spec__ = _UNSEEN
    try:
        yield
    finally:
        main.__spec__ = spec


def _until_closed(cluster: Cluster) -> Generator[Cluster, None, None]:
    try:
        yield cluster
    finally:
        cluster.close()


@contextmanager
def _quiet_dask() -> Iterator[None]:
    """Keep Dask's own log lines off the terminal: what matters to the user is raised."""
    import dask
    import distributed  # noqa: F401  first, or its defaults would go again with the settings below

    handlers = logging.getLogger("distributed").handlers
    levels = [handler.level for handler in handlers]
    for handler in handlers:
        handler.setLevel(_SILENT)
    with dask.config.set({"logging.distributed": "critical", "distributed.admin.large-graph-warning-threshold": "1GB"}):
        try:
            yield
        finally:
            for handler, level in zip(handlers, levels, strict=False):
                handler.setLevel(level)
