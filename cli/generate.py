"""``trmpipe generate``: make a corpus, by a command for every family of tasks that is installed."""

import click

from trmpipe.generators.errors import TrmpipeError
from trmpipe.generators.registry import FAMILIES

from .console import Context
from .family_command import family_command


class _FamilyGroup(click.Group):
    """A group with a command a family; a package that is broken harms its own alone."""

    context_class = Context

    def list_commands(self, ctx: click.Context) -> list[str]:
        return FAMILIES.names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        return family_command(FAMILIES[cmd_name]) if cmd_name in FAMILIES else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, _first_line(name)) for name in self.list_commands(ctx)])


def _first_line(name: str) -> str:
    """What the list says of a family: its help's first line, or why it cannot be used."""
    try:
        return FAMILIES[name].help.strip().partition("\n")[0]
    except TrmpipeError as error:
        return str(error)


@click.group(name="generate", cls=_FamilyGroup)
def command() -> None:
    """Make a corpus of puzzles and their variants: the same recipe gives the same bytes on any machine."""
