"""Generation that goes wrong for real: one line says how, nothing is half-written, and a second run mends it."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.clean import assert_equals_clean
from tests.disks import tiny_disk, unwritable
from trmpipe.pipeline import ClusterError, Recipe, generate

RECIPE = Recipe(task="sudoku6", n=60, aug=1000, test=10, shard_groups=3)
COMMAND = ["generate", "sudoku", "--size", "6", "--n", "60", "--aug", "1000", "--test", "10", "--shard-groups", "3"]


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The corpus as an undisturbed run writes it."""
    return generate(RECIPE, str(tmp_path_factory.mktemp("clean") / "corpus"))


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--size", "5"], 2, "there is no sudoku of size 5; expected one of 4, 6, 9, 16"),
        (["--n", "ten"], 2, "--n is ten; expected 1 to 2147483647 (see `trmpipe generate sudoku --help`)"),
        (["--n", "0"], 2, "--n is 0; expected 1 to 2147483647"),
        (["--aug", "-1"], 2, "--aug is -1; expected 0 to"),
        (["--seed", "-1"], 2, "--seed is -1; expected 0 to"),
        (["--format", "tar"], 2, "no shard format is called 'tar'; known: webdataset, zarr"),
        (["--workers", "0"], 2, "--workers is 0; expected 1 to"),
        (["--speed", "9"], 2, "No such option"),
        (
            ["--difficulty", "tough"],
            2,
            "difficulty is 'tough'; expected MIN:MAX of numbers such as 5:10, 5: or :10, or",
        ),
        (["--difficulty", "9:5"], 2, "difficulty is '9:5'; expected the smaller number first, as in 5:9"),
        (["--clues", "9:16"], 2, "a 9x9 puzzle with one solution has 17 to 81"),
        (
            ["--size", "16", "--clues", "95"],
            2,
            "16x16 puzzles cannot be asked for by clues: no bound on the time is known",
        ),
        (["--pattern", "spiral"], 2, "pattern is 'spiral'; expected one of half-turn, quarter-turn"),
        (
            ["--size", "4", "--difficulty", "7:8", "--n", "3"],
            1,
            "32 puzzles of sudoku4 made in a row miss --difficulty 7:8",
        ),
        (["--size", "4", "--n", "29"], 1, "28 distinct training ones were found among"),
        (["--input", "nowhere.txt"], 1, "cannot read nowhere.txt: No such file or directory"),
        (["--test-input", "here.txt"], 2, "--test-input needs --input"),
        (["--drop-improper"], 2, "--drop-improper goes with --input or --test-input; give that too, or leave it out"),
        (["--input", "here.txt", "--size", "4"], 1, "here.txt line 1: a 4x4 puzzle has 16 characters, this one 81"),
        (["--input", "here.txt"], 1, "here.txt line 2: the puzzle has several solutions, expected exactly one"),
        (["--out", "here.txt"], 1, "here.txt is a file; give --out a folder"),
        (["--out", "nosuch://x/y"], 2, "--out: cannot open nosuch://x/y: the protocol 'nosuch' is none of file, local"),
        (["--scheduler", "tcp://127.0.0.1:9"], 1, "no Dask scheduler answers at tcp://127.0.0.1:9"),
    ],
)
def test_a_mistake_gets_one_line_and_writes_nothing(trmpipe, tmp_path, monkeypatch, arguments, code, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trmpipe.pipeline.cluster._CONNECT_SECONDS", 1)
    monkeypatch.setattr("trmpipe.pipeline.suppliers.made._PATIENCE", 32)
    puzzle = "4...3.......6..8..........1....5..9..8....6...7.2........1.27..5.3....4.9........"
    (tmp_path / "here.txt").write_text(f"{puzzle}\n{puzzle.replace('8', '.')}\n")
    result = trmpipe("generate", "sudoku", *arguments)
    assert result.code == code
    assert message in result.message
    assert os.listdir(tmp_path) == ["here.txt"]


def test_a_wrong_answer_in_a_file_is_named(trmpipe, tmp_path):
    path = tmp_path / "p.csv"
    path.write_text(
        "source,question,answer,rating\nx,..34341221434321,1234341221434321,0\nx,123434122143432.,2" + "1" * 15
    )
    result = trmpipe("generate", "sudoku", "--size", "4", "--input", path, "--out", tmp_path / "c")
    assert result.code == 1
    assert "p.csv line 3: the answer given is not the puzzle's solution; mend the line, or drop" in result.message
    made = trmpipe("generate", "sudoku", "--size", "4", "--input", path, "--drop-improper", "--out", tmp_path / "c")
    assert (made.code, "1 training puzzle " in made.out) == (0, True), made.err


def test_another_recipe_on_the_same_folder_is_refused(trmpipe, corpus6):
    before = sorted(corpus6.rglob("*"))
    result = trmpipe("generate", "sudoku", "--size", "6", "--n", "41", "--aug", "30", "--test", "20", "--out", corpus6)
    assert result.code == 1
    assert "holds a corpus of another recipe (n 40 there, 41 asked for)" in result.message
    assert sorted(corpus6.rglob("*")) == before


def test_a_folder_with_other_things_is_refused(trmpipe, tmp_path):
    (tmp_path / "thesis.tex").write_text("x")
    result = trmpipe(*COMMAND, "--out", tmp_path)
    assert result.code == 1
    assert "is not empty and holds no corpus" in result.message
    assert os.listdir(tmp_path) == ["thesis.tex"]


def test_a_full_disk_is_named_and_a_second_run_completes(trmpipe, tmp_path, monkeypatch, clean):
    # As of a disk that others fill meanwhile.
    monkeypatch.setattr("trmpipe.pipeline.estimate._free_bytes", lambda store: None)
    mount = tmp_path / "disk"
    mount.mkdir()
    with tiny_disk(mount, "1m") as disk:
        if disk is None:
            pytest.skip("mounting a small disk needs root; test_shards_faults covers a limit that does not")
        result = trmpipe(*COMMAND, "--out", disk / "c")
        assert result.code == 1
        assert "No space left on device; make room or choose another folder" in result.message
        assert not (disk / "c" / "manifest.json").exists()
        assert not list((disk / "c").rglob(".*tmp*"))
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        result = trmpipe(*COMMAND, "--out", disk / "c", "--json")
        assert result.code == 0
        assert json.loads(result.out)["units_kept"] > 0
        assert_equals_clean(disk / "c", clean)


def test_an_unwritable_folder_is_named(trmpipe, tmp_path):
    with unwritable(tmp_path) as folder:
        result = trmpipe(*COMMAND, "--out", f"{folder}/c")
    assert result.code == 1
    assert f"cannot write {folder}/c" in result.message


def test_a_process_killed_while_it_writes_is_completed_by_the_same_command(trmpipe, tmp_path, clean):
    out = tmp_path / "c"
    command = [sys.executable, "-m", "trmpipe", *COMMAND, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while not list(out.glob(".progress/train-*.json")) and time.monotonic() < deadline:
        time.sleep(0.001)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (out / "manifest.json").exists()
    (out / "train" / ".shard-000001.tar.tmp-0123").write_bytes(b"half")
    assert "unfinished corpus" in trmpipe("inspect", out).message
    result = trmpipe(*COMMAND, "--out", out, "--json")
    assert result.code == 0
    told = json.loads(result.out)
    assert told["units_kept"] > 0
    assert told["units_kept"] + told["units_written"] == clean.written
    assert_equals_clean(out, clean)


def test_a_shard_cut_off_under_its_name_is_written_again(tmp_path, clean):
    """As after a power cut on a file system that does not keep its promises."""
    out = tmp_path / "c"
    stop_after_writing(out, parts=3)
    shard = sorted((out / "train").glob("*.tar"))[0]
    os.truncate(shard, 1000)
    generate(RECIPE, str(out))
    assert_equals_clean(out, clean)


def test_records_of_other_sources_are_not_trusted(tmp_path, monkeypatch, clean):
    out = tmp_path / "c"
    with monkeypatch.context() as patch:
        patch.setattr("trmpipe.pipeline.resume.code_key", lambda: "older")
        stop_after_writing(out, parts=3)
    outcome = generate(RECIPE, str(out))
    assert outcome.kept == 0
    assert outcome.remade["the saved plan is of other code"] == 1
    assert outcome.remade["the record is of another plan"] >= 3
    assert_equals_clean(out, clean)


def test_a_finished_corpus_that_lost_a_shard_is_completed(trmpipe, tmp_path, clean):
    out = tmp_path / "c"
    generate(RECIPE, str(out))
    assert "is complete already: nothing to do" in trmpipe(*COMMAND, "--out", out).out
    os.unlink(sorted((out / "train").glob("*.tar"))[2])
    assert trmpipe(*COMMAND, "--out", out).code == 0
    assert_equals_clean(out, clean)


class StopError(Exception):
    """The stage was far enough."""


class StopAfter:
    """A listener that breaks the run off after some parts of the writing stage."""

    def __init__(self, parts, act):
        self.parts, self.act, self.stage = parts, act, ""

    def start(self, stage, total):
        self.stage = stage

    def advance(self, done):
        if self.stage == "writing variants" and done:
            self.parts -= 1
            if self.parts == 0:
                self.act()

    def finish(self):
        pass


def stop_after_writing(out, parts):
    def stop():
        raise StopError

    with pytest.raises(StopError):
        generate(RECIPE, str(out), progress=StopAfter(parts, stop))
    assert not (out / "manifest.json").exists()


@pytest.fixture
def processes():
    """A Dask cluster of two worker processes on loopback."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL"
    ) as cluster:
        yield cluster


def test_a_worker_killed_mid_shard_changes_nothing(processes, tmp_path, clean):
    pids = [worker.pid for worker in processes.workers.values()]

    def kill():
        os.kill(pids[0], signal.SIGKILL)

    listener = StopAfter(2, kill)
    outcome = generate(RECIPE, str(tmp_path / "c"), scheduler=processes.scheduler_address, progress=listener)
    assert listener.parts <= 0
    assert outcome.written == clean.written
    assert_equals_clean(tmp_path / "c", clean)


def test_what_a_killed_worker_leaves_is_no_part_of_the_corpus(tmp_path, clean):
    def leave():
        (tmp_path / "c" / "train" / ".shard-000001.tar.tmp-0123").write_bytes(b"half")

    generate(RECIPE, str(tmp_path / "c"), progress=StopAfter(2, leave))
    assert_equals_clean(tmp_path / "c", clean)


def test_an_error_while_work_is_pending_is_one_line(trmpipe_process, tmp_path):
    (tmp_path / "p.txt").write_text("1...............\n" + "1234341221434321\n" * 20_000)
    result = trmpipe_process("generate", "sudoku", "--size", 4, "--input", tmp_path / "p.txt", "--out", tmp_path / "c")
    assert result.code == 1
    assert "line 1: the puzzle has several solutions" in result.message
    assert "Exception ignored" not in result.err


def test_a_scheduler_without_workers_is_named(tmp_path):
    from distributed import LocalCluster

    with (
        LocalCluster(n_workers=0, dashboard_address="127.0.0.1:0", silence_logs="CRITICAL") as cluster,
        pytest.raises(ClusterError, match="has no workers; start some with `dask worker tcp://"),
    ):
        generate(RECIPE, str(tmp_path / "c"), scheduler=cluster.scheduler_address)


def test_workers_with_other_sources_are_refused(tmp_path, monkeypatch):
    keys = iter(["driver", *["worker"] * 1000])
    monkeypatch.setattr("trmpipe.pipeline.cluster.code_key", lambda *folders: next(keys))
    with pytest.raises(ClusterError, match="install the same versions on all workers"):
        generate(RECIPE, str(tmp_path / "c"))
    assert not (tmp_path / "c").exists()


SLOW = """
import sys, time
from trmpipe.cli.main import main
from trmpipe.shards import Store
write = Store.write
Store.write = lambda *args: (time.sleep(0.3), write(*args))[1]
main(sys.argv[1:])
"""
"""The program with a slow disk, so that it cannot end before it is interrupted."""


def test_interrupting_says_how_to_go_on(tmp_path, clean):
    out = tmp_path / "c"
    command = [sys.executable, "-c", SLOW, *COMMAND, "--out", str(out)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    timer = threading.Timer(60, process.kill)
    timer.start()
    while not (out / ".progress" / "plan.json").exists() and process.poll() is None:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    timer.cancel()
    assert process.returncode == 130
    assert [line for line in err.splitlines() if line.startswith("trmpipe:")] == [
        "trmpipe: interrupted; run the same command again to go on"
    ]
    assert "Traceback" not in err
    generate(RECIPE, str(out))
    assert_equals_clean(out, clean)
