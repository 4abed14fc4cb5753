"""Tasks of a package that break the contract while a corpus is made: one line says which rule, and what is done stays.

The package lies on the path as an installed one would. Which fault it has is said by an environment variable, so that
its code is the same before and after: a plan of other code would not be gone on with.
"""

import importlib
import json
import os
import re
import sys

import pytest

from trmpipe.generators import registry
from trmpipe.generators.jit import code_key

PACKAGE = """
import itertools
import os
from dataclasses import replace

import numpy as np

from tests.references.reversal import FAMILY as PLAIN, ReversalTask
from trmpipe.generators.errors import InputError
from trmpipe.generators.task import TRAIN, Groups, Solutions

CLOCK = itertools.count()


class FaultyTask(ReversalTask):
    spec = replace(ReversalTask.spec, name="faulty6")
    if os.environ.get("FAULT", "").startswith("measure"):
        spec = replace(spec, measures=("letters",))
    if os.environ.get("FAULT", "").startswith("alternatives"):
        spec = replace(spec, alternatives=True)
    if os.environ.get("FAULT", "").startswith(("solve", "check")):
        spec = replace(spec, scoring="check")

    if os.environ.get("FAULT") == "spec measure":
        spec = replace(spec, measures=("row2",))
    if os.environ.get("FAULT") == "spec column":
        spec = replace(spec, measures=("difficulty",))
    if os.environ.get("FAULT") == "spec cells":
        spec = replace(spec, grid_shape=(257, 257))
    if os.environ.get("FAULT") == "spec vocabulary":
        spec = replace(spec, vocabulary="_aa")

    def generate(self, seed, purpose, start, count):
        groups = super().generate(seed, purpose, start, count)
        fault, here = os.environ.get("FAULT"), groups.candidates == 7 if purpose == TRAIN else groups.candidates < 0
        if fault == "types":
            return replace(groups, labels=groups.labels.astype(np.int64))
        if fault == "shapes":
            return replace(groups, inputs=groups.inputs[:, 1:])
        if fault == "tokens":
            groups.inputs[here, 3] = 4
        if fault == "empty":
            groups.labels[here] = 0
        if fault == "raises" and here.any():
            raise KeyError("seven")
        if fault == "candidates":
            return replace(groups, candidates=groups.candidates[::-1].copy())
        if fault == "list":
            return [groups]
        if fault == "clock":
            groups.inputs[:, 0] = 1 + next(CLOCK) % 3
        return groups

    def examine(self, groups):
        found, fault = super().examine(groups), os.environ.get("FAULT")
        if fault == "examine order":
            return found.take(np.arange(len(groups))[::-1])
        if fault == "examine digests":
            return replace(found, digests=found.digests[:, :16])
        if fault == "examine raises":
            raise RuntimeError("two\\nlines")
        return found

    def rate(self, examined):
        if os.environ.get("FAULT") == "rate":
            return replace(examined, ratings=np.full(len(examined), -1.0))
        if os.environ.get("FAULT") == "rate infinite":
            return replace(examined, ratings=np.full(len(examined), np.inf))
        return examined

    def measure(self, groups):
        fault = os.environ.get("FAULT")
        found = np.ones((len(groups), len(self.spec.measures)))
        found[:] = np.nan if fault == "measure nan" else -1 if fault == "measure below" else 1
        return found.astype(np.int64) if fault == "measure type" else found

    def with_alternatives(self, groups, seed):
        fault = os.environ.get("FAULT")
        if fault == "alternatives order":
            return groups.take(np.arange(len(groups))[::-1])
        two = np.repeat(np.arange(len(groups)), 2)
        inputs, labels = groups.inputs[two], groups.labels[two]
        if fault == "alternatives input":
            inputs[5] = inputs[5][::-1].copy()
            inputs[5, 0] = inputs[5, 0] % 3 + 1
        if fault == "alternatives first":
            labels[4, 0] = labels[4, 0] % 3 + 1
        if fault == "alternatives tokens":
            labels[5, 2] = 9
        return replace(groups, sizes=groups.sizes * 2, inputs=inputs, labels=labels)

    def solve(self, inputs):
        fault, counts = os.environ.get("FAULT"), np.ones(len(inputs), np.int64)
        if fault == "solve counts":
            counts[-1:] = 3
        return Solutions(counts.astype(np.int32) if fault == "solve type" else counts, inputs[:, ::-1].copy())

    def check(self, inputs, labels):
        found, fault = super().check(inputs, labels), os.environ.get("FAULT")
        return found.astype(np.int64) if fault == "check type" else found[1:] if fault == "check lost" else found

    def num_variants(self, groups):
        found = super().num_variants(groups)
        return found * 0 if os.environ.get("FAULT") == "no variants" else found

    def augment(self, groups, seed, start, counts):
        inputs, labels = super().augment(groups, seed, start, counts)
        fault, late = os.environ.get("FAULT"), np.repeat(groups.candidates, counts) == 23
        if not late.any() or not (fault or "").startswith("variants"):
            return inputs, labels
        if fault == "variants raise":
            raise ZeroDivisionError("in the middle")
        if fault == "variants refused":
            raise InputError("there are fewer")
        if fault == "variants types":
            return inputs.astype(np.int16), labels
        if fault == "variants lost":
            return inputs[1:], labels[1:]
        if fault == "variants tokens":
            labels[late, 2] = 200
        if fault == "variants empty":
            inputs[late] = 0
        if fault == "variants base":
            inputs[np.flatnonzero(late)[0]] = 1
        if fault == "variants clock":
            labels[late & (np.arange(len(labels)) != np.flatnonzero(late)[0]), 0] = 1 + next(CLOCK) % 3
        return inputs, labels


FAMILY = replace(PLAIN, name="faulty", build=lambda size, options: FaultyTask(), suppliers=("made", "lines"))
"""

