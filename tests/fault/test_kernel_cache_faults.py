"""Kernel caches that a power cut or a bad disk leaves: what is damaged is found, removed and compiled again."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from trmpipe.generators import jit
from trmpipe.generators.rng import permute
from trmpipe.shards import Corpus

KERNELS = """
from trmpipe.generators.jit import kernel


@kernel
def inner(x):
    return x + 1


@kernel
def outer(x):
    return 10 * inner(x)
"""
HEAD = """
import os, shutil, threading
from plug.kernels import inner, outer
"""
TELL = """
print(outer(4), sum(outer.stats.cache_hits.values()), sum(outer.stats.cache_misses.values()))
"""
THREADS = """
values, barrier = [], threading.Barrier(8)

def call(kernel, x):
    barrier.wait()
    values.append(kernel(x))

threads = [threading.Thread(target=call, args=((inner, outer)[i % 2], (4, 4.0)[i // 4])) for i in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
assert sorted(values) == [5] * 4 + [50] * 4, values
"""


@pytest.fixture
def plug(tmp_path):
    """A package of two kernels, one calling the other."""
    folder = tmp_path / "code" / "plug"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "kernels.py").write_text(KERNELS)
    return folder


@pytest.fixture
def run(plug, tmp_path):
    """Run Python with these kernels in a process of its own; returns what it printed, split into words."""

    def call(code, home=str(tmp_path), **environment):
        environment = {"TRMPIPE_CACHE_DIR": str(tmp_path / "cache"), **environment}
        path = os.pathsep.join([str(plug.parent), *sys.path])
        settings = {name: value for name, value in os.environ.items() if name not in ("HOME", "TRMPIPE_CACHE_DIR")}
        settings |= {"PYTHONPATH": path, **({"HOME": home} if home else {}), **environment}
        done = subprocess.run([sys.executable, "-c", code], env=settings, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return done.stdout.split()

    return call


def flip_bit(content, place):
    changed = bytearray(content)
    changed[place] ^= 1
    return bytes(changed)


DAMAGES = {
    "empty": lambda content: b"",
    "one byte": lambda content: content[:1],
    "half": lambda content: content[: len(content) // 2],
    "last byte gone": lambda content: content[:-1],
    "garbage": lambda content: b"\x80\x04garbage" * (len(content) // 8),
    "zeros": lambda content: bytes(len(content)),
    "bit at the start": lambda content: flip_bit(content, 0),
    "bit in the code": lambda content: flip_bit(content, len(content) // 2),
    "bit at the end": lambda content: flip_bit(content, -2),
}
QUICK = ("half", "garbage", "bit in the code")
"""Those that are tried each time: cut short, other bytes, one bit."""


def files_of(cache):
    """All files below a cache; fails where there is none."""
    files = sorted(path for path in Path(cache).rglob("*") if path.is_file())
    assert files
    return files


def damage(cache, change):
    for path in files_of(cache):
        path.write_bytes(change(path.read_bytes()))


@pytest.mark.parametrize(
    "change",
    [pytest.param(one, id=name, marks=() if name in QUICK else pytest.mark.slow) for name, one in DAMAGES.items()],
)
def test_damaged_files_are_removed_and_the_kernel_is_compiled_again(run, tmp_path, change):
    assert run(HEAD + TELL) == ["50", "0", "1"]
    damage(tmp_path / "cache", change)
    assert run(HEAD + TELL) == ["50", "0", "1"]
    assert run(HEAD + TELL) == ["50", "1", "0"]


def test_a_damaged_file_that_is_not_asked_for_again_harms_nothing(run, tmp_path):
    run(HEAD + "outer(4), outer(4.0)")
    damage(tmp_path / "cache", DAMAGES["half"])
    assert run(HEAD + "print(outer(4.0))") == ["50.0"]
    assert run(HEAD + TELL) == ["50", "0", "1"]


def test_the_file_of_another_signature_is_not_believed(run, tmp_path):
    run(HEAD + "outer(4), outer(4.0)")
    one, other = [path for path in files_of(tmp_path / "cache") if "outer" in path.name and path.suffix == ".nbc"]
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)
    assert run(HEAD + TELL + "print(outer(4.5))") == ["50", "0", "1", "55.0"]


def test_threads_that_load_a_damaged_cache_at_once_all_get_kernels(run, tmp_path):
    run(HEAD + THREADS)
    damage(tmp_path / "cache", DAMAGES["half"])
    run(HEAD + THREADS)
    assert run(HEAD + TELL) == ["50", "1", "0"]


def test_processes_that_load_a_damaged_cache_at_once_all_get_kernels(run, plug, tmp_path):
    run(HEAD + TELL)
    damage(tmp_path / "cache", DAMAGES["empty"])
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(plug.parent), *sys.path]),
        "TRMPIPE_CACHE_DIR": str(tmp_path / "cache"),
    }
    processes = [
        subprocess.Popen([sys.executable, "-c", HEAD + TELL], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert {process.communicate(timeout=120)[0].split()[0] for process in processes} == {"50"}
    assert run(HEAD + TELL) == ["50", "1", "0"]


def test_a_cache_that_goes_away_under_a_running_process_is_done_without(run, tmp_path):
    """As where the disk is full, or another process removed old folders."""
    spoil = "shutil.rmtree(os.environ['TRMPIPE_CACHE_DIR']); open(os.environ['TRMPIPE_CACHE_DIR'], 'w').close()"
    assert run(f"{HEAD}{spoil}{TELL}") == ["50", "0", "1"]


def test_a_full_disk_leaves_no_half_of_a_file(run, tmp_path):
    full = """
import errno
from pathlib import Path
write = Path.write_bytes
def refuse(path, content):
    write(path, content[:100])
    raise OSError(errno.ENOSPC, "full")
Path.write_bytes = refuse
"""
    assert run(HEAD + full + TELL) == ["50", "0", "1"]
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]


def test_what_is_damaged_is_removed_at_once(tmp_path):
    files = jit._KernelFiles(str(tmp_path / "kernel"))
    files.save("key", "code")
    assert files.load("key") == "code"
    damage(tmp_path, DAMAGES["half"])
    assert files.load("key") is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("home", [None, "/proc/nowhere"], ids=["none", "cannot be written"])
def test_a_user_without_a_home_has_no_cache(run, plug, home):
    unknown = "import pwd\ndef unknown(uid): raise KeyError(uid)\npwd.getpwuid = unknown\n"
    assert run(unknown + HEAD + TELL, home=home, TRMPIPE_CACHE_DIR="") == ["50", "0", "1"]
    assert not list(plug.rglob("*.nb?"))


def test_a_command_goes_on_with_a_damaged_cache(trmpipe_process, corpus4, tmp_path):
    """One kernel is enough here: the kernels of the others take a minute to compile."""
    kernels = Path(permute.stats.cache_path).parent
    copy = tmp_path / "cache" / "kernels" / kernels.name
    shutil.copytree(kernels, copy)
    files = list(copy.rglob("rng.open_stream-*.nbc"))
    for file in files:
        file.write_bytes(b"")
    arguments = ("generate", "sudoku", "--size", 4, "--n", 20, "--aug", 999, "--out", tmp_path / "c")
    result = trmpipe_process(*arguments, env={"TRMPIPE_CACHE_DIR": str(tmp_path / "cache")})
    assert result.code == 0, result.err
    assert any(file.stat().st_size > 0 for file in files)
    assert Corpus.open(tmp_path / "c").manifest == Corpus.open(corpus4).manifest
