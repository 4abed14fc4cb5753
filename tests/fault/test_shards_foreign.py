"""Corpora of strangers: signed as they should be, and yet no code of theirs runs and no memory is theirs to take."""

import gzip
import io
import json
import os
import pickle
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from tests.foreign import refused_cheaply, sign
from tests.shards_corpora import NAMED, make_corpus
from trmpipe.shards import CODECS, Corpus, DamagedError, Stream, verify

ROOT = Path(__file__).parents[2]
(SNIPPET,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "corpus-format.md").read_text(), re.DOTALL)


def edit_tar(folder, change, path="train/shard-000000.tar"):
    """Write a shard anew with the members (name, content) that `change` makes of its own."""
    with tarfile.open(Path(folder, path)) as tar:
        members = [(member.name, tar.extractfile(member).read()) for member in tar]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in change(members):
            info = tarfile.TarInfo(name)
            info.size, info.mode = len(content), 0o644
            tar.addfile(info, io.BytesIO(content))
    sign(folder, path, buffer.getvalue())


def as_signed(data):
    return data.replace(b"|u1", b"|i1")


class Marker:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return (eval, (f"open({self.path!r}, 'w').close()",))


DOORS = """
import json, sys, traceback
from trmpipe.shards import Corpus

def ours(folder):
    for item in Corpus.open(folder).webdataset("train"):
        pass

def plain(folder):
    names = {"urls": [f"{folder}/train/shard-000000.tar"]}
    exec(snippet, names)
    for sample in names["samples"]:
        pass

snippet = json.loads(sys.stdin.readline())
for line in sys.stdin:
    door, folder = json.loads(line)
    try:
        {"ours": ours, "plain": plain}[door](folder)
        said = ["", "believed"]
    except Exception as error:
        said = [type(error).__name__, str(error) if door == "ours" else traceback.format_exc()]
    print(json.dumps(said), flush=True)
"""
"""Reads corpora by our webdataset door and by plain webdataset, as the documentation shows; tells what they raise."""


@pytest.fixture(scope="module")
def doors():
    """One process for all tests, as that library leaves files open, and takes seconds to import."""
    command = [sys.executable, "-W", "ignore", "-c", DOORS]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:

        def ask(value):
            process.stdin.write(json.dumps(value) + "\n")
            process.stdin.flush()

        def through(door, folder):
            ask([door, str(folder)])
            return json.loads(process.stdout.readline())

        ask(SNIPPET)
        yield through


def through_webdataset(doors, folder):
    """What the webdataset door says of a corpus."""
    kind, message = doors("ours", folder)
    assert kind == "DamagedError", message
    assert "\n" not in message
    return message


def through_plain_webdataset(doors, folder):
    """What plain webdataset says that reads a shard as the documentation shows."""
    kind, message = doors("plain", folder)
    assert kind, message
    return message


@pytest.mark.parametrize("ending", ["pyd", "pickle", "pth", "pt"])
def test_no_member_is_unpickled(tmp_path, doors, ending):
    folder, marker = tmp_path / "toy", tmp_path / "ran"
    make_corpus(folder, "webdataset")
    name = f"00000000-000000.{ending}"
    if ending in ("pth", "pt"):
        import torch

        buffer = io.BytesIO()
        torch.save(Marker(marker), buffer)
        payload = buffer.getvalue()
    else:
        payload = pickle.dumps(Marker(marker))
    edit_tar(folder, lambda members: [*members[:2], (name, payload), *members[2:]])
    assert re.search(rf"{name}.*expected", through_webdataset(doors, folder))
    assert f"no sample of trmpipe has a .{ending}" in through_plain_webdataset(doors, folder)
    with pytest.raises(DamagedError, match=rf"{name}.*expected"):
        list(Corpus.open(folder).rows("train"))
    (problem,) = verify(Corpus.open(folder)).problems
    assert name in problem
    assert not marker.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda members: members[1:], "another header, of '00000000-000000.labels.npy'"),
        (lambda members: [*members, ("x.json", b"{}")], "end mark"),
        (lambda members: [members[0], *members], "another header"),
        (lambda members: [members[1], members[0], *members[2:]], "another header"),
        (lambda members: members[:-1], "its end mark where"),
        (lambda members: [(name, as_signed(data)) for name, data in members], "not an array"),
        (lambda members: [(name, data + b"x") for name, data in members], "not an array"),
    ],
)
def test_other_members_are_refused_by_every_door(tmp_path, doors, change, message):
    make_corpus(tmp_path, "webdataset")
    edit_tar(tmp_path, change)
    with pytest.raises(DamagedError, match=message):
        list(Corpus.open(tmp_path).rows("train"))
    assert re.search(message, through_webdataset(doors, tmp_path))
    (problem,) = verify(Corpus.open(tmp_path)).problems
    assert re.search(message, problem)