IN_GENERATE = "mend faulty_package.FaultyTask.generate (trmpipe.generators.testing.TaskConformance tests the rule)"
FAULTS = {
    "types": ("types", "labels are int64 [4, 6], expected uint8 [4, 6]", IN_GENERATE),
    "shapes": ("shapes", "inputs are uint8 [4, 5], expected uint8 [4, 6]", IN_GENERATE),
    "tokens": ("tokens", "at candidate 7 (training candidates 4 to", "cell 3 of its input holds 4, expected 0 to 3"),
    "empty": ("no empty sequences", "at candidate 7 (training candidates 4 to", "its label is all pad"),
    "raises": ("no errors", "at candidate 7 (training candidates 4 to", "KeyError: 'seven' (__init__.py, line "),
    "candidates": ("candidates", "held-out candidates 0 to 3", "they are 3, 2, 1, 0, expected numbers of the range"),
    "list": ("shapes", "held-out candidates 0 to 3", "it gives list, expected Groups"),
    "clock": ("the same again", "at candidate 3", "asked for alone it is another puzzle than among others"),
    "examine order": ("the same puzzles", "at candidates 0 to 3", "or in another order; mend faulty_package.Faulty"),
    "examine digests": ("shapes", "digests are uint8 [4, 16], expected uint8 [4, 32]", "FaultyTask.examine ("),
    "examine raises": ("no errors", "at candidates 0 to 3", "RuntimeError: two lines (__init__.py, line "),
    "rate": ("ratings", "at candidate 0 (", "a rating is -1.0, expected 0 or more", "FaultyTask.rate ("),
    "rate infinite": ("ratings", "at candidate 0 (", "a rating is inf, expected 0 or more", "FaultyTask.rate ("),
    "spec measure": ("spec", "at its spec", "it has a measure 'row2', expected small letters and underscores"),
    "spec column": ("spec", "at its spec", "it has a measure 'difficulty', expected"),
    "spec cells": ("spec", "at its spec", "the grid shape is (257, 257), expected rows and columns, 65,536 cells"),
    "spec vocabulary": ("spec", "at its spec", "the vocabulary is '_aa', expected 2 to 256 different printable"),
    "measure nan": ("measures", "at candidate ", "nan, expected numbers from 0 on", "FaultyTask.measure ("),
    "measure below": ("measures", "at candidate ", "-1.0, expected numbers from 0 on", "FaultyTask.measure ("),
    "measure type": ("types", "measures are int64 [4, 1], expected float64 [4, 1]", "FaultyTask.measure ("),
    "alternatives order": ("the same puzzles", "or in another order", "FaultyTask.with_alternatives ("),
    "alternatives input": ("alternatives", "at candidate 2 (", "an example asks for another puzzle, or the first"),
    "alternatives first": ("alternatives", "at candidate 2 (", "the first answer is another one; mend faulty_package"),
    "alternatives tokens": ("tokens", "at candidate 2 (", "cell 2 of its label holds 9, expected 0 to 3"),
    "no variants": ("numbers of variants", "at candidate 0 (", "0, expected 1 (the base) to 6", "num_variants ("),
}
"""Before the first part is written."""

