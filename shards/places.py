"""Places that commands write to: nobody writes into what a command of another kind made, nor over a stranger's file.

What lies in a folder is told by one file that says it: a manifest of a corpus, config.json of a run, study.json,
analysis.json. All is looked at before any work.
"""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from .errors import PlaceError
from .manifest import MANIFEST, PROGRESS

CORPUS, RUN, STUDY, ANALYSIS = "corpus", "run", "study", "analysis"
"""Kinds of folders."""
_MARKS = {MANIFEST: CORPUS, PROGRESS: CORPUS, "config.json": RUN, "study.json": STUDY, "analysis.json": ANALYSIS}
_ARTICLES = {ANALYSIS: "an"}
_BESIDE = (".log", ".out", ".err", ".txt", ".md", ".toml")
"""Suffixes of what people put into a folder before a command begins there: what a shell redirects, notes, plans."""
_OF_DISKS = "lost+found"


def refuse_other_kind(folder: Path, kind: str, flag: str = "--out") -> None:
    """Refuse a folder that cannot be made, or that holds what a command of another kind made.

    Args:
        folder: to be written, which need not be there.
        kind: of what is to be written.
        flag: by which the folder was given.

    Raises:
        PlaceError: so it is.
    """
    refuse_no_folder(folder, flag)
    for name, other in _MARKS.items():
        if other != kind and (folder / name).exists():
            raise PlaceError(
                f"{folder} holds {_named(other)} ({name}), and {_named(kind)} is to be written; give {flag} another "
                "folder"
            )


def refuse_strangers(folder: Path, kind: str, own: Collection[str]) -> None:
    """Refuse a folder, of `refuse_other_kind`, that is not empty and holds nothing of the kind to be written.

    Args:
        folder: to be written, which need not be there.
        kind: of what is to be written.
        own: names of which one is there where a command of this kind has begun.

    Raises:
        PlaceError: so it is.
    """
    refuse_other_kind(folder, kind)
    names = os.listdir(folder) if folder.exists() else []
    if set(own) & set(names):
        return
    if any(not name.startswith(".") and not name.endswith(_BESIDE) and name != _OF_DISKS for name in names):
        raise PlaceError(f"{folder} is not empty and holds no {kind}; give --out a new folder, or empty this one first")


def refuse_no_folder(folder: Path, flag: str) -> None:
    """Refuse a folder that is a file, or that would lie in one.

    Args:
        folder: which need not be there.
        flag: by which it was given.

    Raises:
        PlaceError: so it is.
    """
    found = _file_among(folder)
    if found == folder:
        raise PlaceError(f"{folder} is a file; give {flag} a folder")
    if found is not None:
        raise PlaceError(f"{folder} cannot be made, as {found} is a file; give {flag} another folder")


def refuse_no_file(path: Path, flag: str, ours: Callable[[Path], bool], what: str) -> None:
    """Refuse a file that cannot be made, or that would take the place of a file of another kind.

    Args:
        path: to be written, which need not be there.
        flag: by which it was given.
        ours: whether the file that is there is of the kind to be written.
        what: that kind, in words.

    Raises:
        PlaceError: so it is.
    """
    if path.is_dir():
        raise PlaceError(f"{path} is a folder; give a file with {flag}")
    found = _file_among(path.parent)
    if found is not None:
        raise PlaceError(f"{path} cannot be made, as {found} is a file; give {flag} another place")
    if path.exists() and not (path.is_file() and ours(path)):
        raise PlaceError(f"{path} is there and is not {what}, so it is not replaced; give {flag} another name")


def _file_among(folder: Path) -> Path | None:
    """The innermost of a folder and those above it that is there, if it is no folder."""
    there = next((path for path in (folder, *folder.parents) if path.exists()), None)
    return there if there is not None and not there.is_dir() else None


def _named(kind: str) -> str:
    return f"{_ARTICLES.get(kind, 'a')} {kind}"
