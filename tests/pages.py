"""Pages of docs/ as their readers follow them: all blocks of a page run in one folder, from its top to its end.

What a block is, its first line says; on the site and on GitHub the words after the language are not seen:

    ```python          runs, with the names of the blocks before
    ```sh              commands, a line each; a backslash joins lines
    ```sh stays        programs that go on by themselves, such as a scheduler; they are ended with the page
    ```sh interrupted  trainings that are interrupted, as by Ctrl-C, once they have written metrics
    ```sh gpu          commands that run where there is a GPU; elsewhere their options are read, and nothing more
    ```sh long         commands that take too long for a test: their options are read
    ```text            lines that a command above printed; `...` stands for anything
"""

import contextlib
import io
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import click
import pytest
import torch

from tests.runs import quick_training
from trmpipe.cli.main import run
from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.settings.overrides import apply_overrides

DOCS = Path(__file__).parents[1] / "docs"
PORT = "8786"
"""Dask's usual port, as pages have it; a test takes one that is free."""
PROGRAMS = {"torchrun": "torch.distributed.run", "dask": "dask"}
"""Programs that are started as modules of this Python, wherever pip put their scripts."""
READY = {"scheduler": "Scheduler at:", "worker": "Registered to:"}
"""What those of dask write once others may count on them; a reader waits for it too."""
_READY_SECONDS = 60
_FENCE = re.compile(r"^```([a-z]+)(?: ([a-z]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INTERRUPTED = 130


@dataclass(frozen=True)
class Block:
    """A block of a page: its language, the word after it, its text."""

    language: str
    mark: str
    text: str

    @property
    def commands(self):
        """The words of each command."""
        lines = self.text.replace("\\\n", " ").splitlines()
        return [words for words in (shlex.split(line, comments=True) for line in lines) if words]


def blocks_of(text):
    """The blocks of a page, in order; those that are indented are no blocks, but what is to be looked at."""
    return [Block(language, mark, inner) for language, mark, inner in _FENCE.findall(text)]


@dataclass
class Reading:
    """A page while it is read.

    Attributes:
        folder: where its commands run, the working folder.
        told: all that its commands printed, to both streams.
        names: those of its Python blocks.
    """

    folder: Path
    told: str = ""
    names: dict = field(default_factory=dict)
    staying: list = field(default_factory=list)

    def follow(self, block):
        """Do what a block says."""
        if block.language == "python":
            with self._listening():
                exec(compile(block.text, "a block of the page", "exec"), self.names)
        elif block.language == "text":
            self._compare(block)
        elif block.language == "sh":
            for words in block.commands:
                self._do(block.mark, words)

    def _do(self, mark, words):
        if mark == "long" or (mark == "gpu" and not torch.cuda.is_available()):
            read_options(words)
        elif mark == "stays":
            self.staying.append(start(words, self.folder))
        elif mark == "interrupted":
            self.told += interrupt(words, self.folder)
        elif words[0] == "trmpipe":
            with self._listening() as told:
                code = run(words[1:])
            assert code == 0, told.getvalue()
        else:
            self.told += call(command_of(words), self.folder)

    @contextlib.contextmanager
    def _listening(self):
        told = io.StringIO()
        with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
            yield told
        self.told += told.getvalue()

    def _compare(self, block):
        told = "\n".join(line.rstrip() for line in self.told.splitlines())
        for line in filter(None, map(str.rstrip, block.text.splitlines())):
            pattern = ".*".join(map(re.escape, line.split("...")))
            assert re.search(f"^{pattern}$", told, re.MULTILINE), f"no command printed {line!r}:\n{told}"

    def close(self):
        """End what stays, the last one first."""
        for process in reversed(self.staying):
            process.terminate()
            process.wait(timeout=30)


def read_page(name, folder):
    """Follow all blocks of a page of docs/ in `folder`; gives the `Reading` at its end."""
    text = (DOCS / name).read_text().replace(PORT, free_port())
    reading = Reading(folder)
    with pytest.MonkeyPatch.context() as patch, quick_training():
        patch.chdir(folder)
        try:
            for block in blocks_of(text):
                reading.follow(block)
        finally:
            reading.close()
    return reading


def read_options(words):
    """Read the options of a command as it would, and do nothing: all must be there, presets and settings too."""
    assert words[0] in ("trmpipe", "torchrun"), words
    arguments = words[words.index("trmpipe") + 1 :] if words[0] == "torchrun" else words[1:]

    def only_look(command, context):
        if "settings" in context.params:
            preset = context.params.get("preset")
            apply_overrides(get_preset(preset) if preset else TrainConfig(), context.params["settings"])
        return 0

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(click.Command, "invoke", only_look)
        assert run(arguments) == 0, words


def start(words, folder):
    """Start a program that goes on by itself, and wait until it is ready."""
    log = folder / f"{words[1]}.log"
    with log.open("w") as file:
        process = subprocess.Popen(command_of(words), cwd=folder, stdout=file, stderr=file)
    until = time.monotonic() + _READY_SECONDS
    while READY[words[1]] not in log.read_text():
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.1)
    return process


def interrupt(words, folder):
    """What a training prints that is interrupted once it has written metrics."""
    metrics = folder / words[words.index("--out") + 1] / "metrics.jsonl"
    process = subprocess.Popen(
        command_of(words), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        while not (metrics.exists() and metrics.stat().st_size):
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        told, _ = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == _INTERRUPTED, told
    return told


def command_of(words):
    """The command that starts a program of a page with this Python."""
    module = "trmpipe" if words[0] == "trmpipe" else PROGRAMS[words[0]]
    return [sys.executable, "-m", module, *words[1:]]


def call(command, folder):
    """What a command prints; it has to end well."""
    done = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def free_port():
    """A port that nobody listens at."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return str(one.getsockname()[1])
