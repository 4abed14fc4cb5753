"""The conformance suite of codecs: every entry of `CODECS` must pass it. Then what is particular to each format."""

import io
import json
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest

from tests.outside.shades.codec import CODEC as NPZIP
from tests.shards_corpora import NAMED, RAGGED, block_rows, classes, encode, group_rows, make_corpus, split_layout
from trmpipe.shards import CODECS, Corpus, CorpusError
from trmpipe.shards.codecs import tar as tar_format
from trmpipe.shards.codecs.zarr import crc32c

LAYOUTS = [
    pytest.param({"variants": [5, 5, 5], "group_block": 3, "variant_block": 5}, id="one-shard"),
    pytest.param({"variants": [9, 3, 1, 8, 4], "group_block": 2, "variant_block": 4}, id="ragged"),
    pytest.param(
        {"variants": [1, 6, 2, 2, 9, 1, 1], "group_block": 4, "variant_block": 3, "sample_groups": 2},
        id="ragged-samples-of-two",
    ),
    pytest.param({"variants": [1] * 7, "group_block": 4, "variant_block": 1, "sample_groups": 4}, id="bases"),
    pytest.param({"variants": [5, 3], "variant_block": 5, "examples": [2, 2]}, id="pairs"),
    pytest.param({**RAGGED, "group_block": 2, "variant_block": 4}, id="examples-and-identifiers"),
    pytest.param({**RAGGED, "group_block": 4, "variant_block": 3, "sample_groups": 2}, id="samples-of-two-compressed"),
]


def expected_rows(layout, shard):
    return block_rows(layout.split, layout, shard)


EVERY_CODEC = [*(CODECS[name] for name in CODECS.names()), NPZIP]


@pytest.mark.parametrize("blocks", LAYOUTS)
@pytest.mark.parametrize("codec", EVERY_CODEC, ids=lambda codec: codec.name)
class TestEveryCodec:
    def test_gives_back_the_rows(self, codec, blocks):
        layout = split_layout("train", **blocks)
        for shard in layout.shards():
            rows = codec.decode(layout, shard, encode(codec, layout, shard))
            for field, expected in zip(rows, expected_rows(layout, shard), strict=True):
                assert field.dtype == np.uint8
                assert np.array_equal(field, expected)

    def test_same_content_same_bytes(self, codec, blocks):
        layout = split_layout("train", **blocks)
        for shard in layout.shards():
            assert encode(codec, layout, shard) == encode(codec, layout, shard)

    def test_one_file_one_shard(self, codec, blocks):
        layout = split_layout("train", **blocks)
        paths = [path for shard in layout.shards() for path in codec.paths(layout, shard)]
        paths += codec.metadata(layout)
        assert len(set(paths)) == len(paths)
        assert all(path.startswith("train") for path in paths)
        for shard in layout.shards():
            assert len(encode(codec, layout, shard)) == len(codec.paths(layout, shard))

    def test_rows_can_be_written_to(self, codec, blocks):
        layout = split_layout("train", **blocks)
        shard = layout.shards()[0]
        inputs, labels = codec.decode(layout, shard, encode(codec, layout, shard))
        assert inputs.flags.writeable
        assert labels.flags.writeable
        assert inputs.flags.c_contiguous
        assert labels.flags.c_contiguous


def test_codec_is_found_by_its_name():
    assert CODECS.names() == ["webdataset", "zarr"]
    assert all(CODECS[name].name == name for name in CODECS.names())


def test_unknown_codec_is_named():
    with pytest.raises(CorpusError, match=r"no shard format is called 'npz'; known: webdataset, zarr"):
        CODECS["npz"]


