"""Stores: whole files on any fsspec file system, and nothing half-written under a file's name."""

import errno
import os
import pickle

import pytest

from trmpipe.shards import DamagedError, Store, WriteError
from trmpipe.shards.files import is_temporary


@pytest.fixture(params=["local", "memory"])
def store(request, tmp_path):
    if request.param == "local":
        yield Store(tmp_path / "corpus")
        return
    memory = Store(f"memory://{tmp_path.name}/corpus")
    yield memory
    memory.remove("")


def test_reads_what_was_written(store):
    store.write("train/shard.tar", b"content")
    store.write("manifest.json", b"{}")
    assert store.read("train/shard.tar") == b"content"
    assert store.list_files() == ["manifest.json", "train/shard.tar"]
    assert store.list_folder() == ["manifest.json", "train"]
    assert store.exists("train/shard.tar")
    assert not store.exists("train/shard-1.tar")


def test_replaces_what_is_there(store):
    store.write("a", b"long content")
    store.write("a", b"short")
    assert store.read("a") == b"short"


def test_empty_root_lists_nothing(store):
    assert store.list_files() == []
    assert store.list_folder() == []
    assert not store.exists()


def test_missing_file_is_named(store):
    with pytest.raises(DamagedError, match=r"cannot read .*corpus/train/shard\.tar"):
        store.read("train/shard.tar")


def test_copies_find_the_same_files(store):
    store.write("a", b"1")
    copy = pickle.loads(pickle.dumps(store))
    assert copy.read("a") == b"1"
    assert copy.url == store.url


@pytest.mark.parametrize("moment", ["fsync", "replace"])
def test_a_failed_write_leaves_nothing(tmp_path, monkeypatch, moment):
    store = Store(tmp_path)
    store.write("train/a", b"before")

    def fail(*arguments):
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, moment, fail)
    with pytest.raises(WriteError, match=r"cannot write .*train/a: Input/output error; make room"):
        store.write("train/a", b"after")
    assert store.list_files() == ["train/a"]
    assert store.read("train/a") == b"before"


def test_leftovers_of_killed_writers_are_removed(tmp_path):
    store = Store(tmp_path)
    store.write("train/a", b"1")
    leftover = tmp_path / "train" / ".b.tmp-0123"
    leftover.write_bytes(b"half")
    assert [path for path in store.list_files() if is_temporary(path)] == ["train/.b.tmp-0123"]
    assert store.remove_temporaries() == 1
    assert store.list_files() == ["train/a"]


def test_a_file_in_the_place_of_a_folder_is_named(tmp_path):
    store = Store(tmp_path)
    (tmp_path / "train").write_bytes(b"")
    assert store.size_bytes("train/shard.tar") is None
    for writer in (store, Store(tmp_path, "scratch")):
        (tmp_path / "scratch").mkdir(exist_ok=True)
        with pytest.raises(WriteError, match=r"train/shard\.tar: a file lies where its folder has to be; delete that"):
            writer.write("train/shard.tar", b"content")


def test_a_link_to_a_folder_is_found_however_deep(tmp_path):
    (tmp_path / "c" / "train.zarr" / "inputs").mkdir(parents=True)
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "c" / "link").symlink_to(tmp_path / "file")
    store = Store(tmp_path / "c")
    assert store.linked_folder() is None
    (tmp_path / "c" / "train.zarr" / "inputs" / "c").symlink_to(tmp_path)
    assert store.linked_folder() == "train.zarr/inputs/c"
    assert Store("memory://nowhere").linked_folder() is None