MIDWAY = {
    "variants raise": ("no errors", "at candidate 23 (", "ZeroDivisionError: in the middle (__init__.py, line "),
    "variants refused": ("numbers of variants", "num_variants promised as many, and augment says: there are fewer"),
    "variants types": ("types", "inputs are int16 [", "FaultyTask.augment ("),
    "variants lost": ("shapes", "inputs are uint8 [", "FaultyTask.augment ("),
    "variants tokens": ("tokens", "at candidate 23 (", "cell 2 of its label holds 200, expected 0 to 3"),
    "variants empty": ("no empty sequences", "at candidate 23 (", "its input is all pad"),
    "variants base": ("variant 0 is the base", "at candidate 23 (", "it differs from the puzzle"),
    "variants clock": ("the same again", "at candidate 23 (variant 1", "it is another one than among others"),
}
"""When other parts are there already."""

OF_LINES = {
    "solve type": ("types", "counts are int32 [2], expected int64 [2]", "FaultyTask.solve ("),
    "solve counts": ("solutions", "they are 1, 3, expected 0, 1, or 2 for several", "FaultyTask.solve ("),
    "check type": ("types", "verdicts are int64 [2], expected bool [2]", "FaultyTask.check ("),
    "check lost": ("shapes", "verdicts are bool [1], expected bool [2]", "FaultyTask.check ("),
}
"""When puzzles and answers come from a file."""


@pytest.fixture(autouse=True)
def faulty(tmp_path_factory, monkeypatch):
    """The package, installed."""
    folder = tmp_path_factory.mktemp("site")
    (folder / "faulty_package").mkdir()
    (folder / "faulty_package" / "__init__.py").write_text(PACKAGE)
    metadata = folder / "faulty_package-1.5.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: faulty-package\nVersion: 1.5\n")
    (metadata / "entry_points.txt").write_text("[trmpipe.tasks]\nfaulty = faulty_package:FAMILY\n")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "faulty_package", raising=False)
    registry.forget()
    yield folder
    monkeypatch.undo()
    registry.forget()


ARGUMENTS = ("generate", "faulty", "--n", 20, "--test", 4, "--aug", 2, "--shard-groups", 4, "--workers", 1)


def refused(trmpipe, out):
    done = trmpipe(*ARGUMENTS, "--out", out)
    assert done.code == 1, done.err
    assert not (out / "manifest.json").exists()
    return done.message


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_refused_with_task_group_and_rule(trmpipe, tmp_path, monkeypatch, fault):
    monkeypatch.setenv("FAULT", fault)
    said, (rule, *words) = refused(trmpipe, tmp_path / "c"), FAULTS[fault]
    assert said.startswith(f'trmpipe: faulty6 breaks the rule "{rule}" at ')
    assert [word for word in words if word not in said] == [], said
    assert not (tmp_path / "c").exists() or not list((tmp_path / "c").glob("*/*.tar"))


@pytest.mark.parametrize("fault", OF_LINES)
def test_what_a_task_says_of_a_file_s_puzzles_is_looked_at(trmpipe, tmp_path, monkeypatch, fault):
    lines = tmp_path / "words.csv"
    lines.write_text("question,answer\nabcabc,cbacba\naabbcc,ccbbaa\n")
    arguments = ("generate", "faulty", "--input", lines, "--n", 2, "--test", 0, "--workers", 1)
    monkeypatch.setenv("FAULT", "check nothing")  # The same declarations, and no fault.
    assert trmpipe(*arguments, "--out", tmp_path / "sound").code == 0
    monkeypatch.setenv("FAULT", fault)
    done, (rule, *words) = trmpipe(*arguments, "--out", tmp_path / "c"), OF_LINES[fault]
    assert done.code == 1
    assert done.message.startswith(f'trmpipe: faulty6 breaks the rule "{rule}" at a block of 2 puzzles')
    assert [word for word in words if word not in done.message] == [], done.message


