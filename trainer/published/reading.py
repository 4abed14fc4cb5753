"""Published weights: read from a file, recognised by their names, their sizes found in their shapes.

What no tensor tells (heads, cycles) is that of the published preset for the task, or what the user says. Names lie
behind ``_orig_mod.model.inner.`` where the model was compiled, as in all published checkpoints, else behind
``model.inner.``.
"""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from trmpipe.generators.registry import get_task

from ..building.forms import all_finite, refuse_other_forms
from ..building.sketch import sketch_net
from ..errors import RunError, SettingError
from ..models import MODELS, CorpusSizes
from ..parts import Part, entries_that_load
from ..presets import choose_preset, get_preset, published_presets
from ..published_form import PublishedForm, Shapes, dimension
from ..settings.config import TrainConfig
from .tensor_files import read_tensors

PREFIX = "_orig_mod.model.inner."
"""Of the names in a published file."""
_PREFIXES = (PREFIX, "model.inner.", "_orig_mod.", "")
_STEP = re.compile(r"step[_-](\d{1,15})(\.\w+)*")
_ADVICE = "published files hold the state dict of one model as its code saves it"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedWeights:
    """What a file of published weights holds.

    Attributes:
        path: of the file.
        model: name of the model that they are of.
        part: its entry in `MODELS`.
        tensors: by their names without prefix.
    """

    path: Path
    model: str
    part: Part
    tensors: dict[str, Tensor]

    @property
    def form(self) -> PublishedForm:
        """How the model is published."""
        assert self.part.published is not None
        return self.part.published

    @property
    def shapes(self) -> Shapes:
        """Of the tensors."""
        return {name: tuple(tensor.shape) for name, tensor in self.tensors.items()}

    @property
    def step(self) -> int:
        """The step in the file's name, as in ``step_65100``; 0 where there is none."""
        match = _STEP.fullmatch(self.path.name)
        return int(match[1]) if match else 0

    @property
    def vocab_size(self) -> int:
        """Number of tokens, pad included."""
        return dimension(self.shapes, self.form.tokens, 0)

    @property
    def num_identifiers(self) -> int:
        """Number of puzzle identifiers, the blank one included."""
        puzzles = self.form.puzzles
        return dimension(self.shapes, puzzles, 0) if puzzles in self.tensors else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How published weights are to be understood.

    Attributes:
        preset: name of the preset that says what the tensors do not.
        config: its config, with the sizes found in the tensors.
        sizes: of the corpora that the network is for.
        told: names of the model's settings that neither tensors nor user said, but the preset.
        idle: of those that the user said, the ones that this model does not look at.
    """

    preset: str
    config: TrainConfig
    sizes: CorpusSizes
    told: tuple[str, ...]
    idle: tuple[str, ...] = ()

    def in_words(self) -> str:
        """What was taken from the preset, in a line; '' where nothing was."""
        if not self.told:
            return ""
        values = ", ".join(f"{name} {getattr(self.config.model, name)}" for name in self.told)
        return f"not in the file, so taken from the preset {self.preset}: {values}"


def open_published(path: Path) -> PublishedWeights:
    """Read a file of published weights.

    Raises:
        NoRunError: there is no such file.
        RunError: it is damaged, or of no model that is known.
    """
    tensors = read_tensors(path)
    prefix = next(one for one in _PREFIXES if all(name.startswith(one) for name in tensors))
    plain = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
    for model, part in entries_that_load(MODELS):
        if part.published is not None and part.published.fits(plain):
            return PublishedWeights(path=path, model=model, part=part, tensors=plain)
    found = ", ".join(sorted({name.partition(".")[0] for name in plain}))
    known = "; ".join(
        f"{model}: {', '.join(sorted(part.published.modules))}"
        for model, part in entries_that_load(MODELS)
        if part.published
    )
    raise RunError(f"{path} holds {found:.200}, which is no model that is known ({known}); {_ADVICE}")


def read_for(weights: PublishedWeights, sizes: CorpusSizes, task: str, said: Mapping[str, int]) -> Reading:
    """Understand published weights as a network for given corpora.

    Args:
        weights: out of a file.
        sizes: of the corpora.
        task: name of their task.
        said: settings of the model that the user gives, by name.

    Raises:
        RunError: the weights are of another task or form.
        SettingError: the model has no setting that the user gives, or it does not fit.
    """
    _refuse_other_sizes(weights, sizes, task)
    readings = [_read_by(weights, sizes, preset, base, said) for preset, base in _bases(weights, task)]
    # Of several published presets the one that was trained most like these weights.
    reading = min(readings, key=lambda one: _distance(one, weights))
    _refuse_unfit_tensors(weights, reading)
    return reading


def read_alone(weights: PublishedWeights, task: str | None, said: Mapping[str, int]) -> tuple[str, Reading]:
    """Understand published weights without a corpus; returns the name of their task too.

    Args:
        weights: out of a file.
        task: name of the task that they were trained on; None for the only one that fits among those of the published
            presets.
        said: settings of the model that the user gives, by name.

    Raises:
        InputError: there is no such task.
        RunError: no task fits, or several do.
        SettingError: the model has no setting that the user gives, or it does not fit.
    """
    presets = published_presets(weights.part.config)
    names = [task] if task is not None else list(dict.fromkeys(name for one in presets.values() for name in one.tasks))
    specs = [get_task(name).spec for name in names]
    fitting = [spec for spec in specs if task is not None or spec.vocab_size == weights.vocab_size]
    if len(fitting) != 1:
        which = ", ".join(spec.name for spec in fitting or specs) or "none"
        how = "several tasks have" if fitting else "no task of a published preset has"
        raise RunError(
            f"{weights.path} has {weights.vocab_size} tokens, which {how} ({which}); say which task it is of (task=...)"
        )
    spec = fitting[0]
    sizes = CorpusSizes(seq_len=spec.seq_len, vocab_size=spec.vocab_size, num_identifiers=weights.num_identifiers)
    return spec.name, read_for(weights, sizes, spec.name, said)


def _bases(weights: PublishedWeights, task: str) -> Iterator[tuple[str, TrainConfig]]:
    """Names and configs of the presets that may say what the tensors do not; those for the task alone, if any are."""
    presets = published_presets(weights.part.config, task)
    meant = {name: preset for name, preset in presets.items() if task in preset.tasks} or presets
    for name, preset in meant.items():
        yield name, preset.config()
    if not meant:
        name, _ = choose_preset(task, "cuda")
        yield name, dataclasses.replace(get_preset(name), model=weights.part.config())


def _read_by(
    weights: PublishedWeights, sizes: CorpusSizes, preset: str, base: TrainConfig, said: Mapping[str, int]
) -> Reading:
    """The reading by which `base` says what neither the tensors nor the user do."""
    known = {field.name for field in dataclasses.fields(base.model)}
    if unknown := sorted(said.keys() - known):
        raise SettingError(f"the model {weights.model} has no setting {unknown[0]}; it has {', '.join(sorted(known))}")
    try:
        model = weights.form.sizes(weights.shapes, sizes.seq_len, {**dataclasses.asdict(base.model), **said})
    except RunError as error:
        raise RunError(f"{weights.path} is no {weights.model} for this task: {error}; {_ADVICE}") from error
    untold = weights.form.untold(model)
    return Reading(
        preset=preset,
        config=dataclasses.replace(base, model=model),
        sizes=sizes,
        told=tuple(name for name in untold if name not in said),
        idle=tuple(sorted(said.keys() & {*getattr(model, "idle_settings", tuple)()})),
    )


def _distance(reading: Reading, weights: PublishedWeights) -> int:
    """How many settings of the model differ from those of the preset."""
    base = get_preset(reading.preset).model
    return sum(
        getattr(reading.config.model, one.name) != getattr(base, one.name, None)
        for one in dataclasses.fields(weights.part.config)
    )


def _refuse_other_sizes(weights: PublishedWeights, sizes: CorpusSizes, task: str) -> None:
    if weights.vocab_size != sizes.vocab_size:
        raise RunError(
            f"{weights.path} has {weights.vocab_size} tokens, {task} has {sizes.vocab_size}; give a corpus of the task "
            "that it was trained on"
        )
    if weights.num_identifiers != sizes.num_identifiers and weights.form.puzzles in weights.tensors:
        raise RunError(
            f"{weights.path} has embeddings for {weights.num_identifiers:,} puzzle identifiers, the corpora have "
            f"{sizes.num_identifiers:,}; give those that it was trained on, whose identifiers mean the same puzzles"
        )


def network_tensors(weights: PublishedWeights, net: nn.Module) -> dict[str, Tensor]:
    """The weights by the names of a network's own state dict, in its dtypes.

    Raises:
        RunError: names or shapes are others, or a number is not finite or cannot be kept to the last bit.
    """
    expected = net.state_dict()
    found: dict[str, Tensor] = {}
    ours = {weights.form.rename(name): name for name in expected}
    for name, tensor in weights.tensors.items():
        own = ours.get(name, name)
        dtype = expected[own].dtype if own in expected else tensor.dtype
        found[own] = tensor.to(dtype)
        if tensor.device.type == "meta":
            continue
        if not all_finite([tensor]):
            raise RunError(f"{weights.path} is damaged: {name} holds numbers that are not finite")
        if not torch.equal(found[own].to(tensor.dtype), tensor):
            raise RunError(
                f"{weights.path} has {name} in {str(tensor.dtype)[6:]}, which {str(dtype)[6:]} does not hold exactly; "
                f"expected {str(dtype)[6:]}"
            )
    refuse_other_forms(f"{weights.path} does not fit the model {weights.model}", found, expected, _ADVICE)
    return found


def _refuse_unfit_tensors(weights: PublishedWeights, reading: Reading) -> None:
    """Refuse weights that the network of a reading has no place for, before any memory is taken for it.

    Raises:
        RunError: names or shapes are others than the network's.
    """
    sketch = sketch_net(reading.config, reading.sizes, torch.float32)
    if sketch is not None:
        shapes = {name: tensor.to("meta") for name, tensor in weights.tensors.items()}
        network_tensors(dataclasses.replace(weights, tensors=shapes), sketch)


def published_tensors(net: nn.Module, form: PublishedForm) -> dict[str, Tensor]:
    """The state dict of a network under the published names."""
    return {PREFIX + form.rename(name): tensor for name, tensor in net.state_dict().items()}
