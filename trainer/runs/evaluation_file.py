"""evaluation.json of a run, read: the scores at the end of its training, every value of which is checked."""

from collections.abc import Sequence
from dataclasses import dataclass

from trmpipe.shards.fields import Count, Measured, Positive, Word
from trmpipe.shards.json_files import read_sealed

from ..errors import RunError
from ..files import damage_of_a_run, read_file
from .run_folder import RunFolder

_ADVICE = "delete it, and evaluate the run again"


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Scores of so many puzzles, by name, after every supervision step."""

    puzzles: Positive
    steps: list[dict[Word, Measured]]

    def last(self) -> dict[str, float]:
        """The scores after the last step."""
        return {name: value for name, value in self.steps[-1].items() if name != "step"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Best:
    """Of the best checkpoint; without scores where there are no held-out puzzles."""

    step: Count
    scores: Steps | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Final(Steps):
    """The whole file: of the last weights, of the best ones, of puzzles that were trained on, and the gap."""

    step: Count
    best: Best | None = None
    training: Steps | None = None
    gap: Measured | None = None

    def scored(self) -> Sequence[tuple[int, Steps, str]]:
        """Training steps, scores and place in the file, of the last weights, and of the best where they are others."""
        found: list[tuple[int, Steps, str]] = [(self.step, self, "")]
        if self.best and self.best.scores and self.best.step != self.step:
            found.append((self.best.step, self.best.scores, "/best/scores"))
        return found


def read_evaluation(run: RunFolder) -> Final | None:
    """evaluation.json of a run; None where there is none.

    Raises:
        RunError: it is damaged.
    """
    path = run.evaluation_file
    if not path.exists():
        return None
    with damage_of_a_run():
        final = read_sealed(read_file(path), Final, str(path), _ADVICE)
    if not all(one.steps for one in (final, final.training, final.best and final.best.scores) if one):
        raise RunError(f"{path} is damaged: it has no steps; {_ADVICE}")
    return final
