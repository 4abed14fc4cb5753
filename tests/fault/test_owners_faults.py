"""One owner of a folder at a time: of several commands one goes on, the others get a line and leave nothing."""

import json
import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from tests.clusters import work_here
from trmpipe.pipeline import Recipe, RecipeError, generate
from trmpipe.shards import CATALOG, PROGRESS, Corpus, Store, verify
from trmpipe.shards import ownership as ownership_module
from trmpipe.shards.errors import OwnedError
from trmpipe.shards.ownership import owned

RECIPE = Recipe(task="sudoku4", n=6, aug=3, test=2)

RACER = """
import sys, time
from trmpipe.cli.main import run
from trmpipe.generators.registry import get_task
get_task("sudoku4", {})
import trmpipe.pipeline, distributed
print("ready", flush=True)
sys.stdin.readline()
sys.exit(run(sys.argv[1:]))
"""


def start(seed, out):
    options = ["--size", "4", "--n", "8", "--aug", "20", "--test", "2", "--seed", str(seed), "--shard-groups", "2"]
    command = [sys.executable, "-c", RACER, "generate", "sudoku", *options, "--workers", "1", "--out", str(out)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


@pytest.mark.parametrize("seeds", [(0, 1), (0, 0)])
def test_of_racing_commands_one_goes_on(tmp_path, seeds):
    out = tmp_path / "deep" / "corpus"
    racers = [start(seed, out) for seed in seeds]
    for racer in racers:
        assert racer.stdout.readline() == "ready\n"
    for racer in racers:
        racer.stdin.write("go\n")
        racer.stdin.flush()
    ends = [racer.communicate(timeout=100) for racer in racers]
    codes = [racer.returncode for racer in racers]
    for code, (_, err) in zip(codes, ends, strict=True):
        lines = [line for line in err.splitlines() if line.startswith("trmpipe: ")]
        assert len(lines) == code, err
        assert "Traceback" not in err
    # One that started late finds the other's corpus, or its own.
    assert 0 in codes
    assert set(codes) <= {0, 1}
    winner = seeds[codes.index(0)]
    corpus = Corpus.open(out)
    assert corpus.manifest.recipe["seed"] == winner
    assert verify(corpus).problems == ()
    assert not (out / PROGRESS).exists()
    alone = generate(Recipe.from_json(corpus.manifest.recipe), str(tmp_path / "alone"), workers=1)
    assert alone.manifest == corpus.manifest


def test_a_second_command_is_told_who_is_at_work_and_writes_nothing(trmpipe, tmp_path):
    store = Store(tmp_path / "c")
    with owned(store, PROGRESS):
        before = sorted(path for path in tmp_path.rglob("*"))
        result = trmpipe("generate", "sudoku", "--size", 4, "--n", 6, "--out", tmp_path / "c")
        assert result.code == 1
        assert f"another command is writing {tmp_path}/c (process {os.getpid()} on " in result.message
        assert sorted(path for path in tmp_path.rglob("*")) == before
    assert list(tmp_path.iterdir()) == []


def test_a_killed_owners_folder_is_free_at_once(tmp_path):
    code = "import sys, time; from trmpipe.shards import Store; from trmpipe.shards.ownership import owned\n"
    code += "with owned(Store(sys.argv[1]), '.progress'): print('owned', flush=True); time.sleep(100)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "c")], stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline() == "owned\n"
    with pytest.raises(OwnedError, match=f"process {holder.pid} on"):
        generate(RECIPE, str(tmp_path / "c"))
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert (tmp_path / "c" / PROGRESS / ".owner.json").exists()
    started = time.monotonic()
    with owned(Store(tmp_path / "c"), PROGRESS):
        assert time.monotonic() - started < 5
    assert generate(RECIPE, str(tmp_path / "c")).written > 0
    assert not (tmp_path / "c" / PROGRESS).exists()


def test_many_threads_own_one_after_the_other(tmp_path):
    """With a folder that each owner removes in the end, and the next one makes again."""
    inside, most, rounds = [], [], []

    def work():
        while len(rounds) < 60:
            try:
                with owned(Store(tmp_path / "c"), PROGRESS):
                    inside.append(1)
                    most.append(len(inside))
                    inside.pop()
                    rounds.append(1)
            except OwnedError:
                pass

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(most) == {1}


def test_a_command_that_fails_before_it_writes_leaves_no_folder(trmpipe, tmp_path):
    out = tmp_path / "deep" / "corpus"
    assert trmpipe("generate", "sudoku", "--size", 4, "--n", 40, "--aug", 1, "--out", out).code == 1
    assert list(tmp_path.iterdir()) == []


class Act:
    """A listener that does something when the first unit is written."""

    def __init__(self, act):
        self.act, self.stage = act, ""

    def start(self, stage, total):
        self.stage = stage

    def advance(self, done):
        if self.stage == "writing variants" and done and self.act:
            act, self.act = self.act, None
            act()

    def finish(self):
        pass


def test_a_plan_that_changes_meanwhile_stops_the_command(tmp_path):
    plan = tmp_path / "c" / PROGRESS / "plan.json"
    with pytest.raises(RecipeError, match=r"plan\.json was changed while this command was writing"):
        generate(RECIPE, str(tmp_path / "c"), progress=Act(lambda: plan.write_bytes(plan.read_bytes() + b"\n")))
    assert not (tmp_path / "c" / "manifest.json").exists()


def test_a_plan_that_changes_while_the_catalog_is_written_stops_the_command(tmp_path, monkeypatch):
    plan = tmp_path / "c" / PROGRESS / "plan.json"
    write = Store.write

    def write_and_change(store, path, data):
        write(store, path, data)
        if path == CATALOG:
            plan.write_bytes(plan.read_bytes() + b"\n")

    monkeypatch.setattr(Store, "write", write_and_change)
    with pytest.raises(RecipeError, match=r"plan\.json was changed while this command was writing"):
        generate(RECIPE, str(tmp_path / "c"))
    assert not (tmp_path / "c" / "manifest.json").exists()


def test_a_lock_that_is_deleted_meanwhile_stops_the_command(tmp_path):
    lock = tmp_path / "c" / PROGRESS / ".lock"
    with pytest.raises(OwnedError, match=r"\.lock was deleted while this command was writing"):
        generate(RECIPE, str(tmp_path / "c"), progress=Act(lock.unlink))
    assert not (tmp_path / "c" / "manifest.json").exists()
    generate(RECIPE, str(tmp_path / "c"))
    assert verify(Corpus.open(tmp_path / "c")).problems == ()


def test_a_writer_that_was_given_up_for_dead_leaves_nothing(tmp_path):
    """It wakes when its command has ended, or the next one is at work."""
    store = Store(tmp_path / "c")
    with store.scratch(PROGRESS) as late:
        late.write("train/a", b"1")
    with pytest.raises(OSError, match="No such file or directory"):
        late.write("train/b", b"2")
    (tmp_path / "c" / "train" / "a").unlink()
    (tmp_path / "c" / "train").rmdir()
    with store.scratch(PROGRESS), pytest.raises(OSError, match="No such file or directory"):
        late.write("train/b", b"2")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert not (tmp_path / "c" / "train").exists()


@pytest.fixture
def memory(tmp_path):
    store = Store(f"memory://{tmp_path.name}/c")
    yield store
    store.remove("")


def test_leases_have_one_owner(memory):
    with (
        owned(memory, PROGRESS),
        pytest.raises(OwnedError, match="another command is writing"),
        owned(memory, PROGRESS),
    ):
        pass
    assert memory.list_files() == []
    generate(RECIPE, memory.url)
    assert not any(path.startswith(PROGRESS) for path in memory.list_files())


def test_a_stale_lease_is_taken_over_and_its_owner_writes_no_manifest(memory, monkeypatch):
    monkeypatch.setattr(ownership_module, "_STALE_SECONDS", 0.0)
    monkeypatch.setattr(ownership_module, "_SETTLE_SECONDS", 0.0)
    work_here(monkeypatch)
    with owned(memory, PROGRESS) as first:
        first.check()
        with owned(memory, PROGRESS) as second:
            second.check()
            before = memory.read(f"{PROGRESS}/.owner.json")
            with pytest.raises(OwnedError):
                first.check()
        memory.write(f"{PROGRESS}/.owner.json", before)
    assert memory.read(f"{PROGRESS}/.owner.json") == before, "a lost lease must not remove another's note"
    memory.remove("")

    def lose():
        memory.write(f"{PROGRESS}/.owner.json", before)

    with pytest.raises(OwnedError):
        generate(RECIPE, memory.url, progress=Act(lose))
    assert not memory.exists("manifest.json")
    assert memory.read(f"{PROGRESS}/.owner.json") == before
    assert generate(RECIPE, memory.url).kept > 0


def test_a_lease_is_renewed_and_notices_that_it_is_lost(memory, monkeypatch):
    monkeypatch.setattr(ownership_module, "_RENEW_SECONDS", 0.01)
    note = f"{PROGRESS}/.owner.json"
    with owned(memory, PROGRESS) as ownership:
        first = memory.read(note)
        wait_until(lambda: memory.read(note) != first)
        monkeypatch.setattr(ownership_module, "_RENEW_SECONDS", 100)
        other = ownership_module._Owner(pid=1).note()
        memory.write(note, other)
        wait_until(lambda: memory.read(note) == other)
        with pytest.raises(OwnedError, match="process 1 on"):
            ownership.check()
    assert memory.read(note) == other


def wait_until(holds):
    ended = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < ended
        time.sleep(0.005)


def test_of_two_that_replace_a_stale_lease_one_stays(memory, monkeypatch):
    monkeypatch.setattr(ownership_module, "_SETTLE_SECONDS", 0.2)
    stale = json.dumps({**json.loads(ownership_module._Owner(pid=1).note()), "renewed": 0.0}).encode()
    memory.write(f"{PROGRESS}/.owner.json", stale)
    owners, refused, started = [], [], threading.Barrier(2)
    ended, read = threading.Barrier(2), ownership_module._read_note

    def read_together(store, note):
        found = read(store, note)
        if found is not None and found.pid == 1:
            started.wait(30)
        return found

    monkeypatch.setattr(ownership_module, "_read_note", read_together)

    def work():
        try:
            with owned(memory, PROGRESS):
                owners.append(1)
                ended.wait(30)
        except OwnedError:
            refused.append(1)
            ended.wait(30)

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(owners), len(refused)) == (1, 1)
