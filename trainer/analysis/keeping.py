"""Keeping an analysis: a Parquet file for each measure, pictures, and ``analysis.json`` at last.

The folder has one owner at a time. The summary is removed before the first file of it changes and written when all are
there, so that a command that is killed leaves no analysis, and never half of one. Meanwhile `UNFINISHED` names the
measures that have files there: the folder is the user's, and no file is removed that neither it nor a summary tells of.
Measures of the same checkpoint, puzzles and depth that were kept before stay beside new ones.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus, Store
from trmpipe.shards.digests import sha256_hex
from trmpipe.shards.files import is_temporary, write_atomically
from trmpipe.shards.ownership import owned
from trmpipe.shards.places import ANALYSIS, refuse_other_kind

from ..errors import RunWriteError
from ..files import write_sealed
from ..ranks import refuse_several
from ..runs.naming import folder_name
from ..scores.held_out import tested_corpora
from ..trained.inference import TrainedRun
from .columns import table_bytes
from .measure import Measured
from .reading import (
    SUMMARY,
    VERSION,
    About,
    AnalysedCorpus,
    Entry,
    KeptMeasure,
    Summary,
    plain,
    read_summary,
    table_file,
)
from .registry import MEASURES
from .running import Analysed

FOLDER = "analysis"
"""In a run, where an analysis is kept."""
UNFINISHED = "analysis.unfinished"
"""Beside the files of a command that is writing, or was killed: names of measures, a line each."""
_PICTURES = (".svg", ".pdf", ".png")

Draw = Callable[[Mapping[str, KeptMeasure]], None]
"""Draws what was measured just now."""


@contextmanager
def owning_analysis(folder: Path) -> Iterator[None]:
    """Own the folder of an analysis for the time of a ``with`` block.

    Raises:
        RunError: several processes were started, and one writes it.
        PlaceError: the folder cannot be made, or holds something else.
        OwnedError: another command is writing there.
        WriteError: the folder cannot be written.
    """
    refuse_several("an analysis")
    refuse_other_kind(folder, ANALYSIS)
    with owned(Store(folder.absolute())):
        yield


def about_run(
    trained: TrainedRun, corpora: Sequence[Corpus], limit: int | None, steps: int, analysed: Analysed
) -> About:
    """What was analysed.

    Args:
        trained: the run.
        corpora: that it was asked about.
        limit: as `analyse` took it.
        steps: likewise.
        analysed: what came of it.
    """
    own = trained.config.evaluation.steps
    return About(
        run=trained.run.path.absolute().name,
        config_hash=trained.about.hash,
        step=trained.step,
        seed=trained.config.seed,
        corpora=tuple(
            AnalysedCorpus(name=folder_name(corpus), content_digest=corpus.manifest.content_digest)
            for corpus in tested_corpora(corpora)
        ),
        limit=limit,
        steps=max(steps, own),
        own_steps=own,
        puzzles=analysed.puzzles,
    )


def keep_analysis(folder: Path, about: About, analysed: Analysed, draw: Draw) -> Summary:
    """Write what an analysis came to; whoever calls it owns the folder.

    Args:
        folder: where to; made where it is missing.
        about: what was analysed.
        analysed: what came of it.
        draw: draws the pictures, before the summary is written.

    Returns:
        What analysis.json says then.

    Raises:
        RunWriteError: a file cannot be written.
    """
    found = _found(folder)
    before = found if found is not None and found.about == about else None
    retaken = {*analysed.measured, *analysed.not_measured}
    with _writing(folder):
        there = _left_unfinished(folder) | set(found.measures if found is not None else ())
        write_atomically(folder / UNFINISHED, "\n".join(sorted(there | set(analysed.measured))).encode())
        (folder / SUMMARY).unlink(missing_ok=True)
        _remove(folder, there if before is None else there - (set(before.measures) - retaken))
        entries = {name: _write_table(folder, name, one, about) for name, one in analysed.measured.items()}
        draw({name: _kept(name, one, entries[name], about) for name, one in analysed.measured.items()})
    measures, reasons = dict(entries), dict(analysed.not_measured)
    if before is not None:
        measures = {**{name: one for name, one in before.measures.items() if name not in retaken}, **measures}
        reasons = {**{name: one for name, one in before.not_measured.items() if name not in retaken}, **reasons}
    summary = Summary(
        version=VERSION,
        about=about,
        measures={name: measures[name] for name in MEASURES if name in measures},
        not_measured={name: reasons[name] for name in MEASURES if name in reasons},
    )
    write_sealed(folder / SUMMARY, plain(summary))
    with _writing(folder):
        (folder / UNFINISHED).unlink()
    return summary


def _found(folder: Path) -> Summary | None:
    """What is kept, of whatever question; None where there is nothing, or nothing that can be read."""
    try:
        return read_summary(folder)
    except TrmpipeError:
        return None


def _left_unfinished(folder: Path) -> set[str]:
    """The measures that a killed command may have left files of."""
    try:
        return set((folder / UNFINISHED).read_text("utf-8").split()) & set(MEASURES)
    except (FileNotFoundError, UnicodeDecodeError):
        return set()


def _remove(folder: Path, names: set[str]) -> None:
    """Remove the files of measures, and what a killed command left half-written."""
    for path in folder.glob("*") if folder.is_dir() else ():
        if is_temporary(path.name) or (path.suffix in (".parquet", *_PICTURES) and _measure_of(path.stem) in names):
            path.unlink()


def _measure_of(stem: str) -> str | None:
    """The measure that a file belongs to: its name, or one that begins with it and a hyphen."""
    fitting = [name for name in MEASURES if stem == name or stem.startswith(f"{name}-")]
    return max(fitting, key=len, default=None)


def _write_table(folder: Path, name: str, measured: Measured, about: About) -> Entry:
    measure = MEASURES[name]
    noted = {
        "title": measure.title,
        "measured": measure.says,
        "run": about.run,
        "config_hash": about.config_hash,
        "checkpoint_step": str(about.step),
        "seed": str(about.seed),
        "puzzles": str(about.puzzles),
        "steps": str(about.steps),
    }
    data = table_bytes(measured.table, measure.columns, noted)
    write_atomically(folder / table_file(name), data)
    return Entry(
        title=measure.title,
        file=table_file(name),
        rows=len(next(iter(measured.table.values()))),
        digest=sha256_hex(data),
        headline={key: float(value) for key, value in measured.headline.items() if math.isfinite(value)},
        lines=measured.lines,
    )


def _kept(name: str, measured: Measured, entry: Entry, about: About) -> KeptMeasure:
    return KeptMeasure(
        name=name,
        title=entry.title,
        table=measured.table,
        headline=entry.headline,
        lines=entry.lines,
        about=about,
    )


@contextmanager
def _writing(folder: Path) -> Iterator[None]:
    """Turn a refusal of the file system inside the block into one line."""
    try:
        yield
    except OSError as error:
        if isinstance(error, TrmpipeError):
            raise
        raise RunWriteError(
            f"{folder} cannot be written ({error.strerror or error}); free some space, or give another --out"
        ) from error
