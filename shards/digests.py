"""Digests of content: what a corpus says, whatever its format, shard size or block size.

- A **group digest** is the SHA-256 of one line ``name:dtype:shape:hex`` a field, in the order of `FIELDS`, where hex
  is the SHA-256 of the field's bytes in C order over all the group's variants. So it can be computed while the shards
  are written one after the other, with one running hash a field. The shape is ``variants,S`` where a puzzle has one
  example, else ``variants,examples,S``. Puzzles with identifiers have a third line for them, int32 little endian.
- The **content digest** is the SHA-256 of the two splits, train before test, each a line ``split groups`` and its
  group digests in order.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIELDS = ("inputs", "labels")
SPLITS = ("train", "test")
DIGEST_BYTES = 32
"""Of a SHA-256."""


class GroupDigest:
    """The running digest of one group, which takes its variants in portions.

    Args:
        examples: of each puzzle, 1 or more.
        first_identifier: of the group's base, 0 where puzzles have none.
    """

    def __init__(self, examples: int = 1, first_identifier: int = 0) -> None:
        self._hashes = [hashlib.sha256() for _ in FIELDS]
        self._examples = examples
        self._first_identifier = first_identifier
        self._num_rows = 0
        self._seq_len = 0

    def update(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        """Add the rows of the next variants, both uint8 [R, S]."""
        for running, rows in zip(self._hashes, (inputs, labels), strict=True):
            running.update(np.ascontiguousarray(rows).data)
        self._num_rows += len(inputs)
        self._seq_len = inputs.shape[1]

    def digest(self) -> bytes:
        """The 32 bytes for the variants seen so far."""
        num_variants = self._num_rows // self._examples
        sizes = [num_variants, self._seq_len] if self._examples == 1 else [num_variants, self._examples, self._seq_len]
        shape = ",".join(map(str, sizes))
        lines = [
            f"{name}:uint8:{shape}:{running.hexdigest()}\n" for name, running in zip(FIELDS, self._hashes, strict=True)
        ]
        if self._first_identifier:
            identifiers = np.arange(self._first_identifier, self._first_identifier + num_variants, dtype="<i4")
            lines.append(f"identifiers:int32:{num_variants}:{sha256_hex(identifiers.tobytes())}\n")
        return hashlib.sha256("".join(lines).encode()).digest()


def content_digest(groups: Mapping[str, Sequence[bytes]]) -> str:
    """Hex digest of a whole corpus.

    Args:
        groups: for every split its group digests (32 bytes each) in order; a missing split counts as empty.
    """
    total = hashlib.sha256(b"trmpipe content 1\n")
    for split in SPLITS:
        digests = groups.get(split, ())
        total.update(f"{split} {len(digests)}\n".encode())
        total.update(b"".join(digests))
    return total.hexdigest()


def sha256_hex(data: bytes) -> str:
    """Hex SHA-256 of the bytes of a file."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """`value` as JSON with sorted keys, two blanks of indent and a last newline: equal values, equal bytes."""
    return (json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False) + "\n").encode()


def json_digest(value: Any) -> str:
    """Hex SHA-256 of `value` as canonical JSON: the recipe digest, fingerprints of states."""
    return sha256_hex(canonical_json(value))
