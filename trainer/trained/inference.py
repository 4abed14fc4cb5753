"""A trained run, opened for use and evaluated."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor, nn

from trmpipe.shards import Corpus, NoCorpusError, check_together, find_all
from trmpipe.shards.progress import Progress
from trmpipe.shards.urls import check_url, is_local, printable

from ..building.build import build_learner, build_net, corpus_sizes, takes_any_size
from ..building.forms import refuse_other_forms
from ..building.precision_choice import precision_of
from ..building.sketch import sketch_net
from ..device import is_out_of_memory, pick_device
from ..errors import RunError, SettingError
from ..evaluators import EvaluationRequest, Evaluator, Report
from ..learners import Learner, answers_once, starts_at_random
from ..models.net import CorpusSizes, draws_at_random
from ..ranks import Ranks
from ..runs.overlap import overlap_of
from ..runs.regime import regime_of_run
from ..runs.run_config import RunConfig
from ..runs.run_folder import LAST, RunFolder
from ..runs.run_state import load_run_state
from ..scores.examinee import Examinee
from ..scores.held_out import tested_corpora
from ..scores.searching import refuse_search
from ..settings.config import TrainConfig
from ..threads import num_threads, side_by_side


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRun:
    """The weight average of a checkpoint of a run.

    Attributes:
        run: its folder.
        about: what it was started with.
        config: its settings.
        net: the network, in evaluation mode.
        learner: how it is asked.
        step: steps that it was trained for.
        device: where `net` is.
    """

    run: RunFolder
    about: RunConfig
    config: TrainConfig
    net: nn.Module
    learner: Learner
    step: int
    device: torch.device

    @property
    def task(self) -> str:
        """Name of the corpus's task."""
        return self.about.task

    @property
    def num_variants(self) -> int | None:
        """How many variants of each group it was trained on; None for all."""
        return self.about.variants

    @contextmanager
    def examinee(self) -> Iterator[Examinee]:
        """The network, to be asked for answers for the time of a ``with`` block; on a CPU by several threads.

        Raises:
            RunError: the device's memory does not hold what the block asks for.
        """
        with side_by_side(num_threads(self.config.num_slices, self.device)) as spread:
            try:
                yield Examinee(
                    net=self.net,
                    learner=self.learner,
                    num_steps=self.config.evaluation.steps,
                    device=self.device,
                    spread=spread,
                )
            except (RuntimeError, MemoryError) as error:
                if not is_out_of_memory(error):
                    raise
                raise RunError(
                    f"the memory of {self.device.type} does not hold answers of {self.run.path}; make room there, or "
                    "ask on another device (--device)"
                ) from error


def open_trained(path: str, device_name: str = "auto", checkpoint: str = LAST) -> TrainedRun:
    """Open a checkpoint of the run at `path`.

    Args:
        path: of the run's folder.
        device_name: as of `pick_device`.
        checkpoint: ``"last"``, ``"best"``, or a number of steps.

    Raises:
        SettingError: the checkpoint is called by no such word.
        NoRunError: the folder is no run, or holds no checkpoint.
        RunError: a file of it is damaged, or of another version of trmpipe.
    """
    run = RunFolder(Path(path))
    about = run.read_config()
    config = about.train_config()
    state = load_run_state(run.checkpoint(checkpoint), about.hash)
    device = pick_device(device_name)
    advice = "delete the checkpoint to use the one before"
    net = _net_with(state.trainer.ema, config, about.sizes, device, advice)
    return TrainedRun(
        run=run,
        about=about,
        config=config,
        net=net,
        learner=build_learner(config, net),
        step=state.step,
        device=device,
    )


def for_sizes(trained: TrainedRun, sizes: CorpusSizes) -> TrainedRun:
    """A run whose network is made anew for corpora of other sizes than those that it was trained on.

    Raises:
        SettingError: the model asks for what they have not.
        RunError: the weights do not fit them.
    """
    weights, advice = trained.net.state_dict(), "take a corpus with the same kinds of tokens"
    return replace(trained, net=_net_with(weights, trained.config, sizes, trained.device, advice))


