"""``trmpipe export``: what trmpipe made, as other programs read it."""

import click

from .arguments import RunPlace, checkpoint_option
from .console import echo, echo_json


@click.group(name="export")
def command() -> None:
    """Write what other programs read."""


@command.command(name="checkpoint")
@click.argument("run")
@click.option("--out", type=RunPlace(), metavar="FILE", help="The file. [default: RUN/step_<steps>]")
@checkpoint_option
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def checkpoint(*, run: str, out: str | None, checkpoint: str, as_json: bool) -> None:
    """Write RUN's averaged weights as the published code saves its own, by the published names.

    A FILE that ends in .safetensors is one of that kind, any other one is torch's.
    """
    from trmpipe.trainer.published.exporting import export_checkpoint

    result = export_checkpoint(run, out, checkpoint)
    if as_json:
        numbers = {"tensors": result.num_tensors, "numbers": result.num_numbers}
        echo_json({"file": str(result.path), "step": result.step, **numbers})
        return
    echo(f"{result.path}: {result.num_tensors} tensors, {result.num_numbers:,} numbers, after {result.step:,} steps")
