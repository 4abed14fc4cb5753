"""A plan: the question of a study and all that decides which runs it has, as plain data.

A plan is read from a file by `reading`, checked against what the trainer takes by `checking`, and expanded to `Setup`s
by `setups`. Everything of it goes through JSON unchanged, so that a study's folder says which plan it is of.
"""

from dataclasses import dataclass, field
from typing import Any

from trmpipe.shards.fields import Count, Positive, Word

STEPS, SECONDS, FLOPS = "steps", "seconds", "flops"
KINDS = (STEPS, SECONDS, FLOPS)
"""By what runs are made equal: optimiser steps, seconds of one thread, FLOPs of training."""
GROUPS, VARIANTS, LENGTH = "groups", "variants", "length"
DATA_KEYS = (GROUPS, VARIANTS)
"""Keys of axes that choose a subset of the training puzzles, as `trmpipe train` does."""

Settings = tuple[Word, ...]
"""``KEY=VALUE`` each, as of `trmpipe train --set`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Settings under a name: a point of an axis, a variant of an arm. Lists of them keep their order through JSON.

    Attributes:
        name: that tables show.
        settings: of it; of an axis of subsets or lengths the one text that is its value.
    """

    name: Word
    settings: Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Data:
    """What is trained on, and scored on.

    Attributes:
        name: of it in tables.
        recipe: ``task`` and the rest of what `trmpipe.generate` takes; empty where there is a path.
        path: of a corpus that is there; empty where there is a recipe, or where the command line gives one.
        preset: of its runs; empty for the plan's.
        settings: of all its runs, before those of the arm.
        rates: that are tried in tuning; none for the plan's.
        budget: steps or seconds of a run; 0 for the plan's.
        reference: arm whose FLOPs all runs on it get; empty for the plan's.
    """

    name: Word
    recipe: dict[Word, Any] = field(default_factory=dict)
    path: Word = ""
    preset: Word = ""
    settings: Settings = ()
    rates: tuple[Word, ...] = ()
    budget: float = 0.0
    reference: Word = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """Values that one thing takes in turn.

    Attributes:
        name: of it in tables.
        key: a setting, or ``groups``, ``variants`` or ``length``; empty where points have names.
        values: in the order of the plan.
    """

    name: Word
    key: Word
    values: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One thing that is compared: a model and how it is taught.

    Attributes:
        name: of it in tables.
        family: what it has in common with other arms, which pictures colour alike; the name where none is given.
        settings: on top of the preset's.
        preset: of its runs; empty for the data's or the plan's.
        data: names of what it is trained on; none for all.
        variants: of which tuning takes one.
        axes: of this arm alone, before those of the plan.
    """

    name: Word
    family: Word = ""
    settings: Settings = ()
    preset: Word = ""
    data: tuple[Word, ...] = ()
    variants: tuple[Named, ...] = ()
    axes: tuple[Axis, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long runs are, and what is given up where there is less time than they take.

    Attributes:
        kinds: by what they are equal; of several every setup has a run of each, or one where they come to the same.
        amount: steps, or seconds of a thread: of a run, or of the reference arm where FLOPs are equal.
        reference: the arm whose FLOPs in `amount` seconds all others get too.
        least_share: of `amount`, to which runs are made shorter before seeds are given up.
        least_seeds: to which seeds are given up before arms and points are.
        drop: arms and points in the order in which they are left out: ``NAME`` or ``AXIS=LABEL``.
    """

    kinds: tuple[Word, ...] = (STEPS,)
    amount: float = 1000.0
    reference: Word = ""
    least_share: float = 0.5
    least_seeds: Positive = 2
    drop: tuple[Word, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Tuning:
    """What is tried of every setup before it is compared; nothing where there are no rates.

    Attributes:
        key: the setting that the rates are of.
        rates: its values.
        share: of a run's length that a try has.
        puzzles: training puzzles that are kept aside, by which tries are judged.
    """

    key: Word = ""
    rates: tuple[Word, ...] = ()
    share: float = 0.25
    puzzles: Positive = 250


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """How runs are scored.

    Attributes:
        steps: supervision steps of an answer, after each of which it is scored.
        depths: of these steps, those that tables and pictures show.
        restarts: numbers of restarts that are tried beside one; none where the network draws nothing.
        puzzles: held-out puzzles of each corpus.
        trained: training puzzles that are scored too, for the gap.
        across: whether every run is scored on the puzzles of all data, not of its own alone.
    """

    steps: Positive = 16
    depths: tuple[Positive, ...] = (1, 4, 16)
    restarts: tuple[Positive, ...] = ()
    puzzles: Positive = 1000
    trained: Count = 250
    across: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A study as a file describes it.

    Attributes:
        name: of the study, which its folder is named after.
        question: that it answers, a sentence.
        seeds: runs of a setup that differ in their seed alone.
        preset: of all runs, where data and arms name none.
        settings: of all runs, before those of data and arms.
        budget: how long runs are.
        tuning: what is tried first.
        evaluation: how runs are scored.
        data: what is trained on.
        arms: what is compared.
        axes: of all arms.
    """

    name: Word
    question: Word
    seeds: Positive = 3
    preset: Word = ""
    settings: Settings = ()
    budget: Budget = field(default_factory=Budget)
    tuning: Tuning = field(default_factory=Tuning)
    evaluation: Evaluation = field(default_factory=Evaluation)
    data: tuple[Data, ...]
    arms: tuple[Arm, ...]
    axes: tuple[Axis, ...] = ()
