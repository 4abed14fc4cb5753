"""What a checkpoint of a run holds, checked for names and types where it is read; tensors are checked where they go."""

import dataclasses
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta
from torch import Tensor

from trmpipe.shards.fields import Count, Digest, Word

from ..errors import RunError
from ..files import typed
from .checkpoint import advice_on, load_checkpoint, step_of
from .lines import Kept

_DEPTH = 6
"""Levels of containers in a state: the deepest are the values that an optimiser holds of a parameter."""

_MOST_LETTERS = 1000
Share = Annotated[float, Meta(ge=0, le=1)]
Plain = int | str | None | list[str]
"""No text among several types has a bound here: msgspec 0.22 frees such a type twice when the program ends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamState:
    """Of a `shards.Stream`, which compares it with what it streams."""

    version: Count
    step: Count
    fingerprint: Digest
    config: dict[Word, Plain]


@dataclass(frozen=True, slots=True, kw_only=True)
class MeansState:
    """Of `metrics.Means`.

    Attributes:
        sums: over all ranks, by name.
        count: examples in them.
        by_rank: the sums of each rank, so that as many go on to the last bit; empty for a single one.
    """

    sums: dict[Word, float]
    count: Count
    by_rank: tuple[dict[Word, float], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BestState:
    """The evaluation that was best so far, see `best.after_evaluation`.

    Attributes:
        step: after which it was made.
        exact: share of the puzzles kept aside that were solved: accepted, where the task judges.
        cell: share of their cells that were right.
        worse: evaluations since then.
        column: the name of what `exact` is a share of; runs of before do not say it.
    """

    step: Count
    exact: Share
    cell: Share
    worse: Count = 0
    column: Word = "exact"


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainerState:
    """Of a `trainer.Trainer`: tensors by name, and for each optimiser the state of its parameters by their number."""

    net: dict[str, Any]
    ema: dict[str, Any]
    optimisers: list[dict[int, dict[str, Any]]]
    state: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """All that a checkpoint holds.

    Attributes:
        step: steps taken.
        config_digest: the hash of the run's config.
        trainer: weights, average, optimisers and the learner's state.
        stream: where the stream stands.
        means: metrics since the last line.
        metrics: what metrics.jsonl held.
        timings: what timings.jsonl held.
        difficulty: what difficulty.jsonl held.
        best: the best evaluation so far; None where nothing is kept aside, or not yet evaluated.
        unscored: whether the evaluation that is due after `step` is still to be made.
    """

    step: Count
    config_digest: Digest
    trainer: TrainerState
    stream: StreamState
    means: MeansState
    metrics: Kept
    timings: Kept
    difficulty: Kept = field(default_factory=Kept)
    best: BestState | None = None
    unscored: bool = False


def to_plain(value: Any) -> Any:
    """Dataclasses as dicts, for `save_checkpoint`; tensors are not copied, as `dataclasses.asdict` would."""
    if not dataclasses.is_dataclass(value):
        return value
    return {field.name: to_plain(getattr(value, field.name)) for field in dataclasses.fields(value)}


def load_run_state(path: Path, config_digest: str) -> RunState:
    """The state in a checkpoint of a run.

    Args:
        path: of the checkpoint.
        config_digest: the hash of the run's config.

    Raises:
        NoRunError: there is no such file.
        RunError: it is damaged, of another version, of another run, or of another step than its name says.
    """
    where, advice = f"the checkpoint {path}", advice_on(path)
    state = _unwrapped(typed(_wrapped(load_checkpoint(path)), RunState, where, advice))
    if state.config_digest != config_digest:
        raise RunError(f"{where} belongs to a run of another config; {advice}")
    if not state.step == state.stream.step == step_of(path):
        raise RunError(
            f"{where} is damaged: it is of step {state.step}, its stream of step {state.stream.step}; {advice}"
        )
    if state.best is not None and not state.best.step <= state.step:
        raise RunError(f"{where} is damaged: its best evaluation is of step {state.best.step}; {advice}")
    texts = [text for value in state.stream.config.values() for text in (value if isinstance(value, list) else [value])]
    if any(isinstance(text, str) and not (text.isprintable() and len(text) <= _MOST_LETTERS) for text in texts):
        raise RunError(f"{where} is damaged: its stream's config holds what is no word; {advice}")
    if not all(math.isfinite(value) for sums in (state.means.sums, *state.means.by_rank) for value in sums.values()):
        raise RunError(f"{where} is damaged: its means are not finite; {advice}")
    if any(sums.keys() != state.means.sums.keys() for sums in state.means.by_rank):
        raise RunError(f"{where} is damaged: its means are of other metrics on each rank; {advice}")
    return state


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A tensor that is not looked into; the reader of types would take a bare one for a mapping or a list."""

    tensor: Tensor


def _wrapped(value: Any, depth: int = _DEPTH) -> Any:
    """Nested dicts and lists with their tensors as leaves; what lies deeper than any state is left as it is."""
    if isinstance(value, Tensor):
        return _Leaf(value)
    if depth and isinstance(value, dict):
        return {name: _wrapped(part, depth - 1) for name, part in value.items()}
    return [_wrapped(part, depth - 1) for part in value] if depth and isinstance(value, list) else value


def _unwrapped(state: RunState) -> RunState:
    def bare(values: dict[Any, Any]) -> dict[Any, Any]:
        return {name: value.tensor if isinstance(value, _Leaf) else value for name, value in values.items()}

    trainer = state.trainer
    optimisers = [{number: bare(values) for number, values in one.items()} for one in trainer.optimisers]
    whole = TrainerState(net=bare(trainer.net), ema=bare(trainer.ema), optimisers=optimisers, state=bare(trainer.state))
    return dataclasses.replace(state, trainer=whole)
