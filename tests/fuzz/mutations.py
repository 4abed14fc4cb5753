"""Damage for files, made from a seed: bytes, lengths, splices, and hostile values put into JSON.

`run_bounded` runs the check of damaged inputs in a process of its own and says what it took, so that a bomb ends the
test and not the machine.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np

INPUTS_VARIABLE = "TRMPIPE_FUZZ_INPUTS"
DEFAULT_INPUTS = 3_000
MOST_BYTES = 1 << 30
MOST_SECONDS = 5

DEEP = "[" * 100_000 + "]" * 100_000
"""JSON that is nested too deep for any reader that recurses; put in as text, as writers recurse too."""

HOSTILE_VALUES = (
    -1, 0, 1, 2, 255, 256, 2**31, 2**32 - 1, 2**63 - 1, 2**63, 2**64, -(2**63), 10**30, 0.5, 1e308,
    float("nan"), float("inf"), None, True, "", "x", "..", "../../x", "/dev/zero", "a/../b", "a\\..\\b",
    "\x1b[2J\x1b]0;x\x07", "\u202e", "\ud800", "0" * 64, "a" * 5000, [], {}, [1], [[1]], {"a": 1}, [-1, 2**62],
    ["x"] * 3,
)  # fmt: skip


def num_inputs(thousandths):
    """How many inputs a test makes: its part of all, of which there are 3,000 unless the environment says it."""
    return max(1, int(os.environ.get(INPUTS_VARIABLE, DEFAULT_INPUTS)) * thousandths // 1000)


def every_bit(data):
    """`data` with one bit changed, for each of its bits."""
    for bit in range(8 * len(data)):
        changed = bytearray(data)
        changed[bit // 8] ^= 1 << bit % 8
        yield bytes(changed)


def damage(rng, data):
    """`data` with bytes changed, cut off, put in, doubled or moved."""
    if not data:
        return bytes(rng.integers(0, 256, 8, np.uint8))
    position, other = sorted(rng.integers(0, len(data) + 1, 2).tolist())
    kind = rng.integers(0, 7)
    if kind == 0:
        return data[:position]
    if kind == 1:
        return data[:position] + bytes(rng.integers(0, 256, rng.integers(1, 64), np.uint8)) + data[position:]
    if kind == 2:
        return data[:position] + data[other:]
    if kind == 3:
        return data[:other] + data[position:other] + data[other:]
    if kind == 4:
        return data[:position] + bytes(other - position) + data[other:]
    changed = bytearray(data)
    for place in rng.integers(0, len(data), rng.integers(1, 5)).tolist():
        changed[place] = rng.choice([0, 1, 127, 128, 255, int(rng.integers(0, 256))])
    return bytes(changed)


def places(value, path=()):
    """The paths of all values within a JSON value."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from places(inner, (*path, key))


def spoil(rng, value):
    """A copy of a JSON object with one of its values replaced by a hostile one, left out, doubled, or a little off."""
    changed = json.loads(json.dumps(value))
    found = [path for path in places(changed) if path]
    *above, last = found[rng.integers(len(found))]
    holder = changed
    for key in above:
        holder = holder[key]
    kind = rng.integers(0, 8)
    old = holder[last]
    if kind == 0:
        del holder[last]
    elif kind == 1 and isinstance(old, list):
        holder[last] = old + old
    elif kind <= 3 and isinstance(old, int):
        holder[last] = old + int(rng.choice([-1, 1, 2, 1000, -1000]))
    else:
        holder[last] = HOSTILE_VALUES[rng.integers(len(HOSTILE_VALUES))]
    return changed


def run_bounded(module, *arguments, timeout=600):
    """Run ``python -m module arguments`` in a process of its own.

    It fails where that process fails, takes more than `MOST_BYTES` of memory, or ends by a signal.
    """
    command = [sys.executable, "-c", _BOUNDED, module, *map(str, arguments)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, timeout=timeout, check=False, cwd=root)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    *_, last = done.stdout.splitlines()
    most = int(last.removeprefix("most bytes: "))
    assert most < MOST_BYTES, f"{most} bytes of memory"
    return done.stdout


_BOUNDED = f"""
import resource, runpy, sys
# Beyond it the system refuses; address space alone is no measure, as threads and libraries reserve much of it.
resource.setrlimit(resource.RLIMIT_DATA, (3 * {MOST_BYTES}, 3 * {MOST_BYTES}))
sys.argv = sys.argv[1:]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=False)
# Not ru_maxrss, which a process inherits from the one that started it.
(line,) = (line for line in open("/proc/self/status") if line.startswith("VmHWM:"))
print("most bytes:", 1024 * int(line.split()[1]))
"""
