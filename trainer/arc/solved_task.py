"""A network's answers to the test inputs of one task, for people and for programs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from trmpipe.generators.picture import Picture

from ..pictures.solved import Part
from .asking import Question
from .pictures import grid_picture, votes_in_words
from .score import InputScore, TaskScore
from .votes import Grid


@dataclass(frozen=True, slots=True, kw_only=True)
class SolvedTask:
    """The best answers by vote to every test input of a task; a `Solved`.

    Attributes:
        question: what was asked.
        score: how the answers fared.
    """

    question: Question
    score: TaskScore

    def parts(self) -> list[Part]:
        """See `Solved`; one part a test input."""
        pairs = list(zip(self.question.tests, self.score.inputs, strict=True))
        return [self._part(number, pair, fared) for number, (pair, fared) in enumerate(pairs, 1)]

    def _part(self, number: int, pair: dict[str, Grid | None], fared: InputScore) -> Part:
        pictures: dict[str, Picture] = {f"input {number}": grid_picture(pair["input"] or [])}
        for place, answer in enumerate(fared.best, 1):
            pictures[f"answer {place}: {votes_in_words(answer.votes, fared.num_votes)}"] = grid_picture(answer.grid)
        if pair["output"] is not None:
            pictures["solution"] = grid_picture(pair["output"])
        return Part(pictures=pictures, lines=(f"test input {number} of {self.question.task}: {_verdict(fared)}",))

    def remarks(self) -> list[str]:
        """See `Solved`."""
        name = self.question.task
        unknown = (
            f"the run was not trained on {name}, so it has no puzzle embeddings of it and answers once, without them"
        )
        return [] if self.question.trained else [unknown]

    def to_json(self) -> dict[str, Any]:
        """See `Solved`."""
        inputs = [
            {
                **pair,
                "answers": [
                    {"grid": answer.grid, "votes": answer.votes, "probability": answer.probability}
                    for answer in fared.best
                ],
                "votes": fared.num_votes,
                "rank": fared.rank,
                "place": fared.place,
            }
            for pair, fared in zip(self.question.tests, self.score.inputs, strict=True)
        ]
        variants = int(np.max(self.question.rows.variants)) + 1
        return {
            "task": self.question.task,
            "trained": self.question.trained,
            "variants": variants,
            "inputs": inputs,
        }


def _verdict(fared: InputScore) -> str:
    if not fared.best:
        return "no answer of the model is a grid"
    if fared.place is None:
        return "its solution is not known"
    if not fared.place:
        return "not solved, no answer of the model is the solution"
    if not fared.handed_in:
        return f"not solved, the solution is answer {fared.place:,} of {fared.num_grids:,}"
    return f"solved, answer {fared.place} is the solution"
