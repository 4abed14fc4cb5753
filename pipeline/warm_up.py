"""Compiling the kernels of a task before the first stage, in two processes where there are two cores.

Numba compiles one kernel at a time in a process. A helper process compiles its share into the cache, from where this
one loads it; whatever becomes of the helper, what is missing then is compiled amid work. The helper hears from this
process by a pipe, and ends with it.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO

from trmpipe.generators.jit import SAVING
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import WarmUp
from trmpipe.generators.threads import num_cores
from trmpipe.shards.compilation import compiling_beside, watch_compilation

from .suppliers.supplier import Request

_START_SECONDS = 2.0
"""What a helper takes to import what it needs."""
_LEAST_PATIENCE_SECONDS = 60.0
_END_SECONDS = 5.0


def warm_up(recipe: Request, *, generates: bool, workers: int | None = None) -> None:
    """Compile what is not in the cache, with a helper; does nothing where there is too little of it, or one core.

    Args:
        recipe: the task and its options.
        generates: see `Task.warm_ups`.
        workers: that the user asked for.
    """
    if min(workers or 2, num_cores()) < 2:
        return
    warm_ups = recipe.make_task().warm_ups(generates=generates)
    missing = [i for i, one in enumerate(warm_ups) if one.can_be_kept and not one.is_kept]
    mine, others = share_out(warm_ups, missing)
    if not others:
        return
    job = {"task": recipe.task, "options": dict(recipe.options), "generates": generates, "warm_ups": others}
    started = time.monotonic()
    with compiling_beside() as tell, _helper(job) as helper:
        for i in mine:
            warm_ups[i].run()
        if helper is not None:
            patience = max(_LEAST_PATIENCE_SECONDS, time.monotonic() - started)
            with suppress(subprocess.TimeoutExpired, OSError, ValueError):
                tell(int(helper.communicate(timeout=patience)[0]))


def share_out(warm_ups: Sequence[WarmUp], missing: Sequence[int]) -> tuple[list[int], list[int]]:
    """Which of the `missing` this process compiles and which the helper, so that both are done at about the same time.

    Args:
        warm_ups: of the task.
        missing: indices of those that are to be compiled.
    """
    shares: tuple[list[int], list[int]] = ([], [])
    seconds = [0.0, _START_SECONDS]
    for i in sorted(missing, key=lambda i: -warm_ups[i].seconds):
        least = seconds.index(min(seconds))
        shares[least].append(i)
        seconds[least] += warm_ups[i].seconds
    return shares


@contextmanager
def _helper(job: dict[str, Any]) -> Iterator[subprocess.Popen[bytes] | None]:
    """A helper at work, which ends with the ``with`` block; None where none can be started."""
    helper = None
    try:
        with suppress(OSError):
            helper = _start(job)
        yield helper
    finally:
        if helper is not None:
            _end(helper)


def _start(job: dict[str, Any]) -> subprocess.Popen[bytes]:
    # It finds what this process finds, and no more: Python itself would put the working folder first.
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
    helper = subprocess.Popen(
        [sys.executable, "-P", "-m", "trmpipe.pipeline.warm_up"],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert helper.stdin is not None
    with suppress(OSError):
        helper.stdin.write(json.dumps(job).encode() + b"\n")
        helper.stdin.flush()
    # `communicate` would close it, and the end of this pipe is what ends a helper.
    helper.stdin, helper.held_stdin = None, helper.stdin  # type: ignore[attr-defined]
    return helper


def _end(helper: subprocess.Popen[bytes]) -> None:
    """Let a helper end, between two writes to the cache."""
    with suppress(OSError):
        helper.held_stdin.close()  # type: ignore[attr-defined]
    try:
        helper.wait(_END_SECONDS)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()
    finally:
        if helper.stdout is not None:
            helper.stdout.close()


def help_out(pipe: BinaryIO) -> int:
    """Compile what a line of `pipe` says, and end the process when the pipe ends; returns how many kernels."""
    job = json.loads(pipe.readline())
    threading.Thread(target=_end_with, args=(pipe,), daemon=True).start()
    warm_ups = get_task(job["task"], job["options"]).warm_ups(generates=job["generates"])
    with watch_compilation(lambda _: None) as compilations:
        for i in job["warm_ups"]:
            warm_ups[i].run()
    return compilations.num_kernels


def _end_with(pipe: BinaryIO) -> None:
    pipe.read()
    with SAVING:
        os._exit(1)


if __name__ == "__main__":
    os.write(1, str(help_out(sys.stdin.buffer)).encode())
    # Taking down the interpreter with LLVM's modules in it takes most of a second.
    os._exit(0)
