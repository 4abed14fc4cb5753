"""Atomic writes: a file is whole or absent under its name, and nothing else is left behind."""

import errno
import os
import stat

import pytest

from trmpipe.shards.files import is_temporary, write_atomically


def test_writes_bytes_and_makes_folders(tmp_path):
    write_atomically(tmp_path / "a" / "b" / "config.json", b"{}")
    assert (tmp_path / "a" / "b" / "config.json").read_bytes() == b"{}"


def test_writes_what_a_function_writes(tmp_path):
    def save(file):
        for part in (b"first ", b"second"):
            file.write(part)

    write_atomically(tmp_path / "checkpoint", save)
    assert (tmp_path / "checkpoint").read_bytes() == b"first second"


def test_replaces_what_is_there(tmp_path):
    for content in (b"long content", b"short"):
        write_atomically(tmp_path / "a", content)
    assert (tmp_path / "a").read_bytes() == b"short"
    assert os.listdir(tmp_path) == ["a"]


def test_a_relative_path_is_in_the_present_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_atomically("a", b"1")
    assert (tmp_path / "a").read_bytes() == b"1"


def test_the_name_appears_when_all_is_written(tmp_path):
    seen = []

    def save(file):
        file.write(b"half")
        file.flush()
        seen.extend(os.listdir(tmp_path))
        file.write(b" and half")

    write_atomically(tmp_path / "a", save)
    assert len(seen) == 1
    assert is_temporary(seen[0])
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "full"), ValueError("no tensor"), KeyboardInterrupt()])
def test_an_error_half_way_leaves_what_was_there(tmp_path, error):
    write_atomically(tmp_path / "a", b"before")

    def fail(file):
        file.write(b"aft")
        raise error

    with pytest.raises(type(error)) as raised:
        write_atomically(tmp_path / "a", fail)
    assert raised.value is error
    assert os.listdir(tmp_path) == ["a"]
    assert (tmp_path / "a").read_bytes() == b"before"


def test_file_then_name_then_folder_are_flushed(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace

    def note(descriptor):
        about = os.fstat(descriptor)
        order.append("folder" if stat.S_ISDIR(about.st_mode) else f"file of {about.st_size}")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", note)
    monkeypatch.setattr(os, "replace", lambda *names: (order.append("name"), replace(*names)))
    write_atomically(tmp_path / "a", b"1")
    assert order == ["file of 1", "name", "folder"]


@pytest.mark.parametrize(("path", "found"), [("a/.b.tmp-0123", True), (".tmp-x/b", False), ("a/b", False)])
def test_temporaries_are_told_by_their_name(path, found):
    assert is_temporary(path) == found
