"""``trmpipe presets``: list the presets for training, or explain the settings of one."""

from typing import TYPE_CHECKING, Any

import click

from .console import echo, echo_json

if TYPE_CHECKING:
    from trmpipe.trainer.presets import Preset

_NO_WORDS = "(the package that brings it does not say what it is)"


@click.command(name="presets")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print all settings as JSON.")
def command(*, name: str | None, as_json: bool) -> None:
    """List the presets with what each reached, or explain the settings of the preset NAME.

    `train --set KEY=VALUE` changes any of the settings.
    """
    from trmpipe.trainer.parts import entries_that_load
    from trmpipe.trainer.presets import PRESETS, get_preset
    from trmpipe.trainer.settings.config import to_json

    if as_json:
        names = [name] if name else [key for key, _ in entries_that_load(PRESETS)]
        echo_json({key: to_json(get_preset(key)) for key in names})
    elif name:
        _print_preset(name, PRESETS[name])
        echo()
        _print_settings(get_preset(name))
    else:
        for key, preset in entries_that_load(PRESETS):
            _print_preset(key, preset)


def _print_preset(name: str, preset: "Preset") -> None:
    """What it is, and what it reached."""
    echo(f"{name:>18}  {preset.doc}")
    for expectation in preset.expectations:
        echo(f"{'':>18}  {expectation.task}: {expectation.in_words()}")
    if not preset.expectations:
        echo(f"{'':>18}  nothing is recorded of what it reaches")


def _print_settings(config: Any) -> None:
    """Each setting with its value and what it is."""
    from trmpipe.trainer.settings.config import flatten, to_json
    from trmpipe.trainer.settings.setting_words import settings_in_words

    words = settings_in_words(config)
    values = {key: _value_in_words(value) for key, value in flatten(to_json(config)).items()}
    width = max(map(len, values.values()))
    for key, value in values.items():
        echo(f"{key:>24}  {value:<{width}}  {words[key] or _NO_WORDS}")


def _value_in_words(value: Any) -> str:
    """A value as `--set` takes it."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)
