"""A picklable function mapped over items on a Dask cluster that is there: whole jobs, where `units` maps parts."""

from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

from .cluster import open_cluster

Item = TypeVar("Item")
Result = TypeVar("Result")


def map_on_cluster(
    function: Callable[[Item], Result], items: Iterable[Item], scheduler: str | None = None
) -> Iterator[Result]:
    """Results of ``function(item)``, in the order of the items.

    Args:
        function: picklable, importable on the workers under the same name.
        items: picklable.
        scheduler: address of a Dask scheduler, such as ``tcp://host:8786``; None for an embedded cluster.

    Raises:
        ClusterError: nothing answers there, the workers are gone, or they run other code.
    """
    with open_cluster(scheduler=scheduler) as cluster:
        yield from cluster.map(function, ((item,) for item in items))


def threads_of_cluster(scheduler: str) -> int:
    """How many items a Dask cluster works on at the same time.

    Args:
        scheduler: its address.

    Raises:
        ClusterError: nothing answers there, or it has no workers.
    """
    with open_cluster(scheduler=scheduler) as cluster:
        return cluster.num_workers
