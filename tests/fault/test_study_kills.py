"""Studies that are killed by SIGKILL at seeded moments end in the same table, byte for byte but for times.

Each attempt is a fork that does the jobs itself, so that it is at work at once; processes of their own are tried in
`tests/integration/test_study.py`, and once here, where all of them are killed with their study or end by themselves.
"""

import json
import os
import signal
import subprocess
import sys
import time
from random import Random

import pytest

from tests.resuming import request_for
from tests.study_plans import ARMS, TINY, TUNING, without_times
from tests.train_forks import LINUX_ALONE, forks

KILLS = 6
MANY_KILLS = 25
KILLED = -9
AS_KILLED = (TINY + ARMS + TUNING).replace("seeds = 2", "seeds = 1")

pytestmark = [pytest.mark.timeout(600), pytest.mark.skipif(sys.platform != "linux", reason=LINUX_ALONE)]


@pytest.fixture(scope="module")
def starter(corpus4, tmp_path_factory):
    """Starts processes that execute a study, in which torch is loaded already."""
    with forks(request_for("trm, deep_supervision", corpus4, tmp_path_factory.mktemp("first") / "run")) as found:
        yield found


@pytest.fixture
def execute(starter, corpus4, tmp_path):
    """Executes a study in a folder, killed after some seconds or not; gives exit code and seconds."""
    (tmp_path / "tiny.toml").write_text(AS_KILLED)

    def attempt(folder, seconds=None):
        arguments = ["study", tmp_path / "tiny.toml", corpus4, "--out", folder, "--pictures", "none"]
        order = {"arguments": [*map(str, arguments)], "before": "tests.study_plans:work_here"}
        victims = {} if seconds is None else {"victims": [0], "seconds": seconds}
        answer = starter._say({**order, **victims, "log": str(tmp_path / "log"), "ranks": 1})
        return answer["codes"][0], answer["seconds"]

    return attempt


def story(execute, tmp_path, seed, kills):
    """Kill a study again and again, and compare what it comes to with one that nobody kills."""
    code, seconds = execute(tmp_path / "whole")
    assert code == 0, (tmp_path / "log").read_text()
    random = Random(seed)
    codes = [execute(tmp_path / "killed", seconds * random.uniform(0.05, 0.8))[0] for _ in range(kills)]
    assert execute(tmp_path / "killed")[0] == 0, (tmp_path / "log").read_text()
    assert KILLED in codes
    assert without_times(tmp_path / "killed") == without_times(tmp_path / "whole")
    measured = [json.loads((tmp_path / name / "study.json").read_text()) for name in ("killed", "whole")]
    assert measured[0]["plan"] == measured[1]["plan"]


def test_a_study_that_is_killed_ends_in_the_same_table(execute, tmp_path):
    story(execute, tmp_path, 0, KILLS)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 4))
def test_many_kills(execute, tmp_path, seed):
    story(execute, tmp_path, seed, MANY_KILLS)


@pytest.mark.slow
def test_workers_end_with_a_study_that_is_killed(corpus4, tmp_path):
    """None trains on behind the back of the study, and the same command ends in the table."""
    (tmp_path / "tiny.toml").write_text(AS_KILLED.replace("steps = 12", "steps = 400"))
    command = [sys.executable, "-m", "trmpipe", "study", str(tmp_path / "tiny.toml"), str(corpus4)]
    command += ["--out", str(tmp_path / "study"), "--jobs", "2", "--pictures", "none"]
    killed = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while not list((tmp_path / "study").glob("runs/*/*/*/run/metrics.jsonl")):
        assert killed.poll() is None
        time.sleep(0.05)
    workers = _children(killed.pid)
    assert len(workers) == 2
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    ended = time.monotonic() + 10
    while any(map(_lives, workers)) and time.monotonic() < ended:
        time.sleep(0.05)
    assert not any(map(_lives, workers))
    assert subprocess.run(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=False).returncode == 0
    rows, _ = without_times(tmp_path / "study")
    assert [row["status"] for row in rows] == ["done", "done"]


def _children(pid):
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as file:
                parent = file.read().rpartition(")")[2].split()[1]
        except OSError:
            continue
        found += [int(name)] if parent == str(pid) else []
    return found


def _lives(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
