"""Suppliers: lines serve any task that reads and solves text; regenerating finds sources; packages add their own."""

import json
from dataclasses import replace

import numpy as np
import pytest

from tests.plug_ins import add_entry, add_family
from tests.references.reversal import FAMILY, LENGTH, OptionalTask, ReversalTask
from trmpipe.generators.errors import InputError, TextError
from trmpipe.generators.family import MADE
from trmpipe.generators.options import YES, Flag, Option, Word
from trmpipe.generators.task import TRAIN, Solutions
from trmpipe.pipeline import SUPPLIERS, Recipe, RecipeError, Source, Supplier, digests_of, generate, regenerate
from trmpipe.pipeline.bases import Bases
from trmpipe.pipeline.suppliers.supplier import Count, Input
from trmpipe.shards import Corpus


class Spoken(OptionalTask):
    """Words that can be given as text, and are solved by saying them backwards, but for those that begin with c."""

    def parse(self, texts):
        for index, text in enumerate(texts):
            if len(text) != LENGTH or set(text) - set("abc"):
                raise TextError(index, f"a word is {LENGTH} letters of abc, this one {text}")
        return np.array([["_abc".index(letter) for letter in text] for text in texts], np.uint8)

    def solve(self, inputs):
        proper = inputs[:, 0] != 3
        return Solutions(proper.astype(np.int64), np.where(proper[:, None], inputs[:, ::-1], 0).astype(np.uint8))


class Wordless(ReversalTask):
    """Has groups with names, and no text form."""

    spec = replace(ReversalTask.spec, named_groups=True)


class Mute(ReversalTask):
    """Words that can be read but not solved."""

    parse = Spoken.parse


SPOKEN = replace(
    FAMILY,
    build=lambda size, options: Spoken(options.get("first")),
    suppliers=(MADE, "lines"),
    options=(Option(name="first", kind=Word(("a", "b", "c")), help="Letter that words begin with."),),
)
WORDS = ["abcabc", "aabbcc", "abcabc", "bacbac", "abbbbb", "aaaabc"]


@pytest.fixture
def words(tmp_path):
    (tmp_path / "words.csv").write_text("question,answer\n" + "\n".join(f"{word},{word[::-1]}" for word in WORDS))
    return tmp_path / "words.csv"


def test_lines_serve_any_task_that_reads_and_solves(trmpipe, tmp_path, monkeypatch, words):
    add_family(monkeypatch, SPOKEN)
    command = ["generate", "reversal", "--input", words, "--first", "a", "--aug", 2, "--test", 1, "--json"]
    told = json.loads(trmpipe(*command, "--out", tmp_path / "c").out)
    assert told["groups"] == {"train": 3, "test": 1}
    assert told["skipped"] == {"outside --first a": 1, "twins of a held-out puzzle": 1}
    assert {"line": 5, "reason": "outside --first a"} in told["dropped"]["input"]
    corpus = Corpus.open(tmp_path / "c")
    rows = corpus.read("train")
    assert (rows.inputs[:, ::-1] == rows.labels).all()
    assert corpus.manifest.recipe["supplier"] == "lines"
    again = trmpipe("regenerate", tmp_path / "c", "--input", words, "--out", tmp_path / "again")
    assert (again.code, "content equal" in again.out) == (0, True)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("question,answer\nabcabc,abcabc\n", "p.csv line 2: the answer given is not the puzzle's solution"),
        ("abcabc\ncbacba\n", "p.csv line 2: the puzzle has no solution, expected exactly one; take the line out, or"),
        ("abcabc\nabcab\n", "p.csv line 2: a word is 6 letters of abc, this one abcab; mend the line, or give the"),
        ("question,answer\nabcabc,x\n", "p.csv line 2: a word is 6 letters of abc, this one x"),
    ],
)
def test_a_line_that_is_wrong_is_named(trmpipe, tmp_path, monkeypatch, lines, message):
    add_family(monkeypatch, SPOKEN)
    (tmp_path / "p.csv").write_text(lines)
    result = trmpipe("generate", "reversal", "--input", tmp_path / "p.csv", "--out", tmp_path / "c")
    assert result.code == 1
    assert message in result.message


