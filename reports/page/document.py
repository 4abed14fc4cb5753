"""The whole page: its head, with the rule that nothing is fetched and no other script runs, and its sections.

The rule (a Content-Security-Policy) names the digests of the page's own scripts, so that one that slipped in by a name
would not run. Styles may stand anywhere, as Vega writes them into what it draws. Vega would make functions out of the
expressions in a chart, which the rule forbids; its interpreter reads them instead.
"""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

from .boards import Boards
from .bundle import vega_script
from .charts import chart_of
from .markup import Content, Markup, element, joined, json_block
from .parts import Cell, Number, Section, Table, place_name

_DEEPEST = 6
_BEGIN = "<!doctype html>\n"
_MADE_BY = "Made by trmpipe."


def page_of(title: str, sections: Sequence[Section], *, says: str = "", live: bool = False, still: bool = True) -> str:
    """A page as the text of an HTML file.

    Args:
        title: of the page.
        sections: in their order.
        says: a sentence below the title.
        live: whether it asks the server that it came from for news, as `trmpipe watch` shows it.
        still: whether charts are drawn for readers without scripts too.
    """
    scripts = [_asset("page.js"), *([_asset("live.js")] if live else [])]
    if any(map(_has_figures, sections)):
        scripts.insert(0, vega_script())
    writer = _Writer(still)
    body = [
        element("a", "Skip to the content", class_="skip", href="#main"),
        element(
            "header",
            element("h1", title),
            element("p", says) if says else None,
            element("p", "", id="live", role="status") if live else None,
            _contents(sections),
        ),
        element("main", [writer.section(section, 2) for section in sections], id="main", tabindex=-1),
        element("footer", element("p", f"{_MADE_BY} Point at a number to see the file that it comes from.")),
        *(element("script", Markup(script)) for script in scripts),
    ]
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_policy(scripts, live)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        # Else a browser asks a server for one.
        element("link", rel="icon", href="data:,"),
        element("style", Markup(_asset("page.css"))),
    ]
    return _BEGIN + element("html", element("head", head), element("body", body), lang="en") + "\n"


def is_page(path: Path) -> bool:
    """Whether the file at `path` is a page of ours."""
    with path.open("rb") as file:
        return file.read(len(_BEGIN)) == _BEGIN.encode() and _MADE_BY.encode() in file.read()


@cache
def _asset(name: str) -> str:
    return files(__package__).joinpath("assets", name).read_text(encoding="utf-8")


def _policy(scripts: Sequence[str], live: bool) -> str:
    digests = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    rules = ["default-src 'none'", f"script-src {allowed}", "style-src 'unsafe-inline'", "img-src data:"]
    rules += ["base-uri 'none'", "form-action 'none'"] + (["connect-src 'self'"] if live else [])
    return "; ".join(rules)


def _has_figures(section: Section) -> bool:
    return bool(section.figures) or any(map(_has_figures, section.parts))


def _contents(sections: Sequence[Section]) -> Markup | None:
    """Links to the sections, where there are several."""
    if len(sections) < 2:
        return None
    links = [element("li", element("a", section.title, href=f"#{section.name}")) for section in sections]
    return element("nav", element("ul", links), aria_label="Contents")


