"""A generation killed before or after every single write: the same command ends in exactly a clean run's files."""

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from tests.clusters import work_here
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import Corpus, Store, verify

MOST_ACTS = 80
"""More than a run has."""


def recipe_of(format_name):
    return Recipe(task="sudoku4", n=6, aug=3, test=2, shard_groups=2, shard_variants=2, format=format_name)


class KilledError(BaseException):
    """In the place of SIGKILL: nothing catches it."""


class Killer:
    """Ends a run before or after its k-th act on the disk; from then on none is done, as in a process that is gone."""

    def __init__(self, monkeypatch, k, moment):
        self.count, self.k, self.moment, self.is_dead = 0, k, moment, False
        self.monkeypatch = monkeypatch
        for name in ("write", "remove", "remove_temporaries"):
            self._wrap(Store, name)
        for name in ("unlink", "rmdir"):
            self._wrap(Path, name)
        self._wrap(shutil, "rmtree")

    def _wrap(self, owner, name):
        act = getattr(owner, name)

        def counted(*arguments, **options):
            if self.is_dead:
                raise KilledError
            self.count += 1
            if self.count - 1 != self.k:
                return act(*arguments, **options)
            if self.moment == "after":
                act(*arguments, **options)
            self.is_dead = True
            raise KilledError

        self.monkeypatch.setattr(owner, name, counted)


@pytest.fixture(scope="module", params=["webdataset", "zarr"])
def clean(request, tmp_path_factory):
    return generate(recipe_of(request.param), str(tmp_path_factory.mktemp("clean") / "corpus"), workers=1)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def assert_is_clean(out, clean):
    """The files and folders of a clean run, to the byte, and no others."""
    assert contents(out) == contents(Path(clean.store.url))


def test_a_clean_run_is_clean(clean):
    assert verify(Corpus.open(clean.store.url)).problems == ()


@pytest.fixture
def quick(monkeypatch):
    """No cluster and no flushing of disks, for some hundred runs."""
    work_here(monkeypatch)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


def run_and_kill(recipe, out, monkeypatch, k, moment):
    """Whether there was a k-th act to be killed at."""
    with monkeypatch.context() as patch:
        killer = Killer(patch, k, moment)
        with suppress(KilledError):
            generate(recipe, str(out))
    return killer.is_dead


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.usefixtures("quick")
def test_the_same_command_goes_on_after_a_kill_at_any_act(tmp_path, monkeypatch, clean, moment):
    recipe = Recipe.from_json(clean.manifest.recipe)
    for k in range(MOST_ACTS):
        out = tmp_path / str(k) / "corpus"
        if not run_and_kill(recipe, out, monkeypatch, k, moment):
            break
        assert generate(recipe, str(out)).remade == {}
        assert_is_clean(out, clean)
    assert 20 < k < MOST_ACTS


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.usefixtures("quick")
def test_so_does_one_that_completes_a_corpus_that_lost_a_shard(tmp_path, monkeypatch, clean, moment):
    recipe = Recipe.from_json(clean.manifest.recipe)
    for k in range(MOST_ACTS):
        out = tmp_path / str(k) / "corpus"
        shutil.copytree(clean.store.url, out)
        (out / clean.manifest.splits["train"].shards[1].files[0].path).unlink()
        if not run_and_kill(recipe, out, monkeypatch, k, moment):
            break
        generate(recipe, str(out))
        assert_is_clean(out, clean)
    assert 20 < k < MOST_ACTS


@pytest.mark.usefixtures("quick")
def test_so_does_one_that_makes_a_plan_of_other_code_again(tmp_path, monkeypatch, clean):
    recipe = Recipe.from_json(clean.manifest.recipe)
    for k in range(MOST_ACTS):
        out = tmp_path / str(k) / "corpus"
        with monkeypatch.context() as patch:
            patch.setattr("trmpipe.pipeline.resume.code_key", lambda: "older")
            assert run_and_kill(recipe, out, monkeypatch, 14, "after")
        if not run_and_kill(recipe, out, monkeypatch, k, "before"):
            break
        generate(recipe, str(out))
        assert_is_clean(out, clean)
    assert 20 < k < MOST_ACTS


KILLED = """
import os, signal, sys
import trmpipe.shards.files as files
from trmpipe.cli.main import main
name, moment, arguments = sys.argv[1], sys.argv[2], sys.argv[3:]
replace = os.replace
def stopped(source, target):
    ends = str(target).endswith(name)
    if not (ends and moment == "before"):
        replace(source, target)
    if ends:
        os.kill(os.getpid(), signal.SIGKILL)
files.os.replace = stopped
main(arguments)
"""


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("plan.json", "before"),
        pytest.param("bases.npz", "before", marks=pytest.mark.slow),
        ("train-000001.json", "after"),
        pytest.param("manifest.json", "after", marks=pytest.mark.slow),
    ],
)
def test_a_process_that_is_killed_leaves_what_the_same_command_completes(tmp_path, clean, name, moment):
    recipe, out = Recipe.from_json(clean.manifest.recipe), tmp_path / "corpus"
    options = ["--size", "4", "--n", "6", "--aug", "3", "--test", "2", "--shard-groups", "2", "--shard-variants", "2"]
    arguments = ["generate", "sudoku", *options, "--format", recipe.format, "--out", str(out)]
    done = subprocess.run([sys.executable, "-c", KILLED, name, moment, *arguments], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    assert (out / ".progress" / ".lock").exists()
    generate(recipe, str(out), workers=1)
    assert_is_clean(out, clean)
