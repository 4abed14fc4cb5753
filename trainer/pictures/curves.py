"""The picture of a run's curves: losses in training, accuracy on everything that is scored, and the gap."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trmpipe.shards.words import counted

from ..judging import solved_column
from ..runs.difficulty_lines import DifficultyLine
from ..runs.lines import HELD_OUT, MONITOR, SAMPLE, MetricLine
from .figures import make_figure, save_figure

_WORDS = {SAMPLE: "puzzles trained on", MONITOR: "puzzles kept aside", HELD_OUT: "held out"}
GAP = "gap between trained on and held out"


def draw_curves(lines: list[MetricLine], title: str, path: Path, by_difficulty: Sequence[DifficultyLine] = ()) -> Path:
    """Draw the losses in training, and the accuracy in training and on all that was scored, over the steps.

    Where puzzles that are trained on were scored too, the gap between them and the held-out ones is shaded.

    Args:
        lines: of metrics.
        title: above all.
        path: of the picture.
        by_difficulty: lines of held-out puzzles by difficulty; where there are some, they are a third plot.
    """
    number = 3 if by_difficulty else 2
    figure, (left, right, *more) = make_figure(1, number, (5 * number, 4.4), title)
    by_split = {split: [line for line in lines if line.split == split] for split in ("train", *_WORDS)}
    train = by_split["train"]
    for name in train[0].values if train else {}:
        if name == "loss" or name.endswith("_loss"):
            left.plot(*_curve(train, name), label=name.replace("_", " "))
    left.set(xlabel="step", ylabel="training loss", yscale="log")
    solved = _solved(lines)
    right.plot(*_curve(train, solved), label=f"{solved}, training batch", alpha=0.6)
    for split, words in _WORDS.items():
        if by_split[split] or split == HELD_OUT:
            right.plot(*_curve(by_split[split], solved), "o-", label=f"{solved}, {words}")
    right.plot(*_curve(by_split[HELD_OUT], "cell"), "o-", label="cells, given ones too, held out")
    _shade_gap(right, by_split[SAMPLE], by_split[HELD_OUT], solved)
    right.set(xlabel="step", ylabel="accuracy", ylim=(-0.02, 1.02))
    for axes in more:
        _draw_by_difficulty(axes, by_difficulty)
    for axes in (left, right, *more):
        axes.grid(alpha=0.3)
        # Before the first line of training there are no losses, and a legend of nothing is warned of.
        for text in axes.legend().get_texts() if axes.get_legend_handles_labels()[0] else ():
            # Names come from files: a dollar sign in them begins no formula.
            text.set_parse_math(False)
    return save_figure(figure, path)


def _draw_by_difficulty(axes: Any, lines: Sequence[DifficultyLine]) -> None:
    """A curve for each bin, from the easiest on."""
    for name in dict.fromkeys(line.name for line in sorted(lines, key=lambda line: line.least)):
        own = [line for line in lines if line.name == name]
        solved = solved_column(own[-1].shares)
        label = f"{solved}, {name} ({counted(own[-1].puzzles, 'puzzle')})"
        having = [line for line in own if solved in line.shares]
        axes.plot([line.step for line in having], [line.shares[solved] for line in having], "o-", label=label)
    axes.set(xlabel="step", ylabel="accuracy by difficulty, held out", ylim=(-0.02, 1.02))


def _shade_gap(axes: Any, trained_on: list[MetricLine], held_out: list[MetricLine], solved: str) -> None:
    """Shade what lies between two curves, at the steps that both have."""
    above, below = (dict(zip(*_curve(lines, solved), strict=True)) for lines in (trained_on, held_out))
    steps = [step for step in above if step in below]
    if steps:
        low, high = ([values[step] for step in steps] for values in (below, above))
        axes.fill_between(steps, low, high, color="0.5", alpha=0.2, label=GAP)


def _solved(lines: list[MetricLine]) -> str:
    """The column by which puzzles are solved in what was scored, as `FinalScores.gap` takes it."""
    return next((solved_column(line.values) for line in reversed(lines) if line.split in _WORDS), "exact")


def _curve(lines: list[MetricLine], name: str) -> tuple[list[int], list[float]]:
    """Steps and values of the lines that have a metric."""
    having = [line for line in lines if name in line.values]
    return [line.step for line in having], [line.values[name] for line in having]
