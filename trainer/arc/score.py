"""The score of ARC predictions by vote, as published.

Every row is the prediction for one test input under one variant's map. Its input is cropped and mapped back, which says
to which test input of its task it belongs; its prediction is cropped and mapped back, and votes there. Answers are
ranked by (votes, mean halting probability); of equal ones the smaller grid, by (rows, columns, colours row by row),
comes first, where the published code takes the one seen first. So the scores do not depend on the order of the rows.
pass@K counts a test input as solved if its solution is among the K best answers. An empty prediction is an answer here,
as published, and no grid that could be handed in: so a submission may solve more than pass@2 says, and never less.

400 tasks of 1000 variants take seconds: `benchmarks/arc_vote.py`.
Source: TinyRecursiveModels, ``evaluators/arc.py``, for a single checkpoint.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from trmpipe.generators.arc.grids import SEQ_LEN, SIDE
from trmpipe.generators.errors import InputError

from .kernels import KEY_BYTES, NO_INPUT, locate
from .names import Maps, parse_names
from .votes import Answer, Ballot, Grid, count_ballot, key_of

KS = (1, 2, 5, 10, 100, 1000)
"""The published choice of K."""

ATTEMPTS = 2
"""Answers that a submission holds for each test input."""

_NO_GRID: Grid = [[0]]
"""What a submission says where nobody gave an answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputScore:
    """How one test input fared.

    Attributes:
        num_votes: rows that voted.
        num_answers: different answers among them.
        rank: place of the solution among them, from 1; 0 where nobody gave it; None where it is not known.
        best: the best answers that are grids, at most `ATTEMPTS`.
        num_grids: different answers that are grids.
        place: place of the solution among these, likewise; never behind `rank`.
    """

    num_votes: int
    num_answers: int
    rank: int | None
    best: tuple[Answer, ...]
    num_grids: int
    place: int | None

    def solved(self, k: int) -> bool:
        """Whether the solution is among the `k` best answers."""
        return self.rank is not None and 1 <= self.rank <= k

    @property
    def handed_in(self) -> bool:
        """Whether the solution is among the answers of a submission, in which empty ones do not count."""
        return self.place is not None and 1 <= self.place <= ATTEMPTS


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScore:
    """How one task fared.

    Attributes:
        task: its id.
        inputs: its test inputs in their order.
    """

    task: str
    inputs: tuple[InputScore, ...]

    @property
    def scored(self) -> tuple[InputScore, ...]:
        """The test inputs whose solution is known."""
        return tuple(one for one in self.inputs if one.rank is not None)

    def fractional(self, k: int) -> float:
        """Share of its scored test inputs that are solved by `k` answers: the published score."""
        return sum(one.solved(k) for one in self.scored) / len(self.scored)

    def strict(self, k: int) -> float:
        """1 if all its scored test inputs are solved by `k` answers, else 0."""
        return float(all(one.solved(k) for one in self.scored))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcScores:
    """What a set of predictions comes to.

    Attributes:
        ks: the numbers of answers that are scored.
        tasks: every task, in the order of the tests.
        num_rows: rows given.
        num_unmatched: rows that voted for nothing: another task's, or of an input that is no test input.
    """

    ks: tuple[int, ...]
    tasks: tuple[TaskScore, ...]
    num_rows: int
    num_unmatched: int

    @property
    def scored(self) -> tuple[TaskScore, ...]:
        """The tasks of which at least one solution is known; the others count for nothing."""
        return tuple(task for task in self.tasks if task.scored)

    @property
    def num_unscored(self) -> int:
        """Test inputs whose solution is not known."""
        return sum(len(task.inputs) - len(task.scored) for task in self.tasks)

    @property
    def num_without_votes(self) -> int:
        """Test inputs for which no row voted; where their solution is known they count as not solved."""
        return sum(not one.num_votes for task in self.tasks for one in task.inputs)

    def fractional(self, k: int) -> float:
        """Mean over the scored tasks of the share of solved test inputs; 0 where no task is scored."""
        return sum(task.fractional(k) for task in self.scored) / max(len(self.scored), 1)

    def strict(self, k: int) -> float:
        """Share of the scored tasks with all test inputs solved; 0 where no task is scored."""
        return sum(task.strict(k) for task in self.scored) / max(len(self.scored), 1)

    def submission(self) -> dict[str, list[dict[str, Grid]]]:
        """The two best grids for every test input in the layout of the ARC Prize on Kaggle.

        A single answer is repeated; where there is none, both attempts are ``[[0]]``.
        """
        return {task.task: [_attempts(one.best) for one in task.inputs] for task in self.tasks}

    def to_json(self) -> dict[str, Any]:
        """Plain values: counts, both scores for each K, and every task."""
        return {
            "tasks": len(self.tasks),
            "scored_tasks": len(self.scored),
            "unscored_inputs": self.num_unscored,
            "inputs_without_votes": self.num_without_votes,
            "rows": self.num_rows,
            "unmatched_rows": self.num_unmatched,
            "pass": [{"k": k, "fractional": self.fractional(k), "strict": self.strict(k)} for k in self.ks],
            "per_task": {task.task: self._task_json(task) for task in self.tasks},
        }

    def _task_json(self, task: TaskScore) -> dict[str, Any]:
        scores = (
            [{"k": k, "fractional": task.fractional(k), "strict": task.strict(k)} for k in self.ks]
            if task.scored
            else None
        )
        inputs = [{"rank": one.rank, "votes": one.num_votes, "answers": one.num_answers} for one in task.inputs]
        return {"pass": scores, "inputs": inputs}


