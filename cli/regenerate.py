"""``trmpipe regenerate``: make a corpus again from its manifest."""

import click

from .arguments import Address, CorpusPlace, WholeNumber
from .console import echo, echo_json, show_progress


@click.command(name="regenerate")
@click.argument("manifest")
@click.option("--out", type=CorpusPlace(), help="Folder or URL of the new corpus. [default: regenerated/<name>]")
@click.option("--input", "inputs", multiple=True, help="A file or set that the puzzles came from; may be given again.")
@click.option("--workers", type=WholeNumber(1), help="Worker threads. [default: one a core]")
@click.option(
    "--scheduler", type=Address(), help="Address of a Dask scheduler, such as tcp://host:8786, to use its workers."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(
    *,
    manifest: str,
    out: str | None,
    inputs: tuple[str, ...],
    workers: int | None,
    scheduler: str | None,
    as_json: bool,
) -> int:
    """Make the corpus of MANIFEST (a manifest.json or its folder) again and say whether it came out the same."""
    from trmpipe.pipeline import regenerate

    with show_progress() as progress:
        made = regenerate(manifest, out, inputs=inputs, workers=workers, scheduler=scheduler, progress=progress)
    if as_json:
        echo_json(
            {
                "path": made.outcome.store.url,
                "same_content": made.is_same,
                "same_files": made.same_files,
                "content_digest": made.outcome.manifest.content_digest,
                "expected_content_digest": made.original.content_digest,
                "explanation": made.explanation,
            }
        )
    else:
        files = "files equal to the byte" if made.same_files else "files differ (other options of layout or libraries)"
        echo(f"{made.outcome.store.url}: {made.explanation}, {files}")
    return 0 if made.is_same else 1
