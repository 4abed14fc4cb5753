"""``trmpipe report``: one HTML page on runs and studies, and their figures as files."""

from functools import partial
from pathlib import Path
from typing import Any

import click

from .arguments import WholeNumber, checkpoint_option
from .console import echo, echo_json

_FORMATS = ("svg", "pdf", "png")


@click.command(name="report")
@click.argument("paths", nargs=-1, required=True, metavar="RUN|STUDY...")
@click.option("--compare", is_flag=True, help="Put the same puzzles to two runs, and show what one solves alone.")
@click.option("--out", metavar="FILE", help="The page. [default: report-<name>.html here]")
@click.option("--figures", metavar="DIR", help="Write every figure to this folder too, for papers.")
@click.option(
    "--format",
    "formats",
    default="svg,pdf",
    show_default=True,
    metavar="LIST",
    help=f"Of --figures: some of {', '.join(_FORMATS)}, with commas between.",
)
@click.option(
    "--puzzles", type=WholeNumber(1, 100_000), help="Held-out puzzles to ask. [default: as many as take seconds]"
)
@click.option("--shown", type=WholeNumber(1, 100), default=12, show_default=True, help="Of them, to show step by step.")
@click.option(
    "--corpus", "corpora", multiple=True, help="Where the corpus is now that the runs were trained on; may repeat."
)
@checkpoint_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def command(
    *,
    paths: tuple[str, ...],
    compare: bool,
    out: str | None,
    figures: str | None,
    formats: str,
    as_json: bool,
    **request: Any,
) -> None:
    """Write one HTML page on RUNs and STUDYs: what each came to, curves, puzzles being solved, how it was made.

    The page holds all that it shows, so that it can be mailed: it fetches nothing, and reads on a phone and without
    scripts too. Several runs stand side by side. A number says where it comes from when you point at it.
    """
    from trmpipe.reports.page import is_page, page_of
    from trmpipe.reports.report import make_report
    from trmpipe.reports.runs.asking import Request
    from trmpipe.shards.files import write_atomically
    from trmpipe.shards.places import refuse_no_file, refuse_other_kind

    suffixes = _suffixes(formats)
    page = Path(out) if out else _default_page(paths)
    refuse_no_file(page, "--out", is_page, "a page of trmpipe")
    if figures:
        refuse_other_kind(Path(figures), "folder of figures", "--figures")
    tell = partial(echo, err=True)
    report = make_report([Path(path) for path in paths], Request(**request), tell, paired=compare)
    tell("drawing")
    write_atomically(page, page_of(report.title, report.sections, says=report.says).encode())
    written = _save_figures(report, Path(figures), suffixes) if figures else []
    if as_json:
        echo_json({"page": str(page), "figures": [str(path) for path in written]})
        return
    echo(f"wrote {page} ({page.stat().st_size / 1e6:.1f} MB)")
    if written:
        echo(f"wrote {len(written)} figures to {figures}")


def _suffixes(formats: str) -> list[str]:
    asked = [word.strip() for word in formats.split(",")]
    if not set(asked) <= set(_FORMATS):
        raise click.UsageError(f"--format is {formats!r:.60}; expected some of {', '.join(_FORMATS)}, such as svg,pdf")
    return [f".{word}" for word in dict.fromkeys(asked)]


def _default_page(paths: tuple[str, ...]) -> Path:
    from trmpipe.trainer.runs.naming import safe_name

    name = safe_name(Path(paths[0]).resolve().name)
    return Path(f"report-{name}.html" if len(paths) == 1 else f"report-{name}-and-{len(paths) - 1}-more.html")


def _save_figures(report: Any, folder: Path, suffixes: list[str]) -> list[Path]:
    from trmpipe.reports.figures import save_figures

    return save_figures(report.figures(), folder, suffixes)
