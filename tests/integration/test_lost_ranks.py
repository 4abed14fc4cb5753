"""Processes that train together, one of which is gone: the others say so in one line, whatever they were exchanging."""

import os
import subprocess
import sys

import pytest
import torch

from tests.stores import environment_of, hold_store
from trmpipe.trainer.device import pick_device
from trmpipe.trainer.errors import RunError, SettingError
from trmpipe.trainer.ranks import joined_ranks as joined

EXCHANGES = {
    "gather": "ranks.gather(1)",
    "of_all": "ranks.of_all(1)",
    "share": "ranks.share(1)",
    "first": "ranks.first(lambda: 1)",
    "add_up": "ranks.add_up([torch.ones(3)])",
    "rows_of_all": "ranks.rows_of_all(torch.ones(3, 2))",
    "rows_on_first": "ranks.rows_on_first(torch.ones(3, 2))",
}
CODE = """
import os, sys, torch
from trmpipe.trainer.errors import LostProcessError
from trmpipe.trainer.ranks import joined_ranks

with joined_ranks() as ranks:
    columns = torch.arange(4).view(2, 2).T + 10 * ranks.rank
    print(ranks.rows_of_all(columns).tolist())
    if ranks.rank == 1:
        os._exit(9)
    for exchange in sys.argv[1:]:
        try:
            eval(exchange)
            print("nothing")
        except LostProcessError as error:
            print(error)
    try:
        ranks.first(lambda: 1 / 0)
    except ZeroDivisionError:
        print("its own error")
"""


@pytest.fixture(scope="module")
def told():
    """What the first of two processes gets of both, and is told at each exchange once the other one is gone.

    An exchange that torch advises against, which users would be told, breaks it off.
    """
    store = hold_store()
    processes = [
        subprocess.Popen(
            [sys.executable, "-W", "error::FutureWarning", "-c", CODE, *EXCHANGES.values()],
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **environment_of(rank, 2, store.port), "OMP_NUM_THREADS": "1"},
        )
        for rank in range(2)
    ]
    try:
        lines = processes[0].communicate(timeout=120)[0].splitlines()
    finally:
        for process in processes:
            process.kill()
            process.communicate()
    return dict(zip(["rows", *EXCHANGES, "a failure"], lines, strict=True))


@pytest.mark.parametrize("exchange", EXCHANGES)
def test_a_process_says_that_another_one_is_gone(told, exchange):
    assert told[exchange].startswith("another of the processes ended or cannot be reached")
    assert "--resume" in told[exchange]


def test_rows_of_all_processes_lie_in_their_order(told):
    assert told["rows"] == "[[0, 2], [1, 3], [10, 12], [11, 13]]"


def test_a_failure_of_its_own_is_what_is_told(told):
    assert told["a failure"] == "its own error"


def test_processes_that_nobody_started_together_are_told_so(monkeypatch):
    """As job managers set WORLD_SIZE without the rest."""
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("RANK", raising=False)
    with pytest.raises(RunError, match="WORLD_SIZE is 2, but the processes cannot find each other") as caught, joined():
        pass
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("number", ["2", "x"])
def test_more_processes_than_devices_are_refused(number, monkeypatch):
    monkeypatch.setenv("LOCAL_RANK", number)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(SettingError, match=f"LOCAL_RANK is '{number}', and this machine has 2 CUDA devices"):
        pick_device("cuda")
