"""A trained run, opened for use: scores on held-out puzzles and answers to single ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from trmpipe.generators.errors import InputError
from trmpipe.generators.sudoku import BLANK, format_puzzle, parse_puzzle, solve
from trmpipe.shards import Corpus, NoCorpusError, open_corpora

from .build import as_net, build_net, corpus_sizes
from .checkpoint import load_checkpoint
from .config import TrainConfig
from .device import forward_dtype, pick_device
from .errors import RunError
from .held_out import read_held_out
from .models import CorpusSizes, RecursiveNet
from .run_folder import RunFolder
from .scoring import Scores, as_tokens, score, unroll
from .threads import side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRun:
    """The weight average of a run's last checkpoint.

    Attributes:
        run: its folder.
        config: its recipe.
        net: the network, in evaluation mode.
        step: steps that it was trained for.
        task: name of the corpus's task.
        device: where `net` is.
    """

    run: RunFolder
    config: TrainConfig
    net: RecursiveNet
    step: int
    task: str
    device: torch.device


def open_trained(path: str, device_name: str = "auto") -> TrainedRun:
    """Open the last checkpoint of the run at `path`.

    Raises:
        NoRunError: the folder is no run, or holds no checkpoint.
        RunError: a file of it is damaged.
    """
    run = RunFolder(Path(path))
    values, config = run.read_config(), run.train_config()
    checkpoint = run.last_checkpoint()
    state = load_checkpoint(checkpoint)
    device = pick_device(device_name)
    weights = state["trainer"]["ema"]
    net = build_net(config, _sizes(values, run), device, forward_dtype(device))
    net.load_state_dict(weights)
    return TrainedRun(
        run=run,
        config=config,
        net=as_net(net.eval().requires_grad_(False)),
        step=state["trainer"]["step"],
        task=values["task"],
        device=device,
    )


def _sizes(values: dict[str, Any], run: RunFolder) -> CorpusSizes:
    try:
        return CorpusSizes(**values["sizes"])
    except (KeyError, TypeError) as error:
        raise RunError(f"{run.config_file} is of another version of trmpipe ({error}); start a new run") from None


def run_corpora(run: RunFolder, paths: tuple[str, ...] = ()) -> list[Corpus]:
    """The corpora that a run was trained on, or those at `paths` instead.

    Raises:
        NoCorpusError: they are no longer where they were.
    """
    where = paths or tuple(run.read_config()["paths"])
    try:
        return open_corpora(where)
    except NoCorpusError as error:
        raise NoCorpusError(
            f"{error} (the corpus that {run.path} was trained on; say where it is now: --corpus)"
        ) from None


def refuse_other_sizes(trained: TrainedRun, corpora: Sequence[Corpus]) -> None:
    """Refuse corpora that a run's network does not fit.

    Raises:
        RunError: they hold another task, or another number of puzzle identifiers.
    """
    then, now = _sizes(trained.run.read_config(), trained.run), corpus_sizes(*corpora)
    if then == now:
        return
    then_words, now_words = trained.task, corpora[0].spec.name
    if then_words == now_words:
        then_words, now_words = (f"{sizes.num_identifiers:,} puzzle identifiers" for sizes in (then, now))
    raise RunError(f"{trained.run.path} was trained on {then_words}, {corpora[0].path} holds {now_words}")


def evaluate_run(trained: TrainedRun, corpora: list[Corpus], limit: int | None = None) -> Scores:
    """Score a run on the held-out puzzles of `tested_corpus`, all or the first `limit`.

    Raises:
        RunError: the corpora hold none, or puzzles of another shape.
    """
    refuse_other_sizes(trained, corpora)
    examples = read_held_out(corpora, limit)
    if not len(examples):
        raise RunError(f"{corpora[0].path} holds no held-out puzzles to score; generate it with --test N")
    count = trained.config.num_slices if trained.device.type == "cpu" else 1
    with side_by_side(count) as spread:
        return score(trained.net, examples, trained.config.eval_steps, trained.device, spread)


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
    inputs = as_tokens(puzzle[None] + BLANK, trained.device)
    identifiers = torch.zeros(1, dtype=torch.int64, device=trained.device)
    steps = list(unroll(trained.net, inputs, identifiers, trained.config.eval_steps))
    answers = [logits[0].argmax(-1).cpu().numpy() for logits, _ in steps]
    differing = [step for step, answer in enumerate(answers, 1) if (answer != answers[-1]).any()]
    settled = max(differing, default=0) + 1
    return np.maximum(answers[-1] - BLANK, 0), settled, float(torch.sigmoid(steps[-1][1][0]))