def _net_with(
    weights: Mapping[str, Tensor], config: TrainConfig, sizes: CorpusSizes, device: torch.device, advice: str
) -> nn.Module:
    """The network of a config with the weights of a checkpoint, in evaluation mode.

    Args:
        weights: by name.
        config: of the run.
        sizes: of the corpora that it is asked about.
        device: where it goes.
        advice: what to do where they do not fit.

    Raises:
        SettingError: the model asks for what the corpora have not.
        RunError: the weights do not fit.
    """
    dtype = precision_of(config, device)

    def check(net: nn.Module) -> None:
        what = "the checkpoint's average does not fit the model"
        refuse_other_forms(what, weights, net.state_dict(), advice)

    # First without its numbers, so that a config of another size than the checkpoint takes no memory.
    sketch = sketch_net(config, sizes, dtype)
    if sketch is not None:
        check(sketch)
    net = build_net(config, sizes, device, dtype)
    check(net)
    net.load_state_dict(weights)
    return net.eval().requires_grad_(False)


def run_corpora(trained: TrainedRun, paths: tuple[str, ...], tell: Callable[[str], None]) -> list[Corpus]:
    """The corpora that a run was trained on, or those at `paths` instead.

    Args:
        trained: the run.
        paths: corpora that the user gives, folders of them, or patterns; in folders other tasks are left out.
        tell: is told of URLs that the run names, and not the user, before they are opened.

    Raises:
        NoCorpusError: they are no longer where they were.
        CorpusError: the run names a URL that may not be opened, see `shards.urls`.
    """
    if not paths:
        for path in trained.about.paths:
            check_url(path)
            if not is_local(path):
                tell(f"opening {printable(path)}, which {trained.run.config_file} names")
    try:
        found = find_all(paths or trained.about.paths, patterns=bool(paths))
    except NoCorpusError as error:
        if paths:
            raise
        raise NoCorpusError(
            f"{error} (the corpus that {trained.run.path} was trained on; say where it is now: --corpus)"
        ) from None
    return check_together(found.fitting(trained.task).corpora)


def refuse_other_sizes(trained: TrainedRun, corpora: Sequence[Corpus]) -> None:
    """Refuse corpora that a run's network does not fit.

    Raises:
        RunError: they hold another task, or another number of puzzle identifiers.
    """
    then, now = trained.about.sizes, corpus_sizes(*corpora)
    if then != now or trained.task != corpora[0].spec.name:
        raise RunError(_other_sizes(trained, corpora))


def _other_sizes(trained: TrainedRun, corpora: Sequence[Corpus]) -> str:
    """That a run was trained on something else than some corpora hold."""
    then, now = trained.task, corpora[0].spec.name
    if then == now:
        counts = trained.about.sizes.num_identifiers, corpus_sizes(*corpora).num_identifiers
        then, now = (f"{count:,} puzzle identifiers" for count in counts)
    return f"{trained.run.path} was trained on {then}, {corpora[0].path} holds {now}"


