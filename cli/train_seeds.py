"""``trmpipe train --seeds N``: the same training under several seeds, and how far their scores differ."""

import dataclasses
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import Any

from .console import echo, echo_json, table_lines
from .train_report import result_as_json

MOST_SEEDS = 1000


def train_seeds(request: Any, num_seeds: int, show: Callable[[], AbstractContextManager[Any]], *, as_json: bool) -> int:
    """Train one run after the other, then print what they came to; returns the exit code.

    Args:
        request: of the first run.
        num_seeds: runs to train.
        show: gives a listener that shows the progress of one.
        as_json: whether to print JSON.
    """
    from trmpipe.trainer.errors import DivergedError
    from trmpipe.trainer.seeds import seed_requests
    from trmpipe.trainer.session import train

    started, results, diverged = time.monotonic(), [], 0
    with show() as listener:
        requests = seed_requests(request, num_seeds, listener)
    for number, one in enumerate(requests, 1):
        if one.max_minutes is not None:
            # The minutes are for all runs together; a run whose turn never comes is begun by --resume.
            left = one.max_minutes - (time.monotonic() - started) / 60
            if left <= 0:
                break
            one = dataclasses.replace(one, max_minutes=left)
        echo(f"seed {one.seed}, {number} of {num_seeds}", err=True)
        try:
            with show() as listener:
                result = train(one, listener)
        except DivergedError as error:
            # It would do so again; the other seeds may not.
            diverged += 1
            echo(f"seed {one.seed}: {error}", err=True)
            continue
        assert result is not None, "a single process has the result"
        results.append(result)
        if not results[-1].finished:
            break
    _report(results, num_seeds, diverged, as_json=as_json)
    interrupted = bool(results) and results[-1].reason == "interrupted"
    return 130 if interrupted else 1 if diverged else 0


def _report(results: Sequence[Any], num_seeds: int, diverged: int, *, as_json: bool) -> None:
    from trmpipe.trainer.seeds import spreads_of

    done = [result for result in results if result.finished]
    spreads = spreads_of([result.scores.headline() for result in done])
    if as_json:
        summary = {name: spread.to_json() for name, spread in spreads.items()}
        runs = [result_as_json(result) for result in results]
        counts = {"seeds": num_seeds, "finished": len(done), "diverged": diverged}
        echo_json({**counts, "summary": summary, "runs": runs})
        return
    if done:
        echo(f"regime    {done[0].regime.whole_words()}")
        rows = [(str(result.seed), f"{result.step:,}", *_scores(result, spreads), str(result.run)) for result in done]
        for line in table_lines([("seed", "steps", *spreads, "run"), *rows]):
            echo(line)
    for name, spread in spreads.items():
        echo(f"{name}: {spread.in_words()}")
    if diverged:
        echo(f"{diverged} of {num_seeds} runs diverged")
    if len(done) + diverged < num_seeds:
        echo(f"{len(done)} of {num_seeds} runs are trained; to go on: the same command with --resume")


def _scores(result: Any, names: Any) -> tuple[str, ...]:
    headline = result.scores.headline()
    return tuple(f"{headline[name]:.1%}" for name in names)
