"""Numbers that cannot be are refused in one line before the work, and names that leave the folder are no names."""

import os
import sys
from collections import namedtuple
from dataclasses import replace

import pytest

from tests.clusters import work_here
from tests.shards_corpora import make_corpus, split_layout
from trmpipe.generators.errors import TrmpipeError
from trmpipe.pipeline import ArgumentError, Recipe, RecipeError, estimate, generate
from trmpipe.shards import CODECS, CorpusError, FileRecord, ShardRecord, default_layout
from trmpipe.shards.json_files import MOST_BYTES

Usage = namedtuple("Usage", "total used free")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--size", 4, "--n", 999_999_999], "GB of memory"),
        (["--size", 4, "--test", 999_999_999], "GB of memory"),
        (["--size", 4, "--n", 50_000, "--aug", 0], "28 distinct training ones were found among"),
        (["--size", 4, "--n", 5, "--test", 50_000, "--aug", 0], "distinct held-out ones were found among"),
        (["--n", 2, "--aug", 1_000_000_000], "GB are free at"),
        (["--n", 999_999_999_999], "--n is 999999999999; expected 1 to 2147483647"),
        (
            ["--size", 4, "--n", 3, "--format", "zarr", "--shard-groups", 1_000_000_000],
            "of memory (3 puzzles with 1,001",
        ),
        (
            ["--n", 3, "--aug", 100_000, "--shard-variants", 2],
            "train and test would have 50,002 shards, expected 40,000",
        ),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(trmpipe, tmp_path, monkeypatch, arguments, message):
    monkeypatch.setattr(estimate, "_memory_bytes", lambda: 16 << 30)
    monkeypatch.setattr("shutil.disk_usage", lambda path: Usage(1 << 40, 0, 1 << 30))
    result = trmpipe("generate", "sudoku", *arguments, "--workers", 1, "--out", tmp_path / "deep" / "c")
    assert result.code in (1, 2)
    assert message in result.message
    assert os.listdir(tmp_path) == []


def test_a_manifest_names_so_many_shards_and_no_more():
    """By the layout alone: where this is not refused, nobody waits until they are written."""
    layout = {name: split_layout(name, [40_000], 1, 2) for name in ("train", "test")}
    estimate.check_layouts(layout, CODECS["zarr"])
    for count in (40_001, 1 << 30):
        layout["test"] = split_layout("test", [count], 1, 2)
        shards = 20_000 + (count + 1) // 2
        message = f"train and test would have {shards:,} shards, expected 40,000 at most; give a larger --shard-groups"
        with pytest.raises(RecipeError, match=message):
            estimate.check_layouts(layout, CODECS["zarr"])


@pytest.mark.parametrize("codec", CODECS.names())
def test_a_manifest_of_as_many_shards_as_there_may_be_is_read(tmp_path, codec):
    now = make_corpus(tmp_path, codec)
    layout = split_layout("train", [40_000], 1, 1, examples=[2])
    shards = tuple(
        ShardRecord(
            index=shard.index,
            unit=shard.index,
            groups=(2**31 - 2, 2**31 - 1),
            variants=shard.variants,
            puzzles=2**31,
            files=tuple(
                replace(FileRecord.of(path, b""), size_bytes=2**28) for path in CODECS[codec].paths(layout, shard)
            ),
        )
        for shard in layout.shards()
    )
    many = replace(now, splits={"train": replace(now.splits["train"], shards=shards)})
    assert len(many.to_bytes()) < MOST_BYTES


def test_a_manifest_that_could_not_be_read_is_not_written(tmp_path, monkeypatch):
    monkeypatch.setattr("trmpipe.shards.writer.MOST_BYTES", 1000)
    with pytest.raises(CorpusError, match=r"would have [0-9,]+ bytes, expected 1,000 at most: there are too many shar"):
        make_corpus(tmp_path)
    assert not (tmp_path / "manifest.json").exists()


def test_one_puzzle_is_no_large_shard_whatever_room_there_is_for_more():
    """Only a format with an index has a place for puzzles that are not there."""
    layout = {"train": default_layout("train", 9, [3], group_block=2**31 - 1, variant_block=2**31 - 1)}
    estimate.check_layouts(layout, CODECS["webdataset"])


def test_a_corpus_larger_than_the_disk_is_refused_by_what_it_packs_to(tmp_path, monkeypatch):
    work_here(monkeypatch)
    recipe = Recipe(task="sudoku6", n=4, aug=900, test=2)
    size = sum(file.size_bytes for file in generate(recipe, str(tmp_path / "c")).manifest.all_files())
    for share, fits in ((0.8, False), (1.5, True)):
        monkeypatch.setattr("shutil.disk_usage", lambda path, share=share: Usage(0, 0, int(size * share)))
        out = tmp_path / str(fits)
        if fits:
            generate(recipe, str(out))
        else:
            with pytest.raises(RecipeError, match=r"would have 3,60[0-9] puzzles and take about 0\.00 GB"):
                generate(recipe, str(out))
            assert not out.exists()


def test_a_file_whose_name_no_manifest_can_keep_is_refused_before_the_work(trmpipe, tmp_path):
    not_kept = "cannot be kept in a manifest"
    for name, code, words in (
        (b"p\xff.txt", 2, "is not UTF-8; rename the file"),
        (b"p\n.txt", 1, not_kept),
        (b"p\\q.txt", 1, not_kept),
        ("p\u202e.txt".encode(), 1, not_kept),
    ):
        path = os.path.join(os.fsencode(tmp_path), name)
        with open(path, "wb") as file:
            file.write(b"1234341221434321\n")
        result = trmpipe("generate", "sudoku", "--size", 4, "--input", os.fsdecode(path), "--out", tmp_path / "c")
        assert result.code == code
        assert words in result.message
        assert not (tmp_path / "c").exists()
        os.unlink(path)


def test_memory_is_no_place_for_a_command(trmpipe, corpus4):
    for arguments in (["generate", "sudoku", "--size", 4, "--n", 3], ["regenerate", corpus4]):
        result = trmpipe(*arguments, "--out", "memory://c")
        assert result.code == 2
        assert "memory://c would be gone when this command ends; give --out a folder" in result.message


def test_a_name_longer_than_file_systems_take_is_cut_and_told_apart():
    sources = [tuple(("train_set", f"{place:064x}"[::-1]) for place in range(count)) for count in (30, 31)]
    names = [Recipe(task="arc", n=None, supplier="sets", sources=some).name for some in sources]
    assert len({*names}) == 2
    assert all(len(name.encode()) == 255 for name in names)


@pytest.mark.parametrize("role", ["..", "../../x", "/etc", "a/b", "", "a\\b", "a\nb", "\ud800", "a" * 300])
@pytest.mark.parametrize("field", ["role", "digest"])
def test_roles_and_digests_stay_parts_of_a_name(role, field):
    source = (role, "0" * 64) if field == "role" else ("input", role)
    value = {**Recipe(task="sudoku4").to_json(), "supplier": "lines", "sources": [list(source)]}
    with pytest.raises(RecipeError):
        Recipe.from_json(value)
    with pytest.raises(TrmpipeError):
        Recipe(task="sudoku4", supplier="lines", sources=(source,))


def test_numbers_beyond_those_of_numpy_are_refused():
    for field in ("n", "aug", "test", "shard_groups", "shard_variants"):
        with pytest.raises(ArgumentError, match=r"expected [01] to 2147483647"):
            Recipe(task="sudoku4", **{field: sys.maxsize})
