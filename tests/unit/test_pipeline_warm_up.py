"""Warm-ups: shared with a helper process where the cache lacks them, and nothing depends on what becomes of it."""

import os
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

from trmpipe.generators.jit import WarmUp, kernel
from trmpipe.generators.registry import get_task
from trmpipe.pipeline import warm_up as module
from trmpipe.pipeline.warm_up import share_out, warm_up
from trmpipe.shards.compilation import watch_compilation

DEAD = "import os; os._exit(1)"
MUTE = "import sys; sys.stdin.read()"
DEAF = "import time; time.sleep(600)"
WRONG = "print('nothing')"


@pytest.fixture
def warm_ups(tmp_path, monkeypatch):
    """Two of new kernels, which no cache has."""
    monkeypatch.setattr("trmpipe.generators.jit._cache_folder", lambda _: str(tmp_path))
    monkeypatch.setattr(module, "num_cores", lambda: 2)
    return [WarmUp(kernel(lambda x: x + 1), (1,), 4), WarmUp(kernel(lambda x: x * 2.5), (1,), 1)]


@pytest.fixture
def recipe(warm_ups):
    task = SimpleNamespace(warm_ups=lambda generates: warm_ups)
    return SimpleNamespace(task="puzzles", options={}, make_task=lambda: task)


@pytest.fixture
def helpers(monkeypatch):
    """Helpers that were started; `code` is what they run instead of their work, where it is set."""
    found = SimpleNamespace(started=[], code=None)
    popen = subprocess.Popen

    def start(command, **settings):
        found.started.append(popen([sys.executable, "-c", found.code] if found.code else command, **settings))
        return found.started[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    return found


def assert_gone(helpers):
    (helper,) = helpers.started
    assert helper.returncode is not None


@pytest.mark.parametrize("code", [DEAD, WRONG, MUTE], ids=["dead", "wrong", "mute"])
def test_whatever_becomes_of_the_helper_the_work_goes_on(recipe, warm_ups, helpers, monkeypatch, code):
    monkeypatch.setattr(module, "_LEAST_PATIENCE_SECONDS", 0.2)
    helpers.code = code
    with watch_compilation(lambda _: None) as compilations:
        warm_up(recipe, generates=True)
        assert compilations.num_kernels == 1
        assert not compilations.is_running
    assert_gone(helpers)
    assert [one.is_kept for one in warm_ups] == [True, False]
    warm_ups[1].run()
    assert warm_ups[1].is_kept


def test_where_no_process_can_be_started_the_work_goes_on(recipe, warm_ups, monkeypatch):
    def refuse(*_, **__):
        raise OSError("no more processes")

    monkeypatch.setattr(subprocess, "Popen", refuse)
    warm_up(recipe, generates=True)
    assert [one.is_kept for one in warm_ups] == [True, False]


def test_an_interruption_ends_the_helper(recipe, warm_ups, helpers):
    def interrupt(_):
        raise KeyboardInterrupt

    interrupt.typeof_pyval, interrupt.overloads = warm_ups[0].kernel.typeof_pyval, {}
    interrupt._cache, interrupt.targetctx = warm_ups[0].kernel._cache, warm_ups[0].kernel.targetctx
    warm_ups[0] = warm_ups[0]._replace(kernel=interrupt)
    helpers.code = MUTE
    with pytest.raises(KeyboardInterrupt):
        warm_up(recipe, generates=True)
    assert_gone(helpers)


def test_a_helper_that_does_not_listen_is_killed(recipe, helpers, monkeypatch):
    monkeypatch.setattr(module, "_LEAST_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(module, "_END_SECONDS", 0.1)
    helpers.code = DEAF
    warm_up(recipe, generates=True)
    assert_gone(helpers)


@pytest.mark.parametrize("reason", ["one core", "one worker", "in the cache", "no cache", "one is missing"])
def test_no_helper_is_started_in_vain(recipe, warm_ups, helpers, monkeypatch, reason):
    if reason == "one core":
        monkeypatch.setattr(module, "num_cores", lambda: 1)
    if reason in ("in the cache", "one is missing"):
        # By other kernels of the same code, as in an earlier command: those of this process have not run.
        for one in warm_ups[: 1 if reason == "one is missing" else 2]:
            again = WarmUp(kernel(one.kernel.py_func), one.arguments, 1)
            again.run()
            assert not one.kernel.overloads
    if reason == "no cache":
        for one in warm_ups:
            one.kernel._cache = None
    with watch_compilation(lambda _: None) as compilations:
        warm_up(recipe, generates=True, workers=1 if reason == "one worker" else None)
    assert helpers.started == []
    assert compilations.num_kernels == 0


def test_shares_are_done_at_about_the_same_time():
    warm_ups = [WarmUp(len, (), seconds) for seconds in (13, 3, 17, 2, 1)]
    assert share_out(warm_ups, range(5)) == ([2, 3], [0, 1, 4])
    assert share_out(warm_ups, [3, 4]) == ([3, 4], [])
    assert share_out(warm_ups, [0, 1]) == ([0], [1])
    assert share_out(warm_ups, []) == ([], [])


HELPED = """
import sys, json
from trmpipe.pipeline import Recipe
from trmpipe.pipeline import warm_up as module
from trmpipe.shards.compilation import watch_compilation

module.num_cores = lambda: 2
module._START_SECONDS = 0
recipe = Recipe(task="shades3", n=1, aug=1)
warm_ups = recipe.make_task().warm_ups(generates=True)
for _ in range(2):
    with watch_compilation(lambda _: None) as compilations:
        module.warm_up(recipe, generates=True)
    mine = sum(len(one.kernel.overloads) for one in warm_ups)
    print(compilations.num_kernels > mine, mine, *[one.is_kept for one in warm_ups])
"""
BUSY = """
import sys, time
from trmpipe.pipeline import warm_up as module

module.get_task = lambda *_: time.sleep(600)
module.help_out(sys.stdin.buffer)
"""


@pytest.fixture
def outside(tmp_path):
    """Run code beside the package of tests/outside, with a cache of its own."""
    folder = os.path.join(os.path.dirname(__file__), os.pardir, "outside")
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([os.path.abspath(folder), *sys.path]),
        "TRMPIPE_CACHE_DIR": str(tmp_path / "cache"),
    }

    def run(code):
        return subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
        )

    return run


