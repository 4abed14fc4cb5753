"""Columns of the catalog that a task has besides: what they may be called, and what they may hold."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from tests.shards_corpora import SPEC, edit_manifest, make_corpus, split_layout, write_unit
from trmpipe.shards import Corpus, DamagedError, Store
from trmpipe.shards.catalog import catalog_bytes, read_catalog
from trmpipe.shards.writer import count_clues

VARIANTS = (5, 3, 2)
NAMES = ("answers", "height")


@pytest.fixture
def units(tmp_path):
    layout = split_layout("train", VARIANTS, group_block=3)
    return [write_unit(Store(tmp_path), "zarr", layout, 0)]


def read(units, columns, names=NAMES):
    totals = {"train": SimpleNamespace(groups=3, puzzles=10, examples=10)}
    data = catalog_bytes([replace(units[0], measures=columns)], NAMES)
    return read_catalog(data, totals, "catalog.parquet", names)["train"]


def test_measures_come_back_by_their_names(units):
    found = read(units, ((1.0, 2.0**53, 3.0), (0.0, 0.25, 1e300))).measures
    assert {name: values.tolist() for name, values in found.items()} == {
        "answers": [1, 2**53, 3],
        "height": [0, 0.25, 1e300],
    }


@pytest.mark.parametrize("value", [-1.0, float("nan"), float("inf")])
def test_what_is_no_number_from_0_on_is_refused(units, value):
    with pytest.raises(DamagedError, match=r"catalog\.parquet is damaged: a height of train is no number from 0 on"):
        read(units, ((1.0, 2.0, 3.0), (0.0, value, 1.0)))


@pytest.mark.parametrize("names", [(), ("answers",), ("height", "answers"), (*NAMES, "width")])
def test_other_columns_than_the_spec_names_are_refused(units, names):
    with pytest.raises(DamagedError, match=r"its columns are split, .*, expected split"):
        read(units, ((1.0, 2.0, 3.0), (0.0, 0.5, 1.0)), names)


@pytest.mark.parametrize(
    "names",
    [["clues"], ["Height"], ["a b"], ["_x"], ["x" * 41], ["../x"], ["x", "x"], [chr(97 + i) for i in range(17)]],
)
def test_names_that_no_measure_can_have_are_refused(tmp_path, names):
    make_corpus(tmp_path)
    edit_manifest(tmp_path, lambda value: value["spec"].update(measures=names))
    with pytest.raises(DamagedError, match=r"manifest\.json is damaged: its spec is wrong: it has .* measure") as error:
        Corpus.open(tmp_path)
    assert "\n" not in str(error.value)


def test_a_manifest_says_nothing_of_what_its_task_does_not_have(tmp_path):
    assert not any(word in make_corpus(tmp_path).to_bytes() for word in (b'"measures"', b'"alternatives"'))
    told = replace(make_corpus(tmp_path), spec=replace(SPEC, measures=NAMES, alternatives=True)).to_bytes()
    assert b'"measures"' in told
    assert b'"alternatives": true' in told


def test_a_cell_that_asks_is_no_clue_though_its_label_is_the_same():
    inputs, labels = np.array([[2, 2, 1, 3, 0]], np.uint8), np.array([[2, 5, 1, 3, 0]], np.uint8)
    assert count_clues(inputs, labels).tolist() == [3]
    assert count_clues(inputs, labels, blank=2).tolist() == [2]
