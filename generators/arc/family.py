"""ARC as the other rooms see it: tasks come from sets of files, and have no options."""

from collections.abc import Mapping

from ..family import Family
from .task import ArcTask


def build(size: int, options: Mapping[str, str]) -> ArcTask:
    """The one task; there are neither sizes nor options."""
    return ArcTask()


FAMILY = Family(
    name="arc",
    help="""ARC tasks: colours permuted, grids turned and mirrored, examples to learn from moved about.

    A set is arc-agi-1 or arc-agi-2 (all of it, or with :training or :evaluation), a folder of task files, or a file of
    many tasks such as arc-agi_evaluation_challenges.json, with its solutions beside it or without.
    """,
    build=build,
    suppliers=("sets",),
)