def make_request(
    trained: TrainedRun,
    corpora: Sequence[Corpus],
    evaluator: Evaluator,
    wish: EvaluationRequest,
    tell: Callable[[str], None],
) -> EvaluationRequest:
    """What a user asks for, checked and completed by what is known of the run.

    Args:
        trained: the run.
        corpora: that are to be scored.
        evaluator: of their task.
        wish: what the user asks for.
        tell: is told where a network draws nothing, so that one restart is made, and of what it was trained on.

    Raises:
        OptionError: puzzles of this task cannot be asked so.
    """
    evaluator.check(wish, corpora)
    if wish.search is not None:
        refuse_search(trained.learner, corpora[0].spec)
    restarts = wish.restarts
    if restarts > 1 and not (draws_at_random(trained.net) or starts_at_random(trained.learner)):
        tell(f"the model draws nothing at random, so that restarts change nothing; 1 is made, not {restarts:,}")
        restarts = 1
    overlap = overlap_of(trained.about, trained.step, corpora)
    for line in overlap.lines(str(trained.run.path)):
        tell(line)
    own = _own_variants(trained, corpora, evaluator)
    return replace(
        wish,
        restarts=restarts,
        # Where the test split holds variants, those that the run was not trained on have no embeddings.
        variants=wish.variants or (trained.num_variants if evaluator.takes_variants else None),
        asked_variants=None if wish.variants == own else wish.variants,
        steps=_other_steps(trained, wish, tell),
        checkpoint_step=trained.step,
        regime=regime_of_run(trained.about, trained.step, corpora),
        overlap=overlap,
    )


def _other_steps(trained: TrainedRun, wish: EvaluationRequest, tell: Callable[[str], None]) -> int | None:
    """The supervision steps that are asked for, where they are not those that the run answers with anyway."""
    if wish.steps is None or not answers_once(trained.learner):
        return None if wish.steps == trained.config.evaluation.steps else wish.steps
    if wish.steps > 1:
        tell(f"the model answers in one pass, so that more steps change nothing; 1 is made, not {wish.steps:,}")
    return None


def _own_variants(trained: TrainedRun, corpora: Sequence[Corpus], evaluator: Evaluator) -> int:
    """How many variants of a puzzle are asked where nobody says how many."""
    if not evaluator.takes_variants:
        return 1
    most = max((corpus.layout("test").max_variants for corpus in tested_corpora(corpora)), default=1)
    return min(trained.num_variants or most, most)


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
        corpora: those that it was trained on, or of the same kind; of a model that takes any size, of any.
        evaluator: of their task, see `evaluators.evaluator_of`.
        request: what is to be scored.
        ranks: of the processes that share the work.
        progress: told of this rank's part.

    Returns:
        The report on rank 0, None on the others.

    Raises:
        RunError: the corpora hold nothing to score, or are not what the network was made for.
    """
    with fitted(trained, corpora).examinee() as examinee:
        return evaluator.evaluate(examinee, corpora, request, ranks, progress)


def fitted(trained: TrainedRun, corpora: Sequence[Corpus]) -> TrainedRun:
    """The run, with its network made anew where corpora hold another task and the model takes any size.

    Raises:
        RunError: the network cannot be asked about their puzzles.
    """
    spec = corpora[0].spec
    if spec.name == trained.task or spec.variant_identifiers or not takes_any_size(trained.config):
        refuse_unfit(trained, corpora)
        return trained
    try:
        return for_sizes(trained, corpus_sizes(*corpora))
    except (SettingError, RunError) as error:
        raise RunError(f"{_other_sizes(trained, corpora)}, which the model does not take: {error}") from error


def refuse_unfit(trained: TrainedRun, corpora: Sequence[Corpus]) -> None:
    """Refuse corpora whose puzzles a run's network cannot be asked about.

    Raises:
        RunError: they hold another task, or its puzzle embeddings are those of other puzzles.
    """
    refuse_other_sizes(trained, corpora)
    if corpora[0].spec.variant_identifiers:
        _refuse_other_content(trained, corpora)


def _refuse_other_content(trained: TrainedRun, corpora: Sequence[Corpus]) -> None:
    """Puzzle embeddings mean the variants that they were trained on and no others."""
    then = [corpus.content_digest for corpus in trained.about.corpora]
    if then != [corpus.manifest.content_digest for corpus in corpora]:
        names = ", ".join(corpus.path for corpus in corpora)
        raise RunError(
            f"{trained.run.path} was trained on other content than {names} holds, so its puzzle embeddings do not fit; "
            "give the corpora that it was trained on, in their order"
        )
