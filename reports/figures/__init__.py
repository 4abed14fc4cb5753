"""Figures: charts with their numbers, for pages and papers alike."""

from .figure import Figure
from .saving import SUFFIXES, save_figure, save_figures

__all__ = ["SUFFIXES", "Figure", "save_figure", "save_figures"]
