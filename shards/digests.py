"""Digests of content: what a corpus says, whatever its format, shard size or block size.

- A **group digest** is the SHA-256 of one line ``name:dtype:shape:hex`` a field, in the order of `FIELDS`, where hex
  is the SHA-256 of the field's bytes in C order over all the group's variants. So it can be computed while the blocks
  of variants pass by, with one running hash a field.
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


class GroupDigest:
    """The running digest of one group, fed block of variants by block of variants."""

    def __init__(self) -> None:
        self._hashes = [hashlib.sha256() for _ in FIELDS]
        self._num_variants = 0
        self._seq_len = 0

    def update(self, inputs: NDArray[np.uint8], labels: NDArray[np.uint8]) -> None:
        """Add the next variants, both uint8 [K, S]."""
        for running, rows in zip(self._hashes, (inputs, labels), strict=True):
            running.update(np.ascontiguousarray(rows).data)
        self._num_variants += len(inputs)
        self._seq_len = inputs.shape[1]

    def digest(self) -> bytes:
        """The 32 bytes for the variants seen so far."""
        shape = f"{self._num_variants},{self._seq_len}"
        lines = [
            f"{name}:uint8:{shape}:{running.hexdigest()}\n" for name, running in zip(FIELDS, self._hashes, strict=True)
        ]
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