@pytest.mark.parametrize("words", [{"candidates": [7]}, {"split": "test"}, {"more": 1}, {"canonical": ["0" * 64]}])
def test_a_sample_that_says_something_else_is_found(tmp_path, words):
    make_corpus(tmp_path, "webdataset")

    def change(members):
        return [
            (n, json.dumps({**json.loads(c), **words}, separators=(",", ":")).encode() if n.endswith("json") else c)
            for n, c in members
        ]

    edit_tar(tmp_path, change)
    (problem,) = verify(Corpus.open(tmp_path)).problems
    assert "00000000-000000.json is not what the catalog says" in problem


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "size", [b"-0000001000\0", b"-000001000 \0", b" 0000000250\0", b"0x000000000\0", b"0000000_250\0"]
)
def test_a_tar_header_of_another_spelling_is_refused(tmp_path, size):
    """One of -1000, octal and with its header, leads back to where it began."""
    make_corpus(tmp_path, "webdataset")
    with tarfile.open(tmp_path / "train/shard-000000.tar") as tar:
        start = tar.getmember("00000000-000000.json").offset
    data = bytearray(Path(tmp_path, "train/shard-000000.tar").read_bytes())
    header = slice(start, start + 512)
    data[start + 124 : start + 136] = size
    data[start + 148 : start + 156] = b" " * 8
    data[start + 148 : start + 156] = b"%06o\0 " % sum(data[header])
    sign(tmp_path, "train/shard-000000.tar", bytes(data))
    with pytest.raises(DamagedError, match="another header"):
        list(Corpus.open(tmp_path).rows("train"))


@pytest.mark.parametrize("place", [-1, 2000])
def test_bytes_after_the_last_member_are_refused(tmp_path, place):
    make_corpus(tmp_path, "webdataset")
    path = "train/shard-000000.tar"
    data = bytearray(Path(tmp_path, path).read_bytes())
    data[place if place < 0 else len(data) - place] = 1
    sign(tmp_path, path, bytes(data))
    with pytest.raises(DamagedError, match="end mark"):
        list(Corpus.open(tmp_path).rows("train"))


@pytest.mark.parametrize("claims_the_right_size", [False, True])
def test_a_packed_member_takes_no_more_than_its_rows(tmp_path, claims_the_right_size):
    """4 GB of zeros, in several gzip members or behind a length that is modulo 2**32 the right one."""
    make_corpus(tmp_path, "webdataset", spec=NAMED)
    bomb = gzip.compress(bytes(1 << 28), mtime=0) * 16
    with tarfile.open(Path(tmp_path, "train/shard-000000.tar")) as tar:
        member = tar.extractfile("00000000-000000.inputs.npy.gz").read()
    bomb = bytes([*member[:10]]) + bomb[10:]
    if claims_the_right_size:
        bomb = bomb[:-4] + member[-4:]
    edit_tar(tmp_path, lambda members: [(members[0][0], bomb), *members[1:]])
    refused_cheaply(tmp_path, "inputs.npy.gz cannot be unpacked")


def test_a_member_behind_the_first_is_found_by_verify(tmp_path):
    make_corpus(tmp_path, "webdataset", spec=NAMED)
    edit_tar(
        tmp_path,
        lambda members: [(members[0][0], 2 * members[0][1]), *members[1:]],
    )
    (problem,) = verify(Corpus.open(tmp_path)).problems
    assert "00000000-000000.inputs.npy.gz goes on after its end" in problem


@pytest.mark.parametrize("size", [5 * 9 - 1, 5 * 9 + 1, 1 << 32])
def test_a_chunk_of_another_size_is_refused(tmp_path, size):
    """zstd would leave what was in memory before in the room that a smaller frame does not fill."""
    make_corpus(tmp_path, "zarr", train=(5,), test=(), group_block=1, variant_block=5)
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        for _ in range(max(1, size >> 24)):
            stream.write(bytes(min(size, 1 << 24)))
    frames = [bytes(sink.getvalue())]
    if size < 1 << 24:
        frames.append(pa.compress(bytes(size), codec="zstd", asbytes=True))
    for frame in frames:
        sign_chunk(tmp_path, frame)
        refused_cheaply(tmp_path, "zstd frame")


