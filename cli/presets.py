"""``trmpipe presets``: list the presets for training."""

import click

from .console import echo, echo_json


@click.command(name="presets")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print all settings as JSON.")
def command(*, name: str | None, as_json: bool) -> None:
    """List the presets, or the settings of the preset NAME, each of which `train --set` can change."""
    from trmpipe.trainer.config import flatten, to_json
    from trmpipe.trainer.parts import entries_that_load
    from trmpipe.trainer.presets import PRESETS, get_preset

    if as_json:
        names = [name] if name else [key for key, _ in entries_that_load(PRESETS)]
        echo_json({key: to_json(get_preset(key)) for key in names})
    elif name:
        for key, value in flatten(to_json(get_preset(name))).items():
            echo(f"{key:>24}  {value}")
    else:
        for key, preset in entries_that_load(PRESETS):
            echo(f"{key:>18}  {preset.doc}")
