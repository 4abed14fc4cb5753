"""Arguments of the command line: numbers and places that cannot be are refused before any work, in one line."""

import os

import click
import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from trmpipe.cli.arguments import MOST, MOST_COUNT, TimeSpan
from trmpipe.cli.main import COMMANDS, program
from trmpipe.generators.registry import FAMILIES

HUGE = "99999999999999999999"
EVERY_RANGE = [
    (["generate", "sudoku"], "--size", 1, MOST),
    (["generate", "sudoku"], "--n", 1, MOST_COUNT),
    (["generate", "sudoku"], "--test", 0, MOST_COUNT),
    (["generate", "sudoku"], "--aug", 0, MOST_COUNT),
    (["generate", "sudoku"], "--seed", 0, MOST),
    (["generate", "sudoku"], "--workers", 1, MOST),
    (["generate", "sudoku"], "--shard-groups", 1, MOST_COUNT),
    (["generate", "sudoku"], "--shard-variants", 1, MOST_COUNT),
    (["generate", "arc"], "--n", 1, MOST_COUNT),
    (["inspect", "nowhere"], "--puzzles", 0, MOST),
    (["regenerate", "nowhere"], "--workers", 1, MOST),
    (["train", "nowhere"], "--max-steps", 1, MOST),
    (["train", "nowhere"], "--seed", 0, MOST),
    (["train", "nowhere"], "--seeds", 1, 1000),
    (["train", "nowhere"], "--groups", 1, MOST),
    (["train", "nowhere"], "--variants", 1, MOST),
    (["study", "nowhere"], "--seeds", 1, 1000),
    (["study", "nowhere"], "--jobs", 1, 1024),
    (["evaluate", "nowhere"], "--limit", 1, MOST),
    (["evaluate", "nowhere"], "--variants", 1, MOST),
    (["evaluate", "nowhere"], "--steps", 1, 10_000),
    (["evaluate", "nowhere"], "--restarts", 1, 10_000),
    (["evaluate", "nowhere"], "--search", 1, 10_000),
    (["analyse", "nowhere"], "--limit", 1, MOST),
    (["analyse", "nowhere"], "--steps", 1, 1024),
    (["report", "nowhere"], "--puzzles", 1, 100_000),
    (["report", "nowhere"], "--shown", 1, 100),
    (["watch", "nowhere"], "--port", 0, 65_535),
    (["import", "checkpoint", "nowhere"], "--heads", 1, MOST),
    (["import", "checkpoint", "nowhere"], "--h-cycles", 1, MOST),
    (["import", "checkpoint", "nowhere"], "--l-cycles", 1, MOST),
]


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Nothing is written by a command that is refused."""
    monkeypatch.chdir(tmp_path)
    yield
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(("command", "flag", "least", "most"), EVERY_RANGE)
@pytest.mark.parametrize("place", ["below", "above", "huge", "digits", "words", "fraction"])
def test_a_number_out_of_its_range(trmpipe, command, flag, least, most, place):
    values = {"below": least - 1, "above": most + 1, "huge": HUGE, "digits": "9" * 5000, "words": "ten"}
    value = str(values.get(place, "1.5"))
    result = trmpipe(*command, f"{flag}={value}")
    assert result.code == 2
    assert f"{flag} is {value[:60]}" in result.message
    assert f"; expected {least} to {most} (see `trmpipe {' '.join(command).removesuffix(' nowhere')} --help`)" in (
        result.message
    )
    assert len(result.message) < 250


def test_every_option_that_is_a_number_has_a_range():
    context = click.Context(program)
    commands = [program.get_command(context, name) for name in COMMANDS]
    groups = [command for command in commands if isinstance(command, click.Group)]
    commands += [group.get_command(context, name) for group in groups for name in group.list_commands(context)]
    params = [param for command in commands for param in command.params]
    assert not [param for param in params if param.type in (click.INT, click.FLOAT)]
    numbers = [param for param in params if param.type.name == "integer"]
    assert {param.opts[0] for param in numbers} == {flag for _, flag, _, _ in EVERY_RANGE}
    assert len(FAMILIES.names()) >= 2


@pytest.mark.parametrize(
    ("text", "seconds"), [("3h", 10800), ("45m", 2700), ("90s", 90), ("1h30m", 5400), ("1.5h", 5400), ("2m1.5s", 121.5)]
)
def test_spans_of_time(text, seconds):
    assert TimeSpan().convert(text, None, None) == seconds


@pytest.mark.parametrize("value", ["3", "h", "0h", "-3h", "3h2h", "3m1h", "3 h", "1e3s", "9999999h", "long" * 99])
def test_spans_of_time_that_are_none(trmpipe, value):
    result = trmpipe("study", "nowhere", f"--budget={value}")
    assert result.code == 2
    assert "; expected a span of time such as 3h, 45m, 90s or 1h30m" in result.message


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999", "0", "-1", "-0.0", "long"])
def test_minutes_that_are_none(trmpipe, value):
    result = trmpipe("train", "nowhere", f"--max-minutes={value}")
    assert result.code == 2
    assert f"--max-minutes is {value}; expected a number of minutes above 0" in result.message


@pytest.mark.parametrize("command", [["generate", "sudoku", "--input", "nowhere.txt"], ["regenerate", "nowhere"]])
@pytest.mark.parametrize(
    ("out", "said"),
    [
        (
            "memory://corpus",
            "memory://corpus would be gone when this command ends; give --out a folder, or a URL such as s3://bucket/name",
        ),
        ("Memory://corpus", "Memory://corpus would be gone when this command ends"),
        ("dask://127.0.0.1:1/x", "the protocol 'dask' is none of file, local, memory, s3, gs"),
        ("simplecache::s3://b/x", "URLs chained by '::' are not followed"),
        ("http://h/x", "the protocol 'http' is none of"),
    ],
)
def test_places_that_keep_nothing_or_may_not_be_opened(trmpipe, command, out, said):
    result = trmpipe(*command, "--out", out)
    assert (result.code, said in result.message) == (2, True), result.message


@pytest.mark.parametrize("out", ["s3://bucket/run", "memory://run", "file:///run", "dask://h:1/x"])
def test_a_run_lies_in_a_folder(trmpipe, out):
    result = trmpipe("train", "nowhere", "--out", out)
    assert result.code == 2
    assert f"--out is {out}; a run lies in a local folder: give one, such as runs/mine" in result.message


@pytest.mark.parametrize("command", [["generate", "sudoku"], ["regenerate", "nowhere"]])
@pytest.mark.parametrize(
    "address",
    [
        *("garbage", "tcp://", "tcp://host", "tcp://host:", "tcp://host:0", "tcp://host:99999", "tcp://a b:1"),
        *("://h:1", "tcp://user@host:1", "tcp://h:1/path", "file:///etc/passwd", "tcp://h:1\n", "x" * 500),
        *("ucx://host:1", "inproc://host:1", "nosuch://host:1"),
    ],
)
def test_an_address_that_is_none(trmpipe, command, address):
    result = trmpipe(*command, "--scheduler", address)
    assert result.code == 2
    assert "expected the address of a Dask scheduler, such as tcp://host:8786" in result.message


@pytest.mark.parametrize(
    "address",
    ["tcp://127.0.0.1:9", "127.0.0.1:9", "[::1]:9", "tls://127.0.0.1:9"],
)
def test_an_address_where_nobody_answers(trmpipe, monkeypatch, address):
    monkeypatch.setattr("trmpipe.pipeline.cluster._CONNECT_SECONDS", 1)
    result = trmpipe("generate", "sudoku", "--size", 4, "--n", 1, "--aug", 1, "--scheduler", address)
    assert (result.code, f"no Dask scheduler answers at {address}" in result.message) == (1, True)


@pytest.mark.parametrize(
    "command",
    [
        ["generate", "sudoku", "--input", "{url}"],
        ["inspect", "{url}"],
        ["verify", "{url}"],
        ["regenerate", "{url}"],
        ["train", "{url}"],
    ],
)
@pytest.mark.parametrize("url", ["dask://127.0.0.1:9/x", "filecache::http://h/x", "http://h/x", "github://a:b@c/x"])
def test_what_is_read_comes_from_places_that_may_be_opened(trmpipe, command, url):
    result = trmpipe(*(word.format(url=url) for word in command))
    assert (result.code, f"cannot open {url}" in result.message) == (1, True), result.err


@pytest.mark.parametrize(
    "command",
    [
        ("generate", "sudoku", "--size", 5),
        ("generate", "sudoku", "--n", 0),
        ("generate", "sudoku", "--aug", -1),
        ("generate", "sudoku", "--format", "hdf5"),
        ("generate", "sudoku", "--difficulty", "tough"),
        ("generate", "sudoku", "--workers", 1000000),
        ("generate", "sudoku", "--column", "x"),
        ("generate", "arc"),
        ("generate", "arc", "--dataset", "mytasks"),
        ("train", "nowhere", "--device", "tpu"),
        ("train", "nowhere", "--compile", "maybe"),
        ("train",),
        ("presets", "nothing"),
        ("inspect", "nowhere", "--split", "both"),
        ("regenerate", "nowhere", "--workers", 0),
        ("verify",),
        ("solve", "nowhere"),
        ("evaluate",),
    ],
)
def test_every_wrong_argument_gives_exit_code_2(trmpipe, command):
    result = trmpipe(*command)
    assert (result.code, result.message != "") == (2, True), result.err
    assert result.err.count("\n") == 1, "nothing is said before the refusal"


class Lost(MemoryFileSystem):
    """A store that answers as those libraries do where there are no credentials: by an exception of its own."""

    protocol = "lost"

    class NoCredentialsError(Exception):
        """As botocore's: neither of files nor of values."""

    def _refuse(self, *_arguments, **_options):
        raise self.NoCredentialsError("Unable to locate credentials")

    exists = isdir = ls = info = find = cat_file = pipe_file = open = _open = size = _refuse


