"""A worker: a process that does jobs, one after the other, as another one tells it by lines of JSON.

It reads a job from its standard input and answers with one line when it is done. It ends with that input, whatever it
is doing, so that nothing goes on behind the back of a study that was killed; termination saves the run that it trains.
What libraries write on standard output goes to standard error, which is a log.
"""

import json
import os
import queue
import sys
import threading
from typing import Any, BinaryIO

DONE, INTERRUPTED, BROKEN = "done", "interrupted", "broken"
"""Answers: the outcome is kept; training was stopped and saved; the outcome cannot be kept, and a reason."""


def main() -> None:
    """Answer jobs until the input ends."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    jobs: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(sys.stdin.buffer, jobs), daemon=True).start()
    while True:
        answers.write(json.dumps(_do(json.loads(jobs.get()))) + "\n")
        answers.flush()


def _read(pipe: BinaryIO, jobs: "queue.SimpleQueue[bytes]") -> None:
    for line in pipe:
        jobs.put(line)
    os._exit(1)


def _do(values: dict[str, Any]) -> list[str]:
    from trmpipe.generators.errors import TrmpipeError
    from trmpipe.shards.json_files import convert

    from .errors import StudyInterrupted
    from .jobs import Job
    from .work import do

    try:
        do(convert(values, Job, "a job", "this is a bug"))
    except StudyInterrupted:
        return [INTERRUPTED, ""]
    except (TrmpipeError, OSError) as error:
        return [BROKEN, " ".join(str(error).split())]
    return [DONE, ""]


if __name__ == "__main__":
    main()