def test_the_helper_compiles_its_share_once(outside):
    done = outside(HELPED)
    assert done.stdout.splitlines() == ["True 1 True True", "False 1 True True"], done.stderr


def test_a_helper_ends_with_the_process_that_started_it(helpers):
    """As its pipe ends then, however that process came to its end."""
    helpers.code = BUSY
    helper = module._start({"task": "sudoku9", "options": {}, "generates": True, "warm_ups": [0]})
    with pytest.raises(subprocess.TimeoutExpired):
        helper.wait(0.1)
    helper.held_stdin.close()
    assert helper.wait(60) == 1
    helper.stdout.close()


def test_generate_warms_up_before_it_plans_and_never_again(trmpipe, tmp_path, monkeypatch):
    asked = []
    # The package's `generate` is the function.
    pipeline = sys.modules["trmpipe.pipeline.generate"]
    monkeypatch.setattr(pipeline, "warm_up", lambda recipe, **how: asked.append((recipe.task, how)))
    lines = tmp_path / "lines.txt"
    task = get_task("sudoku4")
    lines.write_text("\n".join(map(task.format, task.generate(0, 0, 0, 3).inputs)))
    for more in ((), (), ("--input", lines, "--workers", 3)):
        arguments = ("generate", "sudoku", "--size", 4, "--n", 1, "--aug", 1, "--test", 0, *more)
        assert trmpipe(*arguments, "--out", tmp_path / str(len(more))).code == 0
    assert asked == [
        ("sudoku4", {"generates": True, "workers": None}),
        ("sudoku4", {"generates": False, "workers": 3}),
    ]


@pytest.mark.parametrize("name", ["sudoku4", "sudoku6", "sudoku9"])
def test_warm_ups_of_sudoku_have_the_types_of_its_work(name):
    task = get_task(name)
    warm_ups = [one for generates in (True, False) for one in task.warm_ups(generates=generates)]
    examined = task.examine(task.generate(0, 0, 0, 2))
    task.rate(examined)
    task.augment(examined.groups, 0, 0, np.ones(2, np.int64))
    task.solve(examined.groups.inputs)
    for one in warm_ups:
        signature = tuple(map(one.kernel.typeof_pyval, one.arguments))
        assert signature in one.kernel.overloads, one.kernel
