"""The kernel cache: hit where nothing changed, missed where any code did, and never in the way."""

import os
import runpy
import subprocess
import sys
from pathlib import Path

import numba
import pytest

from trmpipe.generators import jit
from trmpipe.generators.rng import permute
from trmpipe.generators.sudoku.nine.search import find_other
from trmpipe.generators.sudoku.workbench import count_solutions

ROOT = Path(__file__).parents[2]
CALLEE = "from trmpipe.generators.jit import kernel\n\n\n@kernel\ndef inner(x):\n    return x + 1\n"
CALLER = """
from trmpipe.generators.jit import kernel
from .callee import inner


@kernel
def outer(x):
    return 10 * inner(x)
"""
RUN = """
from plug.caller import outer
value = outer(4)
print(value, sum(outer.stats.cache_hits.values()), sum(outer.stats.cache_misses.values()), outer.stats.cache_path)
"""


@pytest.fixture
def plug(tmp_path):
    """A package of two kernels in two files, one calling the other."""
    folder = tmp_path / "code" / "plug"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "callee.py").write_text(CALLEE)
    (folder / "caller.py").write_text(CALLER)
    return folder


def call(plug, cache):
    """(value, cache hits, cache misses, cache path) of ``outer(4)`` in a process of its own."""
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(plug.parent), *sys.path]),
        "PYTHONDONTWRITEBYTECODE": "1",  # Python's own cache would miss an edit of the same size and time, too.
        "TRMPIPE_CACHE_DIR": str(cache),
    }
    done = subprocess.run([sys.executable, "-c", RUN], env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    value, hits, misses, path = done.stdout.split()
    return int(value), int(hits), int(misses), path


def rewrite(path, text):
    """Change a file so that neither its size nor its time tells."""
    before = path.stat()
    path.write_text(text)
    assert path.stat().st_size == before.st_size
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_an_edited_callee_is_seen_and_unchanged_code_compiles_nothing(plug, tmp_path):
    cache = tmp_path / "cache"
    assert call(plug, cache)[:3] == (50, 0, 1)
    value, hits, misses, path = call(plug, cache)
    assert (value, hits, misses) == (50, 1, 0)
    assert Path(path).is_relative_to(cache / "kernels")
    rewrite(plug / "callee.py", CALLEE.replace("x + 1", "x + 2"))
    assert call(plug, cache)[:3] == (60, 0, 1)


@pytest.mark.parametrize("where", ["/proc/nowhere", "{file}/below"])
def test_a_cache_that_cannot_be_written_is_done_without(plug, tmp_path, where):
    (tmp_path / "file").write_text("")
    cache = where.format(file=tmp_path / "file")
    assert call(plug, cache) == (50, 0, 1, "None")
    assert not list(plug.rglob("*.nb?"))


def test_kernels_are_never_cached_beside_their_code(plug, tmp_path, monkeypatch):
    # The folder is there, but Numba's own in it cannot be made.
    full = tmp_path / "full"
    full.write_text("")
    monkeypatch.setattr(jit, "_cache_folder", lambda _: str(full))
    inner = runpy.run_path(str(plug / "callee.py"))["inner"]
    assert inner(4) == 5
    assert inner.stats.cache_path is None
    assert not list(plug.rglob("*.nb?"))


def folder_of(source):
    return jit._cache_folder.__wrapped__(source)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """A stand-in for this package, and a way to ask for the cache folder of a plug-in beside it."""
    package = tmp_path / "generators"
    (package / "deep").mkdir(parents=True)
    for name in ("a.py", "b.py", "deep/c.py"):
        (package / name).write_text(f"# {name}\n")
    monkeypatch.setattr(jit, "_PACKAGE", package)
    monkeypatch.setattr(jit, "code_key", jit.code_key.__wrapped__)
    monkeypatch.setenv("TRMPIPE_CACHE_DIR", str(tmp_path / "cache"))
    return package


def edit(package):
    rewrite(package / "deep" / "c.py", "# C.py\n".ljust(len("# deep/c.py\n")))


@pytest.mark.parametrize(
    "change",
    [
        edit,
        lambda package: (package / "a.py").rename(package / "d.py"),
        lambda package: (package / "new.py").write_text(""),
        lambda package: (package / "b.py").unlink(),
        lambda package: ((package / "a.py").write_text("# a.py\n# b"), (package / "b.py").write_text(".py\n")),
    ],
    ids=["edited", "renamed", "added", "removed", "moved between files"],
)
def test_any_change_of_the_code_changes_the_folder(stand_in, plug, change):
    before = folder_of(stand_in), folder_of(plug)
    assert (folder_of(stand_in), folder_of(plug)) == before
    change(stand_in)
    after = folder_of(stand_in), folder_of(plug)
    assert len({*before, *after}) == 4


def test_a_plug_in_has_its_own_code_in_the_key(stand_in, plug):
    ours, before = folder_of(stand_in / "deep"), folder_of(plug)
    (plug / "callee.py").write_text("# another\n")
    assert folder_of(plug) != before
    assert folder_of(stand_in / "deep") == folder_of(stand_in) == ours


def test_a_kernel_in_a_sub_package_has_all_of_generators_in_its_key():
    whole = jit.code_key(Path(jit.__file__).resolve().parent)
    for dispatcher in (find_other, count_solutions, permute):
        assert whole in Path(dispatcher.stats.cache_path).parts


def test_the_key_names_the_compilers_version(stand_in, monkeypatch):
    before = folder_of(stand_in)
    monkeypatch.setattr(numba, "__version__", "0.0.1")
    assert folder_of(stand_in) != before


def test_the_key_is_that_of_the_content_wherever_it_lies(tmp_path):
    for place in ("here", "there"):
        folder = tmp_path / place / "generators"
        folder.mkdir(parents=True)
        (folder / "a.py").write_text("# a\n")
    assert jit.code_key(tmp_path / "here" / "generators") == jit.code_key(tmp_path / "there" / "generators")


def test_a_folder_that_another_process_just_made_is_used(stand_in, monkeypatch):
    folder = folder_of(stand_in)
    answers = [False]  # What the first look finds; from then on the folder is there.
    monkeypatch.setattr(Path, "is_dir", lambda path: answers.pop() if answers else os.path.isdir(path))
    monkeypatch.setattr(jit, "code_key", lambda *_: Path(folder).name)
    assert folder_of(stand_in) == folder
    assert not answers


def test_old_folders_are_pruned_and_those_in_use_stay(stand_in, tmp_path):
    first = Path(folder_of(stand_in))
    kernels = tmp_path / "cache" / "kernels"
    os.utime(first, (10_000, 10_000))
    for age in range(20):
        (kernels / f"old{age}" / "sub").mkdir(parents=True)
        os.utime(kernels / f"old{age}", (1000 + age, 1000 + age))
    assert folder_of(stand_in) == str(first)
    (stand_in / "a.py").write_text("# changed\n")
    second = Path(folder_of(stand_in))
    assert {path.name for path in kernels.iterdir()} == {
        second.name,
        first.name,
        *(f"old{age}" for age in range(14, 20)),
    }


def test_a_constant_makes_no_kernel_of_its_own():
    inner = jit.kernel(lambda x, y: x + y)
    outer = jit.kernel(lambda x: inner(x, 1) + inner(x, 2) + inner(y=3, x=x) + inner(x, x))
    assert outer(4) == 26
    assert inner.signatures == [(numba.types.int64, numba.types.int64)]


def test_kernels_release_the_gil():
    assert jit.kernel(lambda: 1).targetoptions["nogil"] is True
