"""A run's page while it is trained, from its files alone, for this machine alone."""

from .server import open_server

__all__ = ["open_server"]
"""Serves the page until it is told to stop."""
