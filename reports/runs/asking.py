"""What a run's network answers to held-out puzzles: boards with a slider, and the cells that it has wrong."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus
from trmpipe.trainer.device import pick_device
from trmpipe.trainer.pictures.puzzle_words import puzzle_name
from trmpipe.trainer.pictures.run_pictures import boards_of
from trmpipe.trainer.runs.overlap import overlap_of
from trmpipe.trainer.runs.run_folder import LAST
from trmpipe.trainer.trained.inference import TrainedRun, open_trained, run_corpora
from trmpipe.trainer.trained.stepwise import Stepwise, ask_stepwise

from ..page.boards import Board, Boards

SOLVED, LATE, FAILED, DIFFERENT = "solved", "solved late", "failed", "solved by one"
"""Kinds of puzzles."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What of a run's network is wanted.

    Attributes:
        corpora: where its corpora are now; none for where they were.
        checkpoint: as a user names it.
        device: to answer on.
        puzzles: to be asked; None for as many as a few seconds allow.
        shown: of them, with their boards.
    """

    corpora: tuple[str, ...] = ()
    checkpoint: str = LAST
    device: str = "auto"
    puzzles: int | None = None
    shown: int = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A run that was opened, and what it answers; what is missing is None, and a remark says why.

    Attributes:
        trained: its checkpoint.
        file: the checkpoint's name; empty without one.
        corpora: those that it was trained on.
        stepwise: its answers.
        remarks: why something is missing, and what it was trained on of held-out puzzles.
    """

    trained: TrainedRun | None
    file: str
    corpora: Sequence[Corpus]
    stepwise: Stepwise | None
    remarks: Sequence[str]


def ask_run(path: str, request: Request, tell: Callable[[str], None]) -> Asked:
    """Open the run at `path`, and ask it; whatever is missing is left out, unless it was asked for by name.

    Args:
        path: of the run's folder.
        request: what is wanted.
        tell: see `run_corpora`.

    Raises:
        TrmpipeError: the device, the checkpoint or the corpora that the request names cannot be had.
        OSError: likewise.
    """
    pick_device(request.device)
    by_name = request.checkpoint != LAST
    remarks: list[str] = []
    trained, file, corpora, stepwise = None, "", list[Corpus](), None
    try:
        trained = open_trained(path, request.device, request.checkpoint)
        file = trained.run.checkpoint(request.checkpoint).name
        by_name = bool(request.corpora)
        corpora = run_corpora(trained, request.corpora, tell)
        remarks += overlap_of(trained.about, trained.step, corpora).lines(path)
        stepwise = ask_stepwise(trained, corpora, request.puzzles)
    except (TrmpipeError, OSError) as error:
        if by_name:
            raise
        what = (
            "its parameters cannot be counted, and no puzzle can be shown" if trained is None else "no puzzle is shown"
        )
        remarks.append(f"{what}: {error}")
    return Asked(trained=trained, file=file, corpora=corpora, stepwise=stepwise, remarks=remarks)


def choose_rows(stepwise: Stepwise, number: int) -> list[tuple[int, str]]:
    """Puzzles that show most, with their kinds: failed ones, ones that took long, and others that were solved.

    Of the failed ones the hardest come first, likewise of those that took as long.

    Args:
        stepwise: the answers.
        number: of puzzles, at most.
    """
    settled, ratings = stepwise.settled(), np.nan_to_num(stepwise.ratings, nan=0.0)
    order = np.lexsort((-ratings, -settled))
    failed = [(int(row), FAILED) for row in order if not settled[row]]
    solved = [int(row) for row in order if settled[row]]
    fastest = min((settled[row] for row in solved), default=1)
    late = [(row, LATE) for row in solved if settled[row] > fastest]
    third = -(-number // 3)
    chosen = (failed[:third] + late[:third])[:number]
    taken = {row for row, _ in chosen}
    early = [(row, SOLVED) for row in sorted(solved) if row not in taken]
    chosen += early[: number - len(chosen)]
    taken = {row for row, _ in chosen}
    rest = [one for one in failed + late if one[0] not in taken]
    return chosen + rest[: number - len(chosen)]


def boards_for(asked: Mapping[str, Stepwise], rows: Sequence[tuple[int, str]]) -> list[Boards]:
    """Puzzles with the answers of one network or more, as a page shows them.

    Args:
        asked: answers to the same puzzles by the name of who gave them, one or more.
        rows: puzzles, with their kinds.
    """
    return [_boards(asked, row, kind) for row, kind in rows]


def _boards(asked: Mapping[str, Stepwise], row: int, kind: str) -> Boards:
    first = next(iter(asked.values()))
    drawn = {
        name: [Board(picture=picture, says=words) for words, picture in boards_of(one.solving(row), one.corpus.spec)]
        for name, one in asked.items()
    }
    puzzle, solution = next(iter(drawn.values()))[:2]
    examples = first.examples
    told = [_story(one, row) if len(asked) == 1 else f"{name}: {_story(one, row)}" for name, one in asked.items()]
    rated = [] if np.isnan(first.ratings[row]) else [f"rated {first.ratings[row]:g}"]
    return Boards(
        title=puzzle_name(first.corpus, int(examples.groups[row]), int(examples.examples[row])),
        says="; ".join([*told, *rated]),
        kind=kind,
        puzzle=puzzle,
        solution=solution,
        steps={name: boards[2:] for name, boards in drawn.items()},
    )


def _story(stepwise: Stepwise, row: int) -> str:
    """What came of a puzzle."""
    settled = int(stepwise.settled()[row])
    wrong = int(stepwise.wrong[-1, row].sum())
    words = f"right from step {settled} on" if settled else f"{wrong} wrong in the end"
    return words if stepwise.sure is None else f"{words}, gives {stepwise.sure[-1, row]:.0%} that it is solved"
