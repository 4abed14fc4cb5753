"""difficulty.jsonl: what each evaluation of a run came to by difficulty, a line for each bin.

It is a file of its own, as metrics.jsonl of the same run has to be the same, byte for byte, whichever version wrote it.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from msgspec import Meta

from trmpipe.shards.fields import Positive, Word

from ..errors import RunError
from ..files import typed
from ..scores.difficulty import Difficulty
from .lines import ADVICE, read_lines

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
    """The lines of difficulty.jsonl; see `lines.read_lines`."""
    return read_lines(path, _line)


def _line(step: int, split: str, values: dict[str, Any], where: str) -> DifficultyLine:
    def taken(name: str, kind: Any) -> Any:
        return typed(values.pop(name, None), kind, f"{where} ({name})", ADVICE)

    about = {"level": taken("level", Word | None), "puzzles": taken("puzzles", Positive)}
    ends = {name: taken(name, _Rating) for name in ("least", "most")}
    shares = typed(values, dict[str, _Share], where, ADVICE)
    if "exact" not in shares:
        raise RunError(f"{where} is damaged: it has no exact; {ADVICE}")
    return DifficultyLine(step=step, split=split, **about, **ends, shares=shares)
