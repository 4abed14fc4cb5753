"""The figures of a run, and of several together: how it learned, and what its answers came to step by step.

All take plain data that was read from a run's files, and nothing else.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from trmpipe.trainer.runs.difficulty_lines import DifficultyLine
from trmpipe.trainer.runs.lines import HELD_OUT, MONITOR, SAMPLE, MetricLine

from .curves import Curves, line_figure
from .figure import Figure

_TRAIN = "train"
_METRICS = "metrics.jsonl"
_WORDS = {
    HELD_OUT: "held-out puzzles",
    MONITOR: "puzzles kept aside",
    SAMPLE: "puzzles trained on",
    _TRAIN: "training batch",
}


def figures_of_run(lines: Sequence[MetricLine], by_difficulty: Sequence[DifficultyLine] = ()) -> list[Figure]:
    """The curves of one run, those that there is something to draw for.

    Args:
        lines: of metrics.jsonl.
        by_difficulty: of difficulty.jsonl.
    """
    figures = [_accuracy(lines), _loss(lines), _gap(lines), _by_difficulty(by_difficulty), _learning_rate(lines)]
    return [figure for figure in figures if figure is not None]


def figures_of_runs(runs: Mapping[str, Sequence[MetricLine]]) -> list[Figure]:
    """The curves of several runs in the same charts.

    Args:
        runs: lines of metrics.jsonl by the name of the run.
    """
    labels, common = told_apart(list(runs))
    runs = dict(zip(labels, runs.values(), strict=True))
    common = f" The runs are called {common}, where the dots stand for what the legend says." if common else ""
    held_out = {name: curve_of(lines, HELD_OUT, "exact") for name, lines in runs.items()}
    monitor = {name: curve_of(lines, MONITOR, "exact") for name, lines in runs.items()}
    loss = {name: curve_of(lines, _TRAIN, "loss") for name, lines in runs.items()}
    gaps = {name: _differences(lines) for name, lines in runs.items()}
    says = "Share of {} of which every cell is right, over training steps, by run." + common
    figures = [
        _drawn(
            held_out,
            name="held-out",
            title="Accuracy on held-out puzzles",
            says=says.format("held-out puzzles"),
            y_title="exact accuracy",
            share=True,
            points=True,
        ),
        _drawn(
            monitor,
            name="kept-aside",
            title="Accuracy on puzzles kept aside",
            says=says.format("the training puzzles that are kept aside"),
            y_title="exact accuracy",
            share=True,
            points=True,
        ),
        _drawn(
            loss,
            name="loss",
            title="Training loss",
            says="Loss of training batches over training steps, by run, on a logarithmic axis." + common,
            y_title="loss",
            log=True,
        ),
        _drawn(gaps, name="gap", title="Gap", says=_GAP_SAYS + common, y_title="gap in exact accuracy", points=True),
    ]
    return [figure for figure in figures if figure is not None]


def told_apart(names: Sequence[str]) -> tuple[list[str], str]:
    """What tells names apart, and what they have in common, such as ``sudoku9-...-seed0``; empty where nothing.

    Names of runs are long, and begin and end alike: a legend would cut all of them to the same letters.

    Args:
        names: one or more, all different; parts are between hyphens.
    """
    parts = [name.split("-") for name in names]
    spare = min(map(len, parts), default=1) - 1
    if len(names) < 2 or not spare:
        return list(names), ""
    first = parts[0]
    begin = next((at for at in range(spare) if any(one[at] != first[at] for one in parts)), spare)
    spare -= begin
    end = next((at for at in range(spare) if any(one[-1 - at] != first[-1 - at] for one in parts)), spare)
    if not begin + end:
        return list(names), ""
    common = "-".join([*first[:begin], "...", *first[len(first) - end :]])
    return ["-".join(one[begin : len(one) - end]) for one in parts], common


def figure_by_supervision_step(
    curves: Mapping[str, Sequence[float]], num_puzzles: int, source: str = "evaluation.json"
) -> Figure:
    """What answers are worth after each supervision step.

    Args:
        curves: shares after step 1, 2 and so on, by what they are of; one or more.
        num_puzzles: that were answered.
        source: the file that says so.
    """
    return line_figure(
        {name: (range(1, len(values) + 1), values) for name, values in curves.items()},
        name="supervision-steps",
        title="Answers step by step",
        says=f"What the answers to {num_puzzles:,} held-out puzzles are worth after each supervision step.",
        x_title="supervision step",
        y_title="share",
        share=True,
        points=True,
        source=source,
    )


def curve_of(lines: Sequence[MetricLine], split: str, metric: str) -> tuple[list[int], list[float]]:
    """Steps and values of the lines of a split that have a metric."""
    having = [line for line in lines if line.split == split and metric in line.values]
    return [line.step for line in having], [line.values[metric] for line in having]


def _drawn(curves: Curves, **style: Any) -> Figure | None:
    """A figure of those curves that have points; None where none has. See `line_figure`."""
    having = {key: curve for key, curve in curves.items() if curve[0]}
    return line_figure(having, source=_METRICS, **style) if having else None


def _accuracy(lines: Sequence[MetricLine]) -> Figure | None:
    curves = {f"exact, {words}": curve_of(lines, split, "exact") for split, words in _WORDS.items()}
    curves["cells, given ones too, held-out puzzles"] = curve_of(lines, HELD_OUT, "cell")
    return _drawn(
        curves,
        name="accuracy",
        title="Accuracy",
        says="Share of puzzles of which every cell is right, and of right cells, over training steps. Batches are "
        "answered by the weights as they are, wherever each puzzle stands; all others by the averaged weights after "
        "the last supervision step. The score at the end of training, of evaluation.json, is none of these points.",
        y_title="accuracy",
        share=True,
    )


def _loss(lines: Sequence[MetricLine]) -> Figure | None:
    train = [line for line in lines if line.split == _TRAIN]
    names = [name for name in (train[0].values if train else {}) if name == "loss" or name.endswith("_loss")]
    return _drawn(
        {name.replace("_", " "): curve_of(lines, _TRAIN, name) for name in names},
        name="loss",
        title="Training loss",
        says="Losses of training batches over training steps, on a logarithmic axis.",
        y_title="loss",
        log=True,
    )


_GAP_SAYS = (
    "By how much more of the puzzles trained on are solved than of held-out ones, over training steps: what was "
    "learned by heart."
)


def _gap(lines: Sequence[MetricLine]) -> Figure | None:
    return _drawn(
        {"trained on, less held out": _differences(lines)},
        name="gap",
        title="Gap",
        says=_GAP_SAYS,
        y_title="gap in exact accuracy",
        points=True,
    )


def _differences(lines: Sequence[MetricLine]) -> tuple[list[int], list[float]]:
    """The gap at the steps at which both sides were scored."""
    above, below = (dict(zip(*curve_of(lines, split, "exact"), strict=True)) for split in (SAMPLE, HELD_OUT))
    steps = [step for step in above if step in below]
    return steps, [above[step] - below[step] for step in steps]


def _learning_rate(lines: Sequence[MetricLine]) -> Figure | None:
    return _drawn(
        {"learning rate": curve_of(lines, _TRAIN, "lr")},
        name="learning-rate",
        title="Learning rate",
        says="The learning rate over training steps.",
        y_title="learning rate",
    )


def _by_difficulty(lines: Sequence[DifficultyLine]) -> Figure | None:
    held_out = sorted((line for line in lines if line.split == HELD_OUT), key=lambda line: line.least)
    curves = {}
    for name in dict.fromkeys(line.name for line in held_out):
        own = [line for line in held_out if line.name == name]
        key = f"{name} ({own[-1].puzzles:,} puzzles)"
        curves[key] = ([line.step for line in own], [line.shares["exact"] for line in own])
    if not curves:
        return None
    return line_figure(
        curves,
        name="difficulty",
        title="Accuracy by difficulty",
        says="Share of held-out puzzles of which every cell is right, over training steps, by how hard they are.",
        y_title="exact accuracy",
        share=True,
        points=True,
        source="difficulty.jsonl",
    )
