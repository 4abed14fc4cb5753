"""Records of finished units: those of large units count too, however long their files are."""

import sys

import pytest

from tests.clusters import work_here
from tests.stopping import StopBeforeTheCatalog, StopError
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards import json_files

RECIPE = Recipe(task="sudoku6", n=60, aug=0, test=2, shard_groups=60)
SMALL = 10_000


def test_a_unit_of_many_groups_is_not_made_again(tmp_path, monkeypatch):
    work_here(monkeypatch)
    for name in ("resume", "unit_records"):
        monkeypatch.setattr(sys.modules[f"trmpipe.pipeline.{name}"], "MOST_BYTES", SMALL)
    monkeypatch.setattr(json_files, "MOST_BYTES", SMALL)
    with pytest.raises(StopError):
        generate(RECIPE, str(tmp_path / "c"), progress=StopBeforeTheCatalog())
    assert (tmp_path / "c" / ".progress" / "train-000000.json").stat().st_size > SMALL
    outcome = generate(RECIPE, str(tmp_path / "c"))
    assert (outcome.written, outcome.kept, outcome.remade) == (0, 2, {})


def test_a_record_longer_than_its_groups_need_is_not_read(tmp_path, monkeypatch):
    work_here(monkeypatch)
    monkeypatch.setattr(sys.modules["trmpipe.pipeline.unit_records"], "MOST_BYTES", SMALL)
    with pytest.raises(StopError):
        generate(RECIPE, str(tmp_path / "c"), progress=StopBeforeTheCatalog())
    path = tmp_path / "c" / ".progress" / "train-000000.json"
    path.write_bytes(path.read_bytes() + b" " * 60 * 600)
    assert generate(RECIPE, str(tmp_path / "c")).remade == {"the record is damaged": 1}
