"""Trainings in processes that can be killed, each a fork of one that has trained before: it is at work at once.

As a program it reads a line of JSON for each attempt and answers with one, see `Forks.attempt`. What it trains itself,
once, loads all that is imported or compiled when it is first used, and it makes sure that no thread is left when it
forks. It and its forks are one group of processes.
"""

import json
import os
import signal
import subprocess
import sys
import time
import traceback
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from tests.stores import environment_of, hold_store

LINUX_ALONE = "a process is forked once /proc, which Linux alone has, says that no thread of it would be lost"
"""Why tests that use this are skipped elsewhere."""
PATIENCE_SECONDS = 60.0
"""For an attempt that nobody kills; more than ten times what one takes."""
GRACE_SECONDS = 3.0
"""For a rank whose partner was killed to end by itself, before it is killed as torchrun would do."""
FORK_SAFE = {"jemalloc_bg_thd"}
"""The thread of an allocator that comes with pyarrow, and stops it while a process forks."""
_FAILED = 1


class Forks:
    """The process that forks, from the test's side.

    Args:
        first: a `TrainRequest`, which it trains itself before it forks.
    """

    def __init__(self, first):
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.train_forks"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
            start_new_session=True,
        )
        self._say({"first": asdict(first)})

    def _say(self, order):
        """Give an order, and take the answer."""
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the process that forks has ended; why is on stderr"
        return json.loads(answer)

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
        order = {"ranks": ranks, "victims": victims, "seconds": seconds}
        answer = self._say({"request": asdict(request), "log": str(log), **order})
        return answer["codes"], answer["seconds"]

    def command(self, arguments, log, *, ranks=1, before=None):
        """Let `ranks` processes run a command line together.

        Args:
            arguments: of `trmpipe`, on every rank.
            log: file for what the processes print.
            ranks: number of processes.
            before: ``module:function`` to call with the number of its rank in each process before; None for nothing.

        Returns:
            As `attempt`.
        """
        order = {"arguments": [*map(str, arguments)], "log": str(log), "ranks": ranks, "before": before}
        answer = self._say(order)
        return answer["codes"], answer["seconds"]

    def close(self):
        """End it and all its forks, whatever they are at."""
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.communicate()


@contextmanager
def forks(first):
    """A process that forks, for the time of a ``with`` block; no process is left after it."""
    found = Forks(first)
    try:
        yield found
    finally:
        found.close()


def serve():
    """Answer orders until there are no more."""
    import torch

    torch.set_num_threads(1)
    for line in sys.stdin:
        order = json.loads(line)
        answer = _train(order["first"]) if "first" in order else attempt(**order)
        left = _threads_that_stay() - FORK_SAFE
        assert not left, f"a fork of a process with threads may hang, and there are {sorted(left)}"
        print(json.dumps(answer), flush=True)


def _threads_that_stay():
    """Names of the other threads that have not ended after a while: one that was joined may be listed for a moment."""
    patience = time.monotonic() + GRACE_SECONDS
    while (found := _other_threads()) - FORK_SAFE and time.monotonic() < patience:
        time.sleep(0.01)
    return found


def _other_threads():
    """Names of this process's threads but the main one."""
    names = set()
    for task in Path("/proc/self/task").iterdir():
        if int(task.name) != os.getpid():
            with suppress(FileNotFoundError, ProcessLookupError):  # It has just ended.
                names.add((task / "comm").read_text().strip())
    return names


def attempt(log, ranks, victims=(), seconds=None, request=None, arguments=None, before=None):
    """See `Forks.attempt` and `Forks.command`, of which this is the one that has arguments."""
    with _store(log) if ranks > 1 else nullcontext(0) as port:
        start = time.monotonic()
        work = (_train_as, request) if arguments is None else (_run_as, arguments, before)
        pids = [_fork(log, work[0], environment_of(rank, ranks, port), *work[1:]) for rank in range(ranks)]
        codes = _end(pids, victims, seconds)
        return {"codes": [codes[pid] for pid in pids], "seconds": time.monotonic() - start}


@contextmanager
def _store(log):
    """The port of a store that a process of its own holds: its threads must not be in the process that forks."""
    reader, writer = os.pipe()
    pid = _fork(log, _hold_store, writer)
    os.close(writer)
    try:
        with open(reader) as told:
            port = told.read()
        assert port, f"no store could be opened; why is in {log}"
        yield int(port)
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _hold_store(writer):
    """Hold a store until this process is killed, and tell its port."""
    store = hold_store()
    with open(writer, "w") as pipe:
        pipe.write(str(store.port))
    while True:
        signal.pause()


def _end(pids, victims, seconds):
    """The codes that the ranks ended with, some of which are killed."""
    codes = {}
    _wait(pids, codes, seconds if victims else PATIENCE_SECONDS)
    dying = [pids[rank] for rank in victims]
    for pid in dying:
        _kill(pid, codes)
    _wait(dying, codes, PATIENCE_SECONDS)
    # A victim may have ended by itself, and then its partner has more to do than to notice that it is gone.
    _wait(pids, codes, GRACE_SECONDS if -signal.SIGKILL in map(codes.get, dying) else PATIENCE_SECONDS)
    for pid in pids:
        _kill(pid, codes)
    _wait(pids, codes, PATIENCE_SECONDS)
    return codes


def _wait(pids, codes, seconds):
    """Until all processes have ended, or for so long; notes their codes."""
    end = time.monotonic() + seconds
    while True:
        for pid in set(pids) - codes.keys():
            found, status = os.waitpid(pid, os.WNOHANG)
            if found:
                codes[pid] = os.waitstatus_to_exitcode(status)
        left = end - time.monotonic()
        if codes.keys() >= set(pids) or left <= 0:
            return
        time.sleep(min(0.002, left))


def _kill(pid, codes):
    """Kill a process that has not been waited for: its number is still its own."""
    if pid not in codes:
        os.kill(pid, signal.SIGKILL)


def _fork(log, work, *arguments):
    """The number of a process that does something and ends with the code that comes of it."""
    pid = os.fork()
    if pid:
        return pid
    code = _FAILED
    try:
        with open(log, "a") as file:
            os.dup2(file.fileno(), 1)
            os.dup2(file.fileno(), 2)
        code = work(*arguments)
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _train_as(environment, request):
    """Train as one of the ranks."""
    os.environ.update(environment)
    return _train(request)


def _run_as(environment, arguments, before):
    """Run a command line as one of the ranks; returns its exit code."""
    from trmpipe.cli.main import run
    from trmpipe.trainer.training import session

    os.environ.update(environment)
    session.draw_pictures = lambda *arguments: []
    if before is not None:
        module, name = before.split(":")
        getattr(import_module(module), name)(int(environment["RANK"]))
    return run(arguments)


def _train(request):
    from trmpipe.trainer.ranks import joined_ranks
    from trmpipe.trainer.settings.request import TrainRequest
    from trmpipe.trainer.training import session
    from trmpipe.trainer.training.listener import Unheard

    # They would take longer than the training, and show what is in the files of the run already.
    session.draw_pictures = lambda *arguments: []
    with joined_ranks() as joined:
        result = session.train(TrainRequest(**request), Unheard(), joined)
    return 0 if result is None or result.finished else _FAILED


if __name__ == "__main__":
    serve()
