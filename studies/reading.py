"""A study file: TOML, read with strict checks; docs/studies.md explains every key."""

import re
import tomllib
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

from .errors import NoStudyError, PlanError
from .keys import NAME, Keys, nearest
from .plan import (
    DATA_KEYS,
    KINDS,
    LENGTH,
    SECONDS,
    STEPS,
    Arm,
    Axis,
    Budget,
    Data,
    Evaluation,
    Named,
    Plan,
    Tuning,
)

SUFFIX = ".toml"
_MOST_BYTES = 1 << 20
_STUDY = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")


def shipped() -> dict[str, str]:
    """The study files that come with trmpipe: their text by the names of the studies."""
    folder = resources.files(__package__) / "plans"
    files = sorted((file for file in folder.iterdir() if file.name.endswith(SUFFIX)), key=lambda file: file.name)
    return {file.name.removesuffix(SUFFIX): file.read_text("utf-8") for file in files}


def find_plan(named: str) -> Plan:
    """The plan of a name of ours, or of a file.

    Raises:
        NoStudyError: there is neither.
        PlanError: the file is no plan.
    """
    ours = shipped()
    if named in ours:
        return parse_plan(ours[named], named)
    path = Path(named)
    if path.suffix != SUFFIX and not path.is_file():
        raise NoStudyError(f"there is no study {named!r:.100}; expected {nearest(named, ours)}, or a file *{SUFFIX}")
    return read_plan(path)


def read_plan(path: Path) -> Plan:
    """The plan in a file.

    Raises:
        NoStudyError: there is no such file.
        PlanError: it is no plan; one line says which key, and what was expected.
    """
    try:
        data = path.read_bytes() if path.is_file() else None
    except OSError as error:
        raise NoStudyError(f"{path} cannot be read ({error.strerror})") from error
    if data is None:
        raise NoStudyError(f"there is no file {path}; expected a study file, such as those of `trmpipe study --list`")
    if len(data) > _MOST_BYTES:
        raise PlanError(f"{path} has {len(data):,} bytes; expected a study file, {_MOST_BYTES:,} at most")
    try:
        return parse_plan(data.decode("utf-8"), path.name)
    except UnicodeDecodeError as error:
        raise PlanError(f"{path} is not UTF-8 at byte {error.start}; expected a study file, which is TOML") from error


_NUMBERS = ("n", "test", "aug", "seed", "shard_groups", "shard_variants")
_OF_THE_STUDY = ("out", "progress", "workers", "scheduler")
"""Of what makes a corpus: numbers, and what says where and how, which is the study's own."""


def parse_plan(text: str, file: str) -> Plan:
    """The plan that a text says.

    Args:
        text: of a study file.
        file: its name, for messages.

    Raises:
        PlanError: it is no plan.
    """
    try:
        top = Keys(tomllib.loads(text), file)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise PlanError(f"{file} is no TOML: {error}") from error
    name = top.text("name")
    if not _STUDY.fullmatch(name):
        raise top.refuse("name", "lower case letters, digits and hyphens")
    plan = Plan(
        name=name,
        question=top.text("question"),
        seeds=top.whole("seeds", 3),
        preset=top.text("preset", ""),
        settings=top.settings("settings"),
        budget=_budget(top.table("budget")),
        tuning=_tuning(top.table("tuning")),
        evaluation=_evaluation(top.table("evaluation")),
        data=tuple(map(_data, top.tables("data", required=True))),
        arms=tuple(map(_arm, top.tables("arms", required=True))),
        axes=tuple(map(_axis, top.tables("axes"))),
    )
    top.finish()
    return plan


def _budget(keys: Keys) -> Budget:
    kinds = keys.texts("equal", (STEPS,))
    if not set(kinds) <= set(KINDS) or len(set(kinds)) != len(kinds) or (STEPS in kinds and len(kinds) > 1):
        raise keys.refuse("equal", '"steps", or "seconds", "flops" or a list of these two')
    unit, other = (STEPS, SECONDS) if STEPS in kinds else (SECONDS, STEPS)
    if keys.has(other):
        raise keys.refuse(other, f"{unit}, as {' and '.join(kinds)} are what is equal")
    found = Budget(
        kinds=kinds,
        amount=float(keys.whole(STEPS, 1000)) if unit == STEPS else keys.number(SECONDS, 60.0),
        reference=keys.text("reference", ""),
        least_share=keys.number("least_share", 0.5, most=1),
        least_seeds=keys.whole("least_seeds", 2),
        drop=keys.texts("drop", (), each="the name of an arm, or AXIS=LABEL"),
    )
    keys.finish()
    return found


