"""A trained run, opened for use and evaluated."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from trmpipe.shards import Corpus, NoCorpusError, open_corpora
from trmpipe.shards.progress import Progress

from .build import build_learner, build_net, corpus_sizes
from .checkpoint import load_checkpoint
from .config import TrainConfig
from .device import forward_dtype, pick_device
from .errors import RunError
from .evaluators import EvaluationRequest, Evaluator, Report
from .examinee import Examinee
from .learners import Learner
from .models import CorpusSizes
from .ranks import Ranks
from .run_folder import RunFolder
from .threads import side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRun:
    """The weight average of a run's last checkpoint.

    Attributes:
        run: its folder.
        config: its settings.
        net: the network, in evaluation mode.
        learner: how it is asked.
        step: steps that it was trained for.
        task: name of the corpus's task.
        device: where `net` is.
        num_variants: how many variants of each group it was trained on; None for all.
    """

    run: RunFolder
    config: TrainConfig
    net: nn.Module
    learner: Learner
    step: int
    task: str
    device: torch.device
    num_variants: int | None

    @contextmanager
    def examinee(self) -> Iterator[Examinee]:
        """The network, to be asked for answers for the time of a ``with`` block; on a CPU by several threads."""
        with side_by_side(self.config.num_slices if self.device.type == "cpu" else 1) as spread:
            yield Examinee(
                net=self.net,
                learner=self.learner,
                num_steps=self.config.evaluation.steps,
                device=self.device,
                spread=spread,
            )


def open_trained(path: str, device_name: str = "auto") -> TrainedRun:
    """Open the last checkpoint of the run at `path`.

    Raises:
        NoRunError: the folder is no run, or holds no checkpoint.
        RunError: a file of it is damaged, or of another version of trmpipe.
    """
    run = RunFolder(Path(path))
    values, config = run.read_config(), run.train_config()
    checkpoint = run.last_checkpoint()
    state = load_checkpoint(checkpoint)
    device = pick_device(device_name)
    net = build_net(config, _sizes(values, run), device, forward_dtype(device))
    net.load_state_dict(state["trainer"]["ema"])
    return TrainedRun(
        run=run,
        config=config,
        net=net.eval().requires_grad_(False),
        learner=build_learner(config, net),
        step=state["step"],
        task=values["task"],
        device=device,
        num_variants=values["variants"],
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
    if then == now and trained.task == corpora[0].spec.name:
        return
    then_words, now_words = trained.task, corpora[0].spec.name
    if then_words == now_words:
        then_words, now_words = (f"{sizes.num_identifiers:,} puzzle identifiers" for sizes in (then, now))
    raise RunError(f"{trained.run.path} was trained on {then_words}, {corpora[0].path} holds {now_words}")


def evaluate_run(
    trained: TrainedRun,
    corpora: Sequence[Corpus],
    evaluator: Evaluator,
    request: EvaluationRequest,
    ranks: Ranks,
    progress: Progress,
) -> Report | None:
    """Score a run on held-out puzzles.

    Args:
        trained: the run.
        corpora: those that it was trained on, or of the same kind.
        evaluator: of their task, see `evaluators.evaluator_of`.
        request: what is to be scored.
        ranks: of the processes that share the work.
        progress: told of this rank's part.

    Returns:
        The report on rank 0, None on the others.

    Raises:
        RunError: the corpora hold nothing to score, or are not what the network was made for.
    """
    refuse_other_sizes(trained, corpora)
    if corpora[0].spec.variant_identifiers:
        _refuse_other_content(trained, corpora)
    with trained.examinee() as examinee:
        return evaluator.evaluate(examinee, corpora, request, ranks, progress)


def _refuse_other_content(trained: TrainedRun, corpora: Sequence[Corpus]) -> None:
    """Puzzle embeddings mean the variants that they were trained on and no others."""
    then = list(trained.run.read_config()["corpora"].values())
    if then != [corpus.manifest.content_digest for corpus in corpora]:
        names = ", ".join(corpus.path for corpus in corpora)
        raise RunError(
            f"{trained.run.path} was trained on other content than {names} holds, so its puzzle embeddings do not fit; "
            "give the corpora that it was trained on, in their order"
        )
