"""A cluster that works in the calling thread: tests that start many generations need no Dask."""

import sys
from contextlib import contextmanager


class Here:
    """Stands in for `trmpipe.pipeline.cluster.Cluster`."""

    num_workers = 1

    def share(self, value):
        return value

    def map(self, function, arguments):
        return (function(*some) for some in arguments)


def work_here(monkeypatch):
    """Let `generate` work in the calling thread."""

    @contextmanager
    def opened(workers, scheduler):
        yield Here()

    # By `sys.modules`, as the package has a function of the module's name.
    monkeypatch.setattr(sys.modules["trmpipe.pipeline.generate"], "open_cluster", opened)
