"""Clusters that go wrong for real: workers and schedulers are killed, and what is told is what happened."""

import os
import subprocess
import sys

import dask
import distributed  # its defaults would go again with settings made before
import pytest

from tests.clean import assert_equals_clean
from trmpipe.generators.threads import num_cores
from trmpipe.pipeline import ArgumentError, ClusterError, Recipe, generate
from trmpipe.pipeline.cluster import Cluster, _main_module_unseen, open_cluster

RECIPE = Recipe(task="sudoku4", n=20, aug=300, test=4, shard_groups=1, shard_variants=30)


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The corpus as an undisturbed run writes it."""
    return generate(RECIPE, str(tmp_path_factory.mktemp("clean") / "corpus"))


class OnceWhen:
    """A listener that acts once, when a stage begins or its first part is done."""

    def __init__(self, stage, act, *, at_start=False):
        self.wanted, self.act, self.at_start, self.stage, self.acted = stage, act, at_start, "", False

    def start(self, stage, total):
        self.stage = stage
        if self.at_start:
            self._act()

    def advance(self, done):
        if done and not self.at_start:
            self._act()

    def finish(self):
        pass

    def _act(self):
        if self.stage == self.wanted and not self.acted:
            self.acted = True
            self.act()


class Processes:
    """A Dask scheduler and workers without nannies, each a process of its own on loopback."""

    def __init__(self, folder):
        self.folder, self.file, self.running = folder, folder / "scheduler.json", []
        self.scheduler = self._start("dask_scheduler", "--port", "0", "--no-dashboard")
        self.workers = [self.start_worker() for _ in range(2)]

    def start_worker(self):
        return self._start("dask_worker", "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def _start(self, module, *options):
        command = [sys.executable, "-m", f"distributed.cli.{module}", "--host", "127.0.0.1", *options]
        command += ["--scheduler-file", str(self.file)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.running.append(subprocess.Popen(command, cwd=self.folder, **quiet))
        return self.running[-1]

    def wait(self):
        """The scheduler's address, once all workers are there."""
        from distributed import Client

        with Client(scheduler_file=str(self.file), timeout=60) as client:
            client.wait_for_workers(2, timeout=60)
            return client.scheduler.address

    def kill(self, *processes):
        for process in processes:
            process.kill()
            process.wait()

    def close(self):
        self.kill(*self.running)


@pytest.fixture
def processes(tmp_path):
    cluster = Processes(tmp_path)
    yield cluster
    cluster.close()


@pytest.fixture
def impatient(monkeypatch):
    """Give a run up sooner than users would like."""
    monkeypatch.setattr("trmpipe.pipeline.cluster._LOOK_SECONDS", 0.5)
    monkeypatch.setattr("trmpipe.pipeline.cluster._WORKERLESS_SECONDS", 2)


@pytest.mark.parametrize("stage", [pytest.param("training puzzles", marks=pytest.mark.slow), "writing variants"])
def test_workers_that_do_not_come_back_are_told_of(processes, tmp_path, impatient, stage, clean):
    address = processes.wait()
    listener = OnceWhen(stage, lambda: processes.kill(*processes.workers), at_start=True)
    with pytest.raises(ClusterError) as caught:
        generate(RECIPE, str(tmp_path / "c"), scheduler=address, progress=listener)
    assert listener.acted
    assert str(caught.value) == (
        f"all workers at {address} were lost and none came back within 2 s; start some with `dask worker {address}`, "
        "then run the same command again: it completes what is missing"
    )
    assert not (tmp_path / "c" / "manifest.json").exists()
    generate(RECIPE, str(tmp_path / "c"))
    assert_equals_clean(tmp_path / "c", clean)


@pytest.mark.slow
def test_workers_that_come_back_in_time_go_on(processes, tmp_path, monkeypatch, clean):
    monkeypatch.setattr("trmpipe.pipeline.cluster._LOOK_SECONDS", 0.1)
    address = processes.wait()

    def replace():
        processes.kill(*processes.workers)
        processes.start_worker()

    listener = OnceWhen("training puzzles", replace, at_start=True)
    generate(RECIPE, str(tmp_path / "c"), scheduler=address, progress=listener)
    assert listener.acted
    assert_equals_clean(tmp_path / "c", clean)


def test_data_lost_with_all_workers_is_told_as_that(processes, tmp_path):
    address = processes.wait()
    listener = OnceWhen("writing variants", lambda: processes.kill(*processes.workers))
    with pytest.raises(ClusterError, match=f"all workers at {address} that held data of this run were lost"):
        generate(RECIPE, str(tmp_path / "c"), scheduler=address, progress=listener)
    assert listener.acted
    assert not (tmp_path / "c" / "manifest.json").exists()


@pytest.mark.parametrize(
    "at_start",
    [pytest.param(True, id="before data is sent", marks=pytest.mark.slow), pytest.param(False, id="under way")],
)
def test_a_scheduler_that_is_gone_is_told_as_that(processes, tmp_path, monkeypatch, at_start):
    monkeypatch.setattr("trmpipe.pipeline.cluster._CONNECT_SECONDS", 2)
    address = processes.wait()
    listener = OnceWhen("writing variants", lambda: processes.kill(processes.scheduler), at_start=at_start)
    with pytest.raises(ClusterError) as caught:
        generate(RECIPE, str(tmp_path / "c"), scheduler=address, progress=listener)
    assert listener.acted
    assert str(caught.value) == (
        f"the scheduler at {address} has gone away; run the same command again: it completes what is missing"
    )


