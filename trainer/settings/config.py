"""The config of a run: everything that its metrics depend on, apart from the corpus itself.

It is nested: what a run is stands in `TrainConfig`, what its parts are in sections, each a config object of its part.
Of the sections in `SECTIONS` the class says which entry of the registry it is, and JSON carries that entry's name.
"""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from trmpipe.generators.plugins import Registry
from trmpipe.shards.errors import DamagedError
from trmpipe.shards.fields import MOST
from trmpipe.shards.json_files import convert
from trmpipe.shards.urls import printable

from ..checks import at_least, below_one, one_of, possible
from ..errors import SettingError
from ..learners import LEARNERS
from ..learners.deep_supervision import DeepSupervisionConfig
from ..models import MODELS
from ..models.trm import TRMConfig
from ..optim import OPTIMISERS, EmbeddingConfig
from ..optim.adam_atan2 import AdamATan2Config
from ..optim.schedule import SCHEDULES, ConstantConfig
from ..parts import Part, later, name_of, names_of_later_fields
from .curriculum import CurriculumConfig

SECTIONS: dict[str, Registry[Part]] = {
    "learner": LEARNERS,
    "model": MODELS,
    "optimiser": OPTIMISERS,
    "schedule": SCHEDULES,
}
"""Sections of a config that stand for an entry of a registry."""

_MOST_LETTERS = 100
_UNFIT = "the run's config does not fit this version of trmpipe"

NAME = "name"
"""Key of a section's JSON that says which entry it is."""

SAMPLINGS = ("blocks", "published")
PRECISIONS = ("auto", "fp32", "bf16")
MOST_ANSWERS = 10_000
"""Supervision steps of an evaluation, the answers of all of which are compared."""
_MOST_SLICES = 1024
"""Slices of a batch, each a thread on a CPU."""


