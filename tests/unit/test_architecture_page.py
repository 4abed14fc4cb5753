"""docs/ARCHITECTURE.md, "To find | look in": what it names is there."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "ARCHITECTURE.md"


def missing(cells: list[str], root: Path) -> list[str]:
    """Files and folders that the cells name and that are not there.

    A bare name lies in the folder of the name before it, be it in a cell above, or in the one that its own part of the
    cell gives at the end ("`a.py`, `b.py` in `folder/`"). Parts are divided by semicolons.
    """
    wrong, folder = [], root
    for part in (part for cell in cells for part in cell.split(";")):
        names = [name for name in re.findall(r"`([^`\s]+)`", part) if name.endswith((".py", "/"))]
        if re.search(r" in `[^`]+/`\s*$", part):
            names = [names[-1], *names[:-1]]
        for name in names:
            place = next((place for place in (root / name, folder / name) if place.exists()), None)
            if place is None:
                wrong.append(name)
            else:
                folder = place if name.endswith("/") else place.parent
    return wrong


def cells_of(page: str) -> list[str]:
    rows = page.partition("| To find | look in |")[2].partition("\n\n")[0].strip().splitlines()[1:]
    return [row.split("|")[2] for row in rows]


def test_what_the_table_names_is_there():
    cells = cells_of(PAGE.read_text())
    assert len(cells) > 80
    assert missing(cells, ROOT) == []


def test_a_name_that_is_nowhere_is_found(tmp_path):
    for name in ("a/one.py", "a/two.py", "b/c/three.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    assert missing(["`a/one.py`, `two.py`", "`b/c/`; `three.py` there"], tmp_path) == []
    assert missing(["`a/one.py`; `three.py` in `b/c/`"], tmp_path) == []
    assert missing(["`a/one.py`, `three.py`", "`a/gone.py`"], tmp_path) == ["three.py", "a/gone.py"]
