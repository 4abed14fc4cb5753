"""Two pictures of a run: its curves, and one held-out puzzle being solved step by step."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.picture import GIVEN, RIGHT, WRONG, Picture, cropped, used_part
from trmpipe.generators.registry import look_of
from trmpipe.generators.task import PAD, TaskSpec
from trmpipe.shards import Corpus, Examples

from ..device import as_tokens
from ..judging import Judge
from ..runs.difficulty_lines import read_difficulty
from ..runs.lines import read_metrics
from ..runs.run_folder import RunFolder
from ..scores.examinee import Examinee
from .curves import draw_curves
from .drawing import draw_legend, draw_picture
from .figures import make_figure, save_figure
from .puzzle_words import puzzle_name

CURVES = "curves.png"
SOLVING = "solving.png"
_COLUMNS = 4
_ABOVE = ("puzzle", "solution")
_MOST_CANDIDATES = 100
_MOST_CANDIDATE_TOKENS = 100 * 81
"""The puzzle to show is looked for among the first held-out ones, up to these numbers of puzzles and of tokens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Solving:
    """One puzzle being solved.

    Attributes:
        group: its number in the test split.
        example: its place in the puzzle.
        inputs: uint8 [S].
        labels: uint8 [S], the stored solution.
        answers: int64 [T, S], the network's answer after each step.
        solved: bool [T], whether the judge takes each for right.
    """

    group: int
    example: int
    inputs: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    answers: NDArray[np.int64]
    solved: NDArray[np.bool_]


def draw_pictures(run: RunFolder, examinee: Examinee, held_out: Examples, corpus: Corpus, judge: Judge) -> list[Path]:
    """Write the pictures that there is something to draw for.

    Args:
        run: the run's folder, where they go.
        examinee: the network.
        held_out: puzzles of which one is shown, if there are any.
        corpus: that they are of.
        judge: says which answers are right.

    Returns:
        Their paths.
    """
    pictures = []
    lines = read_metrics(run.metrics_file)
    if lines:
        pictures.append(draw_curves(lines, run.path.name, run.path / CURVES, read_difficulty(run.difficulty_file)))
    if len(held_out):
        solving = instructive(examinee, held_out, judge)
        title = puzzle_name(corpus, solving.group, solving.example)
        pictures.append(draw_solving(solving, corpus.spec, title, run.path / SOLVING))
    return pictures


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
    return Solving(
        group=int(held_out.groups[row]),
        example=int(held_out.examples[row]),
        inputs=held_out.inputs[row],
        labels=held_out.labels[row],
        answers=answers,
        solved=solved[:, row],
    )


def draw_solving(solving: Solving, spec: TaskSpec, title: str, path: Path) -> Path:
    """Draw the puzzle and its solution beside a legend, and below them the answer after every supervision step.

    All are small boards, cut to the cells that any of them uses; see `draw_picture` for their colours.

    Args:
        solving: the puzzle and its answers.
        spec: of its task.
        title: what the puzzle is called.
        path: where to write.
    """
    puzzle, solution, *answers = boards_of(solving, spec)
    steps = [(f"supervision step {step}: {words}", picture) for step, (words, picture) in enumerate(answers, 1)]
    boards = [puzzle, solution, *steps]
    num_rows = 1 + -(-len(solving.answers) // _COLUMNS)
    figure, axes = make_figure(num_rows, _COLUMNS, (2.2 * _COLUMNS, 2.4 * num_rows + 0.4), title)
    for one in axes.ravel():
        one.set_axis_off()
    draw_legend(axes[0, len(_ABOVE)], [picture for _, picture in boards])
    for one, (words, picture) in zip((*axes[0, : len(_ABOVE)], *axes[1:].ravel()), boards, strict=False):
        draw_picture(one, picture)
        one.set_title(words, fontsize=9)
    return save_figure(figure, path)


def boards_of(solving: Solving, spec: TaskSpec) -> list[tuple[str, Picture]]:
    """What is drawn, with its words: the puzzle, its solution, and the answer after every supervision step.

    Args:
        solving: the puzzle and its answers.
        spec: of its task.
    """
    look, inputs, labels = look_of(spec), solving.inputs, solving.labels
    part = used_part(((inputs != PAD) | (labels != PAD)).reshape(spec.grid_shape))
    given, nothing = inputs == labels, np.zeros(len(inputs), np.bool_)
    shown_by_puzzle = tuple(np.where(given, GIVEN, "").tolist())
    solution = look(labels).toned(_tones(given, nothing))
    found = [(_ABOVE[0], look(inputs).toned(shown_by_puzzle)), (_ABOVE[1], solution)]
    for answer, solved in zip(solving.answers, solving.solved.tolist(), strict=True):
        # What stands where labels are pad was never learned, and is not scored.
        shown = np.where(labels == PAD, PAD, answer)
        wrong = (shown != labels) & (not solved)
        words = "solved" if solved else f"{int(wrong.sum())} wrong"
        found.append((words, look(shown).toned(_tones(given, wrong))))
    return [(words, cropped(picture, part)) for words, picture in found]


def _tones(given: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> tuple[str, ...]:
    """The tone of every cell [S]; a cell is given if the puzzle shows what its solution has there."""
    return tuple(np.where(wrong, WRONG, np.where(given, GIVEN, RIGHT)).tolist())
