"""A report: what a page says of runs and studies, and every figure of it, before either is written."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards.words import counted
from trmpipe.studies.record import RECORD
from trmpipe.trainer.analysis import read_analysis, read_summary
from trmpipe.trainer.analysis.keeping import FOLDER
from trmpipe.trainer.analysis.reading import SUMMARY
from trmpipe.trainer.errors import NoRunError
from trmpipe.trainer.runs.run_folder import RunFolder

from .errors import ReportError
from .figures import Figure
from .figures.of_analysis import figures_of_analysis
from .page.parts import Section, place_name
from .runs.asking import Asked, Request, ask_run
from .runs.compare import paired_section
from .runs.facts import RunFacts, names_of_runs, read_facts
from .runs.provenance import provenance_section
from .runs.sections import curves_section, errors_section, solving_section, together_sections
from .runs.summary import summary_section
from .studies import study_section

_FEW = 2
"""Of so many runs each shows as many puzzles as are asked for, of more a third of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a page says.

    Attributes:
        title: of the page.
        says: a sentence below it.
        sections: in their order.
    """

    title: str
    says: str
    sections: Sequence[Section]

    def figures(self) -> list[Figure]:
        """All figures, each of another name; those of one run among several are called after it."""
        found = [("", section.name, figure) for section in self.sections for figure in section.figures]
        for section in self.sections:
            found += [(f"{section.name}-", part, figure) for part, figure in _figures(section.parts)]
        wished = Counter(f"{before}{figure.name}" for before, _, figure in found)
        named = [
            replace(figure, name=name if wished[name := f"{before}{figure.name}"] == 1 else f"{place}-{figure.name}")
            for before, place, figure in found
        ]
        assert len({figure.name for figure in named}) == len(named)
        return named


def make_report(
    paths: Sequence[Path],
    request: Request,
    tell: Callable[[str], None],
    *,
    paired: bool = False,
) -> Report:
    """Read runs and studies, ask the networks, and put it into sections.

    Args:
        paths: of their folders, one or more.
        request: what is asked of networks.
        tell: is told of what takes a while, and of URLs before they are opened.
        paired: whether two runs are compared puzzle by puzzle.

    Raises:
        ReportError: `paired`, and there are not two runs.
        NoRunError: a folder is neither a run nor a study.
        RunError: a run's config.json is damaged, or of another version; or `request` names what is not there.
        NoStudyError: no run of a study is done yet.
        StudyError: a file of a study is damaged.
    """
    studies = {path: section for path in paths if (section := study_section(path)) is not None}
    runs = [path for path in paths if path not in studies]
    if paired and (len(runs) != 2 or studies):
        raise ReportError(f"--compare takes two runs, {counted(len(paths), 'folder')} given; give two folders of runs")
    sections = [replace(one, name=f"{one.name}-{number}") for number, one in enumerate(studies.values(), 1)]
    if not runs:
        return Report(title=_title(paths), says="", sections=sections)
    request = request if len(runs) <= _FEW else replace(request, shown=-(-request.shown // 3))
    told = [_Told.of(path, name, request, tell) for path, name in zip(runs, names_of_runs(runs), strict=True)]
    if len(told) == 1 and not studies:
        return Report(title=told[0].facts.name, says=_about(told[0]), sections=told[0].sections(request))
    sections += together_sections([one.facts for one in told], {one.facts.name: one.asked for one in told})
    if paired:
        sections.append(paired_section((told[0].facts, told[1].facts), (told[0].asked, told[1].asked)))
    for number, one in enumerate(told, 1):
        sections.append(one.section(request, number))
    return Report(title=_title(paths), says=f"{len(runs)} runs", sections=sections)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """A run with all that is known of it."""

    facts: RunFacts
    asked: Asked
    analysis: Section | None

    @classmethod
    def of(cls, path: Path, name: str, request: Request, tell: Callable[[str], None]) -> "_Told":
        run = RunFolder(path)
        if not run.config_file.exists():
            raise NoRunError(
                f"{path} is neither a run nor a study: it has no {run.config_file.name} and no {RECORD}; give a folder "
                "that `trmpipe train` or `trmpipe study` wrote"
            )
        run.read_config()
        tell(f"reading {path}")
        asked = ask_run(str(path), request, tell)
        facts, analysis = read_facts(path, name, asked.corpora), None
        try:
            analysis = _analysis(facts)
        except (TrmpipeError, OSError) as error:
            facts = replace(facts, remarks=[*facts.remarks, f"its analysis is not shown: {error}"])
        for remark in (*facts.remarks, *asked.remarks):
            tell(f"{name}: {remark}")
        return cls(facts=facts, asked=asked, analysis=analysis)

    def sections(self, request: Request) -> list[Section]:
        """All sections on it alone."""
        facts, asked = self.facts, self.asked
        found = [
            summary_section(facts, asked),
            curves_section(facts),
            solving_section(facts, asked, request.shown),
            errors_section(facts, asked),
            self.analysis,
            provenance_section(facts, asked),
        ]
        return [section for section in found if section is not None]

    def section(self, request: Request, number: int) -> Section:
        """One section on it, beside those of other runs; its curves are drawn with theirs.

        Args:
            request: what is asked of it.
            number: of the run on the page; the names of places are cut, so that two long ones may be alike.
        """
        place = f"run-{number}-{place_name(self.facts.name)}"
        parts = [replace(part, name=f"{place}-{part.name}") for part in self.sections(request) if part.name != "curves"]
        return Section(name=place, title=self.facts.name, parts=parts)


def _analysis(facts: RunFacts) -> Section | None:
    """What `trmpipe analyse` measured in a run; None where it did not.

    Raises:
        RunError: a file of it is damaged.
    """
    folder = facts.run.path / FOLDER
    if not (folder / SUMMARY).exists():
        return None
    about = read_summary(folder).about
    says = f"{counted(about.puzzles, 'held-out puzzle')}, the weights of step {about.step:,} (analysis/{SUMMARY})."
    return Section(name="analysis", title="Analysis", says=[says], figures=figures_of_analysis(read_analysis(folder)))


def _title(paths: Sequence[Path]) -> str:
    names = names_of_runs(paths)
    return ", ".join(names) if len(names) <= _FEW else f"{names[0]} and {len(names) - 1} more"


def _about(told: _Told) -> str:
    return f"A run of trmpipe {told.facts.about.versions.get('trmpipe', '')} on {told.facts.about.task}".strip()


def _figures(sections: Sequence[Section]) -> Iterator[tuple[str, Figure]]:
    """Figures with the places of the sections that they stand in."""
    for section in sections:
        for figure in section.figures:
            yield section.name, figure
        yield from _figures(section.parts)
