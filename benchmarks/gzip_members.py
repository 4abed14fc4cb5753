"""How tight and how fast libraries pack the padded grids of an ARC corpus, side by side on one core.

What is packed are the members of the training shards as they lie there unpacked, each by itself: an npy header and the
uint8 [rows, 900] behind it. Packing and unpacking take the best of a few rounds over all members, in turn, so that a
busy machine harms all libraries alike. The digest is of all packed members: run the script on two kinds of processor
(or once under ``valgrind --tool=none``, which offers no AVX-512) to see whether a library packs alike on both.

    python benchmarks/gzip_members.py [CORPUS] [--tasks 60] [--rounds 5]

Without a corpus, one of the first tasks of arc-agi-1 with 200 variants each is made in a temporary folder. Libraries
that are not installed are left out: `pip install isal zlib-ng deflate` for all.
"""

import argparse
import gzip
import hashlib
import platform
import subprocess
import sys
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib import import_module
from importlib.metadata import version
from pathlib import Path

Packer = Callable[[bytes], bytes]
_GZIP_WINDOW = 31
"""The word of zlib for gzip's format with the largest window."""


def packers() -> dict[str, Packer]:
    """One way to pack a name, of those that are installed."""
    found: dict[str, Packer] = {
        f"zlib {level}": lambda data, level=level: gzip.compress(data, level, mtime=0)  # type: ignore[misc]
        for level in (1, 4, 6)
    }
    with suppress(ImportError):
        igzip = import_module("isal.igzip")
        for level in (1, 2, 3):
            found[f"isal {level}"] = lambda data, level=level: igzip.compress(data, level, mtime=0)  # type: ignore[misc]
    with suppress(ImportError):
        gzip_ng = import_module("zlib_ng.gzip_ng")
        for level in (2, 4, 6):
            found[f"zlib-ng {level}"] = lambda data, level=level: gzip_ng.compress(data, level, mtime=0)  # type: ignore[misc]
    with suppress(ImportError):
        deflate = import_module("deflate")
        for level in (1, 2, 3, 4, 6):
            found[f"deflate {level}"] = lambda data, level=level: bytes(deflate.gzip_compress(data, level))  # type: ignore[misc]
    return found


def unpackers() -> dict[str, Packer]:
    """One way to unpack a name, of those that are installed."""
    found: dict[str, Packer] = {"zlib": lambda data: zlib.decompress(data, _GZIP_WINDOW)}
    with suppress(ImportError):
        isal_zlib = import_module("isal.isal_zlib")
        found["isal"] = lambda data: isal_zlib.decompress(data, _GZIP_WINDOW)  # type: ignore[no-any-return]
    with suppress(ImportError):
        zlib_ng = import_module("zlib_ng.zlib_ng")
        found["zlib-ng"] = lambda data: zlib_ng.decompress(data, _GZIP_WINDOW)  # type: ignore[no-any-return]
    with suppress(ImportError):
        deflate = import_module("deflate")
        found["deflate"] = lambda data: bytes(deflate.gzip_decompress(data))
    return found


def read_members(corpus: Path) -> list[bytes]:
    """All packed arrays of the training shards, unpacked."""
    members = []
    for shard in sorted((corpus / "train").glob("*.tar")):
        with tarfile.open(shard) as tar:
            members += [
                zlib.decompress(file.read(), _GZIP_WINDOW)
                for info in tar
                if info.name.endswith(".npy.gz") and (file := tar.extractfile(info))
            ]
    return members


def make_corpus(folder: Path, tasks: int) -> Path:
    """A corpus of the first tasks of arc-agi-1 with 200 variants each."""
    options = ["--dataset", "arc-agi-1", "--n", str(tasks), "--aug", "200", "--out", str(folder / "arc")]
    subprocess.run([sys.executable, "-m", "trmpipe", "generate", "arc", *options], check=True)
    return folder / "arc"


def best_seconds(ways: dict[str, Packer], parts: Sequence[bytes], rounds: int) -> dict[str, float]:
    """CPU seconds of each way over all parts, the best of a few rounds, a round of each in turn."""
    best = dict.fromkeys(ways, float("inf"))
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            for part in parts:
                way(part)
            best[name] = min(best[name], time.process_time() - started)
    return best


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpus", nargs="?", type=Path)
    parser.add_argument("--tasks", type=int, default=60, help="of the corpus that is made where none is given")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        members = read_members(options.corpus or make_corpus(Path(folder), options.tasks))
    total = sum(map(len, members))
    packed = {name: [pack(part) for part in members] for name, pack in packers().items()}
    packing = best_seconds(packers(), members, options.rounds)
    base = packing["zlib 4"]
    print(f"{len(members)} members, {total / 1e6:.1f} MB; {platform.machine()}, Python {platform.python_version()}")
    print(f"{'pack':>12} {'times smaller':>14} {'MB/s':>7} {'of zlib 4':>10}  digest")
    for name, parts in packed.items():
        digest = hashlib.sha256(b"".join(parts)).hexdigest()[:16]
        ratio, rate = total / sum(map(len, parts)), total / packing[name] / 1e6
        print(f"{name:>12} {ratio:>14.1f} {rate:>7.0f} {base / packing[name]:>9.1f}x  {digest}")
    for source in ("zlib 4", "isal 1", "zlib-ng 4", "deflate 4"):
        if source in packed:
            unpacking = best_seconds(unpackers(), packed[source], options.rounds)
            rates = ", ".join(f"{name} {total / seconds / 1e6:.0f}" for name, seconds in unpacking.items())
            print(f"unpack what {source} packed, MB/s: {rates}")
    for name in ("isal", "zlib-ng", "deflate"):
        with suppress(ImportError):
            print(name, version(name), end="  ")
    print(f"zlib {zlib.ZLIB_RUNTIME_VERSION}")


if __name__ == "__main__":
    main()
