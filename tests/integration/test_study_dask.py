"""Studies on a Dask cluster that is there: its workers do the runs, each in a process of its own."""

import subprocess
import sys

import pytest
from distributed import Client

from tests.study_plans import ARMS, TINY, tiny_plan, without_times, working_here
from trmpipe.pipeline import ClusterError
from trmpipe.pipeline.mapping import map_on_cluster
from trmpipe.studies import How, run_study

ONE_SEED = TINY.replace("seeds = 2", "seeds = 1")


def double(number):
    return 2 * number


def test_a_function_is_mapped_in_order():
    assert list(map_on_cluster(double, range(5))) == [0, 2, 4, 6, 8]


def test_a_scheduler_that_is_not_there_gets_one_line(corpus4, tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules["trmpipe.pipeline.cluster"], "_CONNECT_SECONDS", 0.5)
    how = How(scheduler="tcp://127.0.0.1:1")
    with pytest.raises(ClusterError, match="no Dask scheduler answers at tcp://127"):
        run_study(tiny_plan(), tmp_path, corpora=[str(corpus4)], how=how)


@pytest.mark.slow
def test_the_workers_of_a_cluster_do_the_runs(corpus4, tmp_path):
    """And the table is that of this process."""
    address = tmp_path / "scheduler.json"
    command = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--scheduler-file", str(address), "--port", "0"]
    command += ["--no-dashboard"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(address), "--nthreads", "1"]
    worker += ["--no-dashboard"]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, **quiet) as scheduler, subprocess.Popen(worker, **quiet) as works:
        try:
            with Client(scheduler_file=str(address), timeout=60) as client:
                client.wait_for_workers(1, timeout=60)
                how = How(scheduler=client.scheduler.address)
            run_study(tiny_plan(ONE_SEED + ARMS), tmp_path / "there", corpora=[str(corpus4)], how=how)
        finally:
            works.terminate()
            scheduler.terminate()
    with working_here():
        run_study(tiny_plan(ONE_SEED + ARMS), tmp_path / "here", corpora=[str(corpus4)])
    assert without_times(tmp_path / "there") == without_times(tmp_path / "here")
