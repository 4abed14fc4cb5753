"""Options of the command line from declarations: of task families and of suppliers."""

import click

from trmpipe.generators.options import Option


def option_of(option: Option) -> click.Option:
    """A declared option; its value is text, checked where it is spelled."""
    if not option.kind.metavar:
        return click.Option([option.flag, option.name], is_flag=True, help=option.help)
    return click.Option([option.flag, option.name], metavar=option.kind.metavar, help=option.help)