def _tuning(keys: Keys) -> Tuning:
    if not keys.has("rates"):
        for key in ("key", "share", "puzzles"):
            if keys.has(key):
                raise keys.refuse("rates", "the values that are tried")
        keys.finish()
        return Tuning()
    found = Tuning(
        key=keys.text("key"),
        rates=tuple(map(str, keys.values("rates"))),
        share=keys.number("share", 0.25, most=1),
        puzzles=keys.whole("puzzles", 250),
    )
    keys.finish()
    return found


def _evaluation(keys: Keys) -> Evaluation:
    steps = keys.whole("steps", 16)
    found = Evaluation(
        steps=steps,
        depths=keys.wholes("depths", sorted({1, max(1, steps // 4), steps})),
        restarts=keys.wholes("restarts", ()),
        puzzles=keys.whole("puzzles", 1000),
        trained=keys.whole("trained", 250, least=0),
        across=keys.truth("across", False),
    )
    if found.depths[-1] > steps:
        raise keys.refuse("depths", f"numbers up to evaluation.steps, {steps}")
    if found.restarts[:1] == (1,):
        raise keys.refuse("restarts", "numbers from 2 on, as one restart is always scored")
    keys.finish()
    return found


def _data(keys: Keys) -> Data:
    found = Data(
        name=keys.name("name"),
        path=keys.text("path", ""),
        preset=keys.text("preset", ""),
        settings=keys.settings("settings"),
        rates=tuple(map(str, keys.values("rates"))) if keys.has("rates") else (),
        budget=keys.number("budget", 0.0),
        reference=keys.text("reference", ""),
        recipe=_recipe(keys),
    )
    if found.recipe and found.path:
        raise keys.refuse("path", "no path beside a recipe")
    if found.recipe and not isinstance(found.recipe.get("task"), str):
        raise keys.refuse("recipe", 'a table with the name of a task and what `trmpipe generate` takes, as task="..."')
    keys.finish()
    return found


def _recipe(keys: Keys) -> dict[str, Any]:
    """What a corpus is made from; what names and values of a task's own may be, `trmpipe generate` says."""
    found, table = keys.plain("recipe"), keys.table("recipe")
    for key in found:
        if key in _OF_THE_STUDY:
            raise table.refuse(key, "no such key, as the study makes the corpus in its own folder")
    for key in _NUMBERS:
        if key in found:
            table.whole(key, least=0, most=None)
    return found


def _arm(keys: Keys) -> Arm:
    found = Arm(
        name=keys.name("name"),
        family=keys.name("family", ""),
        settings=keys.settings("settings"),
        preset=keys.text("preset", ""),
        data=keys.texts("data", (), each="the name of some data"),
        variants=_named_settings(keys, "variants"),
        axes=tuple(map(_axis, keys.tables("axes"))),
    )
    keys.finish()
    return found


def _axis(keys: Keys) -> Axis:
    name, points = keys.name("name"), _named_settings(keys, "points")
    if points:
        keys.finish()
        return Axis(name=name, key="", values=points)
    key, values = keys.text("key"), keys.values("values")
    if key in DATA_KEYS and not all(isinstance(one, int) and one >= 1 for one in values):
        raise keys.refuse("values", f"whole numbers from 1 on, as the key is {key}")
    if key == LENGTH and not all(isinstance(one, int | float) and 0 < one <= 1 for one in values):
        raise keys.refuse("values", "shares of a run's length, above 0 and 1 at most")
    for label in map(str, values):
        if not NAME.fullmatch(label):
            raise keys.refuse("values", "texts of letters, digits and , . ( ) + = _ / -")
    keys.finish()
    is_setting = key not in (*DATA_KEYS, LENGTH)
    texts = tuple(Named(name=str(one), settings=(f"{key}={one}" if is_setting else str(one),)) for one in values)
    return Axis(name=name, key=key, values=texts)


def _named_settings(keys: Keys, key: str) -> tuple[Named, ...]:
    """A table of settings by name, in its order; empty where it is absent."""
    table = keys.table(key)
    names: Sequence[str] = list(keys.plain(key))
    found = []
    for name in names:
        if not NAME.fullmatch(name):
            raise table.refuse(name, "another name: letters, digits and , . ( ) + = _ / -")
        found.append(Named(name=name, settings=table.settings(name)))
    if keys.has(key) and not found:
        raise keys.refuse(key, "a table of settings by name")
    return tuple(found)
