"""A trained network's answer to one puzzle, beside what the task says of it.

Some tasks write puzzles as text, others call them by name: `solve` takes both, for the command and for Python.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trmpipe.generators.errors import OptionError, TextError
from trmpipe.generators.picture import Picture
from trmpipe.generators.registry import family_of, get_task
from trmpipe.generators.task import PAD, Solutions, Task, TaskSpec
from trmpipe.shards.progress import Progress

from ..building.build import takes_any_size, task_sizes
from ..errors import RunError
from ..evaluators import Answerer, evaluator_of
from ..pictures.run_pictures import Solving
from ..pictures.solved import Part, Solved
from .inference import TrainedRun, for_sizes, refuse_unfit, run_corpora

UNKNOWN = -1
"""Says of a number that nobody can know it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedPuzzle:
    """A network's answer to one puzzle; a `Solved`.

    Attributes:
        puzzle: as the task writes it.
        answer: the network's, likewise.
        solution: a solution, likewise, or '' where there is none or the task has no solver.
        num_solutions: 0, 1, 2 for several; `UNKNOWN` where the task has no solver.
        num_wrong: cells in which answer and solution differ; `UNKNOWN` where there is no single solution.
        accepted: whether the answer is right, by the task's check or, where it has none, by its solver; None where
            neither can say.
        settled_step: supervision step, from 1, after which the answer no longer changed.
        confidence: what the halting head gives for "solved", 0 to 1; None where the learner has none.
        pictures: of puzzle, answer and, where there is one, solution.
    """

    puzzle: str
    answer: str
    solution: str
    num_solutions: int
    num_wrong: int
    accepted: bool | None
    settled_step: int
    confidence: float | None
    pictures: Mapping[str, Picture]

    def parts(self) -> list[Part]:
        """See `Solved`; one part."""
        sure = "" if self.confidence is None else f"; it is {self.confidence:.0%} sure of it"
        settled = f"the model's answer stands from supervision step {self.settled_step} on{sure}"
        return [Part(pictures=self.pictures, lines=(self._verdict(), settled))]

    def remarks(self) -> list[str]:
        """See `Solved`; none."""
        return []

    def _verdict(self) -> str:
        if self.num_solutions == 0:
            return "this puzzle has no solution"
        if self.num_solutions == 1 and self.num_wrong:
            cells, differ = ("cell", "differs") if self.num_wrong == 1 else ("cells", "differ")
            return f"{self.num_wrong} {cells} of the model's answer {differ} from the solution"
        if self.accepted is None:
            return "nobody can say whether the model's answer is right: the task says neither what is right nor solves"
        if self.num_solutions > 1:
            whether = "one of them" if self.accepted else "none of them"
            return f"this puzzle has several solutions, one of which is shown; the model's answer is {whether}"
        if self.num_solutions == 1:
            return "solved: all cells are right"
        return "solved: the answer is right" if self.accepted else "the model's answer is not right"

    def to_json(self) -> dict[str, Any]:
        """Plain values, without the pictures."""
        names = [name for name in self.__dataclass_fields__ if name != "pictures"]
        return {name: getattr(self, name) for name in names}


def solve(
    trained: TrainedRun,
    puzzle: str,
    *,
    corpora: Sequence[str],
    variants: int | None,
    tell: Callable[[str], None],
    progress: Progress,
) -> Solved:
    """Let a network answer one puzzle, in whatever way its task takes one.

    Args:
        trained: the run.
        puzzle: as text; of a task whose puzzles are called by name, what its evaluator takes: a name, or a file.
        corpora: paths of the corpora that hold the names; none for those that the run was trained on.
        variants: let the first so many variants of a named puzzle vote; None for those that it was trained on.
        tell: see `run_corpora`.
        progress: told of every variant.

    Raises:
        OptionError: there is no such puzzle, or what goes with names was given for one that is text.
        NoCorpusError: the corpora are no longer where they were.
        RunError: the corpora are not those that the network was made for.
        InputError: the task's code is not installed, or its puzzles can be given in neither way.
    """
    answerer = _answerer_of(trained)
    if answerer is None:
        if corpora or variants is not None:
            raise OptionError(
                f"{trained.task} puzzles are given as text: no corpus and no number of variants go with one; leave "
                "them out"
            )
        return _answer_text(trained, puzzle)
    if variants is not None and variants < 1:
        raise OptionError(f"variants is {variants}; expected 1 or more")
    opened = run_corpora(trained, tuple(corpora), tell)
    refuse_unfit(trained, opened)
    with trained.examinee() as examinee:
        return answerer.answer(examinee, opened, puzzle, variants or trained.num_variants, progress)


def _answerer_of(trained: TrainedRun) -> Answerer | None:
    """The evaluator of a task whose puzzles are called by name; None where they are given as text."""
    spec = get_task(trained.task).spec
    found: object = evaluator_of(spec) if spec.named_groups else None
    return found if isinstance(found, Answerer) else None


