"""Presets: named training configs, one family of tasks a file, and which one a corpus and a device get by default.

An entry is a `Preset`. A new one is a line in `PRESETS` and its declaration; an installed package adds entry points to
the group ``trmpipe.presets``. Ours come first where several suit.
"""

from typing import Any

from trmpipe.generators.plugins import Registry

from ..errors import SettingError
from ..parts import entries_that_load
from ..settings.config import TrainConfig
from .preset import Expectation, Preset

PRESETS: Registry[Preset] = Registry(
    "trmpipe.presets",
    "preset",
    {
        "sudoku-mlp": "trmpipe.trainer.presets.sudoku:MLP",
        "sudoku-attention": "trmpipe.trainer.presets.sudoku:ATTENTION",
        "hrm-sudoku": "trmpipe.trainer.presets.sudoku_papers:HRM",
        "direct-sudoku": "trmpipe.trainer.presets.sudoku_papers:DIRECT",
        "trm-single-z-sudoku": "trmpipe.trainer.presets.sudoku_papers:SINGLE_Z",
        "trm-one-step-sudoku": "trmpipe.trainer.presets.sudoku_papers:ONE_STEP",
        "eqr-sudoku": "trmpipe.trainer.presets.sudoku_recipes:EQR",
        "se-rrm-sudoku": "trmpipe.trainer.presets.sudoku_recipes:SE_RRM",
        "dec-sudoku": "trmpipe.trainer.presets.sudoku_recipes:DEC",
        "sic-sudoku": "trmpipe.trainer.presets.sudoku_recipes:SIC",
        "ldt-sudoku": "trmpipe.trainer.presets.sudoku_elimination:LDT",
        "maze-hard": "trmpipe.trainer.presets.maze:HARD",
        "maze-hard-2d": "trmpipe.trainer.presets.maze:HARD_2D",
        "maze-cpu": "trmpipe.trainer.presets.maze:CPU",
        "arc": "trmpipe.trainer.presets.arc:PUBLISHED",
        "arc-cpu": "trmpipe.trainer.presets.arc:CPU",
        "sudoku4-cpu": "trmpipe.trainer.presets.sudoku:CPU4",
        "sudoku6-cpu": "trmpipe.trainer.presets.sudoku_cpu:CPU6",
        "sudoku9-cpu": "trmpipe.trainer.presets.sudoku_cpu:CPU9",
        "sudoku9-hour-cpu": "trmpipe.trainer.presets.sudoku_cpu:HOUR9",
        "trm-sudoku6-cpu": "trmpipe.trainer.presets.sudoku:TRM6",
        "trm-cpu": "trmpipe.trainer.presets.sudoku:TRM9",
        "eqr-sudoku6-cpu": "trmpipe.trainer.presets.sudoku_recipes:EQR6",
        "sic-sudoku6-cpu": "trmpipe.trainer.presets.sudoku_recipes:SIC6",
        "dec-sudoku4-cpu": "trmpipe.trainer.presets.sudoku_recipes:DEC4",
        "se-rrm-sudoku4-cpu": "trmpipe.trainer.presets.sudoku_recipes:SE_RRM4",
        "sudoku4-elimination-cpu": "trmpipe.trainer.presets.sudoku_elimination:CPU4",
    },
    SettingError,
)
"""Presets by name."""


def get_preset(name: str) -> TrainConfig:
    """The config of the preset called `name`.

    Raises:
        SettingError: there is none; the message lists those there are.
    """
    return PRESETS[name].config()


def choose_preset(task: str, device_type: str) -> tuple[str, str]:
    """The first preset that is declared for a task and a device, else the first general one; and the reason in words.

    Args:
        task: name of the corpus's task, such as ``sudoku6``.
        device_type: ``"cpu"``, ``"cuda"`` or ``"mps"``.

    Raises:
        SettingError: no preset is for this device.
    """
    on_device = [(name, preset) for name, preset in entries_that_load(PRESETS) if device_type in preset.devices]
    for name, preset in on_device:
        if task in preset.tasks:
            return name, f"made for {task} on {device_type}"
    for name, preset in on_device:
        if preset.general:
            return name, f"a general one, as there is none for {task} on {device_type}"
    raise SettingError(
        f"no preset is for {task} on {device_type}; name one with --preset: {', '.join(PRESETS.names())}"
    )


def published_presets(model: type[Any], task: str | None = None) -> dict[str, Preset]:
    """The presets by which published weights of a model were trained, those that are declared for a task first.

    Args:
        model: the class of the model's config.
        task: name of a task.
    """
    found = [
        (name, preset)
        for name, preset in entries_that_load(PRESETS)
        if preset.published and type(preset.config().model) is model
    ]
    return dict(sorted(found, key=lambda pair: task not in pair[1].tasks))


def what_to_expect(name: str, task: str, *, changed: bool) -> str:
    """One line on what the preset called `name` reached on a task, or that nobody has recorded it.

    Args:
        name: of the preset.
        task: name of the task that is to be trained on.
        changed: whether its settings were changed, so that what was recorded is no promise.
    """
    expectation = PRESETS[name].expectation(task)
    if expectation is None:
        return f"expect: nothing is recorded of what {name} reaches on {task}"
    hedge = "with its own settings, of which you changed some, it reached " if changed else ""
    return f"expect: {hedge}{expectation.in_words()}"


__all__ = ["PRESETS", "Expectation", "Preset", "choose_preset", "get_preset", "published_presets", "what_to_expect"]
