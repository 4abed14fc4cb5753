"""What the commands print: nothing that a terminal would take for a command, to whatever stdout and stderr lead."""

import json
import os
import pty
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest

from tests.plug_ins import add_family
from tests.references.reversal import OPTIONAL
from trmpipe.pipeline import Recipe, generate
from trmpipe.shards.digests import json_digest
from trmpipe.shards.json_files import seal

HARM = "\x1b]0;pwned\x07\x9b31m\u202e\r[red]"
"""Names the window, turns text red and the direction of writing, goes back to the start of the line."""
PROGRAM = [sys.executable, "-m", "trmpipe"]


def harmful(text):
    return [letter for letter in text if letter != "\n" and not letter.isprintable()]


@pytest.fixture(scope="module")
def hostile(tmp_path_factory):
    """A corpus of someone who re-signed it, in a folder that he named."""
    folder = tmp_path_factory.mktemp("hostile") / f"corpus{HARM}"
    generate(Recipe(task="sudoku4", n=4, aug=3, test=2), str(folder))
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    del manifest["digest"]
    manifest["recipe"] |= {f"key{HARM}": f"value{HARM}"}
    manifest["recipe_digest"] = json_digest(manifest["recipe"])
    manifest["guarantees"] = {f"key{HARM}": f"value{HARM}"}
    path.write_bytes(seal(manifest))
    return folder


@pytest.mark.parametrize(
    "arguments",
    [
        ["inspect", "{corpus}"],
        ["inspect", "{corpus}", "--json"],
        ["inspect", "{corpus}", "--against", "{corpus}"],
        ["verify", "{corpus}"],
        ["verify", "{corpus}", "--json"],
        ["verify", "{corpus}{harm}"],
        ["regenerate", "{corpus}"],
        ["train", "{corpus}", "--preset", "{harm}"],
        ["train", "{corpus}", "--set", "{harm}=1"],
        ["train", "{corpus}", "--set", "seed={harm}"],
        ["train", "{corpus}", "--device", "{harm}"],
        ["train", "{corpus}{harm}"],
        ["evaluate", "{harm}"],
        ["solve", "{harm}", "{harm}"],
        ["presets", "{harm}"],
        ["generate", "{harm}"],
        ["generate", "sudoku", "--n", "{harm}"],
        ["generate", "sudoku", "--format", "{harm}"],
        ["generate", "sudoku", "--difficulty", "{harm}"],
        ["generate", "sudoku", "--scheduler", "{harm}"],
        ["generate", "sudoku", "--out", "{harm}://x"],
        ["generate", "sudoku", "--input", "{harm}"],
        ["generate", "arc", "--train-set", "{harm}.json"],
        ["generate", "sudoku", "--{harm}"],
        ["--debug", "generate", "{harm}"],
        ["{harm}"],
    ],
    ids=lambda arguments: " ".join(arguments).replace("{", "").replace("}", ""),
)
def test_names_and_values_never_reach_the_terminal(trmpipe, hostile, arguments):
    result = trmpipe(*(word.format(corpus=hostile, harm=HARM) for word in arguments))
    assert harmful(result.out) == harmful(result.err) == []
    # A recipe with such a word is refused by its form, without the word.
    assert "pwned" in result.out + result.err or arguments == ["regenerate", "{corpus}"]


