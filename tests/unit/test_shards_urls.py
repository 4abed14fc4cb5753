"""Which URLs are opened, and which files: a short list of protocols, regular files of the size expected."""

import os

import pytest

from trmpipe.shards import CorpusError, DamagedError, Store
from trmpipe.shards.urls import allowed_protocols, check_url, in_one_line, is_local, printable


@pytest.mark.parametrize("url", ["folder", "/a/b", "file:///a", "local:///a", "memory://a/b", "s3://a/b", "GS://a"])
def test_folders_and_plain_stores_are_opened(url):
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "dask://host:1/x",
        "http://host/x",
        "https://host/x",
        "ftp://host",
        "ssh://host",
        "zip://a",
        "reference://a",
        "DASK://host",
        "data:,x",
        "data:text/plain;base64,eA==",
    ],
)
def test_other_protocols_are_refused(url):
    name = url.split(":")[0].lower()
    with pytest.raises(CorpusError, match=rf"the protocol '{name}' is none of .*TRMPIPE_PROTOCOLS={name}") as error:
        Store(url)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["dask://host:1::file:///x", "zip://a::file:///b", "simplecache::s3://a", "a::b", "/a/b::c"]
)
def test_chains_are_refused(url, monkeypatch):
    monkeypatch.setenv("TRMPIPE_PROTOCOLS", "dask zip simplecache")
    with pytest.raises(CorpusError, match="URLs chained by '::' are not followed"):
        Store(url)


def test_a_user_adds_protocols(monkeypatch):
    monkeypatch.setenv("TRMPIPE_PROTOCOLS", "hf, http s3")
    assert allowed_protocols() == ("file", "local", "memory", "s3", "gs", "hf", "http")
    check_url("http://host/x")
    with pytest.raises(CorpusError, match="'dask'"):
        check_url("dask://host/x")


def test_a_url_is_shown_without_what_a_terminal_obeys():
    with pytest.raises(CorpusError, match=r"cannot open x://\\x1b\[2J:"):
        check_url("x://\x1b[2J")
    assert printable("a\x1b\n\u202eü") == r"a\x1b\n\u202eü"
    assert in_one_line(ValueError("a\n b\x07")) == r"a b\x07"
    assert in_one_line(MemoryError()) == "MemoryError"


def test_local_is_what_lies_on_this_machine():
    assert [is_local(url) for url in ("a", "file:///a", "memory://a", "s3://a")] == [True, True, False, False]


@pytest.fixture
def store(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "zero").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "pipe")
    return Store(tmp_path)


@pytest.mark.timeout(20)
@pytest.mark.parametrize("path", ["pipe", "zero", "folder"])
@pytest.mark.parametrize("size_bytes", [None, 5])
def test_only_regular_files_are_read(store, path, size_bytes):
    with pytest.raises(DamagedError, match=rf"cannot read .*/{path}: (it is no regular file|Is a directory)"):
        store.read(path, size_bytes=size_bytes)


@pytest.mark.parametrize("path", ["file", "link"])
def test_a_file_of_the_right_size_is_read(store, path):
    assert store.read(path) == store.read(path, size_bytes=5) == store.read(path, most_bytes=5) == b"12345"


@pytest.mark.parametrize(
    ("limits", "expected"), [({"size_bytes": 4}, "4;"), ({"size_bytes": 6}, "6;"), ({"most_bytes": 4}, "4 at most;")]
)
@pytest.mark.parametrize("root", ["local", "memory"])
def test_a_file_of_another_size_is_refused(store, tmp_path, limits, expected, root):
    if root == "memory":
        store = Store(f"memory://{tmp_path.name}")
        store.write("file", b"12345")
    with pytest.raises(DamagedError, match=f"file is damaged: it has 5 bytes, expected {expected}"):
        store.read("file", **limits)


def test_a_file_of_another_size_is_not_read(store, monkeypatch):
    """A sparse file may claim any size."""
    with open(store.locate("file"), "r+b") as file:
        file.truncate(1 << 40)
    with pytest.raises(DamagedError, match="it has 1099511627776 bytes, expected 5;"):
        store.read("file", size_bytes=5)
