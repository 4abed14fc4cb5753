"""``trmpipe import``: what other programs made, as what trmpipe works with."""

import click

from .arguments import RunPlace, WholeNumber
from .console import echo, echo_json


@click.group(name="import")
def command() -> None:
    """Take in what other programs made."""


@command.command(name="checkpoint")
@click.argument("file")
@click.option(
    "--corpus",
    "corpora",
    multiple=True,
    required=True,
    metavar="PATH",
    help="Corpus, folder of corpora or pattern that the run is for; may repeat.",
)
@click.option("--heads", type=WholeNumber(1), help="Heads of the attention. [default: the published preset's]")
@click.option("--h-cycles", type=WholeNumber(1), help="Cycles of a supervision step. [default: the published preset's]")
@click.option("--l-cycles", type=WholeNumber(1), help="Inner updates in a cycle. [default: the published preset's]")
@click.option("--set", "settings", multiple=True, metavar="KEY=VALUE", help="Change another setting; may repeat.")
@click.option("--out", type=RunPlace(), help="The run's folder. [default: runs/<corpus>-<file>-imported]")
@click.option("--device", default="auto", show_default=True, help="To train on: auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def checkpoint(
    *,
    file: str,
    corpora: tuple[str, ...],
    heads: int | None,
    h_cycles: int | None,
    l_cycles: int | None,
    settings: tuple[str, ...],
    out: str | None,
    device: str,
    as_json: bool,
) -> None:
    """Make a run of the published weights in FILE.

    FILE is what the published code saves (step_65100 and the like), or a .safetensors file of the same names. Which
    model it is, and its sizes, are found in the tensors; heads and cycles are in none of them. The run can be
    evaluated, asked, and trained on.
    """
    from trmpipe.trainer.published.importing import ImportRequest, import_checkpoint

    asked = {"num_heads": heads, "h_cycles": h_cycles, "l_cycles": l_cycles}
    model = {name: value for name, value in asked.items() if value is not None}
    request = ImportRequest(file=file, paths=corpora, model=model, settings=settings, out=out, device=device)
    result = import_checkpoint(request)
    if as_json:
        about = {"run": str(result.run), "step": result.step, "preset": result.about.preset}
        echo_json({**about, "model": result.about.train["model"], "notes": list(result.notes), "resume": result.resume})
        return
    for note in result.notes:
        echo(note, err=True)
    echo(f"{result.run}: {result.model}, published weights of step {result.step:,}")
    echo(f"score it:       trmpipe evaluate {result.run}")
    echo(f"train it on:    {result.resume}")
