"""Faults made for real: damaged files, full disks, read-only mounts. Each is named in one line."""

import errno
import os
import resource
import subprocess
import sys
import threading

import pytest

from tests.disks import tiny_disk, unwritable
from tests.shards_corpora import edit_manifest, make_corpus, split_layout, write_unit
from trmpipe.shards import CODECS, Corpus, DamagedError, Store, Stream, WriteError, verify

TRAIN = (9, 3, 1, 8, 4)


@pytest.fixture(params=CODECS.names())
def corpus(request, tmp_path):
    make_corpus(tmp_path / "toy", request.param, TRAIN)
    return Corpus.open(tmp_path / "toy")


def first_shard(corpus):
    return corpus.manifest.splits["train"].shards[0].files[-1]


def read_all(corpus):
    stream = Stream([corpus], seed=0, batch_size=5)
    return stream.batch(0)


def found_by_both(path, *words):
    """The fault is reported by verify and raised by the first batch of training, each in one line."""
    problems = verify(Corpus.open(path)).problems
    with pytest.raises(DamagedError) as error:
        read_all(Corpus.open(path))
    for line in (problems[0], str(error.value)):
        assert all(word in line for word in words), line
        assert "\n" not in line
    assert len(problems) == 1


def test_a_sound_corpus_has_no_problems(corpus):
    found = verify(corpus)
    assert found.problems == ()
    assert found.content_digest == corpus.manifest.content_digest
    assert found.num_files == len(corpus.store.list_files()) - 1
    read_all(corpus)


def test_a_truncated_shard_is_found(corpus):
    record = first_shard(corpus)
    path = corpus.store.locate(record.path)
    os.truncate(path, record.size_bytes - 100)
    found_by_both(
        corpus.path, path, f"has {record.size_bytes - 100} bytes", f"expected {record.size_bytes}", "generate it again"
    )


@pytest.mark.parametrize("position", [0, 700, -1])
def test_a_flipped_bit_is_found(corpus, position):
    record = first_shard(corpus)
    path = corpus.store.locate(record.path)
    with open(path, "r+b") as file:
        place = position % record.size_bytes
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ 4]))
    found_by_both(corpus.path, path, "SHA-256 is", record.sha256, "generate it again")


def test_a_missing_shard_is_found(corpus):
    path = corpus.store.locate(first_shard(corpus).path)
    os.unlink(path)
    found_by_both(corpus.path, path, "No such file")


def test_a_stray_file_is_found_and_does_no_harm(corpus):
    corpus.store.write("train/stray.tar", b"x")
    assert verify(corpus).problems == (f"{corpus.store.locate('train/stray.tar')} is not in the manifest; delete it",)
    read_all(corpus)


def test_a_stale_temporary_is_found_and_does_no_harm(corpus):
    path = corpus.store.locate(first_shard(corpus).path)
    folder, name = os.path.split(path)
    with open(f"{folder}/.{name}.tmp-0123", "wb") as file:
        file.write(b"half")
    assert len(verify(corpus).problems) == 1
    read_all(corpus)
    corpus.store.remove_temporaries()
    assert verify(corpus).problems == ()


def test_a_damaged_catalog_is_found(corpus):
    path = corpus.store.locate("catalog.parquet")
    with open(path, "r+b") as file:
        file.seek(40)
        file.write(b"\0\0\0\0")
    found_by_both(corpus.path, path, "SHA-256")


def test_content_that_is_not_the_manifests_is_found(corpus):
    """Every file as the manifest says, yet another content: a manifest put together wrongly."""
    edit_manifest(corpus.path, lambda value: value.update(content_digest="0" * 64))
    (problem,) = verify(corpus).problems
    assert corpus.manifest.content_digest in problem
    assert "0" * 64 in problem


def test_every_damaged_file_is_listed(corpus):
    for record in corpus.manifest.all_files():
        os.truncate(corpus.store.locate(record.path), record.size_bytes - 1)
    problems = verify(corpus).problems
    assert len(problems) == len(corpus.manifest.all_files())


def write_and_fail(root):
    layout = split_layout("train", [500] * 40, group_block=40, variant_block=500)
    with pytest.raises(WriteError) as error:
        write_unit(Store(root), "webdataset", layout, 0)
    assert "\n" not in str(error.value)
    return error.value


def test_a_full_disk_leaves_nothing_half_written(tmp_path):
    with tiny_disk(tmp_path) as disk:
        if disk is None:
            return fail_at_file_size_limit(tmp_path)
        error = write_and_fail(disk)
        assert "No space left on device; make room or choose another folder" in str(error)
        assert f"{tmp_path}/train/shard-000000.tar" in str(error)
        assert error.__cause__.errno == errno.ENOSPC
        assert Store(disk).list_files() == []
    return None


FILE_SIZE_LIMIT = """
import resource, signal, sys
from tests.fault.test_shards_faults import write_and_fail
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 10, 64 << 10))
print(write_and_fail(sys.argv[1]))
"""


def fail_at_file_size_limit(folder):
    """The kernel refuses to write more than 64 KiB to a file: what a user without rights can have of a full disk."""
    command = [sys.executable, "-c", FILE_SIZE_LIMIT, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120)
    assert "File too large; make room or choose another folder" in done.stdout
    assert Store(folder).list_files() == []


def test_a_file_size_limit_leaves_nothing_half_written(tmp_path):
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    fail_at_file_size_limit(tmp_path)


def test_an_unwritable_folder_is_named(tmp_path):
    with unwritable(tmp_path) as folder:
        error = write_and_fail(f"{folder}/toy")
    assert f"cannot write {folder}/toy/train/shard-000000.tar: " in str(error)


def test_two_writers_of_one_shard_do_not_disturb_each_other(tmp_path):
    """A scheduler may start a unit again while its first writer still runs."""
    layout = split_layout("train", TRAIN)
    threads = [threading.Thread(target=write_unit, args=(Store(tmp_path), "webdataset", layout, 0)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    record = write_unit(Store(tmp_path / "alone"), "webdataset", layout, 0)
    for shard in record.shards:
        for file in shard.files:
            assert (tmp_path / file.path).read_bytes() == (tmp_path / "alone" / file.path).read_bytes()
    assert not [path for path in Store(tmp_path).list_files() if ".tmp-" in path]
