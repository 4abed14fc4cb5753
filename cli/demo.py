"""``make demo``: the whole way once, from nothing to a model that solves puzzles it has never seen.

Run again, it finds what is there and only evaluates.
"""

import shlex
import sys
import time
from pathlib import Path

from .console import echo
from .main import run

_CORPUS_9 = "sudoku9-n1000-aug1000-seed0"
_CORPUS_6 = "sudoku6-n1000-aug1000-seed0"


def demo(root: Path) -> int:
    """Generate, train, evaluate and inspect below `root`; returns the exit code of the first command that fails."""
    corpus_9, corpus_6 = root / "shards" / _CORPUS_9, root / "shards" / _CORPUS_6
    trained = root / "runs" / "sudoku6"
    resume = ["--resume"] if (trained / "config.json").exists() else []
    commands = [
        ["generate", "sudoku", "--n", "1000", "--aug", "1000", "--out", str(corpus_9)],
        ["generate", "sudoku", "--size", "6", "--n", "1000", "--aug", "1000", "--out", str(corpus_6)],
        ["inspect", str(corpus_6), "--puzzles", "1"],
        ["train", str(corpus_6), "--out", str(trained), *resume],
        ["evaluate", str(trained)],
    ]
    started = time.monotonic()
    for arguments in commands:
        echo(err=True)
        echo(f"$ trmpipe {shlex.join(arguments)}", err=True)
        code = run(arguments)
        if code != 0:
            return code
    echo()
    echo(f"The demo took {(time.monotonic() - started) / 60:.1f} minutes. What it made:")
    for what, path in (
        ("9x9 corpus", corpus_9),
        ("6x6 corpus", corpus_6),
        ("trained model", trained),
        *((f"picture {picture.stem}", picture) for picture in sorted(trained.glob("*.png"))),
    ):
        echo(f"  {what:<22} {path}")
    return 0


if __name__ == "__main__":
    sys.exit(demo(Path(sys.argv[1] if len(sys.argv) > 1 else "demo")))
