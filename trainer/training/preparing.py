"""What a training is to be, settled before anything is computed: corpora, settings, the run's folder, where it goes on.

Under torchrun the first rank settles it and tells the others, so that all of them train the same run and one alone
looks for, makes and owns its folder. Where the steps are to fit a time, all of them measure in between: a step is one
of all ranks, and the first one says how many there are to be.
"""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from trmpipe.shards import Corpus, Store
from trmpipe.shards.ownership import owned

from ..building.build import build_learner, build_net, corpus_sizes
from ..building.memory import refuse_large_activations, refuse_too_large
from ..building.precision_choice import precision_of
from ..evaluators import evaluator_of
from ..ranks import Ranks
from ..runs.checkpoint import checkpoint_path
from ..runs.choosing import choose_corpora
from ..runs.opening import open_run, run_config, run_path, saved_steps
from ..runs.origin import find_origin, load_origin, overlap_with_origin
from ..runs.run_config import Origin, RunConfig
from ..runs.run_state import RunState, load_run_state
from ..settings.config import TrainConfig
from ..settings.request import TrainRequest
from ..threads import num_threads
from .asked import build_stream, fit_steps, refuse_uneven_batch, too_few_variants
from .listener import TrainingListener
from .resolving import check_length, path_of_run_on, resolve_config, with_precision
from .telling import tell_beginning


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is chosen before a step is measured, refused in no respect; all ranks have to know it.

    Attributes:
        corpora: paths of those to train on, as they were found.
        preset: its name.
        config: of the run; its number of steps is still to be measured where `measured` says so.
        path: of the run's folder, which need not be there.
        origin: the weights that a new run begins with; None for its own.
        measured: whether the steps are those that fit the user's time, and not known from a run to go on with.
    """

    corpora: tuple[str, ...]
    preset: str
    config: TrainConfig
    path: Path
    origin: Origin | None
    measured: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What all ranks have to know.

    Attributes:
        path: of the run's folder, which is there.
        run: its config.json.
        step: of the checkpoint to go on from; None for the start.
    """

    path: Path
    run: RunConfig
    step: int | None

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint to go on from."""
        return None if self.step is None else checkpoint_path(self.path / "checkpoints", self.step)


def prepare_together(
    request: TrainRequest, listener: TrainingListener, device: torch.device, ranks: Ranks, stack: ExitStack
) -> tuple[Prepared, list[Corpus], RunState | None, Callable[[], None]]:
    """Settle what is trained, refuse what cannot be, and open the run's folder.

    Also gives the state to go on from, and what raises OwnedError once the folder is not this command's any more; on
    other ranks than the first, which write nothing, that does nothing.

    Args:
        request: what the user asks for.
        listener: is told what was chosen, and asked where there is a choice.
        device: to train on.
        ranks: of the processes that train together.
        stack: owns the folder from here on.

    Raises:
        TrmpipeError: anything that the user can mend, in one line; on the other ranks only that the first one told it.
    """
    notes: list[str] = []  # Told once nothing is refused any more.
    found: list[list[Corpus]] = []
    opened: list[tuple[RunState | None, Callable[[], None]]] = []

    def choose_here() -> Chosen:
        chosen, corpora = choose(request, listener, device, ranks, notes)
        found.append(corpora)
        return chosen

    chosen = ranks.first(choose_here)
    corpora = found[0] if found else [Corpus.open(path) for path in chosen.corpora]
    if chosen.measured:
        steps = fit_steps(request, chosen.config, corpora, device, ranks, notes.append)
        chosen = replace(chosen, config=replace(chosen.config, max_steps=steps))

    def open_here() -> Prepared:
        prepared, state, check_owned = open_chosen(request, listener, chosen, corpora, notes, stack)
        opened.append((state, check_owned))
        return prepared

    prepared = ranks.first(open_here)
    ranks.meet(device)
    if opened:
        return prepared, corpora, *opened[0]
    state = load_run_state(prepared.checkpoint, prepared.run.hash) if prepared.checkpoint else None
    return prepared, corpora, state, _nothing


def choose(
    request: TrainRequest, listener: TrainingListener, device: torch.device, ranks: Ranks, notes: list[str]
) -> tuple[Chosen, list[Corpus]]:
    """Choose what is trained, and refuse what cannot be; nothing is written.

    Args:
        request: what the user asks for.
        listener: is asked where there is a choice.
        device: to train on.
        ranks: of the processes that train together.
        notes: what was chosen is added to them, line by line.

    Raises:
        TrmpipeError: anything that the user can mend, in one line.
    """
    corpora = choose_corpora(request, listener, partial(path_of_run_on, request, device))
    evaluator_of(corpora[0].spec)  # Refuses a task whose code it takes and that is not here.
    preset, config = resolve_config(request, corpora[0], device, notes.append)
    refuse_uneven_batch(config, ranks)
    held = _held(config, device, ranks)
    room = refuse_too_large(held, corpus_sizes(*corpora), device)
    path = run_path(request, preset, config, corpora)
    config = with_precision(config, path, request, corpora, device, notes.append)
    saved = saved_steps(path, request) if request.minutes is not None else None
    if saved is not None:
        config = replace(config, max_steps=saved)
    build_stream(config, corpora, request, Ranks())  # Refuses a subset that there is not.
    notes += too_few_variants(request, corpora)
    origin = find_origin(request.start) if request.start and not request.resume else None
    whole = run_config(request, preset, config, corpora, origin)
    net = build_net(config, whole.sizes, device, precision_of(config, device))
    if origin and request.start:
        load_origin(net, request.start, origin, whole.sizes, whole.corpora)
        notes += overlap_with_origin(request.start, origin, corpora)
    threads = num_threads(config.num_slices, device)
    refuse_large_activations(held, net, build_learner(config, net), corpora[0], threads, room)
    chosen = Chosen(
        corpora=tuple(corpus.path for corpus in corpora),
        preset=preset,
        config=config,
        path=path,
        origin=origin,
        measured=request.minutes is not None and saved is None,
    )
    return chosen, corpora


def open_chosen(
    request: TrainRequest,
    listener: TrainingListener,
    chosen: Chosen,
    corpora: list[Corpus],
    notes: list[str],
    stack: ExitStack,
) -> tuple[Prepared, RunState | None, Callable[[], None]]:
    """Open the run's folder, and say what is trained; see `prepare_together`.

    Args:
        request: what the user asks for.
        listener: is told.
        chosen: what is trained, its number of steps included.
        corpora: those of `chosen`.
        notes: what was chosen, line by line.
        stack: owns the folder from here on.

    Raises:
        TrmpipeError: anything that the user can mend, in one line.
    """
    if not request.resume:
        notes += check_length(chosen.config)
    whole = run_config(request, chosen.preset, chosen.config, corpora, chosen.origin)
    ownership = stack.enter_context(owned(Store(chosen.path.absolute())))
    run, saved, state = open_run(chosen.path, whole, resume=request.resume)
    listener.opened(run.path)
    tell_beginning(listener, notes, request, saved, state, chosen.path, chosen.config.max_steps)
    return Prepared(path=run.path, run=saved, step=state.step if state else None), state, ownership.check


def _nothing() -> None:
    """What ranks that write nothing ask."""


def _held(config: TrainConfig, device: torch.device, ranks: Ranks) -> TrainConfig:
    """A config with the batch whose memory counts: a process's own on a device of its own, all of it on a CPU."""
    return config if device.type == "cpu" else replace(config, batch_size=config.batch_size // ranks.world_size)
