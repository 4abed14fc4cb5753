"""A trained run on the test inputs of ARC tasks: every variant predicted, votes counted, what is to be handed in.

Shapes: N rows (test inputs under their variants), S = 900 tokens of one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from trmpipe.generators.arc.grids import crop
from trmpipe.generators.task import PAD
from trmpipe.shards import Corpus, Examples

from ..errors import RunError
from ..held_out import count_held_out_rows, held_out_rows, identifiers_before, tested_corpus
from ..inference import TrainedRun, refuse_other_sizes
from ..models import RecursiveNet
from ..ranks import Ranks
from ..run_folder import write_json
from ..scoring import as_tokens, unroll
from ..threads import Map, side_by_side
from .pictures import draw_answers
from .score import ArcScores, score

SUBMISSION = "submission.json"
PICTURE = "arc.png"
_BATCHES = {"cpu": 8}
"""Rows predicted at once: on a CPU few, so that they stay in its cache and all cores have some."""
_DEFAULT_BATCH = 256


class Stages(Protocol):
    """How an evaluation tells of itself."""

    def start(self, stage: str, total: int) -> None:
        """A stage of `total` parts begins."""
        ...

    def advance(self, done: int) -> None:
        """`done` more parts are finished."""
        ...

    def finish(self) -> None:
        """The stage is over."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcRequest:
    """What to predict.

    Attributes:
        limit: the first so many tasks; None for all.
        variants: vote over the first so many variants of each; None for all that the run was trained on.
    """

    limit: int | None = None
    variants: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArcResult:
    """What an evaluation came to.

    Attributes:
        scores: pass@K.
        submission: the file with two attempts for every test input.
        picture: input, target and best answers of a few tasks.
    """

    scores: ArcScores
    submission: Path
    picture: Path


@dataclass(frozen=True, slots=True)
class Predictions:
    """Rows of one rank or of all.

    Attributes:
        identifiers: int32 [N], of the corpus itself.
        inputs: uint8 [N, S].
        answers: uint8 [N, S], after the last supervision step.
        probabilities: float64 [N], what the halting head gives for "solved" there.
    """

    identifiers: NDArray[np.int32]
    inputs: NDArray[np.uint8]
    answers: NDArray[np.uint8]
    probabilities: NDArray[np.float64]


def evaluate_arc(
    trained: TrainedRun,
    corpora: Sequence[Corpus],
    request: ArcRequest,
    ranks: Ranks,
    progress: Stages,
) -> ArcResult | None:
    """Predict this rank's share of the rows; on rank 0, score those of all and write what is to be kept.

    Args:
        trained: the run.
        corpora: those that it was trained on.
        request: what to predict.
        ranks: of the processes that share the rows.
        progress: told of this rank's rows.

    Returns:
        The result on rank 0, None on the others.

    Raises:
        RunError: the run was trained on other corpora, or these hold no test inputs.
    """
    corpus = tested_corpus(corpora)
    refuse_other_sizes(trained, corpora)
    _refuse_other_corpora(trained, corpora)
    if not corpus.num_groups("test"):
        raise RunError(f"{corpus.path} holds no test inputs to score; generate it with a set of test tasks")
    variants = request.variants or trained.run.read_config()["variants"]
    num_rows = count_held_out_rows(corpus, num_groups=request.limit, num_variants=variants)
    progress.start("predicting", num_rows // ranks.world_size)
    tests: dict[str, Any] = {}
    shares = []
    with side_by_side(trained.config.num_slices if trained.device.type == "cpu" else 1) as spread:
        for rows in held_out_rows(corpus, num_groups=request.limit, num_variants=variants):
            _add_tests(tests, rows, corpus.catalog["test"].names)
            mine = rows.take(slice(ranks.rank, None, ranks.world_size))
            shares.append(_predict(trained, mine, identifiers_before(corpora, corpus), spread, progress))
    progress.finish()
    gathered = ranks.gather(_joined(shares))
    return _result(trained, corpus, tests, _joined(gathered)) if gathered else None


def _refuse_other_corpora(trained: TrainedRun, corpora: Sequence[Corpus]) -> None:
    """Puzzle embeddings mean the variants that they were trained on and no others."""
    then = list(trained.run.read_config()["corpora"].values())
    if then != [corpus.manifest.content_digest for corpus in corpora]:
        names = ", ".join(corpus.path for corpus in corpora)
        raise RunError(
            f"{trained.run.path} was trained on other content than {names} holds, so its puzzle embeddings do not fit; "
            "give the corpora that it was trained on, in their order"
        )


def _add_tests(tests: dict[str, Any], rows: Examples, names: Sequence[str | None]) -> None:
    """Add the test pairs of the bases among `rows`, in the form that `score` takes."""
    for i in np.flatnonzero(rows.variants == 0):
        known = (rows.labels[i] != PAD).any()
        pair = {"input": crop(rows.inputs[i]).tolist(), "output": crop(rows.labels[i]).tolist() if known else None}
        tests.setdefault(str(names[rows.groups[i]]), {"test": []})["test"].append(pair)


def _predict(trained: TrainedRun, rows: Examples, offset: int, spread: Map, progress: Stages) -> Predictions:
    """Answers to `rows`, whose identifiers the network knows `offset` further on."""
    size = _BATCHES.get(trained.device.type, _DEFAULT_BATCH)

    def batch_answers(start: int) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
        run = slice(start, start + size)
        inputs = as_tokens(rows.inputs[run], trained.device)
        identifiers = as_tokens(rows.identifiers[run] + np.int32(offset), trained.device)
        return final_answers(trained.net, inputs, identifiers, trained.config.eval_steps)

    answers = np.empty_like(rows.inputs)
    probabilities = np.empty(len(rows))
    done = 0
    for tokens, halting in spread(batch_answers, range(0, len(rows), size)):
        answers[done : done + len(tokens)], probabilities[done : done + len(tokens)] = tokens, halting
        done += len(tokens)
        progress.advance(len(tokens))
    return Predictions(rows.identifiers, rows.inputs, answers, probabilities)


def final_answers(
    net: RecursiveNet, inputs: torch.Tensor, identifiers: torch.Tensor, num_steps: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Likeliest tokens uint8 [B, S] and halting probabilities float64 [B] after the last of `num_steps` steps.

    Args:
        net: the network, in evaluation mode.
        inputs: int64 [B, S].
        identifiers: int64 [B].
        num_steps: supervision steps.
    """
    for last in unroll(net, inputs, identifiers, num_steps):
        logits, halt = last
    return logits.argmax(-1).to(torch.uint8).cpu().numpy(), torch.sigmoid(halt.cpu().double()).numpy()


def _joined(parts: Sequence[Predictions]) -> Predictions:
    names = ("identifiers", "inputs", "answers", "probabilities")
    return Predictions(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _result(trained: TrainedRun, corpus: Corpus, tests: dict[str, Any], rows: Predictions) -> ArcResult:
    known = corpus.variant_names()
    names = [known[identifier] for identifier in rows.identifiers.tolist()]
    scores = score(names, rows.inputs, rows.answers, rows.probabilities, tests)
    submission, picture = trained.run.path / SUBMISSION, trained.run.path / PICTURE
    write_json(submission, scores.submission(), indent=None)
    draw_answers(scores, tests, picture)
    return ArcResult(scores=scores, submission=submission, picture=picture)
