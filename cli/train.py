"""``trmpipe train``: train a model on corpora."""

import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import click

from .arguments import Minutes, RunPlace, WholeNumber
from .compilation import Announcer, announced_compilation
from .console import ask_number, counts_column, echo, echo_json, open_bars, plain_column, print_above
from .interruption import resumable
from .train_report import print_result, result_as_json, solved_in_words
from .train_seeds import MOST_SEEDS, train_seeds

_PLAIN_SECONDS = 10
"""Seconds between two plain lines of progress."""
_HELD_OUT = "test"
_OTHERS = {"monitor": "kept aside", "train_eval": "trained on"}
"""Sets that are scored, as metrics.jsonl calls them, and words for them."""


@click.command(name="train")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--task", metavar="NAME", help="Take the corpora of this task alone, by the name that `inspect` shows.")
@click.option("--preset", help="Preset; by default one that was made for task and device. See `trmpipe presets`.")
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="Change a setting, such as optimiser.lr=3e-4 or optimiser.name=adamw; may repeat. See `trmpipe presets NAME`.",
)
@click.option(
    "--max-steps",
    type=WholeNumber(1),
    help="Train so many steps; schedules stretch to them, the warm-up does not. With --resume, more than the run has "
    "make it longer.",
)
@click.option("--minutes", type=Minutes(), help="Fit the steps, and with them the schedules, to so long.")
@click.option("--max-minutes", type=Minutes(), help="Stop and save after so long; the schedules are cut off.")
@click.option("--from", "start", metavar="RUN", help="Begin with the averaged weights of the run at RUN.")
@click.option(
    "--out",
    type=RunPlace(),
    help="The run's folder; with --seeds that of all. [default: runs/<corpus>-<preset>-<changed settings>-seed<seed>]",
)
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option(
    "--compile",
    "compile_wish",
    default="auto",
    show_default=True,
    type=click.Choice(["auto", "on", "graphs", "off"]),
    help="Compile the supervision step; graphs: replay it as CUDA graphs besides.",
)
@click.option("--seed", type=WholeNumber(), help="Root seed of weights and order; the preset's by default.")
@click.option(
    "--seeds",
    type=WholeNumber(1, MOST_SEEDS),
    help="Train so many runs, one after the other, with seeds from --seed on; then mean and deviation of their scores.",
)
@click.option("--groups", type=WholeNumber(1), help="Train on the first so many groups.")
@click.option("--variants", type=WholeNumber(1), help="Use the first so many variants of each group.")
@click.option("--resume", is_flag=True, help="Go on from the run's last checkpoint, with the same options.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(*, paths: tuple[str, ...], compile_wish: str, seeds: int | None, as_json: bool, **options: Any) -> int:
    """Train on the corpora at PATH, each a corpus, a folder of them, or a pattern such as 'shards/*seed0'.

    Several corpora of one task are trained on together, and scored on the held-out puzzles of each. Where there are
    several tasks, you are asked for one; without a terminal it is that of the newest corpus.

    Ctrl-C saves; the same command with --resume goes on, exactly as if nothing had happened.
    """
    from trmpipe.trainer.ranks import joined_ranks
    from trmpipe.trainer.settings.request import TrainRequest
    from trmpipe.trainer.training.allocation import keep_freed_memory
    from trmpipe.trainer.training.session import train

    if options["minutes"] is not None and options["max_steps"] is not None:
        raise click.UsageError("--minutes and --max-steps both say how long to train; give one of them")
    request = TrainRequest(paths=paths, compile=compile_wish, **options)
    keep_freed_memory()
    with joined_ranks() as ranks:
        show = partial(show_training, silent=ranks.rank > 0)
        if seeds is not None:
            return train_seeds(request, seeds, show, ranks, as_json=as_json)
        with show() as listener, resumable(lambda: listener.has_run):
            result = train(request, listener, ranks)
    if result is None:
        return 0
    if as_json:
        echo_json(result_as_json(result))
    else:
        print_result(result)
    return 130 if result.reason == "interrupted" else 0


class _PlainTraining:
    """Lines now and then, for logs and pipes."""

    def __init__(self) -> None:
        self._said = self._began = time.monotonic()
        self._total, self._scored = 0, False
        self._first: int | None = None
        self.has_run = False
        self.announcer = Announcer(self.note)

    def opened(self, path: Path) -> None:
        """The run's folder is there."""
        self.has_run = True

    def begin(self, total: int) -> None:
        """Training to step `total` is about to begin."""
        self._total, self._began, self._first = total, time.monotonic(), None

    def note(self, line: str) -> None:
        """One line worth knowing."""
        echo(line, err=True)

    def choose_task(self, choices: Sequence[Any]) -> int | None:
        """Ask which task is to be trained."""
        lines = [f"{choice.task:<10} {', '.join(choice.corpora)}" for choice in choices]
        return ask_number("There are corpora of several tasks, that of the newest first:", lines, "train on which?")

    def trained(self, step: int, means: dict[str, float], rate: float) -> None:
        """A step was taken."""
        self.announcer.work_goes_on()
        if self._first is None:
            self._first = step - 1
        if time.monotonic() - self._said >= _PLAIN_SECONDS:
            self._said = time.monotonic()
            left = (self._total - step) * (time.monotonic() - self._began) / max(1, step - self._first)
            words = [*_means_in_words(means), f"{rate:,.1f} steps/s, {_clock(left)} left"]
            echo(f"step {step:,}: {'; '.join(words)}", err=True)

    def evaluated(self, step: int, scores: Mapping[str, Any]) -> None:
        """Puzzles were scored; the first time, how that compares with training is told."""
        self._explain(next(iter(scores.values())))
        held_out = [scores[_HELD_OUT].summary()] if _HELD_OUT in scores else []
        echo(f"step {step:,}: {'; '.join([*held_out, *_others_in_words(scores)])}", err=True)

    def _explain(self, scores: Any) -> None:
        if not self._scored:
            self._scored = True
            self.note(
                f"held out: answers of the averaged weights after supervision step {scores.num_steps}; in training: "
                "those of the present weights to their own batch, at whichever supervision step each puzzle is"
            )


class _BarTraining(_PlainTraining):
    """A bar with loss, accuracy, rate and time left."""

    def __init__(self, bar: Any) -> None:
        super().__init__()
        self._bar, self._task = bar, None
        self._test: list[str] = []

    def begin(self, total: int) -> None:
        """Training to step `total` is about to begin."""
        if self._task is None:
            self._task = self._bar.add_task("training", total=total, words="")
        self._bar.update(self._task, total=total)

    def note(self, line: str) -> None:
        """One line worth knowing, above the bar."""
        print_above(self._bar, line)

    def choose_task(self, choices: Sequence[Any]) -> int | None:
        """Ask which task is to be trained, without a bar that is drawn over the question."""
        self._bar.stop()
        chosen = super().choose_task(choices)
        self._bar.start()
        return chosen

    def trained(self, step: int, means: dict[str, float], rate: float) -> None:
        """A step was taken."""
        self.announcer.work_goes_on()
        words = "; ".join([*_means_in_words(means), *self._test, f"{rate:,.1f} steps/s"])
        self._bar.update(self._task, completed=step, words=words)

    def evaluated(self, step: int, scores: Mapping[str, Any]) -> None:
        """Puzzles were scored; the first time, how that compares with training is told."""
        self._explain(next(iter(scores.values())))
        held_out = [f"held out {solved_in_words(scores[_HELD_OUT].last())}"] if _HELD_OUT in scores else []
        self._test = [*held_out, *_others_in_words(scores)]


@contextmanager
def show_training(*, silent: bool = False) -> Iterator[_PlainTraining]:
    """Progress on stderr for the time of a ``with`` block; of a silent one nothing is told but errors."""
    if silent:
        yield _PlainTraining()
        return
    if not sys.stderr.isatty():
        plain = _PlainTraining()
        with announced_compilation(plain.announcer):
            yield plain
        return
    from rich.progress import BarColumn, TimeRemainingColumn

    words = plain_column("{task.fields[words]}")
    with open_bars(BarColumn(bar_width=20), counts_column(), words, TimeRemainingColumn()) as bar:
        training = _BarTraining(bar)
        with announced_compilation(training.announcer):
            yield training


def _others_in_words(scores: Mapping[str, Any]) -> list[str]:
    """How many of the puzzles are solved that are not held-out ones."""
    return [f"{words} {solved_in_words(scores[split].last())}" for split, words in _OTHERS.items() if split in scores]


def _means_in_words(means: dict[str, float]) -> list[str]:
    """What was last read of the metrics; nothing before that."""
    return [f"in training loss {means['loss']:.3f}, {solved_in_words(means)}"] if means else []


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}:{rest:02d}"
