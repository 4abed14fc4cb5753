"""Damage to what a broken-off generation left: the same command ends in a clean run's files, or in one line.

TRMPIPE_FUZZ_INPUTS says how many inputs all tests make; of damaged folders, which take long, it is a small part.
"""

import io
import json
import os
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from tests.clusters import work_here
from tests.fuzz.mutations import num_inputs
from tests.stopping import StopBeforeTheCatalog, StopError
from trmpipe.generators.errors import TrmpipeError
from trmpipe.pipeline import Recipe, generate, regenerate
from trmpipe.shards import Corpus, json_digest, verify
from trmpipe.shards.digests import sha256_hex
from trmpipe.shards.json_files import seal

INPUTS = num_inputs(6)
RECIPE = Recipe(task="sudoku4", n=4, aug=3, test=2, shard_groups=2, shard_variants=2)
ODD = (-1, 0, 1, 2**63, 10**30, 1.5, float("nan"), None, True, "", "../x", "a\nb", "\ud800", "0" * 64, [], {}, [[]])


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    work_here(monkeypatch)
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)


@pytest.fixture
def clean(tmp_path):
    out = tmp_path / "clean"
    return generate(RECIPE, str(out)), contents(out)


@pytest.fixture
def begun(tmp_path, clean):
    out = tmp_path / "begun"
    with pytest.raises(StopError):
        generate(RECIPE, str(out), progress=StopBeforeTheCatalog())
    return out


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def damaged(data, chance):
    """Bytes with a bit flipped, cut, doubled, or replaced."""
    place = chance.randrange(len(data))
    kind = chance.randrange(5)
    if kind < 2:
        return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]
    if kind == 2:
        return data[:place]
    if kind == 3:
        return data[:place] + data[chance.randrange(len(data)) :]
    return chance.choice([b"", b"{}", b"[]", b"null", b"\0" * 100, b"[" * 100_000, data * 2])


def places(value, found=()):
    """Ways to every value of a JSON tree."""
    yield found
    if isinstance(value, dict | list):
        keys = value if isinstance(value, dict) else range(min(len(value), 3))
        for key in keys:
            yield from places(value[key], (*found, key))


def change(tree, chance):
    """A JSON tree with one value replaced or taken away."""
    tree = json.loads(json.dumps(tree))
    *way, last = chance.choice([place for place in places(tree) if place])
    parent = tree
    for key in way:
        parent = parent[key]
    if chance.random() < 0.2:
        del parent[last]
    else:
        parent[last] = chance.choice(ODD)
    return tree


def message_of(act):
    """The one line of an error of ours; None where there is none."""
    try:
        act()
    except TrmpipeError as error:
        line = str(error)
    else:
        return None
    assert line.isprintable()
    return line


def harm(folder, chance):
    """Damage one or two notes of a generation."""
    for _ in range(chance.choice([1, 1, 2])):
        path = chance.choice(sorted(path for path in folder.iterdir() if path.is_file()))
        if chance.random() < 0.1:
            path.unlink()
        else:
            path.write_bytes(damaged(path.read_bytes() or b"x", chance))


def test_damaged_notes_end_in_a_clean_runs_files(tmp_path, begun, clean):
    told = 0
    for seed in range(INPUTS):
        out = tmp_path / "out"
        shutil.copytree(begun, out)
        harm(out / ".progress", random.Random(seed))
        if not [path for path in (out / ".progress").iterdir() if path.name in ("plan.json", "bases.npz")]:
            (out / ".progress" / "bases.npz").write_bytes(b"")
        outcome = generate(RECIPE, str(out))
        assert contents(out) == clean[1], seed
        told += bool(outcome.remade)
        shutil.rmtree(out)
    assert told > INPUTS / 2, "damage is told"


def test_sealed_records_that_lie_end_in_a_clean_corpus_or_are_found_by_verify(tmp_path, begun, clean):
    for seed in range(INPUTS):
        chance, out = random.Random(seed), tmp_path / "out"
        shutil.copytree(begun, out)
        path = chance.choice(sorted((out / ".progress").glob("t*.json")))
        value = json.loads(path.read_bytes())
        del value["digest"]
        path.write_bytes(reseal(change(value, chance)))
        outcome = generate(RECIPE, str(out))
        if contents(out) != clean[1]:
            # What only its maker can know: digests, clues and the SHA-256 of files.
            assert outcome.remade == {}, seed
            assert outcome.manifest != clean[0].manifest or verify(Corpus.open(out)).problems, seed
        shutil.rmtree(out)


