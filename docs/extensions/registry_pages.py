"""Pages of the reference that are made of what the code declares: settings, presets, registries.

Each is a directive without arguments, which stands for Markdown that is made when the site is built: there is no
second text that could come apart from the code. `trmpipe presets` says the same in the terminal.
"""

import dataclasses
import inspect
import re
import sys
import types
from collections.abc import Callable, Iterable, Mapping
from typing import Any, get_args, get_origin, get_type_hints

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

from trmpipe.generators.family import Family
from trmpipe.generators.plugins import Registry
from trmpipe.generators.registry import FAMILIES
from trmpipe.pipeline import SUPPLIERS
from trmpipe.shards import CODECS
from trmpipe.trainer.evaluators import EVALUATORS
from trmpipe.trainer.learners import LEARNERS
from trmpipe.trainer.losses import LOSSES
from trmpipe.trainer.models import MODELS
from trmpipe.trainer.optim import OPTIMISERS
from trmpipe.trainer.optim.schedule import SCHEDULES
from trmpipe.trainer.parts import Part
from trmpipe.trainer.presets import PRESETS, get_preset
from trmpipe.trainer.settings.config import SECTIONS, TrainConfig, flatten, to_json
from trmpipe.trainer.settings.setting_words import settings_in_words

REGISTRIES: dict[str, Registry[Any]] = {
    "Families of tasks": FAMILIES,
    "Suppliers of bases": SUPPLIERS,
    "Codecs": CODECS,
    "Models": MODELS,
    "Learners": LEARNERS,
    "Optimisers": OPTIMISERS,
    "Schedules": SCHEDULES,
    "Losses": LOSSES,
    "Evaluators": EVALUATORS,
    "Presets": PRESETS,
}
"""All registries, by what they hold."""
MOST_TASKS = 6
"""So many tasks of a preset are named one by one."""


def ours(registry: Registry[Any]) -> dict[str, Any]:
    """The entries that trmpipe brings: a page says the same wherever it is built, whatever is installed there."""
    entries = {name: registry[name] for name in registry.names()}
    return {name: entry for name, entry in entries.items() if home_of(entry).startswith("trmpipe.")}


def home_of(entry: Any) -> str:
    """The module that an entry comes from."""
    if isinstance(entry, Part):
        return entry.config.__module__
    for maker in ("config", "build"):
        entry = getattr(entry, maker, entry)
    return str(getattr(entry, "__module__", type(entry).__module__))


def settings_page() -> str:
    """Every setting with its type, its default and what it is."""
    lines = ["## Of a run\n", *_table_of(TrainConfig(), "", leave_out=set(SECTIONS))]
    for section, value in vars_of(TrainConfig()).items():
        if section in SECTIONS:
            lines += _section_of(section)
        elif dataclasses.is_dataclass(value):
            lines += [f"\n## {section}\n", _first_line(type(value)), "", *_table_of(TrainConfig(), f"{section}.")]
    return "\n".join(lines)


def _section_of(section: str) -> list[str]:
    """A section that stands for an entry of a registry: what each entry has."""
    default = vars_of(TrainConfig())[section]
    lines = [f"\n## {section}\n"]
    for name, part in ours(SECTIONS[section]).items():
        is_default = " (the default)" if part.config is type(default) else ""
        lines += [f"\n### {section}.name={name}\n", f"{_first_line(part.config)}{is_default}", ""]
        config = dataclasses.replace(TrainConfig(), **{section: part.config()})
        lines += _table_of(config, f"{section}.", leave_out={"name"})
    return lines


def _table_of(config: TrainConfig, prefix: str, leave_out: Iterable[str] = ()) -> list[str]:
    """A table of the settings of a config whose dotted names begin with `prefix`."""
    words = settings_in_words(config)
    owner = getattr(config, prefix.removesuffix(".")) if prefix else config
    hints = get_type_hints(type(owner))
    rows = [
        (f"`{prefix}{name}`", f"`{type_in_words(hints[name])}`", f"`{value_in_words(value)}`", words[prefix + name])
        for name, value in vars_of(owner).items()
        if name not in leave_out and not dataclasses.is_dataclass(value)
    ]
    if not rows:
        return ["It has no settings."]
    return table(("setting", "type", "default", "what it is"), [(*row[:3], escaped(row[3])) for row in rows])


