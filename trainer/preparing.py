"""What a training is to be, settled before anything is computed: corpora, settings, the run's folder, where it goes on.

Under torchrun the first rank settles it and tells the others, so that all of them train the same run and one alone
looks for, makes and owns its folder.
"""

from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch

from trmpipe.shards import Corpus, Store
from trmpipe.shards.ownership import owned

from .asked import build_stream, fit_steps, refuse_uneven_batch, too_few_variants
from .build import build_learner, build_net, corpus_sizes
from .checkpoint import checkpoint_path
from .choosing import choose_corpora
from .config import TrainConfig
from .evaluators import evaluator_of
from .listener import TrainingListener
from .memory import refuse_large_activations, refuse_too_large
from .opening import open_run, run_config, run_path
from .origin import find_origin, load_origin
from .precision_choice import precision_of
from .ranks import Ranks
from .request import TrainRequest
from .resolving import path_of_run_on, resolve_config, with_precision
from .run_config import RunConfig
from .run_state import RunState, load_run_state
from .telling import tell_beginning
from .threads import num_threads


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What all ranks have to know.

    Attributes:
        corpora: paths of those to train on, as they were found.
        path: of the run's folder, which is there.
        run: its config.json.
        step: of the checkpoint to go on from; None for the start.
    """

    corpora: tuple[str, ...]
    path: Path
    run: RunConfig
    step: int | None

    @property
    def checkpoint(self) -> Path | None:
        """The checkpoint to go on from."""
        return None if self.step is None else checkpoint_path(self.path / "checkpoints", self.step)


def prepare_together(
    request: TrainRequest, listener: TrainingListener, device: torch.device, ranks: Ranks, stack: ExitStack
) -> tuple[Prepared, list[Corpus], RunState | None]:
    """What `prepare` settles on the first rank, the corpora and the state to go on from.

    Args:
        request: as of `prepare`.
        listener: as of `prepare`.
        device: as of `prepare`.
        ranks: as of `prepare`.
        stack: as of `prepare`.

    Raises:
        TrmpipeError: anything that the user can mend; on the other ranks only that the first one told it.
    """
    own: list[tuple[list[Corpus], RunState | None]] = []

    def settle() -> Prepared:
        prepared, corpora, state = prepare(request, listener, device, ranks, stack)
        own.append((corpora, state))
        return prepared

    prepared = ranks.first(settle)
    if own:
        return prepared, *own[0]
    state = load_run_state(prepared.checkpoint, prepared.run.hash) if prepared.checkpoint else None
    return prepared, [Corpus.open(path) for path in prepared.corpora], state


def prepare(
    request: TrainRequest, listener: TrainingListener, device: torch.device, ranks: Ranks, stack: ExitStack
) -> tuple[Prepared, list[Corpus], RunState | None]:
    """Settle what is trained, refuse what cannot be, and open the run's folder.

    Args:
        request: what the user asks for.
        listener: is told what was chosen, and asked where there is a choice.
        device: to train on.
        ranks: of the processes that train together.
        stack: owns the folder from here on.

    Raises:
        TrmpipeError: anything that the user can mend, in one line.
    """
    corpora = choose_corpora(request, listener, partial(path_of_run_on, request, device))
    evaluator_of(corpora[0].spec)  # Refuses a task whose code it takes and that is not here.
    notes: list[str] = []  # Told once nothing is refused any more.
    preset, config = resolve_config(request, corpora[0], device, notes.append)
    refuse_uneven_batch(config, ranks)
    held = _held(config, device, ranks)
    room = refuse_too_large(held, corpus_sizes(*corpora), device)
    path = run_path(request, preset, config, corpora)
    config = with_precision(config, path, request, corpora, device, notes.append)
    if request.minutes is not None:
        steps = fit_steps(request, config, corpora, device, ranks, room, path, notes.append)
        config = replace(config, max_steps=steps)
    origin = find_origin(request.start) if request.start and not request.resume else None
    whole = run_config(request, preset, config, corpora, origin)
    build_stream(config, corpora, request, Ranks())  # Refuses a subset that there is not.
    notes += too_few_variants(request, corpora)
    net = build_net(config, whole.sizes, device, precision_of(config, device))
    if origin and request.start:
        load_origin(net, request.start, origin, whole.sizes, whole.corpora)
    threads = num_threads(config.num_slices, device)
    refuse_large_activations(held, net, build_learner(config, net), whole.sizes, threads, room)
    stack.enter_context(owned(Store(path.absolute())))
    run, saved, state = open_run(path, whole, resume=request.resume)
    tell_beginning(listener, notes, request, saved, state, path)
    found = tuple(corpus.path for corpus in corpora)
    return Prepared(corpora=found, path=run.path, run=saved, step=state.step if state else None), corpora, state


def _held(config: TrainConfig, device: torch.device, ranks: Ranks) -> TrainConfig:
    """A config with the batch whose memory counts: a process's own on a device of its own, all of it on a CPU."""
    return config if device.type == "cpu" else replace(config, batch_size=config.batch_size // ranks.world_size)
