"""Which of the corpora at the paths that a user gave are trained on, where they hold several tasks.

A run that is gone on with decides it: of what lies below the paths it takes the corpora that it was started on,
whatever was generated since. Else the user is asked where that is possible, and the task of the newest corpus is taken
where not.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus, FoundCorpora, check_together, find_all

from ..errors import NoRunError, RunError
from ..settings.request import TrainRequest
from .opening import RUNS
from .run_folder import RunFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskChoice:
    """A task that could be trained.

    Attributes:
        task: its name.
        corpora: paths of its corpora, which are trained on together.
        newest: path of the one that was finished last.
    """

    task: str
    corpora: tuple[str, ...]
    newest: str


class Chooser(Protocol):
    """Who is asked for a task, and told what was taken."""

    def note(self, line: str) -> None:
        """One line worth knowing."""
        ...

    def choose_task(self, choices: Sequence[TaskChoice]) -> int | None:
        """Which task is to be trained, as an index; None where nobody can be asked."""
        ...


PathOf = Callable[..., Path]
"""The folder of a run on some corpora, those that it is given."""


def choose_corpora(request: TrainRequest, chooser: Chooser, path_of: PathOf) -> list[Corpus]:
    """The corpora to train on.

    Args:
        request: what the user asks for.
        chooser: is asked for the task where that is open.
        path_of: where the run is.

    Raises:
        NoCorpusError: there is none at a path.
        OptionError: a corpus is given twice, or there is none of the task that was asked for.
        CorpusError: they cannot be trained on together.
        RunError: the config of the run that is gone on with is damaged, or several runs could be meant.
    """
    found = find_all(request.paths)
    if request.task is not None:
        found = found.of_task(request.task)
    resumed = _those_of_the_run(found, request, path_of) if request.resume else None
    if resumed is not None:
        if len(resumed.corpora) < len(found.corpora):
            chooser.note(f"taking the corpora that the run was started on: {_paths(resumed.corpora)}")
        return check_together(resumed.corpora)
    return check_together(_of_one_task(found, chooser).corpora)


def _of_one_task(found: FoundCorpora, chooser: Chooser) -> FoundCorpora:
    """Those of one task; several that were given themselves stay, to be refused."""
    tasks = list(found.by_task())
    given = {corpus.spec.name for corpus in found.corpora if corpus.path in found.given}
    if len(tasks) == 1 or len(given) > 1:
        return found
    if given:
        (task,) = given
        others = ", ".join(name for name in tasks if name != task)
        chooser.note(f"taking {task}, as a corpus of it is given; leaving out what there is of {others}")
        return found.of_task(task)
    choices = [
        TaskChoice(
            task=task,
            corpora=tuple(corpus.path for corpus in found.of_task(task).corpora),
            newest=found.newest(task).path,
        )
        for task in tasks
    ]
    chosen = chooser.choose_task(choices)
    if chosen is None:
        others = " or ".join(f"--task {name}" for name in tasks[1:])
        chooser.note(
            f"{', '.join(found.paths)} holds corpora of {len(tasks)} tasks; taking {tasks[0]}, that of the newest "
            f"({choices[0].newest}); to take another: {others}"
        )
    return found.of_task(tasks[chosen or 0])


def _those_of_the_run(found: FoundCorpora, request: TrainRequest, path_of: PathOf) -> FoundCorpora | None:
    """The corpora that the run to go on with was started on; None where it is not there, or was started on others."""
    if request.out is not None:
        run = RunFolder(Path(request.out))
        return _corpora_of(run, found) if run.config_file.exists() else None
    begun = _begun(found, path_of)
    if not begun:
        return None
    # Of several tasks that whose run was written last; of one task the run on all that there is, if there is one.
    task = max(begun, key=lambda one: _last_written(one[0]))[1].corpora[0].spec.name
    same = [(run, corpora) for run, corpora in begun if corpora.corpora[0].spec.name == task]
    whole = [corpora for _, corpora in same if len(corpora.corpora) == len(found.of_task(task).corpora)]
    if not whole and len(same) > 1:
        names = ", ".join(str(run.path) for run, _ in same)
        raise RunError(f"several runs could be meant: {names}; say which with --out")
    return whole[0] if whole else same[0][1]


def _begun(found: FoundCorpora, path_of: PathOf) -> list[tuple[RunFolder, FoundCorpora]]:
    """The runs below `RUNS` that could be meant, on some or all of the corpora, one for each choice of them."""
    choices: dict[tuple[str, ...], FoundCorpora] = {}
    for path in sorted(RUNS.glob("*/config.json")):
        with suppress(RunError, NoRunError):  # Whatever is damaged is told where it is gone on with.
            chosen = _corpora_of(RunFolder(path.parent), found)
            if chosen is not None:
                choices[_names(chosen)] = chosen
    runs = []
    for chosen in choices.values():
        try:
            run = RunFolder(path_of(*chosen.corpora))
            told = _corpora_of(run, found) if run.config_file.exists() else None
        except RunError:
            raise
        except TrmpipeError:
            continue  # What does not fit the preset of another task is no reason to stop.
        if told is not None and _names(told) == _names(chosen):
            runs.append((run, chosen))
    return runs


def _corpora_of(run: RunFolder, found: FoundCorpora) -> FoundCorpora | None:
    """Those of the corpora that a run was started on; None where it knows some that are not there, or were given."""
    wanted = {corpus.content_digest for corpus in run.read_config().corpora}
    chosen = found.only(corpus for corpus in found.corpora if corpus.manifest.content_digest in wanted)
    # Missing ones, and given ones that the run does not know, are refused when the configs are compared.
    complete = len({corpus.manifest.content_digest for corpus in chosen.corpora}) == len(wanted)
    # A file of a stranger's may name none at all.
    return chosen if wanted and complete and chosen.given == found.given else None


def _names(found: FoundCorpora) -> tuple[str, ...]:
    return tuple(corpus.path for corpus in found.corpora)


def _last_written(run: RunFolder) -> float:
    return max(path.stat().st_mtime for path in (run.config_file, run.checkpoints) if path.exists())


def _paths(corpora: Sequence[Corpus]) -> str:
    return ", ".join(corpus.path for corpus in corpora)