@pytest.fixture
def plugged_in(tmp_path, monkeypatch):
    """A package that brings one sound codec and one whose module is missing."""
    about = tmp_path / "late-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: late\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[trmpipe.codecs]\nlate = late:CODEC\nlost = nowhere:CODEC\n")
    (tmp_path / "late.py").write_text(
        "from trmpipe.shards.codecs.zarr import ZarrCodec\n"
        "class LateCodec(ZarrCodec):\n    name = 'late'\n"
        "CODEC = LateCodec()\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    CODECS.forget()
    yield
    monkeypatch.undo()
    CODECS.forget()


@pytest.mark.usefixtures("plugged_in")
def test_a_package_may_bring_a_codec(tmp_path):
    assert CODECS.names() == ["webdataset", "zarr", "late", "lost"]
    make_corpus(tmp_path / "toy", "late", TRAIN)
    corpus = Corpus.open(tmp_path / "toy")
    assert corpus.manifest.format == "late"
    assert np.array_equal(corpus.read("train").inputs[:9], group_rows("train", 0, 9)[0])
    with pytest.raises(CorpusError, match=r"the shard format 'lost' cannot be loaded from nowhere:CODEC"):
        make_corpus(tmp_path / "other", "lost")


@pytest.mark.parametrize("size", [0, 1, 511, 512, 8228, 20_864, 2**33 - 1])
def test_tar_header_is_the_librarys(size):
    name = "00000012-000256.inputs.npy"
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o644
    assert tar_format.member_header(name, size) == info.tobuf(tarfile.USTAR_FORMAT, "ascii", "strict")


def test_tar_is_read_by_the_standard_library():
    layout = split_layout("train", [9, 3, 1, 8, 4], group_block=5, variant_block=4, sample_groups=1)
    shard = layout.shards()[1]
    (data,) = encode(CODECS["webdataset"], layout, shard)
    assert len(data) % tarfile.RECORDSIZE == 0
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        names = tar.getnames()
        about = json.load(tar.extractfile("00000003-000004.json"))
        inputs = np.load(io.BytesIO(tar.extractfile("00000003-000004.inputs.npy").read()), allow_pickle=False)
        assert {(m.mtime, m.uid, m.gid, m.mode) for m in tar.getmembers()} == {(0, 0, 0, 0o644)}
    # Groups 1, 2 and 4 have no variant 4 or later, so they have no sample here.
    assert [name.split(".")[0] for name in names[::3]] == ["00000000-000004", "00000003-000004"]
    assert about["groups"] == [3, 4]
    assert about["variants"] == [4, 8]
    assert about["counts"] == [4]
    assert about["candidates"] == [3]
    assert about["canonical"] == [classes("train", layout)[3].tobytes().hex()]
    assert np.array_equal(inputs, group_rows("train", 3, 8)[0][4:8])


@pytest.mark.parametrize(
    ("size", "message"),
    [
        (4700, r"ends inside 00000001-000000\.labels\.npy"),
        (3500, r"ends before 00000001-000000\.inputs\.npy"),
        (9300, "does not end with its end mark"),
        (0, r"ends before 00000000-000000\.inputs\.npy"),
    ],
)
def test_cut_tar_is_refused(size, message):
    layout = split_layout("train", [5, 5, 5], group_block=3, variant_block=5)
    shard = layout.shards()[0]
    codec = CODECS["webdataset"]
    (data,) = encode(codec, layout, shard)
    with pytest.raises(ValueError, match=message):
        codec.decode(layout, shard, (data[:size],))


def test_crc32c_of_the_standards_example():
    assert crc32c(b"123456789") == 0xE3069283


def test_zarr_shard_with_a_wrong_index_is_refused():
    layout = split_layout("train", [5, 5, 5], group_block=3, variant_block=5)
    shard = layout.shards()[0]
    codec = CODECS["zarr"]
    files = [bytearray(data) for data in encode(codec, layout, shard)]
    files[1][-10] ^= 1
    with pytest.raises(ValueError, match="checksum"):
        codec.decode(layout, shard, files)


def read_plainly(program, *arguments):
    """Run `program` in a new process that must not import trmpipe, and return what it prints as JSON."""
    guard = "\nimport sys; assert not [m for m in sys.modules if m.startswith('trmpipe')]"
    command = [sys.executable, "-W", "ignore", "-c", program + guard, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


DOCS = Path(__file__).parents[2] / "docs" / "corpus-format.md"
(SNIPPET,) = re.findall(r"```python\n(.*?)```", DOCS.read_text(), re.DOTALL)
"""How plain webdataset reads samples without unpickling anything, as users are told."""

PLAIN_WEBDATASET = f"""
import sys
urls = sys.argv[1:]
{SNIPPET}
found = []
for sample in samples:
    about, row = sample["json"], 0
    for group, count in zip(range(*about["groups"]), about["counts"]):
        for k in range(count):
            rows = [sample[f + ".npy"][row].tolist() for f in ("inputs", "labels")]
            found.append([group, about["variants"][0] + k, *rows])
            row += 1
print(json.dumps(found))
"""

PLAIN_ZARR = """
import json, sys, zarr
group = zarr.open_group(sys.argv[1], mode="r")
counts = group["variants"][:].tolist()
fields = {f: group[f] for f in ("inputs", "labels")}
found = [
    [g, k, fields["inputs"][g, k].tolist(), fields["labels"][g, k].tolist()]
    for g, count in enumerate(counts) for k in range(count)
]
beyond = [int(fields["labels"][g, count:].max(initial=0)) for g, count in enumerate(counts)]
about = {"shards": fields["inputs"].shards, "chunks": fields["inputs"].chunks, "shape": fields["inputs"].shape}
print(json.dumps({"rows": found, "beyond": max(beyond), **about}))
"""

TRAIN = (9, 3, 1, 8, 4)
BLOCKS = {"group_block": 4, "variant_block": 4, "sample_groups": 2}


def expected_plainly():
    rows = {group: group_rows("train", group, count) for group, count in enumerate(TRAIN)}
    return [
        [group, k, rows[group][0][k].tolist(), rows[group][1][k].tolist()]
        for group, count in enumerate(TRAIN)
        for k in range(count)
    ]


def test_plain_webdataset_reads_it(tmp_path):
    make_corpus(tmp_path, "webdataset", TRAIN, **BLOCKS)
    found = read_plainly(PLAIN_WEBDATASET, *sorted((tmp_path / "train").iterdir()))
    assert sorted(found) == expected_plainly()


def test_plain_zarr_reads_it(tmp_path):
    make_corpus(tmp_path, "zarr", TRAIN, **BLOCKS)
    found = read_plainly(PLAIN_ZARR, tmp_path / "train.zarr")
    assert found["rows"] == expected_plainly()
    assert found["beyond"] == 0
    assert found["shards"] == [4, 4, 9]
    assert found["chunks"] == [2, 4, 9]
    assert found["shape"] == [5, 9, 9]


PLAIN_NAMED_WEBDATASET = f"""
import sys
urls = sys.argv[1:]
{SNIPPET}
found = []
for sample in samples:
    about, puzzle = sample["json"], 0
    offsets, identifiers = sample["offsets.npy"], sample["identifiers.npy"]
    assert (offsets.dtype, identifiers.dtype) == ("int32", "int32")
    assert len(offsets) == len(identifiers) + 1
    for group, count, examples in zip(range(*about["groups"]), about["counts"], about["examples"]):
        for k in range(count):
            assert offsets[puzzle + 1] - offsets[puzzle] == examples
            for e in range(examples):
                rows = [sample[f + ".npy.gz"][offsets[puzzle] + e].tolist() for f in ("inputs", "labels")]
                found.append([group, about["variants"][0] + k, e, int(identifiers[puzzle]), *rows])
            puzzle += 1
    assert offsets[-1] == len(sample["inputs.npy.gz"]) == len(sample["labels.npy.gz"])
print(json.dumps(found))
"""

PLAIN_NAMED_ZARR = """
import json, sys, zarr
group = zarr.open_group(sys.argv[1], mode="r")
counts, examples, first = (group[name][:].tolist() for name in ("variants", "examples", "identifiers"))
fields = {f: group[f] for f in ("inputs", "labels")}
found = [
    [g, k, e, first[g] + k, fields["inputs"][g, k, e].tolist(), fields["labels"][g, k, e].tolist()]
    for g, count in enumerate(counts) for k in range(count) for e in range(examples[g])
]
beyond = [int(fields["labels"][g, :, examples[g]:].max(initial=0)) for g in range(len(counts))]
beyond += [int(fields["labels"][g, count:].max(initial=0)) for g, count in enumerate(counts)]
about = {"shards": fields["inputs"].shards, "chunks": fields["inputs"].chunks, "shape": fields["inputs"].shape}
print(json.dumps({"rows": found, "beyond": max(beyond), "dtype": str(group["identifiers"].dtype), **about}))
"""

EXAMPLES = (2, 1, 5, 3, 1)


def expected_of_examples():
    rows = [group_rows("train", group, count * EXAMPLES[group]) for group, count in enumerate(TRAIN)]
    return [
        [group, k, e, 1 + sum(TRAIN[:group]) + k, *(field[k * EXAMPLES[group] + e].tolist() for field in rows[group])]
        for group, count in enumerate(TRAIN)
        for k in range(count)
        for e in range(EXAMPLES[group])
    ]


def test_plain_webdataset_reads_examples_and_identifiers(tmp_path):
    make_corpus(tmp_path, "webdataset", TRAIN, test=(), examples=EXAMPLES, spec=NAMED, **BLOCKS)
    found = read_plainly(PLAIN_NAMED_WEBDATASET, *sorted((tmp_path / "train").iterdir()))
    assert sorted(found) == expected_of_examples()


def test_plain_zarr_reads_examples_and_identifiers(tmp_path):
    make_corpus(tmp_path, "zarr", TRAIN, test=(), examples=EXAMPLES, spec=NAMED, **BLOCKS)
    found = read_plainly(PLAIN_NAMED_ZARR, tmp_path / "train.zarr")
    assert found["rows"] == expected_of_examples()
    assert (found["beyond"], found["dtype"]) == (0, "int32")
    assert (found["shards"], found["chunks"], found["shape"]) == ([4, 4, 5, 9], [2, 4, 1, 9], [5, 9, 5, 9])
