"""difficulty.jsonl: what each evaluation of a run came to by difficulty, a line for each bin.

It is a file of its own, as metrics.jsonl of the same run has to be the same, byte for byte, whichever version wrote it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from trmpipe.shards.fields import Count, Positive, Word
from trmpipe.shards.json_files import read_json

from .difficulty import Difficulty
from .errors import RunError
from .files import damage_of_a_run, read_file, typed
from .lines import MOST_LINE_BYTES, SPLITS

_ADVICE = "restore the file, or start a new run"
_Share = Annotated[float, Meta(ge=0, le=1)]
_Rating = Annotated[float, Meta(ge=0)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DifficultyLine(Difficulty):
    """A line: what came of the puzzles of one bin.

    Attributes:
        step: after which they were scored.
        split: one of `lines.SPLITS`.
        puzzles: how many there are.
        shares: of how many of them each column holds, 0 to 1, by name.
    """

    step: int
    split: str
    puzzles: int
    shares: dict[str, float]


def read_difficulty(path: Path) -> list[DifficultyLine]:
    """The lines of difficulty.jsonl, none where it is missing; a last line that was cut off does not count.

    Raises:
        RunError: a line is damaged, or the file is too large to be one of these.
    """
    if not path.exists():
        return []
    lines = read_file(path, most_bytes=MOST_LINE_BYTES).split(b"\n")[:-1]
    return [_line(line, f"{path} line {number}") for number, line in enumerate(lines, 1)]


def _line(line: bytes, where: str) -> DifficultyLine:
    with damage_of_a_run():
        values = read_json(line, dict[Word, Any], where, _ADVICE)

    def taken(name: str, kind: Any) -> Any:
        return typed(values.pop(name, None), kind, f"{where} ({name})", _ADVICE)

    split = taken("split", Word)
    if split not in SPLITS:
        raise RunError(f"{where} is damaged: its split is none of {', '.join(SPLITS)}; {_ADVICE}")
    about = {"step": taken("step", Count), "level": taken("level", Word | None), "puzzles": taken("puzzles", Positive)}
    ends = {name: taken(name, _Rating) for name in ("least", "most")}
    shares = typed(values, dict[str, _Share], where, _ADVICE)
    if "exact" not in shares:
        raise RunError(f"{where} is damaged: it has no exact; {_ADVICE}")
    return DifficultyLine(split=split, **about, **ends, shares=shares)
