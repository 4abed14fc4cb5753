"""Published weights in Python: loaded from their file, asked for logits. No corpus and no run is needed."""

import os
import warnings
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from ..building.build import build_learner, build_net
from ..building.precision_choice import precision_of
from ..device import pick_device
from ..scores.examinee import Examinee
from ..trained.predicting import Values, predict
from .reading import Reading, network_tensors, open_published, read_alone


@dataclass(frozen=True, slots=True)
class LoadedPublished:
    """Published weights, ready to be asked; `load_published` makes it.

    Attributes:
        path: of their file.
        task: name of their task.
        step: the one in the file's name, 0 where there is none.
        reading: the settings and sizes that were found, and those that no tensor tells.
        net: the network, in evaluation mode.
        device: where it is.
    """

    path: Path
    task: str
    step: int
    reading: Reading
    net: nn.Module
    device: torch.device

    def __repr__(self) -> str:
        return f"LoadedPublished({str(self.path)!r}, task={self.task!r}, step={self.step})"

    def predict(
        self, inputs: Values, puzzle_identifiers: Values | None = None, num_steps: int = 16
    ) -> tuple[Values, Values | None]:
        """Logits after the last of `num_steps` supervision steps, and halting logits; see `predicting.predict`."""
        examinee = Examinee(
            net=self.net,
            learner=build_learner(self.reading.config, self.net),
            num_steps=num_steps,
            device=self.device,
        )
        return predict(examinee, self.reading.sizes, inputs, puzzle_identifiers, num_steps)


def load_published(
    path: str | os.PathLike[str],
    *,
    task: str | None = None,
    num_heads: int | None = None,
    h_cycles: int | None = None,
    l_cycles: int | None = None,
    device: str = "auto",
) -> LoadedPublished:
    """The network of a file of published weights, which computes in bfloat16 on CUDA and in float32 elsewhere.

    Heads and cycles are in no tensor. Where they are not given they are those of the published preset for the task.

    Args:
        path: of a file that the published code's ``torch.save`` wrote, or of one of safetensors.
        task: name of the task that the weights are for, such as ``sudoku9``; by default the one that fits them among
            those of the published presets.
        num_heads: heads of the attention.
        h_cycles: cycles of a supervision step.
        l_cycles: updates of the inner state in a cycle.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises:
        NoRunError: there is no such file.
        RunError: it is damaged, of no model that is known, or of no task that fits.
        InputError: there is no such task.
        SettingError: there is no such device, or a setting does not fit the model.
    """
    where, weights = pick_device(device), open_published(Path(path))
    given = {"num_heads": num_heads, "h_cycles": h_cycles, "l_cycles": l_cycles}
    said = {name: value for name, value in given.items() if value is not None}
    found, reading = read_alone(weights, task, said)
    for name in reading.idle:
        warnings.warn(f"{name} changes nothing: the model in {path} does not look at it", stacklevel=2)
    net = build_net(reading.config, reading.sizes, where, precision_of(reading.config, where))
    net.load_state_dict(network_tensors(weights, net))
    return LoadedPublished(
        path=weights.path,
        task=found,
        step=weights.step,
        reading=reading,
        net=net.eval().requires_grad_(False),
        device=where,
    )
