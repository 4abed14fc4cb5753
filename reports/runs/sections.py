"""The sections of a page on runs: one run, several side by side, two compared puzzle by puzzle."""

from collections.abc import Mapping, Sequence

from trmpipe.generators.task import PAD
from trmpipe.trainer.trained.stepwise import Stepwise

from ..figures import Figure
from ..figures.of_cells import figure_of_errors
from ..figures.of_run import figure_by_supervision_step, figures_of_run, figures_of_runs
from ..page.parts import Section, Table
from .asking import Asked, boards_for, choose_rows
from .facts import RunFacts
from .summary import (
    best_number,
    interval_number,
    model_name,
    named_score_number,
    parameters_number,
    steps_number,
    time_number,
)

_SHOWN_COLUMNS = {"exact": "whole puzzles", "open_cell": "cells that are not given", "halted": "thought solved"}
"""Of evaluation.json, and what the curve is called; others by their own names."""


def curves_section(facts: RunFacts, name: str = "curves") -> Section:
    """How a run learned."""
    figures = figures_of_run(facts.lines, facts.difficulty)
    ended = facts.final is not None or facts.step >= facts.about.max_steps
    nothing = "Its metrics.jsonl holds no measurement." if ended else "Nothing was measured yet."
    says = [] if figures else [nothing]
    return Section(name=name, title="Curves", says=says, figures=figures)


def step_figures(facts: RunFacts) -> list[Figure]:
    """What answers come to step by step, by evaluation.json."""
    if facts.final is None or len(facts.final.steps) < 2:
        return []
    names = [name for name in facts.final.steps[0] if name not in ("step", "cell")]
    curves = {
        _SHOWN_COLUMNS.get(name, name.replace("_", " ")): [step[name] for step in facts.final.steps]
        for name in names
        if all(name in step for step in facts.final.steps)
    }
    return [figure_by_supervision_step(curves, facts.final.puzzles, f"{facts.name}/evaluation.json")]


def solving_section(facts: RunFacts, asked: Asked, number: int) -> Section | None:
    """Puzzles with the answers after every supervision step; None where there is nothing to say.

    Args:
        facts: what the run's files say.
        asked: what its network answered.
        number: puzzles to show.
    """
    stepwise, figures = asked.stepwise, step_figures(facts)
    if stepwise is None:
        return Section(name="solving", title="Step by step", figures=figures) if figures else None
    rows = choose_rows(stepwise, number)
    solved = int(stepwise.solved[-1].sum())
    says = [
        f"The weights in {asked.file} were asked for this page: of the first {len(stepwise.examples):,} held-out "
        f"puzzles they solve {solved:,}. Shown are {len(rows)}: of those that they fail, of those that take "
        "longest, and of the others."
    ]
    return Section(
        name="solving",
        title="Step by step",
        says=says,
        figures=figures,
        boards=boards_for({facts.name: stepwise}, rows),
    )


def errors_section(facts: RunFacts, asked: Asked) -> Section | None:
    """Where answers go wrong; None where the network was not asked."""
    if asked.stepwise is None:
        return None
    figures = [errors_figure(asked.stepwise, facts.name)]
    return Section(name="errors", title="Errors by cell", figures=figures)


def errors_figure(stepwise: Stepwise, name: str) -> Figure:
    """The heat map of the cells that a run has wrong."""
    shape = stepwise.corpus.spec.grid_shape
    asked = (~stepwise.given & (stepwise.examples.labels != PAD)).sum(0).reshape(shape)
    # A network may get wrong what it was given; how often that happens is another question.
    wrong = (stepwise.wrong[-1] & ~stepwise.given).sum(0).reshape(shape)
    source = f"answers of {name} to {len(stepwise.examples):,} held-out puzzles of {stepwise.corpus.name}"
    return figure_of_errors(wrong, asked, source)


def together_sections(runs: Sequence[RunFacts], asked: Mapping[str, Asked]) -> list[Section]:
    """Several runs side by side: a table, and their curves in the same charts.

    Args:
        runs: what their files say.
        asked: what their networks answered, by name.
    """
    rows = [
        (
            facts.name,
            model_name(facts),
            named_score_number(facts),
            interval_number(facts),
            parameters_number(facts, asked[facts.name]),
            facts.regime,
            steps_number(facts),
            time_number(facts),
            best_number(facts),
        )
        for facts in runs
    ]
    columns = (
        "run",
        "model",
        "score",
        "95 % interval",
        "parameters",
        "trained on",
        "steps",
        "time",
        "best, kept aside",
    )
    table = Table(caption="The runs, in the order given", columns=columns, rows=rows)
    figures = figures_of_runs({facts.name: facts.lines for facts in runs})
    found = [Section(name="comparison", title="Comparison", tables=[table, *differing_settings(runs)])]
    return [*found, Section(name="curves", title="Curves together", figures=figures)] if figures else found


def differing_settings(runs: Sequence[RunFacts]) -> list[Table]:
    """The settings, and the use of corpora, in which runs differ; no table where they do not."""
    told = [_told(facts) for facts in runs]
    names = list(dict.fromkeys(name for one in told for name in one))
    rows = [
        (name, *(one.get(name, "-") for one in told)) for name in names if len({one.get(name, "-") for one in told}) > 1
    ]
    if not rows:
        return []
    columns = ("setting", *(facts.name for facts in runs))
    return [Table(caption="What differs in their settings", columns=columns, rows=rows, source="config.json")]


def _told(facts: RunFacts) -> dict[str, str]:
    """All settings of a run, its preset and what it used of which corpora, as text."""
    from trmpipe.trainer.settings.config import flatten

    about = facts.about
    own = {
        "preset": about.preset,
        "corpora": ", ".join(corpus.name for corpus in about.corpora),
        "groups": "all" if about.groups is None else f"{about.groups:,}",
        "variants": "all" if about.variants is None else f"{about.variants:,}",
        "from": about.origin.run if about.origin else "its seed",
    }
    return {**own, **{name: str(value) for name, value in flatten(about.train).items()}}
