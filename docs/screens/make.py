"""Make the pictures of the terminal in this folder again: ``python docs/screens/make.py [NAME...]``, a few minutes.

Every command runs on a terminal of its own, in a folder that is thrown away; what is left on the screen at its end is
drawn by rich. `trmpipe` must be installed, and its kernels compiled, or the first picture counts them.
"""

import os
import pty
import re
import shlex
import struct
import subprocess
import sys
import termios
from collections.abc import Iterable
from fcntl import ioctl
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.text import Text

WIDTH, HEIGHT = 118, 60
"""Columns and lines of the terminal."""
FONTS = "DejaVu Sans Mono, Menlo, Consolas, monospace"
MOST_LINES = 34
"""Lines of a picture; a longer screen is cut off and says so."""

SCREENS = (
    ("generate", "generate sudoku --n 1000 --aug 1000 --out shards/sudoku9"),
    ("inspect-sudoku", "inspect shards/sudoku9 --puzzles 1"),
    ("", "generate sudoku --size 4 --aug 1000 --n 28 --test 8 --out shards/sudoku4"),
    ("train", "train shards/sudoku4 --out runs/sudoku4"),
    ("evaluate", "evaluate runs/sudoku4"),
    ("solve-sudoku", "solve runs/sudoku4 ...3..21.4..1..."),
    ("", "generate arc --dataset arc-agi-1 --n 20 --aug 10 --out shards/arc"),
    ("inspect-arc", "inspect shards/arc --split test --puzzles 1"),
    ("", "train shards/arc --max-steps 200 --out runs/arc"),
    ("solve-arc", "solve runs/arc 136b0064"),
)
"""Names of pictures and the commands that they show, in the order in which they need each other; '' shows nothing."""

_ESCAPE = re.compile(r"\x1b\[(\??[0-9;]*)([A-Za-z])")


def on_a_terminal(command: list[str], folder: Path) -> str:
    """All that a command writes to a terminal of `WIDTH` columns.

    Raises:
        RuntimeError: the command fails.
    """
    master, slave = pty.openpty()
    ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", HEIGHT, WIDTH, 0, 0))
    env = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "COLUMNS": str(WIDTH)}
    parts = []
    with subprocess.Popen(command, cwd=folder, env=env, stdout=slave, stderr=slave) as process:
        os.close(slave)
        while part := _read(master):
            parts.append(part)
    os.close(master)
    written = b"".join(parts).decode()
    if process.returncode:
        raise RuntimeError(f"{shlex.join(command)} failed: {written}")
    return written


def _read(master: int) -> bytes:
    """What a terminal has to read next; nothing at its end, which Linux calls an error."""
    try:
        return os.read(master, 65536)
    except OSError:
        return b""


def screen_of(written: str) -> list[str]:
    """The lines that are on the screen at the end, with their colours as escapes.

    Of what moves about, that is understood which rich's bars write: a line up, and a line wiped out before it is
    written anew.
    """
    lines, row = [""], 0
    for piece in re.split(r"(\x1b\[\??[0-9;]*[A-Za-z]|\n)", written.replace("\r", "")):
        escape = _ESCAPE.fullmatch(piece)
        if piece == "\n":
            row += 1
        elif escape is None or escape[2] == "m":
            lines[row] += piece
        elif escape[2] == "A":
            row -= int(escape[1] or 1)
        elif escape[2] == "K":
            lines[row] = ""
        lines += [""] * (row + 1 - len(lines))
    return lines


def picture_of(command: str, lines: Iterable[str]) -> str:
    """A screen as SVG, under the command that was typed."""
    shown = Text.from_ansi("\n".join(lines).rstrip()).split("\n")
    with open(os.devnull, "w") as nowhere:
        console = Console(record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor")
        console.print(Text.assemble(("$ ", "bold green"), (f"trmpipe {command}", "bold")))
        for line in shown[:MOST_LINES]:
            console.print(line, soft_wrap=False)
        if len(shown) > MOST_LINES:
            console.print(Text(f"... {len(shown) - MOST_LINES} more lines", "dim"))
        drawn = console.export_svg(title="trmpipe", unique_id="screen")
    # Rich would fetch a font from the network, wherever the picture is looked at.
    return re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL).replace("Fira Code, monospace", FONTS)


def main(names: list[str]) -> None:
    """Make the pictures of these names, or all of them."""
    here = Path(__file__).parent
    program = Path(sys.executable).with_name("trmpipe")
    with TemporaryDirectory() as folder:
        for name, command in SCREENS:
            lines = screen_of(on_a_terminal([str(program), *shlex.split(command)], Path(folder)))
            if name and (not names or name in names):
                shown = [line.replace(f"{folder}/", "") for line in lines]
                (here / f"{name}.svg").write_text(picture_of(command, shown))


if __name__ == "__main__":
    main(sys.argv[1:])