def _attempts(best: Sequence[Answer]) -> dict[str, Grid]:
    grids = [answer.grid for answer in best] or [_NO_GRID]
    return {f"attempt_{i + 1}": grids[i if i < len(grids) else 0] for i in range(ATTEMPTS)}


def score(
    names: Sequence[str],
    inputs: NDArray[np.uint8],
    predictions: NDArray[np.uint8],
    halt_probabilities: ArrayLike,
    tests: Mapping[str, Mapping[str, Any]],
    ks: Sequence[int] = KS,
) -> ArcScores:
    """Score predictions by vote.

    Args:
        names: [N] name of each row's variant, ``id`` or ``id|||t{0..7}|||{10 digits}``.
        inputs: uint8 [N, 900] tokens of each row's input: 2..11 are colours 0..9 on a canvas of 30 x 30.
        predictions: uint8 [N, 900] tokens of its predicted output.
        halt_probabilities: float [N], 0 to 1, what the halting head gives for "solved".
        tests: ``{task: {"test": [{"input": grid, "output": grid}, ...]}}``, grids as lists of rows of 0..9; an output
            that is missing or None leaves its input unscored.
        ks: numbers of answers to score.

    Returns:
        Scores for every K, over all and for each task; ``submission()`` has the two best answers to each test input.

    Raises:
        InputError: arrays of unequal length or another shape, a name of another form, a probability outside 0 to 1, a
            grid that is none.

    Source: TinyRecursiveModels, ``evaluators/arc.py``.
    """
    ks = _checked_ks(ks)
    probabilities = _check_rows(names, inputs, predictions, halt_probabilities)
    layout = _read_tests(tests)
    maps = parse_names(names, {task: i for i, task in enumerate(tests)})
    places = np.empty(len(names), np.int64)
    locate(inputs, maps.moves, maps.colours, maps.tasks, layout.bounds, layout.keys, places)
    ballots = _ballots(predictions, maps, probabilities, places)
    scores = [_input_score(layout, ballots, place) for place in range(len(layout.keys))]
    tasks = tuple(
        TaskScore(task=task, inputs=tuple(scores[layout.bounds[i] : layout.bounds[i + 1]]))
        for i, task in enumerate(tests)
    )
    return ArcScores(ks=ks, tasks=tasks, num_rows=len(names), num_unmatched=int((places == NO_INPUT).sum()))


@dataclass(frozen=True, slots=True)
class _Tests:
    """The test inputs of all tasks, one after another.

    Attributes:
        bounds: int64 [tasks + 1].
        keys: uint8 [I, 902] of the inputs.
        solutions: I keys of the outputs, None where they are not known.
        firsts: int64 [I], the first input of the same task that is equal to each; it holds the votes of all of them.
    """

    bounds: NDArray[np.int64]
    keys: NDArray[np.uint8]
    solutions: list[NDArray[np.uint8] | None]
    firsts: NDArray[np.int64]


