"""How a run came about: its settings, corpora and versions, and the commands that make all of it again."""

from typing import Any

from trmpipe.generators.errors import TrmpipeError
from trmpipe.trainer.settings.config import flatten
from trmpipe.trainer.settings.setting_words import settings_in_words

from ..page.parts import Section, Table
from .asking import Asked
from .facts import RunFacts
from .remake import evaluate_commands, generate_command, train_commands


def provenance_section(facts: RunFacts, asked: Asked) -> Section:
    """How a run was made, and can be made again.

    Args:
        facts: what its files say.
        asked: its corpora, where they are at hand.
    """
    about = facts.about
    source = f"{facts.name}/config.json"
    changed = [(name, str(value)) for name, value in (facts.settings or {}).items()]
    corpora = [(one.name, path, one.content_digest) for one, path in zip(about.corpora, about.paths, strict=False)]
    says = (
        []
        if facts.settings is not None
        else ["Its preset is not installed here, so that it is not told what was changed."]
    )
    tables = [
        Table(caption="Corpora", columns=("name", "where it was", "content digest"), rows=corpora, source=source),
        Table(
            caption="Versions",
            columns=("of", "version"),
            rows=[(name, version) for name, version in about.versions.items()],
            source=source,
        ),
        Table(
            caption=f"Settings that differ from the preset {about.preset}",
            columns=("setting", "value"),
            rows=changed,
            source=source,
        ),
        _all_settings(facts, source),
    ]
    return Section(
        name="provenance",
        title="How it was made",
        says=[*says, f"The digest of all that decides its metrics is {about.hash}."],
        tables=[table for table in tables if table.rows],
        code=_commands(facts, asked),
    )


def _all_settings(facts: RunFacts, source: str) -> Table:
    words: dict[str, str] = {}
    try:
        words = settings_in_words(facts.about.train_config())
    except TrmpipeError:
        pass  # Of a package that is not installed: the values are told without words.
    rows = [(name, _told(value), words.get(name, "")) for name, value in flatten(facts.about.train).items()]
    columns = ("setting", "value", "what it is")
    return Table(caption="All settings", columns=columns, rows=rows, source=source, folded=True)


def _told(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _commands(facts: RunFacts, asked: Asked) -> list[tuple[str, str]]:
    """The commands, by what they make."""
    found = []
    for corpus in asked.corpora:
        try:
            found.append((f"The corpus {corpus.name}:", generate_command(corpus)))
        except TrmpipeError as error:
            found.append(
                (f"The corpus {corpus.name} cannot be told ({error}); from its manifest:", "trmpipe regenerate")
            )
    paths = [corpus.path for corpus in asked.corpora] or list(facts.about.paths)
    for number, line in enumerate(train_commands(facts, paths)):
        found.append(("Made longer:" if number else "The run:", line))
    return found + evaluate_commands(facts)