@pytest.mark.parametrize(
    "command",
    [
        ("generate", "sudoku", "--size", 4, "--n", 2, "--out", "lost://bucket/c"),
        ("generate", "sudoku", "--input", "lost://bucket/list.txt"),
        ("generate", "arc", "--train-set", "lost://bucket/tasks"),
        ("inspect", "lost://bucket/c"),
        ("verify", "lost://bucket/c"),
        ("regenerate", "lost://bucket/c"),
        ("train", "lost://bucket/c"),
    ],
)
def test_a_store_that_cannot_be_reached_is_told_in_one_line(trmpipe, monkeypatch, command):
    monkeypatch.setenv("TRMPIPE_PROTOCOLS", "lost")
    fsspec.register_implementation("lost", Lost, clobber=True)
    result = trmpipe(*command)
    assert result.code == 1
    assert "cannot reach lost://bucket/" in result.message
    assert "Unable to locate credentials; check the address, the credentials and the endpoint" in result.message


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["generate", "sudoku", "--n", 2, "--out", ""], "the argument after --out is empty"),
        (["generate", "sudoku", "--n", 2, "--out="], "--out is empty; give it a value, or leave it out"),
        (["train", ""], "an argument is empty"),
        (["analyse", "nowhere", "--only", ""], "the argument after --only is empty"),
        (["analyse", "nowhere", "--only", ","], "--only is ',', which names no measure"),
        (["generate", "maze", "--n", 2, "--kind", "unique", "--solutions", 4], "mazes of kind unique have one path"),
    ],
)
def test_what_is_empty_or_without_use_is_refused(trmpipe, arguments, words):
    refused = trmpipe(*arguments)
    assert (refused.code, words in refused.message) == (2, True), refused.message
