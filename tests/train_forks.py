"""Trainings in processes that can be killed, each a fork of one that has imported the trainer: it is at work at once.

As a program it reads a line of JSON for each attempt and answers with one, see `attempt`; it never trains itself, so
that no thread is there when it forks. It and all its forks are a group of processes of their own.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager, suppress
from dataclasses import asdict
from importlib import import_module

PRELOADED = (
    "trmpipe.trainer.session",
    "trmpipe.trainer.ranks",
    "tensorboard.summary.writer.record_writer",
    "matplotlib.backends.backend_agg",
)
"""Beside what these import, the libraries that they import only when they are used come with every attempt."""
PATIENCE_SECONDS = 60.0
"""For an attempt that nobody kills; more than ten times what one takes."""
GRACE_SECONDS = 3.0
"""For a rank whose partner was killed to end by itself, before it is killed as torchrun would do."""
_FAILED = 1


class Forks:
    """The process that forks, from the test's side."""

    def __init__(self):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.train_forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )

    def attempt(self, request, log, *, ranks=1, victims=(), seconds=None):
        """Let `ranks` processes train as a `TrainRequest` says, and kill some of them.

        Args:
            request: what is asked for, on every rank.
            log: file for what the processes print.
            ranks: number of processes.
            victims: ranks to kill.
            seconds: after which they are killed; None for never.

        Returns:
            The codes that the processes ended with, negative for a signal's, and how many seconds all of it took.
        """
        order = {"request": asdict(request), "log": str(log), "ranks": ranks, "victims": victims, "seconds": seconds}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return answer["codes"], answer["seconds"]

    def close(self):
        """End it and all its forks, whatever they are at."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


@contextmanager
def forks():
    """A process that forks, for the time of a ``with`` block; no process is left after it."""
    found = Forks()
    try:
        yield found
    finally:
        found.close()


def serve():
    """Answer orders until there are no more."""
    import torch

    torch.set_num_threads(1)
    for name in PRELOADED:
        import_module(name)
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(attempt(**order)), flush=True)  # noqa: T201


def attempt(request, log, ranks, victims, seconds):
    """See `Forks.attempt`."""
    port = _free_port() if ranks > 1 else 0
    start = time.monotonic()
    pids = [_fork(request, log, rank, ranks, port) for rank in range(ranks)]
    codes = {}
    _wait(pids, codes, seconds if victims else PATIENCE_SECONDS)
    for rank in victims:
        _kill(pids[rank], codes)
    _wait(pids, codes, GRACE_SECONDS)
    for pid in pids:
        _kill(pid, codes)
    _wait(pids, codes, PATIENCE_SECONDS)
    return {"codes": [codes[pid] for pid in pids], "seconds": time.monotonic() - start}


def _wait(pids, codes, seconds):
    """Until all processes have ended, or for so long; notes their codes."""
    end = time.monotonic() + seconds
    while True:
        for pid in set(pids) - codes.keys():
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                codes[pid] = os.waitstatus_to_exitcode(status)
        left = end - time.monotonic()
        if len(codes) == len(pids) or left <= 0:
            return
        time.sleep(min(0.002, left))


def _kill(pid, codes):
    """Kill a process that has not been waited for: its number is still its own."""
    if pid not in codes:
        os.kill(pid, signal.SIGKILL)


def _fork(request, log, rank, ranks, port):
    """The number of a process that trains."""
    pid = os.fork()
    if pid:
        return pid
    code = _FAILED
    try:
        with open(log, "a") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        os.environ.update(
            RANK=str(rank), LOCAL_RANK=str(rank), WORLD_SIZE=str(ranks), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port)
        )
        code = _train(request)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stderr.flush()
        os._exit(code)


def _train(request):
    from trmpipe.trainer.listener import Unheard
    from trmpipe.trainer.ranks import joined_ranks
    from trmpipe.trainer.request import TrainRequest
    from trmpipe.trainer.session import train

    with joined_ranks() as joined:
        result = train(TrainRequest(**request), Unheard(), joined)
    return 0 if result is None or result.finished else _FAILED


def _free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


if __name__ == "__main__":
    serve()
