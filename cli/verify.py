"""``trmpipe verify``: check every byte of a corpus."""

import click

from .console import echo, echo_json, echo_lines, show_progress


@click.command(name="verify")
@click.argument("corpus")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(*, corpus: str, as_json: bool) -> int:
    """Hash all files of CORPUS (a folder or URL) and compute its content digest anew."""
    from trmpipe.shards import Corpus, verify

    opened = Corpus.open(corpus)
    with show_progress() as progress:
        found = verify(opened, progress)
    if as_json:
        echo_json(
            {
                "path": opened.path,
                "sound": not found.problems,
                "files": found.num_files,
                "puzzles": found.num_puzzles,
                "content_digest": found.content_digest,
                "problems": list(found.problems),
            }
        )
    elif found.problems:
        echo_lines(found.problems)
    else:
        echo(
            f"{opened.path} is sound: {found.num_files:,} files, {found.num_puzzles:,} puzzles, "
            f"content digest {found.content_digest}"
        )
    return 1 if found.problems else 0