_MOST_EXAMPLES = 1 << 40
"""Of a batch: what no machine holds is told by what it would take, in numbers that do not overflow."""
_MOST_STEPS = 10**15
"""Of a run: the places of all its examples are whole numbers that arrays hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationConfig:
    """How a run is scored.

    Attributes:
        steps: supervision steps that each held-out puzzle gets.
        every: steps between two evaluations while training; 0 for none before the end.
        limit: held-out puzzles of each evaluation while training.
        monitor: training puzzles, the last ones, that are kept aside and never trained on; the best checkpoint is the
            one that solves most of them. 0 for none.
        patience: evaluations without a better score on the puzzles kept aside after which training stops; 0 for never.
        train_limit: puzzles of the training set that each evaluation scores too, so that the gap to the held-out ones
            can be told; 0 for none.
    """

    steps: int = 16
    every: int = 2000
    limit: int = 500
    monitor: int = later(0)
    patience: int = later(0)
    train_limit: int = later(0)

    def __post_init__(self) -> None:
        at_least(1, self, "evaluation", "steps", most=MOST_ANSWERS)
        at_least(0, self, "evaluation", "every", "limit", "monitor", "patience", "train_limit")
        if self.monitor and not self.every:
            raise SettingError(
                "evaluation.monitor keeps puzzles aside for evaluations while training, and evaluation.every is 0; "
                "set it to the steps between two of them"
            )
        if self.patience and not self.monitor:
            raise SettingError(
                "evaluation.patience counts evaluations on puzzles that are kept aside, and evaluation.monitor is 0; "
                "set it to a number of training puzzles"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """All settings of a training; the defaults, sampling aside, are the published ones for Sudoku-Extreme.

    A step is one of the optimiser, on one batch; supervision steps are always called so.

    Attributes:
        learner: how the network is taught and asked.
        model: which network it is.
        optimiser: what moves the weights.
        schedule: what learning rates do over the steps.
        embedding: how the puzzle embedding is trained, in models that have one.
        evaluation: how the run is scored.
        curriculum: which training puzzles take part when, and how often.
        batch_size: examples of a step, all ranks together.
        num_slices: parts of a rank's batch that are differentiated one by one, on a CPU side by side in a thread
            for each core; their gradients are summed in order. Small ones keep what they work on in the cache.
        precision: of the forward pass: ``"fp32"``, ``"bf16"``, or ``"auto"``, which a new run replaces by one of them,
            see `precision`; weights and optimisers are always in float32.
        clip_norm: largest norm of the gradient of all parameters together, to which it is scaled down; 0 for no limit.
        max_steps: step at which training ends and the schedules have run out.
        sampling: how variants are drawn: ``"blocks"``, each once before one comes again, or ``"published"``, each time
            at random.
        ema_decay: weight of the old average when a step's weights are averaged in; 0 evaluates the weights themselves.
        ema_warm: in the first steps the average is over fewer: step n weighs it by (1 + n) / (this + n) at most; 0 for
            no such start.
        checkpoint_every: steps between checkpoints.
        checkpoint_keep: checkpoints that are kept, the last ones; the best one is kept beside them.
        log_every: steps between lines of metrics, each the mean over them.
        seed: root seed of weights, order and exploration.
    """

    learner: Any = field(default_factory=DeepSupervisionConfig)
    model: Any = field(default_factory=TRMConfig)
    optimiser: Any = field(default_factory=AdamATan2Config)
    schedule: Any = field(default_factory=ConstantConfig)
    embedding: EmbeddingConfig = field(default_factory=EmbeddingConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
    curriculum: CurriculumConfig = field(default_factory=CurriculumConfig)
    batch_size: int = 768
    num_slices: int = 1
    precision: str = later("auto")
    clip_norm: float = later(0.0)
    max_steps: int = 65_100
    sampling: str = "blocks"
    ema_decay: float = 0.999
    ema_warm: int = 0
    checkpoint_every: int = 2000
    checkpoint_keep: int = later(3)
    log_every: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        for section, registry in SECTIONS.items():
            name_of(registry, getattr(self, section))
        one_of("sampling", self.sampling, SAMPLINGS)
        at_least(1, self, "", "checkpoint_every", "checkpoint_keep", "log_every")
        at_least(1, self, "", "batch_size", most=_MOST_EXAMPLES)
        at_least(1, self, "", "max_steps", most=_MOST_STEPS)
        at_least(1, self, "", "num_slices", most=_MOST_SLICES)
        at_least(0, self, "", "ema_warm", "clip_norm")
        one_of("precision", self.precision, PRECISIONS)
        below_one(self, "", "ema_decay")
        if not 0 <= self.seed <= MOST:
            raise SettingError(f"seed is {self.seed}; give one from 0 to 2**63 - 1")


def to_json(config: TrainConfig) -> dict[str, Any]:
    """The config as plain JSON values; sections begin with the name of their entry."""
    values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    for section, registry in SECTIONS.items():
        values[section] = {NAME: name_of(registry, getattr(config, section)), **values[section]}
    return values


def from_json(values: dict[str, Any]) -> TrainConfig:
    """The config that `to_json` gave.

    Raises:
        SettingError: a value is missing, unknown or out of range.
    """
    _refuse_long_texts(values)
    try:
        sections = {
            section: _section(registry[values[section][NAME]].config, _without_name(values[section]))
            for section, registry in SECTIONS.items()
        }
        sections["embedding"] = _section(EmbeddingConfig, values["embedding"])
        sections["evaluation"] = _section(EvaluationConfig, values["evaluation"])
        sections["curriculum"] = _section(CurriculumConfig, values.get("curriculum", {}))
    except (KeyError, TypeError, AttributeError) as error:
        raise SettingError(f"{_UNFIT} ({type(error).__name__}: {printable(str(error))})") from None
    return TrainConfig(**{**sections, **_typed(TrainConfig, {**values, **dict.fromkeys(sections)}, skip=sections)})


def _refuse_long_texts(values: Any, name: str = "settings") -> None:
    """Refuse texts longer than any setting has, which would make the line of an error long."""
    if isinstance(values, str) and len(values) > _MOST_LETTERS:
        raise SettingError(f"{_UNFIT} ({name:.100} has {len(values):,} characters, expected {_MOST_LETTERS} at most)")
    if isinstance(values, dict):
        for inner, value in values.items():
            _refuse_long_texts(value, printable(str(inner)))


def _section(config: type[Any], values: dict[str, Any]) -> Any:
    """A config object from its JSON values."""
    return config(**_typed(config, values))


def _typed(config: type[Any], values: dict[str, Any], skip: Iterable[str] = ()) -> dict[str, Any]:
    """JSON values as the types that the fields of a config class have, without those in `skip`.

    Raises:
        SettingError: a field is missing, there is no such field, or a value does not fit its type.
    """
    hints = get_type_hints(config)
    names = {field.name for field in dataclasses.fields(config)}
    if differing := ({*values} ^ names) - ({*values} ^ {*values, *names_of_later_fields(config)}):
        raise SettingError(f"{_UNFIT} (it differs in {printable(min(differing)):.100})")
    found = {}
    for name in values.keys() - set(skip):
        try:
            found[name] = convert(values[name], hints[name], name, "start a new run")
        except DamagedError as error:
            raise SettingError(f"{_UNFIT} ({error})") from None
        possible(name, found[name])
    return found


def _without_name(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != NAME}


def flatten(values: dict[str, Any]) -> dict[str, Any]:
    """Nested values under dotted names: ``{"model": {"width": 1}}`` becomes ``{"model.width": 1}``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{inner}": deep for inner, deep in flatten(value).items()})
        else:
            flat[name] = value
    return flat
