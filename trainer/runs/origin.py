"""`--from RUN`: a run that begins with the weights of another one.

They are the weight average of its last checkpoint, which is what `trmpipe evaluate` scores: it is better than the
weights themselves by several points while the learning rate is high, and what the optimiser held belongs to the old
schedule. The optimiser, the learner's state and the average start anew.
"""

from collections.abc import Sequence
from pathlib import Path

from torch import nn

from trmpipe.shards import Corpus

from ..building.build import takes_any_size
from ..building.forms import refuse_other_forms
from ..errors import RunError
from ..models import CorpusSizes
from .checkpoint import digest_of, list_checkpoints, step_of
from .overlap import overlap_of
from .run_config import Origin, RunConfig, TrainedOn
from .run_folder import RunFolder
from .run_state import load_run_state

_ADVICE = "--from takes a run of the same model on corpora of the same form"


def find_origin(path: str) -> Origin:
    """The weights that the run at `path` has now.

    Raises:
        NoRunError: the folder is no run, or holds no checkpoint.
        RunError: its checkpoint is damaged.
    """
    run = RunFolder(Path(path))
    run.read_config()
    checkpoint = run.last_checkpoint()
    return Origin(run=origin_name(path), step=step_of(checkpoint), digest=digest_of(checkpoint))


def origin_name(path: str) -> str:
    """What the run at `path` is called."""
    return Path(path).resolve().name


def load_origin(net: nn.Module, path: str, origin: Origin, sizes: CorpusSizes, corpora: tuple[TrainedOn, ...]) -> None:
    """Give a network the weights that its run begins with.

    Args:
        net: the network; it is changed in place.
        path: of the run that they are from.
        origin: which weights they are.
        sizes: of the corpora that the network is to be trained on.
        corpora: those.

    Raises:
        NoRunError: there is no run at `path`.
        RunError: it no longer holds these weights, or they do not fit.
    """
    run = RunFolder(Path(path))
    about = run.read_config()
    found = [one for one in list_checkpoints(run.checkpoints) if digest_of(one) == origin.digest]
    if not found:
        raise RunError(
            f"{path} no longer holds the checkpoint of step {origin.step:,} that this run began with; start a new run"
        )
    _refuse_other_sizes(path, about, sizes, corpora)
    weights = load_run_state(found[-1], about.hash).trainer.ema
    refuse_other_forms(f"the weights of {path} do not fit the model", weights, net.state_dict(), _ADVICE)
    net.load_state_dict(weights)


def overlap_with_origin(path: str, origin: Origin, corpora: Sequence[Corpus]) -> list[str]:
    """A line where the weights that a run begins with were trained on held-out puzzles of its corpora.

    Args:
        path: of the run that they are from.
        origin: which weights they are.
        corpora: that the new run is to be trained on.
    """
    return overlap_of(RunFolder(Path(path)).read_config(), origin.step, corpora).lines(path)


def _refuse_other_sizes(path: str, about: RunConfig, sizes: CorpusSizes, corpora: tuple[TrainedOn, ...]) -> None:
    if about.sizes != sizes and not takes_any_size(about.train_config()):
        raise RunError(f"the weights of {path} are for {_words(about.sizes)}, not for {_words(sizes)}; {_ADVICE}")
    # An embedding means the variant that it was trained on, and no other of the same number.
    content = [[corpus.content_digest for corpus in one] for one in (about.corpora, corpora)]
    if sizes.num_identifiers > 1 and content[0] != content[1]:
        raise RunError(
            f"{path} was trained on other content, so its puzzle embeddings do not fit; --from takes a run on the "
            "same corpora where puzzles have embeddings"
        )


def _words(sizes: CorpusSizes) -> str:
    return (
        f"sequences of {sizes.seq_len} tokens out of {sizes.vocab_size} with {sizes.num_identifiers:,} "
        "puzzle identifiers"
    )
