"""The site that `make docs` builds: strict, whole, and without the network; the reference has all that the code has."""

import ast
import re
import shlex
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import click
import pytest

import trmpipe
from tests.unit.test_floors import MAY_IMPORT
from trmpipe.cli.main import program
from trmpipe.trainer.presets import PRESETS
from trmpipe.trainer.settings.config import SECTIONS, TrainConfig, flatten, to_json

pytestmark = pytest.mark.walkthrough

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(path.relative_to(DOCS).with_suffix("").as_posix() for path in DOCS.rglob("*.md"))


def build(source, folder):
    """Build pages as `make docs` does, by its own line; gives the exit code, what was said, and the site."""
    (line,) = re.findall(r"^\t\$\(BIN\)/python -m (sphinx .*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert "--fail-on-warning" in line
    places = {"docs": source, "site": folder / "site", "$(VENV)/doctrees": folder / "doctrees"}
    words = [str(places.get(word, word)) for word in shlex.split(line)]
    done = subprocess.run([sys.executable, "-m", *words], cwd=ROOT, capture_output=True, text=True, timeout=250)
    return done.returncode, done.stderr, folder / "site"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    code, said, folder = build(DOCS, tmp_path_factory.mktemp("site"))
    assert (code, said) == (0, "")
    return folder


class Fetched(HTMLParser):
    """What a browser fetches for a page, beside the page."""

    ATTRIBUTES = ("src", "srcset", "poster", "data")

    def __init__(self, text):
        super().__init__()
        self.found, self.links, self.ids = [], [], set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        self.ids.add(named.get("id"))
        self.found += [value for name, value in attrs if name in self.ATTRIBUTES and value]
        self.found += re.findall(r"url\(([^)]*)\)", named.get("style") or "")
        (self.found if tag == "link" and fetches(named) else self.links).append(named.get("href") or "")


def fetches(link):
    """Whether a <link> is fetched with the page; the others say where something is."""
    return not set((link.get("rel") or "").split()) <= {"index", "search", "next", "prev", "author", "canonical"}


def is_elsewhere(url):
    return re.match(r"\s*['\"]?(?:[a-z]+:)?//", url, re.IGNORECASE) is not None


def fetched_elsewhere(path):
    """What a file of the site would fetch from the network."""
    text = path.read_text()
    if path.suffix == ".html":
        styles = re.findall(r"<style.*?</style>", text, re.DOTALL)
        scripts = re.findall(r"<script(?![^>]*\ssrc=).*?</script>", text, re.DOTALL)
        found = Fetched(text).found + [url for part in styles for url in in_css(part)]
        return [url for url in found if is_elsewhere(url)] + [url for part in scripts for url in in_script(part)]
    return in_script(text) if path.suffix == ".js" else [url for url in in_css(text) if is_elsewhere(url)]


def in_css(text):
    return re.findall(r"url\(([^)]*)\)", text) + re.findall(r"@import\s+([^;]+)", text)


def in_script(text):
    """Addresses that a script holds as text; those in comments are not among them."""
    return [url for url in re.findall(r"[\"'`]((?:https?:|wss?:)?//[\w.-]+\.\w[^\"'`]*)", text) if "w3.org" not in url]


def test_every_page_is_in_the_navigation(site):
    """From the first page, whose list of pages every page has beside it."""
    listed = {link.partition("#")[0] for link in Fetched((site / "index.html").read_text()).links}
    assert [page for page in PAGES if page != "index" and f"{page}.html" not in listed] == []


def test_nothing_is_fetched_from_the_network(site):
    files = [path for path in site.rglob("*") if path.suffix in (".html", ".css", ".js", ".svg")]
    assert len(files) > len(PAGES)
    assert {path.name: urls for path in files if (urls := fetched_elsewhere(path))} == {}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.html", '<script src="https://cdn.example.org/a.js"></script>'),
        ("a.html", '<link rel="stylesheet" href="//fonts.example.org/css">'),
        ("a.html", '<img src="http://example.org/a.png">'),
        ("a.html", '<p style="background: url(https://example.org/a.png)">'),
        ("a.html", "<style>@import 'https://example.org/a.css';</style>"),
        ("a.html", "<script>fetch('https://example.org/count')</script>"),
        ("a.css", "@font-face { src: url('https://example.org/a.woff2') }"),
        ("a.js", 'import("https://unpkg.example.org/a.js")'),
    ],
)
def test_what_would_be_fetched_is_seen(name, text, tmp_path):
    (tmp_path / name).write_text(text)
    assert fetched_elsewhere(tmp_path / name)


