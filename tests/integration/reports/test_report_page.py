"""`trmpipe report`: what stands on the page is what stands in the files, and its commands make all of it again."""

import json
import re
import shlex
import shutil
from html.parser import HTMLParser

import pytest
import torch

from tests.runs import reseal
from trmpipe.shards import open_corpus
from trmpipe.trainer.runs.run_folder import RunFolder


class Reader(HTMLParser):
    """The numbers of a page with their sources, its elements, and the commands on it."""

    def __init__(self, page):
        super().__init__()
        self.numbers, self.tags, self.identifiers, self.headings, self.code = {}, [], [], [], []
        self._in_code = False
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.tags.append((tag, told))
        self._in_code = tag == "code"
        if tag == "code":
            self.code.append("")
        if tag == "data":
            self.numbers[told["data-source"]] = told["value"]
        if "id" in told:
            self.identifiers.append(told["id"])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))

    def handle_endtag(self, tag):
        self._in_code = self._in_code and tag != "code"

    def handle_data(self, data):
        if self._in_code:
            self.code[-1] += data

    def commands(self):
        return [shlex.split(line.replace("\\\n", " "))[1:] for line in self.code]


@pytest.fixture(scope="module")
def page6(run6, tmp_path_factory):
    from trmpipe.cli.main import run

    out = tmp_path_factory.mktemp("pages") / "six.html"
    assert run(["report", str(run6), "--out", str(out), "--device", "cpu"]) == 0
    return out


def test_three_numbers_are_those_of_the_raw_files(page6, run6):
    numbers = Reader(page6.read_text()).numbers

    evaluation = json.loads((run6 / "evaluation.json").read_text())
    source = next(source for source in numbers if source.startswith("six/evaluation.json#/steps/"))
    place = source.partition("#/")[2].split("/")
    assert place == ["steps", str(len(evaluation["steps"]) - 1), "exact"]
    assert float(numbers[source]) == evaluation["steps"][-1]["exact"]

    lines = [json.loads(line) for line in (run6 / "metrics.jsonl").read_text().splitlines()]
    monitor = [line for line in lines if line["split"] == "monitor"]
    best = max(monitor, key=lambda line: (line["exact"], line["cell"], -line["step"]))
    assert numbers[f"six/metrics.jsonl:{lines.index(best) + 1}#/step"] == str(best["step"])

    file = RunFolder(run6).last_checkpoint()
    average = torch.load(file, weights_only=True)["trainer"]["ema"]
    source = next(source for source in numbers if f"checkpoints/{file.name}" in source)
    # Of this network's tensors these are no parameters: tables of places, and where it starts.
    learned = sum(
        values.numel() for name, values in average.items() if values.is_floating_point() and name in names(run6)
    )
    assert numbers[source] == str(learned)


def names(run):
    from trmpipe.trainer.trained.inference import open_trained

    return dict(open_trained(str(run), "cpu").net.named_parameters())


def test_every_number_with_a_place_is_what_stands_there(page6, run6):
    found = 0
    for source, value in Reader(page6.read_text()).numbers.items():
        file, mark, pointer = source.removeprefix("six/").partition("#/")
        if not mark or ", " in pointer:
            continue
        name, _, line = file.partition(":")
        text = (run6 / name).read_text()
        told = json.loads(text.splitlines()[int(line) - 1] if line else text)
        for key in pointer.split("/"):
            told = told[int(key)] if isinstance(told, list) else told[key]
        assert float(value) == told, source
        found += 1
    assert found >= 4


def test_every_number_says_where_it_comes_from(page6, run6):
    reader = Reader(page6.read_text())
    assert len(reader.numbers) >= 6
    for source in reader.numbers:
        file = re.split(r"[#:]", source.removeprefix("six/"))[0]
        assert (run6 / file).exists(), source
    for tag, attributes in reader.tags:
        if tag == "figure":
            assert attributes["data-source"]


def test_the_page_is_built_for_everybody(page6):
    reader = Reader(page6.read_text())
    assert len(set(reader.identifiers)) == len(reader.identifiers)
    assert reader.headings[0] == 1
    assert all(after <= before + 1 for before, after in zip(reader.headings, reader.headings[1:], strict=False))
    for tag, attributes in reader.tags:
        if tag == "th":
            assert attributes["scope"] in ("row", "col")
        assert not attributes.keys() & {"src", "onload", "onclick"}
        if tag in ("a", "link"):
            assert attributes["href"].startswith(("#", "data:"))
    named = {attributes.get("for") for tag, attributes in reader.tags if tag == "label"}
    assert {attributes["id"] for tag, attributes in reader.tags if tag == "input"} <= named


