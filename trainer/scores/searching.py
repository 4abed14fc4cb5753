"""Search: a budget of rounds for each puzzle, spent until the task's own check accepts an answer.

A round is one answer of the network to one state of a puzzle. Which states those are is said by the learner, see
`learners.search`, and for those that do not say it by `learners.guesses`. Every round asks the network once, for all
puzzles of a batch that are unsolved; a solved one costs nothing more. Labels are looked at when all is over, to judge
what was found.

Shapes: N puzzles, B those of a batch, S sequence.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from trmpipe.generators.errors import OptionError
from trmpipe.generators.registry import installed_task
from trmpipe.generators.task import PAD, Task, TaskSpec
from trmpipe.shards import Corpus, Examples
from trmpipe.shards.progress import Progress

from ..device import as_tokens
from ..judging import Judge
from ..learners import Learner
from ..learners.guesses import Guesses, digits_of
from ..learners.search import Search, Searcher, Sought
from ..ranks import Ranks
from .examinee import Examinee
from .scoring import Outcomes, batch_of, in_batches, joined, outcomes_of

Check = Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.bool_]]
"""`Task.check`."""


class Found(NamedTuple):
    """What came of a search for the solutions of B puzzles.

    Attributes:
        answers: uint8 [B, S], those that were accepted; of an unsolved puzzle the one of its first round.
        solved: bool [B].
        rounds: int64 [B], that each puzzle took, its last one included.
    """

    answers: NDArray[np.uint8]
    solved: NDArray[np.bool_]
    rounds: NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Searched:
    """The same of N puzzles, judged.

    Attributes:
        budget: rounds that each might take.
        steps: supervision steps of a round.
        solved: bool [N], by the task's check.
        rounds: int64 [N].
        seconds: float64 [N], a puzzle's share of the time that all took.
        outcomes: bool [N] each, what the judge says of the answers; by its names.
    """

    budget: int
    steps: int
    solved: NDArray[np.bool_]
    rounds: NDArray[np.int64]
    seconds: NDArray[np.float64]
    outcomes: Outcomes

    @classmethod
    def join(cls, parts: Sequence["Searched"]) -> "Searched":
        """The puzzles of one or more parts, one after the other."""
        first = parts[0]
        solved, rounds, seconds = (
            np.concatenate([getattr(part, name) for part in parts]) for name in ("solved", "rounds", "seconds")
        )
        outcomes = joined([part.outcomes for part in parts])
        return cls(
            budget=first.budget, steps=first.steps, solved=solved, rounds=rounds, seconds=seconds, outcomes=outcomes
        )


def refuse_search(learner: Learner, spec: TaskSpec) -> None:
    """Refuse to search where nobody can say that a solution was found, or what could be tried.

    Raises:
        OptionError: so it is.
    """
    task = installed_task(spec)
    if task is None:
        raise OptionError(
            f"a search ends when the task's own code accepts an answer, and that of {spec.name} is not here; "
            "install the package that brings it, or leave out the search"
        )
    if not task.judges:
        raise OptionError(
            f"a search ends when the task's own code accepts an answer, and {spec.name} does not say what is right "
            "(Task.check); leave out the search"
        )
    if not isinstance(learner, Searcher):
        digits_of(task)


def begin_search(examinee: Examinee, sought: Sought) -> Search:
    """The search of a learner that has one of its own, else guesses."""
    if isinstance(examinee.learner, Searcher):
        return examinee.learner.search(examinee.net, sought)
    return Guesses(examinee.answers, sought)


@torch.no_grad()
def run_search(search: Search, inputs: NDArray[np.uint8], check: Check, budget: int) -> Found:
    """Spend rounds on each of some puzzles until it is solved.

    Args:
        search: for their solutions.
        inputs: uint8 [B, S], the puzzles.
        check: says what a solution is.
        budget: rounds for each at most.
    """
    answers = np.full_like(inputs, PAD)
    solved, rounds = np.zeros(len(inputs), np.bool_), np.zeros(len(inputs), np.int64)
    for turn in range(budget):
        places = np.flatnonzero(~solved & search.has_more())
        if not len(places):
            break
        rounds[places] += 1
        # What lies outside of a puzzle is no part of its answer.
        tried = np.where(inputs[places] == PAD, PAD, search.look(places)).astype(np.uint8)
        right = check(inputs[places], tried)
        taken = right if turn else np.ones_like(right)
        answers[places[taken]] = tried[taken]
        solved[places[right]] = True
    return Found(answers, solved, rounds)


def search_puzzles(
    examinee: Examinee,
    corpus: Corpus,
    examples: Examples,
    judge: Judge,
    budget: int,
    ranks: Ranks,
    progress: Progress,
) -> Searched | None:
    """Search for the solutions of held-out puzzles of a corpus.

    Args:
        examinee: the model, and the depth of a round.
        corpus: that holds the puzzles, see `refuse_search`.
        examples: the puzzles, one or more.
        judge: says what the answers are worth.
        budget: rounds for each, 1 or more.
        ranks: of the processes that share the puzzles.
        progress: told of this rank's puzzles.

    Returns:
        What came of each puzzle on rank 0, None on the others.
    """
    task = installed_task(corpus.spec)
    assert task is not None
    started = time.perf_counter()
    work = partial(_search_batch, examinee, corpus, examples, judge, task, budget)
    batches = in_batches(work, examinee, len(examples), ranks, progress, "searching")
    if batches is None:
        return None
    seconds = (time.perf_counter() - started) / len(examples)
    return Searched(
        budget=budget,
        steps=1 if isinstance(examinee.learner, Searcher) else examinee.num_steps,
        solved=np.concatenate([found.solved for found, _ in batches]),
        rounds=np.concatenate([found.rounds for found, _ in batches]),
        seconds=np.full(len(examples), seconds),
        outcomes=joined([outcomes for _, outcomes in batches]),
    )


def _search_batch(
    examinee: Examinee, corpus: Corpus, examples: Examples, judge: Judge, task: Task, budget: int, start: int
) -> tuple[Found, Outcomes]:
    """The batch that begins at `start`."""
    rows = batch_of(examples, start)
    candidates = corpus.catalog["test"].candidates[rows.groups]
    search = begin_search(examinee, Sought(task, rows.inputs, rows.identifiers, candidates))
    found = run_search(search, rows.inputs, task.check, budget)
    verdict = judge(*(as_tokens(values, examinee.device) for values in (rows.inputs, rows.labels, found.answers)))
    return found, outcomes_of(verdict)
