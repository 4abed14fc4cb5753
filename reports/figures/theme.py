"""How all charts look: one typeface, one order of colours that colour-blind readers tell apart, on any ground."""

from dataclasses import dataclass
from typing import Any

from .figure import Figure

COLOURS = ("#3987e5", "#d96c28", "#3ba272", "#c2569b", "#8f7ae0", "#a8890f", "#4597a9", "#8a8a8a")
"""Of lines and points, in this order; each stands off white and near-black alike, by 3 to 1 at least."""
PAPER_FONT = "DejaVu Sans"
"""Of figures that are files: matplotlib brings it, so it is there on every machine."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a chart stands on.

    Attributes:
        ink: colour of words.
        faint: of lines of the grid.
        ground: of the ground itself, which may be see-through.
        font: of words.
    """

    ink: str
    faint: str
    ground: str
    font: str = PAPER_FONT


LIGHT = Ground("#24292f", "#d8dee4", "white")
PAGE = Ground("currentColor", "var(--faint)", "transparent", "system-ui, sans-serif")
"""The colours of the page around it, so that a chart that is drawn once follows it from light to dark."""


def themed(figure: Figure, ground: Ground) -> dict[str, Any]:
    """The Vega-Lite specification of a figure in the house's style, with its sentence as alternative text."""
    spec: dict[str, Any] = figure.chart.to_dict(validate=False)  # Which takes half of the time of a page; tests do it.
    spec["description"] = figure.says
    own, house = spec.get("config", {}), _config(ground)
    # A legend of long names is as wide as they are.
    spec["config"] = {**own, **house, "legend": {**house["legend"], **own.get("legend", {})}}
    return spec


def _config(ground: Ground) -> dict[str, Any]:
    text = {"labelColor": ground.ink, "titleColor": ground.ink, "titleFontWeight": "normal"}
    return {
        "background": ground.ground,
        "font": ground.font,
        "view": {"stroke": None, "continuousWidth": 420, "continuousHeight": 260},
        "axis": {
            **text,
            "labelFontSize": 11,
            "titleFontSize": 12,
            "gridColor": ground.faint,
            "domainColor": ground.faint,
            "tickColor": ground.faint,
        },
        "legend": {
            **text,
            "labelFontSize": 11.5,
            "symbolSize": 100,
            "orient": "bottom",
            "columns": 2,
            "labelLimit": 260,
        },
        "title": {"color": ground.ink, "anchor": "start"},
        "header": text,
        "text": {"color": ground.ink},
        "range": {"category": list(COLOURS)},
    }