def test_its_commands_make_the_corpus_and_the_run_again(page6, run6, corpus6, tmp_path, trmpipe):
    commands = Reader(page6.read_text()).commands()
    generating = next(words for words in commands if words[0] == "generate")
    training = next(words for words in commands if words[0] == "train")
    corpus, run = tmp_path / "corpus", tmp_path / "run"
    generating[generating.index("--out") + 1] = str(corpus)
    assert trmpipe(*generating).code == 0
    assert open_corpus(str(corpus)).manifest.content_digest == open_corpus(str(corpus6)).manifest.content_digest
    training[1] = str(corpus)
    training[training.index("--out") + 1] = str(run)
    assert trmpipe(*training, "--device=cpu").code == 0
    assert RunFolder(run).read_config().hash == RunFolder(run6).read_config().hash
    assert (run / "metrics.jsonl").read_bytes() == (run6 / "metrics.jsonl").read_bytes()
    assert next(words for words in commands if words[0] == "evaluate")[1] == str(run6)


def test_what_is_missing_is_said_and_the_rest_is_there(run6, tmp_path, trmpipe):
    run, out = tmp_path / "bare", tmp_path / "bare.html"
    shutil.copytree(run6, run)
    shutil.rmtree(run / "checkpoints")
    (run / "evaluation.json").write_text("{}")
    told = trmpipe("report", run, "--out", out, "--device=cpu")
    assert told.code == 0
    text = out.read_text()
    for words in ("holds no checkpoint", "evaluation.json is damaged"):
        assert words in text
        assert words in told.err
    assert "Training loss" in text
    assert "data-boards" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_a_corpus_that_is_gone_is_said(run6, tmp_path, trmpipe):
    run, out = tmp_path / "moved", tmp_path / "moved.html"
    shutil.copytree(run6, run)
    reseal(run / "config.json", paths=[str(tmp_path / "nowhere")])
    assert trmpipe("report", run, "--out", out, "--device=cpu").code == 0
    assert "say where it is now: --corpus" in out.read_text()


def test_two_runs_are_compared(run6, other6, tmp_path, trmpipe):
    out = tmp_path / "both.html"
    figures = tmp_path / "figures"
    told = trmpipe(
        "report", run6, other6, "--compare", "--out", out, "--figures", figures, "--format=svg", "--device=cpu"
    )
    assert told.code == 0, told.err
    text = out.read_text()
    for words in ("Puzzle by puzzle", "95 % interval", "What differs in their settings", "optimiser.lr", "six alone"):
        assert words in text
    assert {"held-out.svg", "loss.svg", "run-1-six-errors-by-cell.svg", "run-2-other-errors-by-cell.svg"} <= {
        path.name for path in figures.iterdir()
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["RUN", "--compare"], "--compare takes two runs"),
        (["RUN", "--format=gif"], "expected some of svg, pdf, png"),
        (["nowhere"], "nowhere is neither a run nor a study"),
        (["RUN", "--checkpoint=newest"], "the checkpoint 'newest' is unknown"),
        (["RUN", "--checkpoint=1000"], "1000"),
        (["RUN", "--device=gpu"], "no device is called 'gpu'"),
        (["RUN", "--device=cpu", "--corpus=elsewhere"], "elsewhere"),
        (["RUN", "--out", "."], "is a folder"),
    ],
)
def test_mistakes_get_one_line_and_leave_nothing(run6, words, said, tmp_path, monkeypatch, trmpipe):
    monkeypatch.chdir(tmp_path)
    told = trmpipe("report", *[str(run6) if word == "RUN" else word for word in words])
    assert told.code in (1, 2)
    assert said in told.message
    assert not list(tmp_path.iterdir())


def test_a_puzzle_is_animated(other6, corpus6, tmp_path, trmpipe):
    from PIL import Image

    from trmpipe.generators.registry import get_task

    puzzle = get_task("sudoku6").format(open_corpus(str(corpus6)).read("test").inputs[0])
    file = tmp_path / "solving.gif"
    assert trmpipe("solve", other6, puzzle, "--animate", file, "--device=cpu").code == 0
    with Image.open(file) as image:
        assert (image.format, image.n_frames) == ("GIF", 5)
    told = trmpipe("solve", other6, puzzle, "--animate", tmp_path / "solving.mp4", "--device=cpu")
    assert told.code == 2
    assert "does not end in .gif" in told.message
    assert not told.out
