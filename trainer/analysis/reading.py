"""Reading what an analysis kept, which anybody may have written: all of it is checked, and torch is not needed.

``analysis.json`` is sealed and names a Parquet file with its digest for each measure. Columns, types, ranges and
lengths are those that the measures declare.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from trmpipe.shards.digests import sha256_hex
from trmpipe.shards.errors import DamagedError
from trmpipe.shards.fields import Count, Digest, Positive, Word
from trmpipe.shards.json_files import read_sealed
from trmpipe.shards.urls import in_one_line

from ..errors import NoRunError, RunError
from ..files import damage_of_a_run, read_file
from .columns import Table, read_table
from .registry import MEASURES

SUMMARY = "analysis.json"
VERSION = 1
ADVICE = "delete the folder and analyse the run again"
_MOST_LINES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class AnalysedCorpus:
    """A corpus whose held-out puzzles were asked."""

    name: Word
    content_digest: Digest


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What was analysed: all that the numbers depend on.

    Attributes:
        run: name of the run's folder.
        config_hash: of its settings.
        step: training steps of the checkpoint.
        seed: root seed of the run.
        corpora: that the puzzles are from.
        limit: of held-out puzzles; None for all.
        steps: supervision steps that were asked for.
        own_steps: the run's own number of them.
        puzzles: how many were asked.
    """

    run: Word
    config_hash: Digest
    step: Count
    seed: Count
    corpora: tuple[AnalysedCorpus, ...]
    limit: Positive | None
    steps: Positive
    own_steps: Positive
    puzzles: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A measure in analysis.json.

    Attributes:
        title: of the measure.
        file: of its table.
        rows: of that.
        digest: hex SHA-256 of the file.
        headline: its numbers that say most.
        lines: the same in words.
    """

    title: Word
    file: Word
    rows: Annotated[int, Meta(ge=1, le=10**7)]
    digest: Digest
    headline: dict[Word, float]
    lines: Annotated[tuple[Word, ...], Meta(max_length=_MOST_LINES)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """analysis.json.

    Attributes:
        version: of the file.
        about: what was analysed.
        measures: by name.
        not_measured: why the others were not, by name.
    """

    version: Count
    about: About
    measures: dict[Word, Entry]
    not_measured: dict[Word, Word] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KeptMeasure:
    """What a measure came to, as it was kept.

    Attributes:
        name: of the measure, see `registry.MEASURES`.
        title: a few words.
        table: its numbers, columns by name.
        headline: those that say most, by name; those that are not known are left out.
        lines: the same in words.
        about: what was analysed.
    """

    name: str
    title: str
    table: Table
    headline: Mapping[str, float]
    lines: tuple[str, ...]
    about: About


def read_summary(folder: Path) -> Summary:
    """What analysis.json says.

    Raises:
        NoRunError: there is none.
        RunError: it is damaged, or of another version.
    """
    path = folder / SUMMARY
    if not path.exists():
        raise NoRunError(f"{folder} holds no analysis: it has no {SUMMARY}; make one with `trmpipe analyse RUN`")
    with damage_of_a_run():
        found = read_sealed(read_file(path), Summary, str(path), ADVICE)
    if found.version != VERSION:
        raise RunError(f"{path} is of another version of trmpipe ({found.version}, expected {VERSION}); {ADVICE}")
    return found


def read_analysis(folder: Path) -> dict[str, KeptMeasure]:
    """All measures that an analysis kept, by name, in the order of `MEASURES`; those unknown here are passed over.

    Args:
        folder: of the analysis, such as a run's ``analysis``.

    Raises:
        NoRunError: there is no analysis.
        RunError: a file of it is damaged or missing, or a value is not what its measure gives.
    """
    summary = read_summary(folder)
    known = [name for name in MEASURES if name in summary.measures]
    return {name: _read_measure(folder, name, summary) for name in known}


def _read_measure(folder: Path, name: str, summary: Summary) -> KeptMeasure:
    entry = summary.measures[name]
    path = folder / table_file(name)
    data = read_file(path)
    if entry.file != path.name or sha256_hex(data) != entry.digest:
        raise RunError(f"{path} is damaged: it is not the file that {SUMMARY} tells of; {ADVICE}")
    return KeptMeasure(
        name=name,
        title=entry.title,
        table=_table(data, name, entry.rows, path),
        headline=entry.headline,
        lines=entry.lines,
        about=summary.about,
    )


def _table(data: bytes, name: str, rows: int, path: Path) -> Table:
    import pyarrow as pa

    try:
        return read_table(data, MEASURES[name].columns, rows, str(path), ADVICE)
    except DamagedError as error:
        raise RunError(str(error)) from error
    except (ValueError, pa.ArrowException) as error:
        raise RunError(f"{path} is damaged: {in_one_line(error)}; {ADVICE}") from error


def table_file(name: str) -> str:
    """The file of a measure's table."""
    return f"{name}.parquet"


def plain(summary: Summary) -> dict[str, Any]:
    """The values of analysis.json, to be sealed."""
    import msgspec

    values: dict[str, Any] = msgspec.to_builtins(summary)
    return values
