"""What can go wrong with a report."""

from trmpipe.generators.errors import TrmpipeError


class ReportError(TrmpipeError, ValueError):
    """A report that cannot be made of what was given."""