def test_files_named_by_someone_else(trmpipe, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    os.mkdir(HARM)
    result = trmpipe("generate", "sudoku", "--size", 4, "--n", 3, "--aug", 1, "--test", 1, "--out", f"{HARM}/c")
    assert (result.code, "pwned" in result.out) == (0, True), result.err
    for shard in (tmp_path / HARM / "c").rglob("*.tar"):
        shard.write_bytes(b"")
    damaged = trmpipe("verify", f"{HARM}/c")
    assert damaged.code == 1
    assert harmful(result.out + result.err + damaged.out + damaged.err) == []


def test_json_is_json(trmpipe, hostile):
    result = trmpipe("inspect", hostile, "--json")
    assert json.loads(result.out)["recipe"][f"key{HARM}"] == f"value{HARM}"
    assert result.out.isascii()


def test_texts_that_packages_bring(trmpipe, monkeypatch):
    option = replace(OPTIONAL.options[0], help=f"Letter.{HARM}")
    add_family(monkeypatch, replace(OPTIONAL, help=f"Say a word.{HARM}", options=(option,)))
    for arguments in (["generate", "--help"], ["generate"], ["generate", "reversal", "--help"]):
        result = trmpipe(*arguments)
        assert harmful(result.out) == harmful(result.err) == []
        assert "pwned" in result.out + result.err


def on_a_terminal(command, folder):
    """What a terminal gets of a command, and its exit code."""
    master, slave = pty.openpty()
    env = {**os.environ, "TERM": "xterm", "COLUMNS": "200"}
    with subprocess.Popen(command, cwd=folder, env=env, stdout=slave, stderr=slave) as process:
        os.close(slave)
        parts = []
        # At the end of the terminal Linux gives an error, others nothing.
        while True:
            try:
                part = os.read(master, 65536)
            except OSError:
                break
            if not part:
                break
            parts.append(part)
    os.close(master)
    return b"".join(parts), process.returncode


def assert_harmless_on_a_terminal(said):
    # The bars have sequences of their own.
    for harm in (b"\x1b]0;", b"\x07", "\x9b".encode(), "\u202e".encode()):
        assert harm not in said
    assert b"pwned" in said


def test_errors_on_a_terminal(tmp_path):
    said, code = on_a_terminal([*PROGRAM, "evaluate", HARM], tmp_path)
    assert code == 1
    assert_harmless_on_a_terminal(said)


def test_brackets_in_file_names_are_no_markup(tmp_path):
    (tmp_path / "[bold]list[red].txt").write_text("..34341221434321\n.234341221434321\n12343412.1434321\n")
    options = ["--size", "4", "--n", "1", "--test", "1", "--aug", "1", "--drop-improper"]
    said, code = on_a_terminal([*PROGRAM, "generate", "sudoku", "--input", "[bold]list[red].txt", *options], tmp_path)
    assert code == 0, said
    assert b"solving [bold]list[red].txt" in said


def test_bars_and_lines_above_them(tmp_path):
    (tmp_path / "kernels.py").write_text(
        "from trmpipe.generators.jit import kernel\n\n\n@kernel\ndef one():\n    return 1\n"
    )
    script = (
        "import os\n"
        "os.environ['TRMPIPE_CACHE_DIR'] = 'cache'\n"
        "from trmpipe.cli.console import *\n"
        f"harm = {HARM!r}\n"
        "with show_progress() as progress:\n"
        "    progress.start('stage ' + harm, 2)\n"
        "    from kernels import one\n"
        "    one()\n"
        "    progress.advance(2)\n"
        "    progress.finish()\n"
        "with open_bars(plain_column('{task.fields[words]}')) as bars:\n"
        "    bars.add_task('training', words='[red]words')\n"
        "    print_above(bars, 'run [bold]:smile: ' + harm)\n"
    )
    said, code = on_a_terminal([sys.executable, "-c", script], tmp_path)
    assert code == 0, said
    assert_harmless_on_a_terminal(said)
    assert b"compiling kernels, once for this machine" in said
    assert b"compiled 1 kernel in " in said
    for kept in (b"[red]words", b"run [bold]:smile:", b"stage \\x1b]0;pwned\\x07\\x9b31m\\u202e\\r[red]"):
        assert kept in said


ENDS = (">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-", "| true", "2>&1 | true", ">/dev/full")
COMMANDS = (["presets"], ["inspect", "{corpus}"], ["inspect", "nowhere"], ["--help"])


def quick_first(arguments, ends):
    """One command by all ends and all commands by one are tried each time."""
    is_quick = arguments == ["presets"] or ends == "2>&1 | true"
    return pytest.param(arguments, ends, marks=() if is_quick else pytest.mark.slow)


@pytest.mark.parametrize(("arguments", "ends"), [quick_first(one, ends) for one in COMMANDS for ends in ENDS])
def test_nobody_listens(tmp_path, corpus4, arguments, ends):
    words = [word.format(corpus=corpus4) for word in arguments]
    # The pause lets the reader go first.
    command = f"(sleep 0.2; exec {shlex.join([*PROGRAM, *words])}) {ends}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, timeout=60)
    assert b"Traceback" not in done.stdout + done.stderr
    assert b"Exception ignored" not in done.stderr
    assert b"this is a bug" not in done.stderr
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("ends", [">&- 2>&-", "<&- >&- 2>&-"])
def test_a_corpus_is_written_whole_where_nobody_listens(tmp_path, trmpipe, ends):
    command = [*PROGRAM, *"generate sudoku --size 4 --n 3 --aug 1 --test 1 --out c".split()]
    done = subprocess.run(["bash", "-c", f"{shlex.join(command)} {ends}"], cwd=tmp_path, timeout=120)
    assert done.returncode == 0
    assert trmpipe("verify", tmp_path / "c").code == 0


PLAIN = [{"PYTHONIOENCODING": "ascii"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}]


@pytest.mark.parametrize("env", PLAIN, ids=["encoding", "locale"])
def test_a_terminal_that_cannot_show_a_character(tmp_path, trmpipe_process, env):
    for folder, code in (("corpus\u00e9", 0), ("nowhere\u00e9", 1)):
        if code == 0:
            generate(Recipe(task="sudoku4", n=2, aug=1, test=1), str(tmp_path / folder))
        result = trmpipe_process("verify", tmp_path / folder, env=env)
        assert "Traceback" not in result.err
        assert (result.out + result.err).isascii()
        # Where Python takes names for ASCII too, it could not open the folder.
        assert result.code == (code if "PYTHONIOENCODING" in env else 2), result.err
    assert trmpipe_process("generate", "sudoku", "--help", env=env).code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "sudoku", "--out"],
        ["generate", "sudoku", "--input"],
        ["generate", "arc", "--train-set"],
        ["regenerate"],
        ["regenerate", "nowhere", "--out"],
        ["inspect"],
        ["verify"],
        ["train"],
        ["train", "nowhere", "--out"],
        ["evaluate"],
        ["evaluate", "nowhere", "--corpus"],
        ["solve", "nowhere"],
        ["presets"],
        [],
    ],
)
def test_a_name_that_is_not_utf8(trmpipe, tmp_path, monkeypatch, arguments):
    monkeypatch.chdir(tmp_path)
    result = trmpipe(*arguments, os.fsdecode(b"name\xff"))
    assert (result.code, harmful(result.err)) == (2, [])
    assert "the argument name\\udcff is not UTF-8; rename the file or folder" in result.message
    assert os.listdir(tmp_path) == []