def test_links_out_are_allowed(tmp_path):
    (tmp_path / "a.html").write_text('<a href="https://example.org">x</a><link rel="next" href="b.html">')
    assert not fetched_elsewhere(tmp_path / "a.html")


FAULTS = {
    "[a page](missing.md)": "missing.md",
    "[an anchor](other.md#no-such-heading)": "no-such-heading",
    "[an anchor here](#nowhere)": "nowhere",
    "[a folder](../no-such-folder)": "no-such-folder",
    "![a picture](no-such.svg)": "no-such.svg",
    "```{eval-rst}\n.. autofunction:: trmpipe.no_such_name\n```": "no_such_name",
    "```{no-such-directive}\n```": "no-such-directive",
}
"""What a page may have wrong, and what is said of it."""


def test_what_leads_nowhere_ends_the_build(tmp_path):
    source = tmp_path / "docs"
    for part in ("extensions", "static"):
        shutil.copytree(DOCS / part, source / part)
    shutil.copy(DOCS / "conf.py", source)
    (source / "index.md").write_text("# Here\n\n" + "\n\n".join(FAULTS) + "\n\n```{toctree}\nother\ngone\n```\n")
    (source / "other.md").write_text("# Other\n")
    (source / "lonely.md").write_text("# In no list of pages\n")
    code, said, _ = build(source, tmp_path)
    assert code != 0
    for fault in (*FAULTS.values(), "gone", "lonely.md"):
        assert any("WARNING" in line or "ERROR" in line for line in said.splitlines() if fault in line), (fault, said)


def commands(command=program, words=("trmpipe",)):
    """Every command with the words that call it."""
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            yield from commands(command.get_command(context, name), (*words, name))


def test_every_command_and_option_is_in_the_reference(site):
    ids = Fetched((site / "reference" / "commands.html").read_text()).ids
    found = dict(commands())
    assert ("trmpipe", "generate", "sudoku") in found
    for words, command in found.items():
        assert "-".join(words) in ids, words
        for option in command.params:
            if isinstance(option, click.Option):
                (flag, *_) = [flag for flag in option.opts if flag.startswith("--")]
                assert f"cmdoption-{'-'.join(words)}{flag[1:]}" in ids, (words, flag)


def test_every_preset_and_setting_is_in_the_reference(site):
    presets = Fetched((site / "reference" / "presets.html").read_text()).ids
    ours = [name for name, place in PRESETS._ours.items() if place.startswith("trmpipe.")]
    assert [name for name in ours if name not in presets] == []
    settings = (site / "reference" / "settings.html").read_text()
    names = set(flatten(to_json(TrainConfig()))) - {f"{section}.name" for section in SECTIONS}
    assert [name for name in names if f">{name}<" not in settings] == []
    for section, registry in SECTIONS.items():
        for entry in registry._ours:
            assert f"{section}.name={entry}" in settings, entry


def test_every_registry_is_in_the_reference(site):
    page = (site / "reference" / "registries.html").read_text()
    made = [
        ast.literal_eval(node.args[0])
        for room in MAY_IMPORT
        for path in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "Registry"
    ]
    assert len(made) >= 10
    assert [group for group in made if f">{group}<" not in page] == []


def test_every_public_name_is_in_the_reference(site):
    ids = Fetched((site / "reference" / "python.html").read_text()).ids
    assert {f"trmpipe.{name}" for name in trmpipe.__all__} <= ids
