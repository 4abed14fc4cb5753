"""Jobs side by side on this machine: so many workers, each a process with one core or one GPU of its own.

A worker that dies takes its job with it and nothing else: the job fails with the signal that killed its process, and
another worker takes its place. Workers are no part of the terminal's group, so Ctrl-C reaches this process alone, which
asks them to save what they train.
"""

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from trmpipe.shards.json_files import convert

from .errors import StudyError
from .jobs import Job, Outcome, keep_outcome
from .worker import BROKEN, DONE, INTERRUPTED

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
_SAVE_SECONDS = 60.0
"""How long a worker may take to save a run when the study ends before it."""
_LOOK_SECONDS = 0.2
_MOST_STOPS = 3
_STOPPED = f"its process was asked to stop {_MOST_STOPS} times, and not by this study"


_Waiting = queue.SimpleQueue[tuple[Job, int]]
"""Jobs, and how often each was stopped."""
_Answers = queue.SimpleQueue[Job | Exception | None]


class Worker:
    """One process at a time, started when it is first needed and again after it died.

    Args:
        log: file that its standard error is added to.
        environment: of the process, on top of this one's.
    """

    def __init__(self, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._log, self._environment = log, dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    def do(self, job: Job) -> str:
        """Have a job done; returns `DONE` or `INTERRUPTED`. Its process killed, the job has failed, and is done.

        Raises:
            StudyError: its outcome cannot be kept.
        """
        process = self._process = self._process or self._start()
        assert process.stdin is not None
        assert process.stdout is not None
        line = b""
        with suppress(OSError):  # A process that is dying: that it is shows below.
            process.stdin.write(json.dumps(job.to_json()).encode() + b"\n")
            process.stdin.flush()
            line = process.stdout.readline()
        if not line.endswith(b"\n"):
            return self._buried(process, job)
        answer, reason = json.loads(line)
        if answer == BROKEN:
            raise StudyError(reason)
        return str(answer)

    def end(self, *, at_once: bool = False) -> None:
        """Ask the process to save and end, or end it."""
        process = self._process
        if process is not None and process.poll() is None:
            with suppress(OSError):
                process.kill() if at_once else process.terminate()

    def close(self) -> None:
        """End the process and wait for it."""
        self.end(at_once=True)
        process, self._process = self._process, None
        if process is not None:
            process.wait()
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    with suppress(OSError):
                        pipe.close()

    def _start(self) -> subprocess.Popen[bytes]:
        # It finds what this process finds, and no more: Python itself would put the working folder first.
        found = os.pathsep.join(path or os.getcwd() for path in sys.path)
        with self._opened_log() as log:
            return subprocess.Popen(
                [sys.executable, "-P", "-m", "trmpipe.studies.worker"],
                env={**os.environ, **_ONE_THREAD, "PYTHONPATH": found, **self._environment},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )

    def _opened_log(self) -> BinaryIO:
        self._log.parent.mkdir(parents=True, exist_ok=True)
        return self._log.open("ab")

    def _buried(self, process: subprocess.Popen[bytes], job: Job) -> str:
        """What became of a job whose process died: stopped by us, or failed."""
        self.close()
        code = process.returncode
        if -code == signal.SIGTERM:
            return INTERRUPTED
        keep_outcome(job, Outcome(asked=job.asked, reason=_why(code, self._log)))
        return DONE


def _why(code: int, log: Path) -> str:
    if code < 0:
        name = signal.Signals(-code).name if -code in {*signal.Signals} else f"signal {-code}"
        advice = ", as where memory runs out" if -code == signal.SIGKILL else ""
        return f"its process was killed by {name}{advice}"
    return f"its process ended with exit code {code}; see {log}"


def do_side_by_side(jobs: Sequence[Job], workers: Sequence[Worker]) -> Generator[Job, None, None]:
    """Have jobs done by workers side by side, and give each as it is done.

    Whoever closes the generator early, by an error such as Ctrl-C, has workers save what they train.

    Raises:
        StudyError: an outcome cannot be kept.
    """
    waiting: _Waiting = queue.SimpleQueue()
    answers: _Answers = queue.SimpleQueue()
    for job in jobs:
        waiting.put((job, 0))
    stopping = threading.Event()

    threads = [
        threading.Thread(target=_serve, args=(worker, waiting, answers, stopping), daemon=True) for worker in workers
    ]
    for thread in threads:
        thread.start()
    try:
        ended = 0
        while ended < len(threads):
            answer = _next(answers)
            if isinstance(answer, Exception):
                raise answer
            if answer is None:
                ended += 1
            else:
                yield answer
    finally:
        stopping.set()
        _stop(threads, workers)


def _serve(worker: Worker, waiting: _Waiting, answers: _Answers, stopping: threading.Event) -> None:
    """Have a worker do what waits, until nothing does or the study stops; the last answer is None."""
    with suppress(queue.Empty):
        while not stopping.is_set():
            job, stops = waiting.get_nowait()
            try:
                answer = worker.do(job)
                if answer == INTERRUPTED and stops + 1 == _MOST_STOPS and not stopping.is_set():
                    keep_outcome(job, Outcome(asked=job.asked, reason=_STOPPED))
                    answer = DONE
                if answer == DONE:
                    answers.put(job)
                else:
                    # Another process stopped it, and it is saved; where we did, nobody takes it any more.
                    waiting.put((job, stops + 1))
            except Exception as error:  # Told by the thread that waits for answers.
                answers.put(error)
                break
    answers.put(None)


def _next(answers: _Answers) -> Job | Exception | None:
    """The next answer, waited for so that signals are answered."""
    while True:
        with suppress(queue.Empty):
            return answers.get(timeout=_LOOK_SECONDS)


def _stop(threads: Sequence[threading.Thread], workers: Sequence[Worker]) -> None:
    """Let workers save what they train, then end them, at once when asked again."""
    ended = time.monotonic() + _SAVE_SECONDS
    try:
        if any(thread.is_alive() for thread in threads):
            for worker in workers:
                worker.end()
        while any(thread.is_alive() for thread in threads) and time.monotonic() < ended:
            time.sleep(_LOOK_SECONDS / 4)
    finally:
        for worker in workers:
            worker.close()


def do_apart(item: tuple[dict[str, object], str]) -> str:
    """Do a job in a process of its own, from anywhere, such as a worker of Dask's; returns the worker's answer.

    Args:
        item: the job as plain values, and the log of its process.
    """
    values, log = item
    worker = Worker(Path(log))
    try:
        return worker.do(convert(values, Job, "a job", "this is a bug"))
    finally:
        worker.close()
