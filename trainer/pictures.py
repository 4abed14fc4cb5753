"""Two pictures of a run: its curves, and one held-out puzzle being solved step by step."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.picture import GIVEN, RIGHT, WRONG
from trmpipe.generators.registry import look_of
from trmpipe.generators.task import PAD, TaskSpec
from trmpipe.shards import Examples

from .device import as_tokens
from .drawing import draw_picture
from .examinee import Examinee
from .figures import make_figure, save_figure
from .judging import Judge
from .lines import MetricLine, read_metrics
from .run_folder import RunFolder

CURVES = "curves.png"
SOLVING = "solving.png"
_COLUMNS = 4
_MOST_CANDIDATES = 100
_MOST_CANDIDATE_TOKENS = 100 * 81
"""The puzzle to show is looked for among the first held-out ones, up to these numbers of puzzles and of tokens."""


@dataclass(frozen=True, slots=True)
class Solving:
    """One puzzle being solved.

    Attributes:
        inputs: uint8 [S].
        labels: uint8 [S], the stored solution.
        answers: int64 [T, S], the network's answer after each step.
        solved: bool [T], whether the judge takes each for right.
    """

    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    answers: NDArray[np.int64]
    solved: NDArray[np.bool_]


def draw_pictures(run: RunFolder, examinee: Examinee, held_out: Examples, spec: TaskSpec, judge: Judge) -> list[Path]:
    """Write the pictures that there is something to draw for.

    Args:
        run: the run's folder, where they go.
        examinee: the network.
        held_out: puzzles of which one is shown, if there are any.
        spec: of their task.
        judge: says which answers are right.

    Returns:
        Their paths.
    """
    pictures = []
    lines = read_metrics(run.metrics_file)
    if lines:
        pictures.append(draw_curves(lines, run.path / CURVES))
    if len(held_out):
        pictures.append(draw_solving(instructive(examinee, held_out, judge), spec, run.path / SOLVING))
    return pictures


def draw_curves(lines: list[MetricLine], path: Path) -> Path:
    """Draw the losses in training, and the accuracy in training and on held-out puzzles, over the steps."""
    figure, (left, right) = make_figure(1, 2, (10, 4))
    train = [line for line in lines if line.split == "train"]
    test = [line for line in lines if line.split == "test"]
    for name in train[0].values if train else {}:
        if name == "loss" or name.endswith("_loss"):
            left.plot(*_curve(train, name), label=name.replace("_", " "))
    left.set(xlabel="step", ylabel="training loss", yscale="log")
    right.plot(*_curve(train, "exact"), label="exact, training batch", alpha=0.6)
    for name, words in (("exact", "exact, held out"), ("cell", "cells, given ones too, held out")):
        right.plot(*_curve(test, name), "o-", label=words)
    right.set(xlabel="step", ylabel="accuracy", ylim=(-0.02, 1.02))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend()
    return save_figure(figure, path)


def _curve(lines: list[MetricLine], name: str) -> tuple[list[int], list[float]]:
    """Steps and values of the lines that have a metric."""
    having = [line for line in lines if name in line.values]
    return [line.step for line in having], [line.values[name] for line in having]


def instructive(examinee: Examinee, held_out: Examples, judge: Judge) -> Solving:
    """The puzzle among the first held-out ones that shows most: the one that takes longest to be solved for good.

    Where none is solved it is the first.
    """
    rows = slice(0, max(1, min(_MOST_CANDIDATES, _MOST_CANDIDATE_TOKENS // held_out.inputs.shape[1])))
    inputs, labels = (as_tokens(values[rows], examinee.device) for values in (held_out.inputs, held_out.labels))
    steps = [answer.tokens for answer in examinee.answers(held_out.inputs[rows], held_out.identifiers[rows])]
    solved = np.array([judge(inputs, labels, answers).solved.cpu().numpy() for answers in steps])
    # A puzzle counts from the step after which it stays solved.
    settled = np.flip(np.logical_and.accumulate(np.flip(solved, 0), 0), 0)
    length = np.where(settled[-1], len(steps) - settled.sum(0), -1)
    row = int(length.argmax())
    answers = np.array([answers[row].cpu().numpy() for answers in steps])
    return Solving(held_out.inputs[row], held_out.labels[row], answers, solved[:, row])


def draw_solving(solving: Solving, spec: TaskSpec, path: Path) -> Path:
    """Draw the answer after every step as a small board; see `draw_picture` for its colours.

    Args:
        solving: the puzzle and its answers.
        spec: of its task.
        path: where to write.
    """
    look = look_of(spec)
    labels, num_steps = solving.labels, len(solving.answers)
    num_rows = -(-num_steps // _COLUMNS)
    figure, boards = make_figure(num_rows, _COLUMNS, (2.2 * _COLUMNS, 2.4 * num_rows))
    for axes in np.ravel(boards):
        axes.set_axis_off()
    steps = zip(np.ravel(boards), solving.answers, solving.solved.tolist(), strict=False)
    for step, (axes, answer, solved) in enumerate(steps, 1):
        # What stands where labels are pad was never learned, and is not scored.
        shown = np.where(labels == PAD, PAD, answer)
        wrong = (shown != labels) & (not solved)
        draw_picture(axes, look(shown).toned(_tones(solving.inputs == labels, wrong)))
        axes.set_title(f"supervision step {step}: {'solved' if solved else f'{int(wrong.sum())} wrong'}", fontsize=9)
    return save_figure(figure, path)


def _tones(given: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> tuple[str, ...]:
    """The tone of every cell [S]; a cell is given if the puzzle shows what its solution has there."""
    return tuple(np.where(wrong, WRONG, np.where(given, GIVEN, RIGHT)).tolist())
