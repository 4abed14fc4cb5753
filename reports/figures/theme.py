"""How all charts look: one typeface, one order of colours that colour-blind readers tell apart, light and dark."""

from dataclasses import dataclass
from typing import Any

from .figure import Figure

COLOURS = ("#3987e5", "#e07b39", "#3ba272", "#c2569b", "#8f7ae0", "#b59b1d", "#5aa7b8", "#8a8a8a")
"""Of lines and points, in this order; each stands off white and near-black alike."""
_FONT = "DejaVu Sans"


@dataclass(frozen=True, slots=True)
class Ground:
    """Colours of a page: of ink, of faint lines, and of the ground itself, which may be see-through."""

    ink: str
    faint: str
    ground: str


LIGHT = Ground("#24292f", "#d8dee4", "white")
DARK = Ground("#e6edf3", "#3d444d", "transparent")


def themed(figure: Figure, ground: Ground) -> dict[str, Any]:
    """The Vega-Lite specification of a figure in the house's style, with its sentence as alternative text."""
    spec: dict[str, Any] = figure.chart.to_dict()
    spec["description"] = figure.says
    spec["config"] = {**spec.get("config", {}), **_config(ground)}
    return spec


def _config(ground: Ground) -> dict[str, Any]:
    text = {"labelColor": ground.ink, "titleColor": ground.ink}
    return {
        "background": ground.ground,
        "font": _FONT,
        "view": {"stroke": None, "continuousWidth": 420, "continuousHeight": 260},
        "axis": {**text, "gridColor": ground.faint, "domainColor": ground.faint, "tickColor": ground.faint},
        "legend": text,
        "title": {"color": ground.ink, "anchor": "start"},
        "header": text,
        "range": {"category": list(COLOURS)},
    }
