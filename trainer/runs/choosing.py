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

from ..settings.request import TrainRequest
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


def choose_corpora(request: TrainRequest, chooser: Chooser, path_of: Callable[[Corpus], Path]) -> list[Corpus]:
    """The corpora to train on.

    Args:
        request: what the user asks for.
        chooser: is asked for the task where that is open.
        path_of: the folder of a run on a mixture that begins with a corpus.

    Raises:
        NoCorpusError: there is none at a path.
        OptionError: a corpus is given twice, or there is none of the task that was asked for.
        CorpusError: they cannot be trained on together.
        RunError: the config of the run that is gone on with is damaged.
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


def _those_of_the_run(
    found: FoundCorpora, request: TrainRequest, path_of: Callable[[Corpus], Path]
) -> FoundCorpora | None:
    """The corpora that the run to go on with was started on; None where it is not there, or was started on others."""
    runs = [RunFolder(path) for path in _possible_paths(found, request, path_of)]
    there = [run for run in runs if run.config_file.exists()]
    if not there:
        return None
    about = max(there, key=_last_written).read_config()
    wanted = {corpus.content_digest for corpus in about.corpora}
    chosen = found.only(corpus for corpus in found.corpora if corpus.manifest.content_digest in wanted)
    # Missing ones, and given ones that the run does not know, are refused when the configs are compared.
    complete = len({corpus.manifest.content_digest for corpus in chosen.corpora}) == len(wanted)
    return chosen if complete and chosen.given == found.given else None


def _possible_paths(found: FoundCorpora, request: TrainRequest, path_of: Callable[[Corpus], Path]) -> list[Path]:
    """Where the run may be: a run without a folder of the user's choice is named after the first of its corpora."""
    if request.out is not None:
        return [Path(request.out)]
    paths = []
    for corpus in found.corpora:
        # What does not fit the preset of another task is no reason to stop.
        with suppress(TrmpipeError):
            paths.append(path_of(corpus))
    return paths


def _last_written(run: RunFolder) -> float:
    return max(path.stat().st_mtime for path in (run.config_file, run.checkpoints) if path.exists())


def _paths(corpora: Sequence[Corpus]) -> str:
    return ", ".join(corpus.path for corpus in corpora)
