"""``trmpipe watch``: a run's page while it is trained."""

from contextlib import suppress
from functools import partial
from pathlib import Path

import click

from .arguments import WholeNumber
from .console import echo

_MOST_PORT = 65535


@click.command(name="watch")
@click.argument("run")
@click.option("--port", type=WholeNumber(0, _MOST_PORT), default=0, show_default=True, help="To listen on; 0 for any.")
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
def command(*, run: str, port: int, opens: bool) -> None:
    """Serve RUN's page to this machine alone, live while it is trained.

    It reads the run's files and nothing else, so that it can be started and stopped at any time, before the run is
    there too; the training does not notice. Ctrl-C ends it.
    """
    from trmpipe.reports.watch import open_server
    from trmpipe.trainer.runs.run_folder import RunFolder

    with open_server(Path(run), port, partial(echo, err=True)) as server:
        address = f"http://127.0.0.1:{server.server_port}/"
        echo(f"{run} is shown at {address} (Ctrl-C ends this)")
        if not RunFolder(Path(run)).config_file.exists():
            echo(f"no run is at {run} yet; the page waits for it", err=True)
        if opens:
            import webbrowser

            webbrowser.open(address)
        with suppress(KeyboardInterrupt):
            server.serve_forever()
    echo("no longer watched", err=True)