def _read_tests(tests: Mapping[str, Mapping[str, Any]]) -> _Tests:
    bounds, firsts = [0], []
    keys: list[NDArray[np.uint8]] = []
    solutions: list[NDArray[np.uint8] | None] = []
    for task, values in tests.items():
        seen: dict[bytes, int] = {}
        for i, pair in enumerate(values["test"]):
            key = _read_grid(pair["input"], f"test input {i} of {task}")
            output = pair.get("output")
            solutions.append(None if output is None else _read_grid(output, f"test output {i} of {task}"))
            firsts.append(seen.setdefault(key.tobytes(), len(keys)))
            keys.append(key)
        bounds.append(len(keys))
    return _Tests(
        bounds=np.array(bounds, np.int64),
        keys=np.array(keys, np.uint8).reshape(-1, KEY_BYTES),
        solutions=solutions,
        firsts=np.array(firsts, np.int64),
    )


def _read_grid(rows: Any, where: str) -> NDArray[np.uint8]:
    """The key of a grid given as a list of rows."""
    try:
        grid = np.array(rows)
    except ValueError:
        grid = np.empty(0)
    fits = grid.ndim == 2 and grid.dtype.kind in "iu" and grid.size and max(grid.shape) <= SIDE
    if not fits or grid.min() < 0 or grid.max() > 9:
        raise InputError(f"{where} is no grid; expected 1 to {SIDE} rows of 1 to {SIDE} numbers from 0 to 9")
    return key_of(grid.astype(np.uint8))


def _checked_ks(ks: Sequence[int]) -> tuple[int, ...]:
    if not ks or min(ks) < 1:
        raise InputError(f"ks is {list(ks)}; give numbers of answers, each at least 1")
    return tuple(ks)


def _check_rows(
    names: Sequence[str], inputs: NDArray[np.uint8], predictions: NDArray[np.uint8], halt_probabilities: ArrayLike
) -> NDArray[np.float64]:
    """The probabilities as float64, if all arrays have their shapes."""
    probabilities = np.asarray(halt_probabilities, np.float64)
    expected = (len(names), SEQ_LEN)
    for what, values in (("inputs", inputs), ("predictions", predictions)):
        if values.shape != expected or values.dtype != np.uint8:
            raise InputError(
                f"{what} are {values.dtype} {list(values.shape)}; expected uint8 {list(expected)}, a row for each name"
            )
    if probabilities.shape != expected[:1]:
        raise InputError(
            f"there are {len(names)} names and halting probabilities {list(probabilities.shape)}; give one each"
        )
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise InputError("a halting probability is not from 0 to 1; give sigmoid(q), not the logit q")
    return probabilities


def _ballots(
    predictions: NDArray[np.uint8], maps: Maps, probabilities: NDArray[np.float64], places: NDArray[np.int64]
) -> dict[int, Ballot]:
    """The ballot of every test input that somebody voted on."""
    order = np.lexsort((probabilities, places))
    found, starts = np.unique(places[order], return_index=True)
    runs = np.split(order, starts)[1:]
    return {
        place: count_ballot(predictions, maps, probabilities, rows)
        for place, rows in zip(found.tolist(), runs, strict=True)
        if place != NO_INPUT
    }


def _input_score(tests: _Tests, ballots: Mapping[int, Ballot], place: int) -> InputScore:
    ballot, solution = ballots.get(int(tests.firsts[place])), tests.solutions[place]
    if ballot is None:
        nowhere = None if solution is None else 0
        return InputScore(num_votes=0, num_answers=0, rank=nowhere, best=(), num_grids=0, place=nowhere)
    return InputScore(
        num_votes=int(ballot.votes.sum()),
        num_answers=len(ballot.votes),
        rank=None if solution is None else ballot.rank(solution),
        best=ballot.best(ATTEMPTS),
        num_grids=ballot.num_grids,
        place=None if solution is None else ballot.place(solution),
    )
