"""Two pictures of a run: its curves, and one held-out puzzle being solved step by step."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import PAD, TaskSpec
from trmpipe.shards import Examples

from .arc.pictures import draw_tokens
from .device import as_tokens
from .examinee import Examinee
from .figures import make_figure, save_figure
from .judging import Judge
from .run_folder import RunFolder, read_lines

CURVES = "curves.png"
SOLVING = "solving.png"
_COLUMNS = 4
_CANDIDATES = 100
_CANDIDATE_TOKENS = 100 * 81
"""Among so many held-out puzzles, of so many tokens at most, is looked for one to show."""
_GIVEN, _RIGHT, _WRONG = "#333333", "#1a7f37", "#cf222e"
_BLANK_TOKEN = 1


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
    lines = read_lines(run.metrics_file)
    if lines:
        pictures.append(draw_curves(lines, run.path / CURVES))
    if len(held_out):
        answers, row = instructive_answers(examinee, held_out, judge)
        path = run.path / SOLVING
        pictures.append(draw_solving(held_out.inputs[row], held_out.labels[row], answers, spec, path))
    return pictures


def draw_curves(lines: list[dict[str, Any]], path: Path) -> Path:
    """Draw the losses in training, and the accuracy in training and on held-out puzzles, over the steps."""
    figure, (left, right) = make_figure(1, 2, (10, 4))
    train = [line for line in lines if line["split"] == "train"]
    test = [line for line in lines if line["split"] == "test"]
    steps = [line["step"] for line in train]
    for name in train[0] if train else {}:
        if name == "loss" or name.endswith("_loss"):
            left.plot(steps, [line[name] for line in train], label=name.replace("_", " "))
    left.set(xlabel="step", ylabel="training loss", yscale="log")
    right.plot(steps, [line["exact"] for line in train], label="exact, training batch", alpha=0.6)
    for name in ("exact", "cell"):
        right.plot([line["step"] for line in test], [line[name] for line in test], "o-", label=f"{name}, held out")
    right.set(xlabel="step", ylabel="accuracy", ylim=(-0.02, 1.02))
    for axes in (left, right):
        axes.grid(alpha=0.3)
        axes.legend()
    return save_figure(figure, path)


def instructive_answers(examinee: Examinee, held_out: Examples, judge: Judge) -> tuple[NDArray[np.int64], int]:
    """The answers [T, S] to one puzzle after every step, and its row among the first ones.

    The one that takes longest to solve is taken, as it shows most; where none is solved, the first.
    """
    rows = slice(0, max(1, min(_CANDIDATES, _CANDIDATE_TOKENS // held_out.inputs.shape[1])))
    inputs, labels = (as_tokens(values[rows], examinee.device) for values in (held_out.inputs, held_out.labels))
    steps = [answer.tokens for answer in examinee.answers(held_out.inputs[rows], held_out.identifiers[rows])]
    solved = np.array([judge(inputs, labels, answers).solved.cpu().numpy() for answers in steps])
    # A puzzle counts from the step after which it stays solved.
    settled = np.flip(np.logical_and.accumulate(np.flip(solved, 0), 0), 0)
    length = np.where(settled[-1], len(steps) - settled.sum(0), -1)
    row = int(length.argmax())
    return np.array([answers[row].cpu().numpy() for answers in steps]), row


def draw_solving(
    inputs: NDArray[np.uint8], labels: NDArray[np.uint8], answers: NDArray[np.int64], spec: TaskSpec, path: Path
) -> Path:
    """Draw the answer after every step as a small board: given cells dark, right ones green, wrong ones red.

    Cells of ARC grids have their own colours, and wrong ones a red dot.

    Args:
        inputs: uint8 [S] the puzzle.
        labels: uint8 [S] its solution.
        answers: int64 [T, S] the network's answers.
        spec: of the task.
        path: where to write.
    """
    num_rows = -(-len(answers) // _COLUMNS)
    figure, boards = make_figure(num_rows, _COLUMNS, (2.2 * _COLUMNS, 2.4 * num_rows))
    for step, axes in enumerate(np.ravel(boards)):
        axes.set_axis_off()
        if step < len(answers):
            if spec.name == "arc":
                _draw_grid(axes, labels, answers[step], spec)
            else:
                _draw_board(axes, inputs, labels, answers[step], spec)
            wrong = int(((answers[step] != labels) & (labels != PAD)).sum())
            axes.set_title(f"step {step + 1}: {wrong} wrong" if wrong else f"step {step + 1}: solved", fontsize=9)
    return save_figure(figure, path)


def _draw_board(
    axes: Any, inputs: NDArray[np.uint8], labels: NDArray[np.uint8], answer: NDArray[np.int64], spec: TaskSpec
) -> None:
    rows, columns = spec.grid_shape
    axes.set(xlim=(-0.5, columns - 0.5), ylim=(rows - 0.5, -0.5), aspect="equal")
    for line in range(max(rows, columns) + 1):
        if line <= rows:
            axes.plot((-0.5, columns - 0.5), (line - 0.5, line - 0.5), color="#bbbbbb", linewidth=0.6, clip_on=False)
        if line <= columns:
            axes.plot((line - 0.5, line - 0.5), (-0.5, rows - 0.5), color="#bbbbbb", linewidth=0.6, clip_on=False)
    size = 80 / max(rows, columns)
    for cell in range(len(inputs)):
        given = inputs[cell] != _BLANK_TOKEN
        right = answer[cell] == labels[cell]
        color = _WRONG if not right else _GIVEN if given else _RIGHT
        row, column = divmod(cell, columns)
        style = {"ha": "center", "va": "center", "color": color, "fontsize": min(size, 12)}
        axes.text(column, row, spec.vocabulary[answer[cell]], weight="bold" if given else "normal", **style)


def _draw_grid(axes: Any, labels: NDArray[np.uint8], answer: NDArray[np.int64], spec: TaskSpec) -> None:
    # What stands where labels are pad was never learned, and is not scored.
    draw_tokens(axes, np.where(labels == PAD, PAD, answer).reshape(spec.grid_shape))
    rows, columns = np.divmod(np.flatnonzero((answer != labels) & (labels != PAD)), spec.grid_shape[1])
    axes.scatter(columns, rows, s=4, color=_WRONG)