def presets_page() -> str:
    """Every preset: what it is, for which tasks and devices, what it reached, what it sets."""
    defaults = flatten(to_json(TrainConfig()))
    lines = []
    for name, preset in ours(PRESETS).items():
        tasks = tasks_in_words(preset.tasks)
        devices = ", ".join(preset.devices)
        lines += [f"\n## {name}\n", f"{_sentence(preset.doc)} Made for {tasks} on {devices}."]
        lines += [f"\n- On `{one.task}`: {escaped(one.in_words())}" for one in preset.expectations]
        if not preset.expectations:
            lines += ["\nNothing is recorded of what it reaches."]
        own = flatten(to_json(get_preset(name)))
        changed = {key: value for key, value in own.items() if key not in defaults or value != defaults[key]}
        rows = [(f"`{key}`", f"`{value_in_words(value)}`") for key, value in changed.items()]
        lines += ["", *(table(("setting", "value"), rows) if rows else ["All its settings are the defaults."])]
    return "\n".join(lines)


def tasks_in_words(tasks: tuple[str, ...]) -> str:
    """Names of tasks; of many, which are sizes of one family, the first and the last."""
    if len(tasks) > MOST_TASKS:
        return f"`{tasks[0]}` to `{tasks[-1]}`"
    return ", ".join(f"`{task}`" for task in tasks) or "any task"


def registries_page() -> str:
    """Every registry: its group of entry points, and our entries."""
    lines = []
    for kind, registry in REGISTRIES.items():
        lines += [f"\n## {kind}\n", f"Entry points: `{registry.group}`.\n"]
        entries = ours(registry)
        homes = [home_of(entry) for entry in entries.values()]
        rows = [
            (f"`{name}`", saying_of(entry, alone_in_file=homes.count(home_of(entry)) == 1))
            for name, entry in entries.items()
        ]
        lines += table(("name", "what it is"), rows)
    return "\n".join(lines)


def saying_of(entry: Any, *, alone_in_file: bool) -> str:
    """One line on an entry: of a part with a file of its own what the file says, which tells more than its settings."""
    if isinstance(entry, Part):
        return _first_line(sys.modules[home_of(entry)] if alone_in_file else entry.config)
    if isinstance(entry, Family):
        return escaped(entry.help.strip().partition("\n")[0])
    if isinstance(said := getattr(entry, "doc", None), str):
        return _sentence(said)
    return _first_line(entry if inspect.isroutine(entry) else type(entry))


def vars_of(config: Any) -> dict[str, Any]:
    """The fields of a config object and their values."""
    return {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}


def type_in_words(hint: Any) -> str:
    """A type as a reader of Python writes it."""
    if get_origin(hint) is not None or isinstance(hint, types.UnionType):
        return str(hint) if not get_args(hint) else re.sub(r"\b(?:\w+\.)+(\w)", r"\1", str(hint))
    return getattr(hint, "__name__", str(hint))


def value_in_words(value: Any) -> str:
    """A value as ``--set`` takes it; an empty text is seen as quotes."""
    if isinstance(value, list | tuple):
        return ",".join(map(str, value)) or "''"
    return str(value) or "''"


def table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> list[str]:
    """A table in Markdown."""
    lines = [head, ("---",) * len(head), *rows]
    return [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines]


def escaped(words: str) -> str:
    """Words in which nothing is a mark of Markdown."""
    return re.sub(r"([\\`*_\[\]<>#])", r"\\\1", words)


def _first_line(thing: Any) -> str:
    return escaped((inspect.getdoc(thing) or "").partition("\n\n")[0].replace("\n", " ").replace("`", ""))


def _sentence(words: str) -> str:
    return f"{escaped(words).removesuffix('.')}."


PAGES: Mapping[str, Callable[[], str]] = {
    "all-settings": settings_page,
    "all-presets": presets_page,
    "all-registries": registries_page,
}
"""Directives, and what each stands for."""


def directive_of(page: Callable[[], str]) -> type[SphinxDirective]:
    """The directive that stands for a page."""

    class Made(SphinxDirective):
        def run(self) -> list[nodes.Node]:
            return self.parse_text_to_nodes(page(), allow_section_headings=True)

    return Made


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx."""
    for name, page in PAGES.items():
        app.add_directive(name, directive_of(page))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
