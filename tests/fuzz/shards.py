"""Damaged corpora, and whether anything but a `TrmpipeError` comes out of reading them; run by test_shards_fuzz.

`python -m tests.fuzz.shards FOLDER KIND COUNT SEED` damages the corpus in FOLDER in COUNT ways.
"""

import itertools
import json
import sys
import time
import traceback
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from tests.fuzz.mutations import DEEP, HOSTILE_VALUES, MOST_SECONDS, damage, every_bit, spoil
from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import MANIFEST, Corpus, Store, Stream, read_manifest, sha256_hex, verify
from trmpipe.shards.json_files import seal


def read_everything(folder):
    """Problems of a corpus, by every door; raises what they raise."""
    problems = verify(Corpus.open(folder)).problems
    corpus = Corpus.open(folder)
    for split in corpus.manifest.splits:
        for rows in corpus.rows(split):
            assert rows.inputs.max(initial=0) < corpus.spec.vocab_size
            assert rows.identifiers.max(initial=0) < corpus.num_identifiers
    corpus.variant_names()
    Stream([corpus], seed=0, batch_size=4).batch(0)
    return problems


class Judge:
    """Writes damaged files over a corpus, reads it, and puts it back; what came out wrongly is counted and shown."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.files = {
            path.relative_to(folder).as_posix(): path.read_bytes() for path in self.folder.rglob("*") if path.is_file()
        }
        self.num_inputs = 0
        self.wrong = []
        assert read_everything(folder) == ()

    def ask(self, name, changes):
        """One input: files by path, with other bytes than the corpus has."""
        for path, data in changes.items():
            (self.folder / path).write_bytes(data)
        start = time.perf_counter()
        try:
            read_everything(self.folder)
        except TrmpipeError as error:
            if "\n" in str(error) or not str(error).isprintable():
                self.wrong.append(f"{name}: no line: {str(error)!r}")
        except BaseException:
            self.wrong.append(f"{name}: {traceback.format_exc()[-1500:]}")
        seconds = time.perf_counter() - start
        if seconds > MOST_SECONDS:
            self.wrong.append(f"{name}: took {seconds:.1f} s")
        for path in changes:
            (self.folder / path).write_bytes(self.files[path])
        self.num_inputs += 1

    def signed(self, changes):
        """The changes, with a manifest whose digests are theirs."""
        manifest = json.loads(self.files[MANIFEST])
        del manifest["digest"]
        for record in _records(manifest):
            if record["path"] in changes:
                data = changes[record["path"]]
                record |= {"size_bytes": len(data), "sha256": sha256_hex(data)}
        return {**changes, MANIFEST: seal(manifest)}


def _records(manifest):
    shards = itertools.chain.from_iterable(split["shards"] for split in manifest["splits"].values())
    return [*manifest["files"], *itertools.chain.from_iterable(shard["files"] for shard in shards)]


def flip_bits(judge, count, seed):
    """Every bit of every file; in a store in memory, as they are many."""
    store = Store("memory://flips")
    for path, data in judge.files.items():
        store.write(path, data)
    corpus = Corpus.open(store.url)
    records = {record.path: record for record in corpus.manifest.all_files()}
    for path, data in judge.files.items():
        for number, changed in enumerate(every_bit(data)):
            store.write(path, changed)
            judge.num_inputs += 1
            try:
                if path == MANIFEST:
                    read_manifest(store)
                else:
                    # What `verify` and all readers begin with; the rest of the corpus is not read anew for every bit.
                    Corpus(store, corpus.manifest).read_file(records[path])
                judge.wrong.append(f"{path}, flip {number}: believed")
            except TrmpipeError:
                pass
        store.write(path, data)
    assert read_everything(store.url) == ()


def mutate_bytes(judge, count, seed):
    """Bytes of every file but the manifest, signed again."""
    paths = sorted(set(judge.files) - {MANIFEST})
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        path = paths[number % len(paths)]
        judge.ask(f"bytes {number} of {path}", judge.signed({path: damage(rng, judge.files[path])}))


def mutate_manifest(judge, count, seed):
    """Values of the manifest, sealed again, and its bytes."""
    value = json.loads(judge.files[MANIFEST])
    del value["digest"]
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        if number % 20 == 0:
            text = judge.files[MANIFEST].replace(b"[]", DEEP.encode(), 1) if number else DEEP.encode()
            judge.ask(f"deep manifest {number}", {MANIFEST: text})
        elif number % 20 == 1:
            judge.ask(f"bytes {number} of the manifest", {MANIFEST: damage(rng, judge.files[MANIFEST])})
        else:
            changed = spoil(rng, value)
            data = seal(changed) if _can_be_written(changed) else json.dumps(changed).encode()
            judge.ask(f"manifest {number}", {MANIFEST: data})


def _can_be_written(value):
    try:
        return bool(json.dumps(value, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return False


def mutate_tables(judge, count, seed):
    """Columns of catalog and identifiers: hostile values, other types, rows and columns missing or doubled."""
    paths = [path for path in judge.files if path.endswith(".parquet")]
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        path = paths[number % len(paths)]
        table = pq.read_table(pa.BufferReader(judge.files[path]))
        try:
            changed = _spoil_table(rng, table)
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            continue
        sink = pa.BufferOutputStream()
        pq.write_table(changed, sink, compression=str(rng.choice(["zstd", "zstd", "none", "gzip"])), store_schema=False)
        judge.ask(f"table {number} of {path}", judge.signed({path: bytes(sink.getvalue())}))


def _spoil_table(rng, table):
    place = int(rng.integers(table.num_columns))
    field = table.schema.field(place)
    kind = rng.integers(0, 6)
    if kind == 0:
        return table.remove_column(place)
    if kind == 1:
        rows = rng.integers(0, table.num_rows, rng.integers(0, 2 * table.num_rows))
        return table.take(rows)
    values = table.column(place).to_pylist()
    if kind == 2:
        other = [pa.string(), pa.int32(), pa.int64(), pa.float64(), pa.binary(), pa.list_(pa.int64()), pa.bool_()]
        kind_of_value = other[rng.integers(len(other))]
        column = pa.array([None] * len(values), kind_of_value)
        return table.set_column(place, pa.field(field.name, kind_of_value), column)
    row = rng.integers(len(values))
    if pa.types.is_integer(field.type):
        values[row] = int(rng.choice([-1, 0, 1, 2**31 - 1, values[row] + 1, values[row] - 1, -(2**31)]))
    elif pa.types.is_string(field.type):
        texts = [text for text in HOSTILE_VALUES if isinstance(text, str) and text != "\ud800"]
        values[row] = [*texts, "y" * 3_000_000][rng.integers(len(texts) + 1)]
    elif pa.types.is_floating(field.type):
        values[row] = float(rng.choice([-1.0, np.nan, np.inf, 1e308]))
    else:
        values[row] = bytes(rng.integers(0, 256, 32, np.uint8))
    if kind == 3:
        values[row] = None
    return table.set_column(place, field, pa.array(values, field.type))


KINDS = {
    "bits": flip_bits,
    "bytes": mutate_bytes,
    "manifest": mutate_manifest,
    "tables": mutate_tables,
}


if __name__ == "__main__":
    place, word, number, first = sys.argv[1:]
    judge = Judge(place)
    KINDS[word](judge, int(number), int(first))
    for line in judge.wrong[:20]:
        print(line)
    print(f"{judge.num_inputs} inputs, {len(judge.wrong)} wrong")
    if judge.wrong:
        sys.exit(1)