def test_a_client_that_trips_over_its_own_closing_hides_nothing(processes, monkeypatch):
    """Two closings that meet, as Dask has them where a run ends while its client gives up the scheduler."""

    class TrippingClient(distributed.Client):
        tripped = False

        def close(self, *arguments, **options):
            super().close(*arguments, **options)
            if not TrippingClient.tripped:  # Dask closes a second time where the client is collected.
                TrippingClient.tripped = True
                raise RuntimeError("Cannot change state of expiring Timeout")

    address = processes.wait()
    monkeypatch.setattr(distributed, "Client", TrippingClient)
    with pytest.raises(ValueError, match="what happened"), open_cluster(scheduler=address):
        raise ValueError("what happened")
    assert TrippingClient.tripped


@pytest.mark.parametrize("status", ["closing", "closed"])
@pytest.mark.parametrize("ask", [lambda cluster: cluster.share(1), lambda cluster: next(cluster.map(abs, [(1,)]))])
def test_a_client_that_closes_while_it_is_asked_tells_of_the_scheduler(ask, status):
    class ClosingClient:
        status = "running"

        def scatter(self, *_, **__):
            self.status = status
            raise RuntimeError("ConnectionPool is closed")

        submit = scatter

    with pytest.raises(ClusterError, match="the scheduler at tcp://there:1 has gone away"):
        ask(Cluster(ClosingClient(), 1, "tcp://there:1"))


def test_an_error_of_an_open_client_is_its_own():
    class WrongClient:
        status = "running"

        def scatter(self, *_, **__):
            raise RuntimeError("something else")

    with pytest.raises(RuntimeError, match="something else"):
        Cluster(WrongClient(), 1).share(1)


def test_a_task_that_kills_its_workers_is_given_up():
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 1}),
        open_cluster(workers=5) as cluster,
        pytest.raises(ClusterError, match="a task was given up after 2 workers died on it; see the workers' logs"),
    ):
        list(cluster.map(os._exit, [(1,)]))


SCRIPT = """
import sys
from trmpipe.pipeline import Recipe, generate

with open("starts.txt", "a") as file:
    file.write("started\\n")
made = generate(Recipe(task="sudoku4", n=20, aug=30, test=4), sys.argv[1], workers=int(sys.argv[1]))
print(made.manifest.content_digest, made.written > 0, __spec__, __file__)
"""
DEADLY_SCRIPT = """
import os

import dask
import distributed
from trmpipe.pipeline import ClusterError
from trmpipe.pipeline.cluster import open_cluster

with open("starts.txt", "a") as file:
    file.write("started\\n")
with dask.config.set({"distributed.scheduler.allowed-failures": 1}), open_cluster(workers=5) as cluster:
    assert sum(cluster.map(abs, [(-1,)])) == 1
    try:
        list(cluster.map(os._exit, [(1,)]))
    except ClusterError as error:
        print(error)
"""


@pytest.fixture
def script(tmp_path):
    """Run a plain script, without a guard on its name, in a process of its own."""
    (tmp_path / "plain.py").write_text(SCRIPT)
    (tmp_path / "deadly.py").write_text(DEADLY_SCRIPT)

    def call(*arguments):
        done = subprocess.run(
            [sys.executable, *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True, timeout=120
        )
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    return call


def starts(folder):
    return (folder / "starts.txt").read_text().splitlines()


def test_a_plain_script_may_use_several_processes(script, tmp_path):
    alone = script("plain.py", 1)
    assert starts(tmp_path) == ["started"]
    assert alone.split()[1:] == ["True", "None", str(tmp_path / "plain.py")]
    assert script("plain.py", 8) == alone
    assert starts(tmp_path) == ["started"] * 2


@pytest.mark.slow
def test_workers_that_are_started_again_do_not_run_the_script(script, tmp_path):
    assert "a task was given up after 2 workers died on it" in script("deadly.py")
    assert starts(tmp_path) == ["started"]


def test_the_main_module_is_put_back_after_clusters_that_overlap():
    before = sys.modules["__main__"].__spec__
    with _main_module_unseen():
        with _main_module_unseen():
            assert sys.modules["__main__"].__spec__.name == "__main__"
        assert sys.modules["__main__"].__spec__.name == "__main__"
    assert sys.modules["__main__"].__spec__ is before


@pytest.mark.parametrize("workers", [1000, 10**9])
def test_more_workers_than_the_machine_can_run_are_refused_before_anything_starts(trmpipe, tmp_path, corpus4, workers):
    message = f"--workers is {workers}; expected 1 to {max(16, 4 * num_cores())}, as this process may use"
    out = tmp_path / "c"
    for arguments in (
        ("generate", "sudoku", "--input", tmp_path / "nowhere.txt"),
        ("regenerate", tmp_path / "nowhere"),
        ("regenerate", corpus4),
    ):
        result = trmpipe(*arguments, "--workers", workers, "--out", out)
        assert result.code == 2
        assert message in result.message
    for number in (workers, 0, -1):
        with pytest.raises(ArgumentError, match=f"--workers is {number}; expected 1 to"):
            generate(RECIPE, str(out), workers=number)
    assert not out.exists()


def test_workers_are_not_counted_where_a_scheduler_has_its_own(trmpipe, tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.pipeline.cluster._CONNECT_SECONDS", 1)
    arguments = ("generate", "sudoku", "--workers", 1000, "--scheduler", "tcp://127.0.0.1:9", "--out", tmp_path / "c")
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in trmpipe(*arguments).message
