"""What the package declares to trmpipe's command line and recipes."""

from trmpipe.generators.family import MADE, Family
from trmpipe.generators.options import Flag, Interval, Option, Range

from .task import ShadesTask


def build(size, options):
    open_cells = options.get("open")
    return ShadesTask(
        size=size, open_cells=Range.read(open_cells) if open_cells else None, corners="corners" in options
    )


FAMILY = Family(
    name="shades",
    help="Grids of three shades in which neighbours differ.",
    build=build,
    options=(
        Option(name="open", kind=Interval(whole=True), help="MIN:MAX cells that are not shown, such as 4:6."),
        Option(name="corners", kind=Flag(), help="Show all corners."),
    ),
    suppliers=(MADE, "tiles"),
    sizes=(3, 4),
    default_size=4,
    size_help="Rows of the grid: 3 or 4.",
)
