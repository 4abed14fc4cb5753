"""The table and the picture, out of the results of all runs."""

from collections.abc import Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

from trmpipe.trainer.figures import make_figure

BUDGETS = ("time", "flops")
_INK = "#808080"
"""A grey that can be read on light and dark pages."""
_COLOURS = {"time": "#e07b39", "flops": "#3987e5"}


def summary(results: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for every entry, the best at equal FLOPs first; shares have their mean and deviation over the seeds."""
    names = list(dict.fromkeys(one["entry"] for one in results))
    rows = []
    for name in names:
        own = [one for one in results if one["entry"] == name]
        row: dict[str, Any] = {key: own[0][key] for key in ("entry", "variant", "rate", "parameters", "answer_flops")}
        for budget in BUDGETS:
            runs = [one for one in own if budget in one["budgets"]]
            exact = [one["exact"] for one in runs]
            row[budget] = {
                "exact": mean(exact),
                "deviation": stdev(exact) if len(exact) > 1 else 0.0,
                "first": mean(one["exact_first"] for one in runs),
                "cell": mean(one["cell"] for one in runs),
                "steps": runs[0]["steps"],
                "seconds": mean(one["steps"] * one["seconds_per_step"] for one in runs),
                "flops": runs[0]["steps"] * runs[0]["step_flops"],
                "gap": mean(one["gap"] for one in runs),
            }
        row["seeds"] = len(exact)
        rows.append(row)
    return sorted(rows, key=lambda row: -row["flops"]["exact"])


def as_markdown(rows: Sequence[dict[str, Any]]) -> str:
    """The table for a page of docs."""
    head = [
        "model",
        "tuned to",
        "parameters",
        "FLOPs an answer",
        "equal FLOPs",
        "equal time",
        "cells",
        "first step",
        "gap",
    ]
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    for row in rows:
        flops = row["flops"]
        cells = [
            row["entry"],
            f"{row['variant']}, {row['rate']}",
            f"{row['parameters']:,}",
            f"{row['answer_flops'] / 1e6:,.0f} M",
            *(_share(row[budget]) for budget in ("flops", "time")),
            f"{flops['cell']:.1%}",
            f"{flops['first']:.1%}",
            f"{100 * flops['gap']:+.1f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _share(found: dict[str, Any]) -> str:
    words = f"{100 * found['exact']:.1f} ± {100 * found['deviation']:.1f}"
    return f"{words} ({found['steps']:,} steps, {found['seconds']:.0f} s)"


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """A dot with its deviation for every entry and budget."""
    figure, axes = make_figure(1, 1, (8.0, 0.8 + 0.42 * len(rows)))
    figure.subplots_adjust(left=0.3, bottom=0.14, top=0.9)
    places = range(len(rows))[::-1]
    for budget, offset in (("flops", 0.12), ("time", -0.12)):
        axes.errorbar(
            [100 * row[budget]["exact"] for row in rows],
            [place + offset for place in places],
            xerr=[100 * row[budget]["deviation"] for row in rows],
            fmt="o",
            color=_COLOURS[budget],
            capsize=3,
            label=f"equal {'FLOPs' if budget == 'flops' else 'time'}",
        )
    axes.set_yticks(list(places), [row["entry"] for row in rows], color=_INK)
    axes.set_xlabel("held-out 6x6 puzzles exact, %", color=_INK)
    axes.set_xlim(-2, 102)
    axes.tick_params(colors=_INK)
    axes.grid(axis="x", color=_INK, alpha=0.3)
    for spine in axes.spines.values():
        spine.set_color(_INK)
    axes.legend(loc="lower center", bbox_to_anchor=(0.4, 1.0), ncols=2, frameon=False, labelcolor=_INK)
    figure.savefig(path, format="svg", transparent=True, metadata={"Date": None})
