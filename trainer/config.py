"""The config of a run: everything that its metrics depend on, apart from the corpus itself."""

import dataclasses
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from .errors import SettingError
from .models import MODELS, TRMConfig

OPTIMISERS = ("adam_atan2", "adamw", "muon")
SCHEDULES = ("constant", "cosine", "linear")
LOSS_NAMES = ("stablemax", "softmax")
SAMPLINGS = ("blocks", "published")


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainConfig:
    """A training recipe; the defaults are the published Sudoku-Extreme one.

    Attributes:
        model_name: key of `MODELS`.
        model: the network's own config.
        batch_size: examples of a step, all ranks together.
        num_slices: parts of a rank's batch that are differentiated one by one, on a CPU in as many threads side by
            side; their gradients are summed in order.
        max_steps: step at which training ends and the schedules have run out.
        loss: ``"stablemax"`` or ``"softmax"`` cross-entropy.
        halt_weight: weight of the halting loss beside the cross-entropy.
        halt_max_steps: longest stay of a puzzle in training, supervision steps (evaluation runs `eval_steps`).
        halt_early_steps: the same in the early part of the training, where short stays mean more new puzzles.
        halt_early_share: share of `max_steps` that is the early part; 0 for none.
        halt_exploration: chance that a slot draws a minimum stay.
        optimiser: ``"adam_atan2"``, ``"adamw"``, or ``"muon"`` (Muon for the blocks' matrices, AdamW for the rest).
        lr: learning rate of all that Muon does not train.
        matrix_lr: Muon's learning rate.
        betas: decay rates of Adam's moments.
        momentum: Muon's momentum.
        weight_decay: decoupled decay of the network's weights.
        embedding_lr: learning rate of the puzzle embedding's sign-SGD.
        embedding_weight_decay: its decay.
        schedule: what follows the warm-up: ``"constant"``, or ``"cosine"`` or ``"linear"`` to 0 at `max_steps`.
        warmup_steps: steps of linear warm-up.
        ema_decay: decay of the weight average; 0 evaluates the weights themselves.
        ema_warm: see `EMA`.
        sampling: how the stream draws variants.
        eval_steps: supervision steps of an evaluation.
        eval_every: steps between evaluations on `eval_limit` held-out puzzles; 0 for none before the end.
        eval_limit: held-out puzzles of such an evaluation.
        checkpoint_every: steps between checkpoints.
        log_every: steps between lines of metrics, each the mean over them.
        seed: root seed of weights, order and exploration.
    """

    model_name: str = "trm"
    model: TRMConfig = field(default_factory=TRMConfig)
    batch_size: int = 768
    num_slices: int = 1
    max_steps: int = 65_100
    loss: str = "stablemax"
    halt_weight: float = 0.5
    halt_max_steps: int = 16
    halt_early_steps: int = 16
    halt_early_share: float = 0.0
    halt_exploration: float = 0.1
    optimiser: str = "adam_atan2"
    lr: float = 1e-4
    matrix_lr: float = 0.02
    betas: tuple[float, float] = (0.9, 0.95)
    momentum: float = 0.9
    weight_decay: float = 1.0
    embedding_lr: float = 1e-4
    embedding_weight_decay: float = 1.0
    schedule: str = "constant"
    warmup_steps: int = 2000
    ema_decay: float = 0.999
    ema_warm: int = 0
    sampling: str = "blocks"
    eval_steps: int = 16
    eval_every: int = 2000
    eval_limit: int = 500
    checkpoint_every: int = 2000
    log_every: int = 20
    seed: int = 0

    def __post_init__(self) -> None:
        _one_of("model_name", self.model_name, tuple(MODELS))
        _one_of("optimiser", self.optimiser, OPTIMISERS)
        _one_of("schedule", self.schedule, SCHEDULES)
        _one_of("loss", self.loss, LOSS_NAMES)
        _one_of("sampling", self.sampling, SAMPLINGS)
        for name in (
            "batch_size",
            "num_slices",
            "max_steps",
            "halt_max_steps",
            "halt_early_steps",
            "eval_steps",
            "checkpoint_every",
            "log_every",
        ):
            _at_least(name, getattr(self, name), 1)
        for name in ("halt_weight", "lr", "matrix_lr", "weight_decay", "embedding_lr", "embedding_weight_decay"):
            _at_least(name, getattr(self, name), 0)
        for name in ("warmup_steps", "ema_warm", "eval_every", "eval_limit"):
            _at_least(name, getattr(self, name), 0)
        for name in ("halt_early_share", "halt_exploration", "ema_decay", "momentum"):
            _share(name, getattr(self, name))
        if not 0 <= self.seed < 2**63:
            raise SettingError(f"seed is {self.seed}; give one from 0 to 2**63 - 1")


def _one_of(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise SettingError(f"{name} is {value!r}; take one of {', '.join(known)}")


def _at_least(name: str, value: float, least: int) -> None:
    if not value >= least:
        raise SettingError(f"{name} is {value}; it must be at least {least}")


def _share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise SettingError(f"{name} is {value}; it must be from 0 to 1")


def to_json(config: TrainConfig) -> dict[str, Any]:
    """The config as plain JSON values."""
    values: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return values


def from_json(values: dict[str, Any]) -> TrainConfig:
    """The config that `to_json` gave.

    Raises:
        SettingError: a value is missing, unknown or out of range.
    """
    try:
        model = MODELS[values["model_name"]][0](**values["model"])
        return TrainConfig(**{**values, "model": model, "betas": tuple(values["betas"])})
    except (KeyError, TypeError) as error:
        raise SettingError(f"the run's config does not fit this version of trmpipe ({error})") from None


def flatten(values: dict[str, Any]) -> dict[str, Any]:
    """Nested values under dotted names: ``{"model": {"width": 1}}`` becomes ``{"model.width": 1}``."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat.update({f"{name}.{inner}": deep for inner, deep in flatten(value).items()})
        else:
            flat[name] = value
    return flat


def config_hash(values: dict[str, Any]) -> str:
    """SHA-256 of JSON values in canonical form, hexadecimal."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
