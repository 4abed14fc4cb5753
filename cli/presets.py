"""``trmpipe presets``: list the recipes for training."""

import click

from .console import echo_json


@click.command(name="presets")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print all settings as JSON.")
def command(*, name: str | None, as_json: bool) -> None:
    """List the recipes, or the settings of the recipe NAME, each of which `train --set` can change."""
    from trmpipe.trainer.config import flatten, to_json
    from trmpipe.trainer.presets import PRESETS, get_preset

    if as_json:
        echo_json({key: to_json(get_preset(key)) for key in ([name] if name else PRESETS)})
    elif name:
        for key, value in flatten(to_json(get_preset(name))).items():
            click.echo(f"{key:>24}  {value}")
    else:
        for key, recipe in PRESETS.items():
            click.echo(f"{key:>18}  {(recipe.__doc__ or '').splitlines()[0]}")