@pytest.mark.parametrize(
    ("task", "message"),
    [
        (Wordless, "reversal6 puzzles cannot be given as text"),
        (Mute, "reversal6 puzzles cannot be taken from lines: the task has no solver; generate them"),
    ],
)
def test_a_task_that_cannot_do_it_says_so(trmpipe, tmp_path, monkeypatch, words, task, message):
    add_family(monkeypatch, replace(SPOKEN, build=lambda size, options: task(), options=()))
    result = trmpipe("generate", "reversal", "--input", words, "--out", tmp_path / "c")
    assert (result.code, message in result.message) == (1, True)


def test_files_without_a_usable_line_are_refused_in_words(trmpipe, tmp_path, monkeypatch):
    add_family(monkeypatch, SPOKEN)
    (tmp_path / "p.txt").write_text("cabcab\n")
    result = trmpipe("generate", "reversal", "--input", tmp_path / "p.txt", "--drop-improper", "--out", tmp_path / "c")
    assert (result.code, "is left to train on: of its only line, 1 has" in result.message) == (1, True)


class Shelves(Supplier):
    """Candidates whose numbers stand in a file: as small as a supplier of a package can be."""

    n = Count(help="Training words.", default="all of --shelf")
    noun = "number"
    distinct = False
    inputs = (Input(name="shelf", help="File of numbers.", many=True),)
    options = (Option(name="odd", kind=Flag(), word="odd", help="Take odd numbers alone."),)

    def read(self, task, given, supply=None):
        return [self._open(path, "shelf") for path in given["shelf"]]

    def read_again(self, task, names, paths, supply=None):
        return [self._open(path, "shelf") for path in paths]

    def _open(self, path, role):
        return Source(given=path, role=role, name="shelf", size_bytes=1, sha256=path.strip("/").rjust(64, "0"))

    def choose(self, recipe, sources, cluster, progress):
        task = recipe.make_task()
        numbers = [int(source.given.rpartition("/")[2]) for source in sources]
        kept = [number for number in numbers if number % 2 or recipe.supply.get("odd") != YES]
        train = task.examine(task.generate(recipe.seed, TRAIN, 0, 100).take(np.array(kept)))
        return Bases(train=train, test=train.take(slice(0, 0)))


@pytest.fixture
def shelves(monkeypatch):
    add_entry(monkeypatch, SUPPLIERS, "shelves", Shelves())
    add_family(monkeypatch, replace(FAMILY, suppliers=(MADE, "shelves")))


def test_a_package_adds_a_supplier(shelves, trmpipe, tmp_path):
    command = ["generate", "reversal", "--shelf", "/7", "--shelf", "/4", "--shelf", "/9", "--odd", "--aug", 1]
    made = trmpipe(*command, "--out", tmp_path / "c")
    assert made.code == 0, made.err
    corpus = Corpus.open(tmp_path / "c")
    assert corpus.catalog["train"].candidates.tolist() == [7, 9]
    assert corpus.manifest.name.endswith("-odd")
    assert corpus.manifest.guarantees["distinct_up_to"] == "nothing"
    again = regenerate(str(tmp_path / "c"), str(tmp_path / "again"), inputs=("/9", "/7", "/4"))
    assert again.is_same
    with pytest.raises(RecipeError, match="give that very one with --input"):
        regenerate(str(tmp_path / "c"), str(tmp_path / "other"), inputs=("/9", "/7"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--odd"], "--odd goes with --shelf; give that too, or leave it out"),
        (["--shelf", "/3", "--test", "2"], "--test does not apply: what is held out is decided by what is given"),
    ],
)
def test_options_go_with_their_supplier(shelves, trmpipe, tmp_path, arguments, message):
    result = trmpipe("generate", "reversal", *arguments, "--out", tmp_path / "c")
    assert (result.code, message in result.message) == (2, True)
    assert not (tmp_path / "c").exists()


def test_a_family_without_such_a_supplier_is_refused(monkeypatch):
    add_family(monkeypatch, FAMILY)
    with pytest.raises(InputError, match="the supplier of reversal6 is 'lines'; expected one of made"):
        Recipe(task="reversal6", supplier="lines", sources=(("input", "0"),))


def test_sources_of_another_recipe_are_refused(shelves, tmp_path):
    sources = Shelves().read(None, {"shelf": ("/7",)})
    recipe = Recipe(task="reversal6", n=None, aug=1, supplier="shelves", sources=digests_of(sources))
    with pytest.raises(RecipeError, match="the recipe is made from these sources: shelf 000"):
        generate(recipe, str(tmp_path / "c"), sources=Shelves().read(None, {"shelf": ("/8",)}))
