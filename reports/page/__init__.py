"""Pages: one HTML file each, which holds all that it shows and fetches nothing."""

from .document import is_page, page_of
from .parts import Number, Section, Table

__all__ = ["Number", "Section", "Table", "is_page", "page_of"]
"""What pages are made of."""
