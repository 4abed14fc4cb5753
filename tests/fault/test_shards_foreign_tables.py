"""Manifests and catalogs of strangers: sealed and signed, and refused where they do not fit each other."""

from pathlib import Path

import pyarrow as pa
import pytest

from tests.foreign import edit_table, refused_cheaply
from tests.shards_corpora import NAMED, edit_manifest, make_corpus
from trmpipe.shards import CODECS, Corpus, DamagedError, Stream, sha256_hex, verify


def drop_shard(value):
    del value["splits"]["train"]["shards"][-1]


def drop_catalog(value):
    value["files"] = [file for file in value["files"] if file["path"] != "catalog.parquet"]


@pytest.mark.parametrize(
    "change",
    [
        drop_shard,
        drop_catalog,
        lambda value: value["splits"]["train"].update(groups=2),
        lambda value: value["splits"]["train"].update(puzzles=14, examples=14),
        lambda value: value["splits"]["train"].update(group_block=1),
        lambda value: value["splits"]["train"].update(group_block=2**62),
        lambda value: value["splits"]["train"].update(variant_block=2**62),
        lambda value: value["splits"]["train"].update(group_block=2**62, sample_groups=2**62),
        lambda value: value["splits"]["train"]["shards"][0].update(groups=[0, 3]),
        lambda value: value["splits"]["train"]["shards"][0]["files"][0].update(path="train/other"),
        lambda value: value.update(num_identifiers=9),
        lambda value: value["spec"].update(variant_identifiers=True),
        lambda value: value["spec"].update(grid_shape=[256, 256]),
    ],
)
@pytest.mark.parametrize("codec_name", CODECS.names())
def test_a_manifest_that_does_not_fit_its_catalog_is_refused(tmp_path, codec_name, change):
    make_corpus(tmp_path, codec_name)
    edit_manifest(tmp_path, change)
    for read in (
        lambda corpus: list(corpus.rows("train")),
        lambda corpus: Stream([corpus], seed=0, batch_size=4).batch(0),
    ):
        with pytest.raises(DamagedError, match=r"is damaged") as error:
            read(Corpus.open(tmp_path))
        assert "\n" not in str(error.value)
    assert verify(Corpus.open(tmp_path)).problems


def test_a_file_that_belongs_to_no_corpus_is_found(tmp_path):
    make_corpus(tmp_path)
    Path(tmp_path, "more.py").write_bytes(b"code")
    record = {"path": "more.py", "size_bytes": 4, "sha256": sha256_hex(b"code")}
    edit_manifest(tmp_path, lambda value: value["files"].append(record))
    (problem,) = verify(Corpus.open(tmp_path)).problems
    assert problem == f"{tmp_path}/more.py is in the manifest and belongs to no such corpus; delete it"


def with_column(name, values, kind=None):
    def change(table):
        place = table.schema.get_field_index(name)
        made = pa.array(values(table[name].to_pylist()), kind or table.schema.field(name).type)
        return table.set_column(place, pa.field(name, made.type), made)

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_column("variants", lambda v: [0, *v[1:]]), "no variants"),
        (with_column("variants", lambda v: [v[0] + 1, *v[1:]]), "no multiple|not as many"),
        (with_column("examples", lambda v: [2 * v[0], *v[1:]]), "not as many"),
        (with_column("clues", lambda v: [-1, *v[1:]]), "below 0"),
        (with_column("candidate", lambda v: [-1, *v[1:]]), "below 0"),
        (with_column("candidate", lambda v: [None, *v[1:]]), "has no candidate"),
        (with_column("identifier", lambda v: [5, *v[1:]]), "identifiers"),
        (with_column("split", lambda v: ["test", *v[1:]]), "not the groups of train"),
        (with_column("group", lambda v: [1, *v[1:]]), "not the groups of train"),
        (with_column("key", lambda v: ["x", *v[1:]]), "another key"),
        (with_column("difficulty", lambda v: [-1.0, *v[1:]]), "difficulty"),
        (with_column("difficulty", lambda v: [float("nan"), *v[1:]]), "difficulty"),
        (with_column("name", lambda v: ["a\x1b[2J", *v[1:]]), "is damaged"),
        (with_column("name", lambda v: ["a" * 2000, *v[1:]]), "is damaged"),
        (with_column("clues", lambda v: v, pa.int32()), "its columns are"),
        (with_column("canonical", lambda v: [b"x"] * len(v), pa.binary()), "its columns are"),
        (lambda table: table.drop_columns(["key"]), "its columns are"),
        (lambda table: table.slice(1), "it has 4 rows, expected 5"),
        (lambda table: pa.concat_tables([table, table]), "it has 10 rows, expected 5"),
    ],
)
def test_a_catalog_of_other_values_is_refused(tmp_path, change, message):
    make_corpus(tmp_path, "webdataset")
    edit_table(tmp_path, change)
    with pytest.raises(DamagedError, match=message) as error:
        Corpus.open(tmp_path).layout("train")
    assert "\n" not in str(error.value)
    assert "catalog.parquet is damaged" in str(error.value) or "identifiers" in message
    assert verify(Corpus.open(tmp_path)).problems


def test_a_catalog_that_names_another_shard_is_found(tmp_path):
    make_corpus(tmp_path, "webdataset")
    edit_table(tmp_path, with_column("shard", lambda v: ["train/x.tar", *v[1:]]))
    (problem,) = verify(Corpus.open(tmp_path)).problems
    assert "names another file for a base of train" in problem


@pytest.mark.parametrize(
    ("options", "values"),
    [
        ({}, lambda v: ["y" * (100 << 20), *v[1:]]),
        pytest.param({"use_dictionary": False}, lambda v: ["y" * (100 << 20)] * len(v), marks=pytest.mark.slow),
        (
            {"use_dictionary": False, "column_encoding": {"name": "DELTA_BYTE_ARRAY"}},
            lambda v: ["y" * 200_000] * len(v),
        ),
    ],
)
def test_a_catalog_that_unpacks_to_gigabytes_takes_no_memory(tmp_path, options, values):
    make_corpus(tmp_path, "webdataset")
    edit_table(tmp_path, with_column("name", values), **options)
    refused_cheaply(tmp_path, "catalog.parquet is damaged: (it unpacks to more|.*another encoding)")


@pytest.mark.parametrize("name", ["y" * 60_000, "y\x07", None])
def test_names_of_variants_are_checked(tmp_path, name):
    """A name that every row repeats takes next to nothing in the file."""
    make_corpus(tmp_path, "webdataset", train=(200, 3), spec=NAMED, examples=(1, 1), variant_block=200)
    encoding = {"use_dictionary": False, "column_encoding": {"name": "DELTA_BYTE_ARRAY"}}
    edit_table(tmp_path, with_column("name", lambda v: [name] * len(v)), "identifiers.parquet", **encoding)
    refused_cheaply(tmp_path, "identifiers.parquet is damaged")


@pytest.mark.parametrize("column", ["identifier", "group", "variant"])
def test_places_of_variants_are_checked(tmp_path, column):
    make_corpus(tmp_path, "webdataset", spec=NAMED)
    encoding = {"use_dictionary": False}
    edit_table(tmp_path, with_column(column, lambda v: [v[0] + 1, *v[1:]]), "identifiers.parquet", **encoding)
    with pytest.raises(DamagedError, match=f"another {column} than its place says"):
        Corpus.open(tmp_path).variant_names()
