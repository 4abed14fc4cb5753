"""``trmpipe train --seeds N``: the same training under several seeds, and how far their scores differ."""

import dataclasses
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from .console import echo, echo_json, table_lines
from .interruption import resumable
from .train_report import result_as_json

MOST_SEEDS = 1000


def train_seeds(
    request: Any,
    num_seeds: int,
    show: Callable[[], AbstractContextManager[Any]],
    ranks: Any,
    *,
    as_json: bool,
) -> int:
    """Train one run after the other, then print what they came to; returns the exit code.

    Ranks train each run together, and go on to the next together: which it is, and whether there is one, the first
    says. It alone prints, and has the exit code; the others end with 0, since torchrun ends all as soon as one fails.

    Args:
        request: of the first run.
        num_seeds: runs to train.
        show: gives a listener that shows the progress of one.
        ranks: of the processes that train together.
        as_json: whether to print JSON.
    """
    from trmpipe.trainer.training.seeds import seed_requests

    started = time.monotonic()
    with show() as listener:
        requests = ranks.first(lambda: seed_requests(request, num_seeds, listener))
    done = _Done()
    try:
        with resumable(lambda: any(listener.has_run for listener in done.heard)):
            _train_each(requests, started, show, ranks, done)
    except BaseException as error:
        # Of a command that was let go at once: what is trained is told before that is.
        if not isinstance(error, Exception) and done.results:
            _report(done, num_seeds, as_json=as_json)
        raise
    if ranks.rank > 0:
        return 0
    _report(done, num_seeds, as_json=as_json)
    interrupted = bool(done.results) and done.results[-1].reason == "interrupted"
    return 130 if interrupted else 1 if done.diverged else 0


@dataclass(slots=True)
class _Done:
    """What has come of the runs so far.

    Attributes:
        results: of those that did not diverge; ranks after the first have none.
        diverged: how many did.
        heard: the listener of each.
    """

    results: list[Any] = field(default_factory=list)
    diverged: int = 0
    heard: list[Any] = field(default_factory=list)


def _train_each(
    requests: Sequence[Any], started: float, show: Callable[[], AbstractContextManager[Any]], ranks: Any, done: _Done
) -> None:
    """Train the runs up to one that is stopped; see `train_seeds`.

    Args:
        requests: of all runs.
        started: when the command began, on this rank's clock.
        show: as of `train_seeds`.
        ranks: as of `train_seeds`.
        done: gets what they come to, one by one.
    """
    from trmpipe.trainer.errors import DivergedError
    from trmpipe.trainer.training.session import train

    goes_on = True
    for number, asked in enumerate(requests, 1):
        one = ranks.share(_in_time_left(asked, started) if goes_on else None)
        if one is None:
            break
        _tell(ranks, f"seed {one.seed}, {number} of {len(requests)}")
        try:
            with show() as listener:
                done.heard.append(listener)
                result = train(one, listener, ranks)
        except DivergedError as error:
            # It would do so again; the other seeds may not.
            done.diverged += 1
            _tell(ranks, f"seed {one.seed}: {error}")
            continue
        if result is not None:
            done.results.append(result)
            goes_on = result.finished


def _in_time_left(request: Any, started: float) -> Any | None:
    """The request of a run whose turn has come, with the minutes that are left; None where none are.

    The minutes are for all runs together; a run whose turn never comes is begun by --resume.
    """
    if request.max_minutes is None:
        return request
    left = request.max_minutes - (time.monotonic() - started) / 60
    return dataclasses.replace(request, max_minutes=left) if left > 0 else None


def _tell(ranks: Any, line: str) -> None:
    """Say a line, once for all ranks."""
    if ranks.rank == 0:
        echo(line, err=True)


def _report(found: _Done, num_seeds: int, *, as_json: bool) -> None:
    from trmpipe.trainer.training.seeds import spreads_of

    results, diverged = found.results, found.diverged
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
        for line in table_lines([("seed", "steps", *(_in_words(name, spreads) for name in spreads), "run"), *rows]):
            echo(line)
    for name, spread in spreads.items():
        echo(f"{_in_words(name, spreads)}: {spread.in_words()}")
    if diverged:
        echo(f"{diverged} of {num_seeds} runs diverged")
    if len(done) + diverged < num_seeds:
        echo(f"{len(done)} of {num_seeds} runs are trained; to go on: the same command with --resume")


def _in_words(name: str, names: Collection[str]) -> str:
    """A score's name; that of the gap with what puzzles are solved by, where both ways stand beside it."""
    from trmpipe.trainer.judging import ACCEPTED

    return f"gap ({ACCEPTED})" if name == "gap" and ACCEPTED in names else name


def _scores(result: Any, names: Any) -> tuple[str, ...]:
    headline = result.scores.headline()
    return tuple(f"{headline[name]:.1%}" for name in names)