@pytest.mark.parametrize("fault", MIDWAY)
def test_what_is_finished_stays_whole(trmpipe, tmp_path, monkeypatch, fault):
    clean = json.loads(trmpipe(*ARGUMENTS, "--out", tmp_path / "clean", "--json").out)
    monkeypatch.setenv("FAULT", fault)
    said, (rule, *words) = refused(trmpipe, tmp_path / "c"), MIDWAY[fault]
    assert said.startswith(f'trmpipe: faulty6 breaks the rule "{rule}" at ')
    assert [word for word in words if word not in said] == [], said
    written = {path.relative_to(tmp_path / "c"): path.read_bytes() for path in (tmp_path / "c").glob("*/*.tar")}
    assert written
    for path, data in written.items():
        assert (tmp_path / "clean" / path).read_bytes() == data
    monkeypatch.delenv("FAULT")
    mended = json.loads(trmpipe(*ARGUMENTS, "--out", tmp_path / "c", "--json").out)
    assert mended["content_digest"] == clean["content_digest"]
    assert (mended["units_kept"] > 0, mended["remade"]) == (True, {})
    assert trmpipe("verify", tmp_path / "c").code == 0


@pytest.mark.parametrize("fault", ["variants raise"])
def test_a_worker_in_a_process_of_its_own_says_the_same(trmpipe_process, faulty, tmp_path, fault):
    environment = {"FAULT": fault, "PYTHONPATH": f"{faulty}:{os.environ.get('PYTHONPATH', '')}"}
    arguments = [*ARGUMENTS[:-1], 5, "--out", tmp_path / "c"]
    done = trmpipe_process(*arguments, env=environment)
    assert done.code == 1
    assert done.message.startswith(f'trmpipe: faulty6 breaks the rule "{(FAULTS | MIDWAY)[fault][0]}" at ')


def test_a_corpus_that_does_not_come_out_again_names_the_package(trmpipe, faulty, tmp_path):
    """What no sample shows: a task whose puzzles depend on something else, here on another version of it."""
    assert trmpipe(*ARGUMENTS, "--out", tmp_path / "c").code == 0
    assert "the task by faulty-package 1.5" in trmpipe("inspect", tmp_path / "c").out
    same = trmpipe("regenerate", tmp_path / "c", "--out", tmp_path / "same")
    assert (same.code, "content equal" in same.out) == (0, True)
    note = "note: made by faulty-package 1.5; if its code was changed since, delete it, or give --out a new folder"
    assert note in trmpipe(*ARGUMENTS, "--out", tmp_path / "c").out
    change(faulty, "super().generate(seed, ", "super().generate(seed + 1, ")
    again = trmpipe("regenerate", tmp_path / "c", "--out", tmp_path / "again")
    assert (again.code, "from the same faulty-package 1.5: its code is another one than it was" in again.out) == (
        1,
        True,
    )
    (faulty / "faulty_package-1.5.dist-info").rename(faulty / "faulty_package-1.6.dist-info")
    metadata = faulty / "faulty_package-1.6.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace("1.5", "1.6"))
    registry.forget()
    note = "note: made by faulty-package 1.5, this is faulty-package 1.6; delete it, or give --out a new folder"
    assert note in trmpipe(*ARGUMENTS, "--out", tmp_path / "c").out
    later = trmpipe("regenerate", tmp_path / "c", "--out", tmp_path / "later")
    assert "its task was that of faulty-package 1.5, here it is that of 1.6: run `pip install faulty-package==1.5`" in (
        later.out
    )


def change(faulty, old, new):
    """Change the package's code, and look at it anew."""
    path = faulty / "faulty_package" / "__init__.py"
    text = path.read_text()
    assert text.count(old) == 1
    path.write_text(text.replace(old, new) + f"# {len(text)} characters were there before\n")
    sys.modules.pop("faulty_package", None)
    importlib.invalidate_caches()
    registry.forget()
    code_key.cache_clear()


def test_a_package_with_no_family_is_told_what_was_expected(trmpipe, faulty, tmp_path):
    points = faulty / "faulty_package-1.5.dist-info" / "entry_points.txt"
    points.write_text("[trmpipe.tasks]\nfaulty = faulty_package:FaultyTask\n")
    registry.forget()
    done = trmpipe(*ARGUMENTS, "--out", tmp_path / "c")
    assert (done.code, "it is of type ABCMeta, expected Family; mend the package" in done.message) == (1, True)


def test_a_task_that_cannot_be_made_is_told_so(trmpipe, faulty, tmp_path):
    change(faulty, "build=lambda size, options: FaultyTask()", "build=lambda size: FaultyTask()")
    done = trmpipe(*ARGUMENTS, "--out", tmp_path / "c")
    assert done.code == 1
    assert re.search(r"a task of 'faulty' cannot be made: TypeError: .*; mend the package", done.message)