def reseal(value):
    try:
        return seal(value)
    except (UnicodeEncodeError, ValueError):
        return seal({"plan": "none"})


def test_sealed_plans_that_lie_raise_nothing_foreign(tmp_path, begun):
    for seed in range(INPUTS):
        chance, out = random.Random(seed), tmp_path / "out"
        shutil.copytree(begun, out)
        path, bases = out / ".progress" / "plan.json", out / ".progress" / "bases.npz"
        value = json.loads(path.read_bytes())
        del value["digest"]
        if chance.random() < 0.5:
            value = change(value, chance)
        else:
            bases.write_bytes(damaged(bases.read_bytes(), chance))
            value["bases_sha256"] = sha256_hex(bases.read_bytes())
        path.write_bytes(reseal(value))
        if message_of(lambda out=out: generate(RECIPE, str(out))) is None:
            assert verify(Corpus.open(out)).problems == (), seed
        shutil.rmtree(out)


def other_arrays(data, chance):
    """The file of a plan's arrays with one of them changed: written anew, so that its own sums are right."""
    arrays = dict(np.load(io.BytesIO(data)))
    name = chance.choice(sorted(arrays))
    array, kind = arrays[name], chance.randrange(6)
    if kind == 0:
        del arrays[name]
    elif kind == 1:
        arrays[name] = array[: len(array) // 2]
    elif kind == 2:
        arrays[name] = np.concatenate([array, array])
    elif kind == 3:
        arrays[name] = array.astype(chance.choice([np.int64, np.float32, np.uint8, np.bool_, "U3"]))
    elif kind == 4:
        arrays[name] = array[..., None]
    else:
        value = np.array(chance.choice([-1, 0, 200, 2**15, 2**62])).astype(array.dtype)
        arrays[name] = np.where(chance.randrange(2) * np.ones(array.shape, bool), value, array)
    file = io.BytesIO()
    np.savez(file, **arrays)
    return file.getvalue()


def test_sealed_plans_with_other_arrays_raise_nothing_foreign(tmp_path, begun):
    """What kernels are handed is checked, or they would write where it says."""
    found = 0
    for seed in range(INPUTS // 2):
        chance, out = random.Random(seed), tmp_path / "out"
        shutil.copytree(begun, out)
        path, bases = out / ".progress" / "plan.json", out / ".progress" / "bases.npz"
        value = json.loads(path.read_bytes())
        del value["digest"]
        bases.write_bytes(other_arrays(bases.read_bytes(), chance))
        value["bases_sha256"] = sha256_hex(bases.read_bytes())
        path.write_bytes(seal(value))
        remade = {}
        message_of(lambda out=out, remade=remade: remade.update(generate(RECIPE, str(out)).remade))
        found += "the saved plan is damaged" in remade
        shutil.rmtree(out)
    assert found > INPUTS / 4, "what is no plan is made again, and told"


def test_hostile_manifests_make_regenerate_write_in_its_own_folder_alone(tmp_path, monkeypatch, clean):
    """Whatever stands in a recipe: its corpus lies in one folder below ``regenerated``, or there is none."""
    work = tmp_path / "a" / "b" / "work"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    outside = set(tmp_path.rglob("*"))
    value = json.loads((Path(clean[0].store.url) / "manifest.json").read_bytes())
    del value["digest"]
    words = ("..", "../../x", "/tmp/x", "a/../../b", "x" * 300, "\0", "~", ".", "...", "regenerated/../../x")
    for seed in range(INPUTS // 2):
        chance = random.Random(seed)
        hostile = json.loads(json.dumps(value))
        for _ in range(chance.choice([1, 2, 3])):
            field = chance.choice(["task", "format", "supplier", "options", "supply", "sources", "name", "inputs"])
            word = chance.choice(words)
            if field == "name":
                hostile["name"] = word
            elif field == "inputs":
                hostile["inputs"] = [{"role": word, "name": word, "bytes": 1, "sha256": "0" * 64}]
            elif field == "sources":
                hostile["recipe"] |= {"supplier": "lines", "sources": [[word, chance.choice(["0" * 64, word])]]}
            elif field in ("options", "supply"):
                hostile["recipe"][field] = {chance.choice(["clues", "pattern", word]): word}
            else:
                hostile["recipe"][field] = word
        hostile["recipe_digest"] = json_digest(hostile["recipe"])
        (work / "manifest.json").write_bytes(seal(hostile))
        message_of(lambda: regenerate("manifest.json"))
        there = set(tmp_path.rglob("*")) - outside - {work / "manifest.json"}
        assert all(path.is_relative_to(work / "regenerated") for path in there), seed