def solve_stepwise(trained: TrainedRun, text: str) -> tuple[Solving, TaskSpec]:
    """Let a network answer one puzzle, and keep its answer after every supervision step.

    Args:
        trained: the run.
        text: the puzzle, as its task writes it.

    Returns:
        The puzzle beside the answers, and the spec of its task.

    Raises:
        OptionError: there is no such puzzle, puzzles of the task have no text form, or none of its solutions is known.
        RunError: the network was made for other puzzles.
    """
    if _answerer_of(trained) is not None:
        raise OptionError(f"{trained.task} puzzles are called by name, and only those that are text can be shown so")
    trained, task, puzzle = _read_for(trained, text)
    solutions = task.solve(puzzle)
    if solutions is None or not solutions.counts[0]:
        raise OptionError("no solution of this puzzle is known, so that nobody can say which cells are right")
    labels = solutions.labels[0]
    with trained.examinee() as examinee:
        steps = [
            step.tokens[0].to(torch.uint8).cpu().numpy() for step in examinee.answers(puzzle, np.zeros(1, np.int32))
        ]
    answers = [np.where(labels == PAD, PAD, answer).astype(np.uint8) for answer in steps]
    solved = [_is_right(task, puzzle, answer, solutions) or bool((answer == labels).all()) for answer in answers]
    solving = Solving(
        group=0,
        example=0,
        inputs=puzzle[0],
        labels=labels,
        answers=np.array(answers, np.int64),
        solved=np.array(solved, np.bool_),
    )
    return solving, task.spec


def _answer_text(trained: TrainedRun, text: str) -> SolvedPuzzle:
    """Let the network solve a puzzle that is given as its task writes it, and check its answer."""
    trained, task, puzzle = _read_for(trained, text)
    answers, confidence = _ask(trained, puzzle)
    solutions = task.solve(puzzle)
    num_solutions = UNKNOWN if solutions is None else int(solutions.counts[0])
    # What stands where there is nothing to answer was never learned, and is not judged.
    asked = solutions.labels[0] if solutions is not None and num_solutions else puzzle[0]
    answers = np.where(asked == PAD, PAD, answers).astype(np.uint8)
    answer = answers[-1]
    shown = {"puzzle": puzzle[0], "model": answer}
    if solutions is not None and num_solutions:
        shown["solution"] = solutions.labels[0]
    return SolvedPuzzle(
        puzzle=task.format(puzzle[0]),
        answer=task.format(answer),
        solution=task.format(shown["solution"]) if "solution" in shown else "",
        num_solutions=num_solutions,
        num_wrong=int((answer != shown["solution"]).sum()) if num_solutions == 1 else UNKNOWN,
        accepted=_is_right(task, puzzle, answer, solutions),
        settled_step=_settled_step(answers),
        confidence=confidence,
        pictures={name: task.picture(tokens) for name, tokens in shown.items()},
    )


def _read_for(trained: TrainedRun, text: str) -> tuple[TrainedRun, Task, NDArray[np.uint8]]:
    """A puzzle's tokens [1, S], its task, and the run, made anew where that is of another size than its own."""
    task, sizes = get_task(trained.task), trained.about.sizes
    if (sizes.seq_len, sizes.vocab_size) != (task.spec.seq_len, task.spec.vocab_size):
        raise RunError(
            f"{trained.run.path} was trained on {sizes.seq_len} cells of {sizes.vocab_size} tokens, {trained.task} has "
            f"{task.spec.seq_len} of {task.spec.vocab_size}; use the package that the run was trained with"
        )
    task, puzzle = _read(task, text, others=_other_sizes(trained))
    if task.spec.name != trained.task:
        trained = for_sizes(trained, task_sizes(task.spec))
    return trained, task, puzzle


def _is_right(
    task: Task, puzzle: NDArray[np.uint8], answer: NDArray[np.uint8], solutions: Solutions | None
) -> bool | None:
    """See `SolvedPuzzle.accepted`; `puzzle` is [1, S], `answer` [S]."""
    if task.judges:
        return bool(task.check(puzzle, answer[None])[0])
    if solutions is None or solutions.counts[0] != 1:
        return None
    return bool((answer == solutions.labels[0]).all())


def _other_sizes(trained: TrainedRun) -> list[Task]:
    """The tasks that differ from a run's in their size alone, where its model takes any."""
    family = family_of(trained.task)
    names = [family.task_name(size) for size in family.sizes] if takes_any_size(trained.config) else []
    return [get_task(name) for name in names if name != trained.task]


def _read(task: Task, text: str, others: Sequence[Task]) -> tuple[Task, NDArray[np.uint8]]:
    """A puzzle's tokens [1, S], and the task in whose form it is written: `task`, or else the first of `others`."""
    try:
        return task, task.parse([text])
    except TextError as error:
        for other in others:
            with suppress(TextError):
                return other, other.parse([text])
        raise OptionError(f"the puzzle cannot be read: {error}") from error


def _ask(trained: TrainedRun, puzzle: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], float | None]:
    """The answers uint8 [T, S] to `puzzle` [1, S] after every step, and the halting probability of the last one."""
    with trained.examinee() as examinee:
        answers, halt = [], None
        for step in examinee.answers(puzzle, np.zeros(1, np.int32)):
            answers.append(step.tokens[0].to(torch.uint8).cpu().numpy())
            halt = step.halt
    return np.stack(answers), None if halt is None else float(torch.sigmoid(halt[0]))


def _settled_step(answers: NDArray[np.uint8]) -> int:
    """The step, from 1, from which the last of the answers [T, S] stands."""
    differing = np.flatnonzero((answers != answers[-1]).any(1))
    return int(differing.max(initial=-1)) + 2