def sign_chunk(folder, frame):
    """A shard of inputs of this one chunk."""
    from trmpipe.shards.codecs.zarr import crc32c

    table = np.array([0, len(frame)], "<u8").tobytes()
    sign(folder, "train.zarr/inputs/c/0/0/0", frame + table + crc32c(table).to_bytes(4, "little"))


def test_a_chunk_with_a_frame_behind_it_is_refused(tmp_path):
    make_corpus(tmp_path, "zarr", train=(5,), test=(), group_block=1, variant_block=5)
    frame = pa.compress(bytes([2] * 45), codec="zstd", asbytes=True)
    skipped = bytes([0x50, 0x2A, 0x4D, 0x18, 4, 0, 0, 0]) + b"code"
    sign_chunk(tmp_path, frame + skipped)
    with pytest.raises(DamagedError, match="not one zstd frame"):
        list(Corpus.open(tmp_path).rows("train"))


def test_tokens_outside_the_vocabulary_are_refused(tmp_path):
    make_corpus(tmp_path, "zarr", train=(5,), test=(), group_block=1, variant_block=5)
    sign_chunk(tmp_path, pa.compress(bytes([200] * 45), codec="zstd", asbytes=True))
    with pytest.raises(DamagedError, match="its inputs have the token 200, expected 0 to 7"):
        list(Corpus.open(tmp_path).rows("train"))


def test_padding_that_is_none_is_found(tmp_path):
    make_corpus(tmp_path, "zarr", train=(3,), test=(), group_block=1, variant_block=5)
    chunk = np.zeros((5, 9), np.uint8)
    chunk[:3], chunk[4] = Corpus.open(tmp_path).read("train").inputs, 7
    sign_chunk(tmp_path, pa.compress(chunk.tobytes(), codec="zstd", asbytes=True))
    (problem,) = verify(Corpus.open(tmp_path)).problems
    assert "a chunk holds more than its rows" in problem


@pytest.mark.parametrize("path", ["train.zarr/zarr.json", "train.zarr/inputs/zarr.json", "train.zarr/variants/c/0"])
def test_other_metadata_of_zarr_is_found(tmp_path, path):
    make_corpus(tmp_path, "zarr")
    sign(tmp_path, path, Path(tmp_path, path).read_bytes().replace(b"3", b"4").replace(b"\5", b"\6"))
    (problem,) = verify(Corpus.open(tmp_path)).problems
    assert problem.startswith(f"{tmp_path}/{path} is not what the catalog says")


class Broken:
    """A codec of a package that makes of a shard what a test says."""

    name = "webdataset"

    def __init__(self, answer):
        self.answer = answer
        self.inner = CODECS["webdataset"]

    def paths(self, layout, shard):
        return self.inner.paths(layout, shard)

    def decode(self, layout, shard, files):
        return self.answer(*self.inner.decode(layout, shard, files))


def fail(*_):
    raise LookupError("first line\nsecond \x1b[2J")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (fail, r"first line second \\x1b\[2J"),
        (lambda inputs, labels: None, "cannot unpack"),
        (lambda inputs, labels: (inputs, labels.astype(np.int64)), "labels are no array of uint8"),
        (lambda inputs, labels: (inputs[:, :4], labels), r"inputs are \[\d+, 4\], expected \d+ rows of 9 tokens"),
        (lambda inputs, labels: (inputs[1:], labels), r"inputs are \[\d+, 9\], expected \d+ rows of 9 tokens"),
        (lambda inputs, labels: (inputs + 9, labels), "have the token 1[0-9], expected 0 to 7"),
    ],
)
def test_what_a_codec_of_a_package_does_wrongly_is_a_damaged_shard(tmp_path, answer, message):
    make_corpus(tmp_path, "webdataset")
    corpus = Corpus.open(tmp_path)
    corpus._codec = Broken(answer)
    where = rf"train/shard-000000\.tar is damaged \(shard 0 of train\): .*{message}.*; delete the corpus"
    for read in (lambda: list(corpus.rows("train")), lambda: Stream([corpus], seed=0, batch_size=4).batch(0)):
        with pytest.raises(DamagedError, match=where) as error:
            read()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("kind", ["pipe", "device"])
def test_a_shard_that_is_no_file_is_refused(tmp_path, kind):
    make_corpus(tmp_path, "webdataset")
    path = Path(tmp_path, "train/shard-000000.tar")
    path.unlink()
    if kind == "pipe":
        os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    refused_cheaply(tmp_path, "shard-000000.tar: it is no regular file")
