"""What a run that is being trained says at this moment. Its files are only read, and no lock is taken.

metrics.jsonl grows by lines, so each look reads what is new; it is read anew where it became shorter, as where a run
goes on from a checkpoint.
"""

import time
from collections.abc import Sequence
from pathlib import Path
from threading import Lock
from typing import Any

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards.ownership import NOTES
from trmpipe.shards.words import time_in_words
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.runs.lines import MetricLine, read_new_metrics
from trmpipe.trainer.runs.run_folder import RunFolder

from ..figures import Figure
from ..page import Number, Section, page_of
from ..runs.asking import Asked
from ..runs.facts import RunFacts, read_facts
from ..runs.provenance import provenance_section
from ..runs.sections import curves_section, step_figures
from ..runs.summary import summary_section

WAITING, TRAINING, STOPPED, ENDED, DAMAGED = "waiting", "training", "stopped", "ended", "damaged"
_LONG_SECONDS = 600
"""Without news: so long a training may evaluate, or it was killed."""
_NOT_ASKED = (
    "Its puzzles and parameters are not shown here: to ask the network would take time from its training. "
    "`trmpipe report` shows them."
)


class LiveRun:
    """A run that may not be there yet.

    Args:
        path: of its folder.
    """

    def __init__(self, path: Path) -> None:
        self._run = RunFolder(path)
        self._lines: list[MetricLine] = []
        self._read_bytes = 0
        self._lock = Lock()

    def page(self) -> str:
        """The page as it is now."""
        with self._lock:
            facts = self._facts()
        if isinstance(facts, str):
            sections = [Section(name="waiting", title="Not there yet", says=[facts])]
            return page_of(self._run.path.name, sections, live=True)
        return page_of(facts.name, self._sections(facts), says="A run that is watched", live=True, still=False)

    def news(self, since: int) -> dict[str, Any]:
        """What is new, as plain values.

        Args:
            since: lines of metrics that are known already.
        """
        with self._lock:
            facts = self._facts()
        if isinstance(facts, str):
            state = DAMAGED if self._run.config_file.exists() else WAITING
            return {"state": state, "says": facts, "lines": 0, "figures": None}
        state = self._state(facts)
        told = {"state": state, "says": self._says(state, facts), "lines": len(facts.lines)}
        if since == len(facts.lines):
            return {**told, "figures": None}
        sections = self._sections(facts)
        numbers = [cell.text if isinstance(cell, Number) else str(cell) for _, cell in sections[0].facts]
        figures = {figure.name: figure.rows for figure in _figures(sections)}
        return {**told, "figures": figures, "facts": numbers}

    def _sections(self, facts: RunFacts) -> list[Section]:
        asked = Asked(trained=None, file="", corpora=(), stepwise=None, remarks=[_NOT_ASKED])
        steps = step_figures(facts)
        found = [
            summary_section(facts, asked),
            curves_section(facts),
            Section(name="solving", title="Step by step", figures=steps) if steps else None,
            provenance_section(facts, asked),
        ]
        return [section for section in found if section is not None]

    def _facts(self) -> RunFacts | str:
        """What the files say, or why they say nothing."""
        if not self._run.config_file.exists():
            return f"Waiting for {self._run.path}: no run is there yet."
        try:
            self._read_lines()
            return read_facts(self._run.path, self._run.path.resolve().name, lines=self._lines)
        except (TrmpipeError, OSError) as error:
            return f"{self._run.path} cannot be read: {error}"

    def _read_lines(self) -> None:
        path = self._run.metrics_file
        size = path.stat().st_size if path.exists() else 0
        if size < self._read_bytes:
            self._lines, self._read_bytes = [], 0
        try:
            new, self._read_bytes = read_new_metrics(path, self._read_bytes, len(self._lines))
        except RunError:
            # It may have been cut, and have grown beyond what is known since the last look.
            self._lines, self._read_bytes = [], 0
            new, self._read_bytes = read_new_metrics(path, 0, 0)
        self._lines += new

    def _state(self, facts: RunFacts) -> str:
        last = facts.lines[-1].step if facts.lines else 0
        if facts.final is not None and facts.final.step >= last:
            return ENDED
        if last >= facts.about.max_steps and not self._owned():
            return ENDED
        return TRAINING if self._owned() else STOPPED

    def _owned(self) -> bool:
        return (self._run.path / NOTES[0]).exists()

    def _says(self, state: str, facts: RunFacts) -> str:
        words = f"Step {facts.step:,} of {facts.about.max_steps:,}"
        if state == ENDED:
            return f"{words}: the run has ended."
        if state == STOPPED:
            return f"{words}: nobody trains it now; `trmpipe train ... --resume` goes on."
        silent = time.time() - max(path.stat().st_mtime for path in self._written())
        if silent > _LONG_SECONDS:
            return f"{words}: nothing was written for {time_in_words(silent)}, so that it may have been killed."
        return f"{words}: it is being trained."

    def _written(self) -> list[Path]:
        """Files that show by their time that the run is at work."""
        return [self._run.config_file, *(path for path in (self._run.metrics_file,) if path.exists())]


def _figures(sections: Sequence[Section]) -> list[Figure]:
    return [figure for section in sections for figure in section.figures]