class _Writer:
    """Writes sections; places in the page get names that are used once.

    Args:
        still: whether charts are drawn for readers without scripts too.
    """

    def __init__(self, still: bool) -> None:
        self._still = still
        self._used: set[str] = set()

    def section(self, section: Section, level: int) -> Markup:
        """A section with all its parts, its heading of a level."""
        below = min(level + 1, _DEEPEST)
        figures = [
            chart_of(figure, self._place(f"{section.name}-{figure.name}"), below, still=self._still)
            for figure in section.figures
        ]
        return element(
            "section",
            element(f"h{level}", section.title, id=self._place(section.name)),
            [element("p", text) for text in section.says],
            _facts(section.facts),
            [_table(table) for table in section.tables],
            element("div", figures, class_="figures") if figures else None,
            self._boards(section, below),
            [_command(what, line) for what, line in section.code],
            [self.section(part, below) for part in section.parts],
        )

    def _boards(self, section: Section, level: int) -> Markup | None:
        if not section.boards:
            return None
        name = self._place(f"{section.name}-all")
        most = max(boards.num_steps for boards in section.boards)
        together = element(
            "div",
            element("label", "All puzzles at once", for_=name),
            element("input", type="range", id=name, class_="together", min=0, max=most, value=most),
            class_="slider",
        )
        cards = [self._card(boards, section.name, level) for boards in section.boards]
        return element(
            "div",
            element("noscript", element("p", "The puzzles are drawn by a script, which does not run here.")),
            _legend(),
            together if len(cards) > 1 else None,
            element("div", cards, class_="cards"),
            class_="boards",
        )

    def _card(self, boards: Boards, section: str, level: int) -> Markup:
        """A puzzle: its board, slider, what it shows in words, and the same as text."""
        name = self._place(f"{section}-{place_name(boards.title)}")
        return element(
            "article",
            element(f"h{level}", boards.title, id=f"{name}-title"),
            element("p", element("span", boards.kind, class_=f"kind {place_name(boards.kind)}"), f" {boards.says}"),
            element("div", class_="grids", data_boards=f"{name}-data"),
            element(
                "div",
                element("label", "Supervision step", for_=f"{name}-step"),
                element(
                    "input",
                    type="range",
                    id=f"{name}-step",
                    class_="step",
                    min=0,
                    max=boards.num_steps,
                    value=boards.num_steps,
                    aria_describedby=f"{name}-title",
                ),
                element("button", "Play", type="button", class_="play", aria_label=f"Play {boards.title}"),
                class_="slider",
            ),
            element("p", "", class_="says"),
            element("details", element("summary", "As text"), element("pre", "", tabindex=0, class_="as-text")),
            json_block(f"{name}-data", boards.to_json()),
            class_="card",
            aria_labelledby=f"{name}-title",
        )

    def _place(self, wish: str) -> str:
        """A name like `wish` that was not used yet."""
        name, number = wish, 1
        while name in self._used:
            number += 1
            name = f"{wish}-{number}"
        self._used.add(name)
        return name


def _facts(facts: Sequence[tuple[str, Cell]]) -> Markup | None:
    if not facts:
        return None
    pairs = [element("div", element("dt", what), element("dd", _content(cell))) for what, cell in facts]
    return joined(element("dl", pairs, class_="facts"), _sources(facts))


def _sources(facts: Sequence[tuple[str, Cell]]) -> Markup | None:
    """Where numbers come from, for those who cannot point at them."""
    rows = [(what, cell.source) for what, cell in facts if isinstance(cell, Number)]
    caption = "Where these numbers come from"
    return _table(Table(caption=caption, columns=("number", "comes from"), rows=rows, folded=True)) if rows else None


def _table(table: Table) -> Markup:
    rows = [
        element(
            "tr",
            [
                element("td" if place else "th", _content(cell), class_=_kind(cell), scope=None if place else "row")
                for place, cell in enumerate(row)
            ],
        )
        for row in table.rows
    ]
    box = element(
        "div",
        element(
            "table",
            element("caption", f"{table.caption}, from {table.source}" if table.source else table.caption),
            element("thead", element("tr", [element("th", name, scope="col") for name in table.columns])),
            element("tbody", rows),
        ),
        class_="scroll",
        tabindex=0,
        role="region",
        aria_label=table.caption,
        data_source=table.source or None,
    )
    return element("details", element("summary", table.caption), box) if table.folded else box


def _kind(cell: Cell) -> str | None:
    return "number" if isinstance(cell, Number) else None


def _content(cell: Cell) -> Content:
    return cell.shown() if isinstance(cell, Number) else cell


def _command(what: str, line: str) -> Markup:
    return joined(element("p", what), element("pre", element("code", line), tabindex=0, class_="command"))


def _legend() -> Markup:
    """What the looks of cells mean; the script draws a sample before each."""
    kinds = (("given", "given by the puzzle"), ("right", "right"), ("wrong", "wrong: crossed out"))
    return element("ul", [element("li", words, data_tone=tone) for tone, words in kinds], class_="legend")
