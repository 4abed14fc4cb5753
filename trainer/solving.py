"""A trained network's answer to one puzzle, beside what a solver says."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from trmpipe.generators.errors import InputError
from trmpipe.generators.sudoku import BLANK, format_puzzle, parse_puzzle, solve

from .inference import TrainedRun


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A network's answer to one Sudoku, beside what a solver says.

    Attributes:
        puzzle: characters, '.' for blank.
        answer: the network's characters; '?' where it gave no digit.
        solution: a solution, or '' where there is none.
        num_solutions: 0, 1, or 2 for several.
        num_wrong: cells in which answer and solution differ; -1 where there is no single solution.
        settled_step: supervision step, from 1, after which the answer no longer changed.
        confidence: what the halting head gives for "solved", 0 to 1.
    """

    puzzle: str
    answer: str
    solution: str
    num_solutions: int
    num_wrong: int
    settled_step: int
    confidence: float


def answer_puzzle(trained: TrainedRun, text: str) -> Answer:
    """Let the network solve a Sudoku and check its answer.

    Args:
        trained: a run on Sudoku.
        text: the cells row by row, '.' or '0' for a blank.

    Raises:
        InputError: the text is no puzzle of the run's size, or the run's task is no Sudoku.
    """
    if not trained.task.startswith("sudoku"):
        raise InputError(f"{trained.run.path} was trained on {trained.task}; solve takes runs on Sudoku")
    puzzle = parse_puzzle(text, int(trained.task.removeprefix("sudoku")))
    counts, solutions, _ = solve(puzzle[None], limit=2)
    final, settled, confidence = _ask(trained, puzzle)
    unique = int(counts[0]) == 1
    return Answer(
        puzzle=format_puzzle(puzzle),
        answer="".join(str(value) if value > 0 else "?" for value in final),
        solution=format_puzzle(solutions[0]) if counts[0] else "",
        num_solutions=int(counts[0]),
        num_wrong=int((final != solutions[0]).sum()) if unique else -1,
        settled_step=settled,
        confidence=confidence,
    )


def _ask(trained: TrainedRun, puzzle: NDArray[np.uint8]) -> tuple[NDArray[np.int64], int, float]:
    """The final answer int64 [C] (0 where it is no digit), the step it settled at, and sigmoid(q)."""
    with trained.examinee() as examinee:
        steps = list(examinee.answers(puzzle[None] + np.uint8(BLANK), np.zeros(1, np.int32)))
    answers = [answer.tokens[0].cpu().numpy() for answer in steps]
    differing = [step for step, answer in enumerate(answers, 1) if (answer != answers[-1]).any()]
    settled = max(differing, default=0) + 1
    halt = steps[-1].halt
    return np.maximum(answers[-1] - BLANK, 0), settled, float(torch.sigmoid(halt[0])) if halt is not None else 1.0
