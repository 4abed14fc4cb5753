"""Where the work runs: an embedded Dask cluster, or one that is there already.

The embedded cluster puts up to four threads into a process, the first of which is this one: kernels, hashing and file
writes leave the GIL, and a process of its own would cost two seconds of imports. Work is handed out lazily and a
bounded number of tasks is in flight, so a plan of any length takes no memory.
"""

import tempfile
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from trmpipe.generators.jit import code_key
from trmpipe.generators.registry import code_folders
from trmpipe.generators.threads import num_cores

from .errors import ClusterError

Result = TypeVar("Result")

_THREADS_PER_PROCESS = 4
_IN_FLIGHT_PER_WORKER = 3
_CONNECT_SECONDS = 10


class Cluster:
    """Runs functions on workers.

    Args:
        client: a Dask client.
        num_workers: threads that work at the same time.
    """

    def __init__(self, client: Any, num_workers: int) -> None:
        self._client = client
        self._in_flight = _IN_FLIGHT_PER_WORKER * num_workers
        self._key = code_key(*code_folders())
        self._is_open = True
        self.num_workers = num_workers

    def close(self) -> None:
        """Ask nothing more of the client: it is about to close, and lets go of what is still under way by itself."""
        self._is_open = False

    def share(self, value: Any) -> Any:
        """A stand-in for `value` that is sent to each worker once; pass it as an argument of its own."""
        return self._client.scatter(value, broadcast=True)

    def map(
        self, function: Callable[..., Result], arguments: Iterable[tuple[Any, ...]]
    ) -> Generator[Result, None, None]:
        """Results of ``function(*argument)`` in the order of `arguments`, which are drawn as workers get free.

        Closing the generator early gives up what is still under way.

        Raises:
            ClusterError: the workers are gone, or do not run the code that this process runs.
        """
        from distributed import CancelledError, KilledWorker

        pending: deque[Any] = deque()
        try:
            for argument in arguments:
                pending.append(self._client.submit(_run_checked, self._key, function, *argument, pure=False))
                if len(pending) >= self._in_flight:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        except KilledWorker as error:
            raise ClusterError(
                f"a task was given up after {error.allowed_failures + 1} workers died on it; see the workers' logs, "
                "then run the same command again: it completes what is missing"
            ) from error
        except CancelledError as error:
            raise ClusterError(
                "the scheduler has gone away; run the same command again: it completes what is missing"
            ) from error
        finally:
            # A generator that an error left behind may be closed after the client.
            if pending and self._is_open:
                self._client.cancel(list(pending))


def _run_checked(key: str, function: Callable[..., Result], *arguments: Any) -> Result:
    """Run `function` on a worker, if that has the code that the driver has: other code could write other bytes."""
    here = code_key(*code_folders())
    if here != key:
        raise ClusterError(
            f"a worker's trmpipe or Numba differs from this process's (kernel code {here}, here {key}); "
            "install the same versions on all workers"
        )
    return function(*arguments)


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
    with client:
        threads = sum(client.nthreads().values())
        if threads == 0:
            raise ClusterError(f"the scheduler at {address} has no workers; start some with `dask worker {address}`")
        yield from _until_closed(Cluster(client, threads))


def _embedded(workers: int) -> Generator[Cluster, None, None]:
    from distributed import Client, LocalCluster

    num_processes = -(-workers // _THREADS_PER_PROCESS)
    with (
        tempfile.TemporaryDirectory(prefix="trmpipe-") as folder,
        LocalCluster(
            n_workers=num_processes,
            threads_per_worker=-(-workers // num_processes),
            processes=num_processes > 1,
            # A scheduler always serves HTTP: any free port, and to this machine alone.
            dashboard_address="127.0.0.1:0",
            memory_limit=0,
            local_directory=folder,
            silence_logs="CRITICAL",
        ) as cluster,
        Client(cluster) as client,
    ):
        yield from _until_closed(Cluster(client, workers))


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

    with dask.config.set({"logging.distributed": "critical", "distributed.admin.large-graph-warning-threshold": "1GB"}):
        yield
