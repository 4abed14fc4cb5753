"""What a compiled step does beside its numbers, which `test_compiled_models` compares."""

import subprocess
import sys

import pytest

from trmpipe.trainer.device import find_compiler

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="torch.compile needs a C++ compiler on a CPU")

BESIDE = """
import threading, time, torch
from trmpipe.trainer.training.compiling import as_one_graph

def learn(x):
    for _ in range(12):
        x = (x.sigmoid() * x).exp().neg()
    return x

compiled, x, done = as_one_graph(learn, torch.device("cpu")), torch.rand(12_000_000), threading.Event()
compiled(x)
worker = threading.Thread(target=lambda: (compiled(x), done.set()))
worker.start()
rounds = 0
while not done.is_set():
    time.sleep(0.001)
    rounds += 1
print(rounds)
"""


def test_another_thread_gets_on_while_a_compiled_graph_works():
    """Called from Python, a graph of one kernel would hold the interpreter's lock to its end, and there were one round.

    In a process of its own: here the compiler's own warnings are errors.
    """
    done = subprocess.run([sys.executable, "-c", BESIDE], capture_output=True, text=True, check=True, timeout=250)
    assert int(done.stdout) > 5
