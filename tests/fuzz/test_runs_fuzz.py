"""Runs with changed bits, which are never believed, and with changed values under digests that fit, which are one line.

TRMPIPE_FUZZ_INPUTS says how many inputs all tests make; all are drawn from one seed, so that a failure comes again.
"""

import copy
import dataclasses
import json
import math
import random

import pytest
import torch

from tests.fuzz.mutations import num_inputs
from tests.runs import TINY, reseal, rows_for, write_state
from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Corpus, Stream
from trmpipe.shards.json_files import read_sealed
from trmpipe.trainer.building.build import build_learner, build_net
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.runs.checkpoint import list_checkpoints, load_checkpoint
from trmpipe.trainer.runs.lines import keep_first, read_metrics
from trmpipe.trainer.runs.run_folder import RunFolder
from trmpipe.trainer.runs.run_state import load_run_state
from trmpipe.trainer.training.metrics import Means
from trmpipe.trainer.training.trainer import Trainer

NUM_INPUTS = num_inputs(30)
NUM_BITS = max(2000, NUM_INPUTS)
SEED = 8


@pytest.fixture(scope="module")
def trained(corpus4, tmp_path_factory):
    """A tiny run; tests put back what they change."""
    from trmpipe.cli.main import run

    out = tmp_path_factory.mktemp("runs") / "run"
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("trmpipe.trainer.training.session.draw_pictures", lambda *arguments: [])
        assert run(["train", str(corpus4), "--out", str(out), *TINY]) == 0
    yield RunFolder(out)
    torch.set_num_threads(before)


def one_line(messages):
    wrong = [message for message in messages if not message.isprintable() or len(message) > 2500]
    print(*(repr(message[:500]) for message in wrong), sep="\n")
    return not wrong


def readers(run):
    """How each file of a run is read before it is believed."""
    digest = run.read_config().hash
    last = load_run_state(run.last_checkpoint(), digest)
    return {
        run.config_file: lambda: run.read_config(),
        run.metrics_file: lambda: keep_first(run.metrics_file, last.metrics),
        run.timings_file: lambda: keep_first(run.timings_file, last.timings),
        run.evaluation_file: lambda: read_sealed(run.evaluation_file.read_bytes(), dict, "evaluation.json", ""),
        **{path: lambda path=path: load_run_state(path, digest) for path in list_checkpoints(run.checkpoints)},
    }


def test_no_changed_bit_of_a_run_is_believed(trained):
    draw, known = random.Random(SEED), readers(trained)
    whole = {path: path.read_bytes() for path in known}
    believed, messages = [], []
    for _ in range(NUM_BITS):
        path = draw.choice(list(known))
        data = bytearray(whole[path])
        bit = draw.randrange(8 * len(data))
        data[bit // 8] ^= 1 << bit % 8
        path.write_bytes(data)
        try:
            known[path]()
            believed.append((path.name, bit))
        except TrmpipeError as error:
            messages.append(str(error))
    for path, data in whole.items():
        path.write_bytes(data)
        known[path]()
    assert believed == []
    assert one_line(messages)


HOSTILE = [
    *(0, -1, 1, 7, 2**31, 2**63, 2**70, -(2**63), 10**400, 0.5, -0.0, 1e308, 1e-320, True, None),
    *("", "x", "../../x", "\x1b[2J", "\x00", "\ud800", "9" * 5000, "trm", "a" * 100_000),
    *([], [1], ["x", None], [[[]]], {}, {"name": "x"}, {"name": []}, {"": {"": 0}}),
]


def change_somewhere(draw, value, hostile):
    """Replace, take out or add one value at a place that is drawn, at any depth."""
    place = value
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = draw.choice(keys)
        if isinstance(place[key], dict | list) and draw.random() < 0.8:
            place = place[key]
            continue
        act = draw.random()
        if act < 0.15:
            del place[key]
        elif act < 0.25 and isinstance(place, dict):
            place[draw.choice(["", "x", 3, "step"])] = draw.choice(hostile)
        else:
            place[key] = draw.choice(hostile)
        return


def test_configs_signed_again_are_one_line_or_a_config(trained, tmp_path):
    draw, messages = random.Random(SEED), []
    values = json.loads(trained.config_file.read_text())
    for _ in range(NUM_INPUTS):
        changed = copy.deepcopy(values)
        change_somewhere(draw, changed, HOSTILE)
        path = tmp_path / "config.json"
        path.write_bytes(trained.config_file.read_bytes())
        try:
            reseal(path, replace=changed)
        except (UnicodeEncodeError, TypeError, AttributeError):
            continue  # It cannot be JSON in UTF-8, so no file holds it.
        try:
            RunFolder(tmp_path).read_config().train_config()
        except TrmpipeError as error:
            messages.append(str(error))
    assert len(messages) > NUM_INPUTS / 2
    assert one_line(messages)


def hostile_tensors():
    yield from (torch.zeros(()), torch.zeros(0), torch.full((8, 16), 10**6), torch.full((8,), -1), torch.ones(8))
    yield from (torch.full((8, 16), math.nan), torch.tensor(-1.0), torch.tensor(math.inf), torch.zeros(1).expand(2**40))
    yield from (torch.zeros(8, dtype=torch.bool), torch.zeros(3, 3, dtype=torch.float64), torch.zeros(6, 16).half())


def test_checkpoints_signed_again_are_one_line_or_a_state(trained, corpus4, tmp_path):
    """What is not refused goes into a trainer, and a step is taken."""
    draw, messages = random.Random(SEED), []
    about, config = trained.read_config(), trained.read_config().train_config()
    path = tmp_path / trained.last_checkpoint().name
    corpus = Corpus.open(corpus4)
    values = load_checkpoint(trained.last_checkpoint())
    net = build_net(config, about.sizes, torch.device("cpu"), torch.float32)
    trainer = Trainer(config, net, build_learner(config, net), judge_by_label, about.sizes)
    for _ in range(NUM_INPUTS):
        state = shallow(values)
        change_somewhere(draw, state, [*HOSTILE, *hostile_tensors()])
        write_state(path, state)
        stream, means = Stream([corpus], seed=config.seed, batch_size=config.batch_size), Means()
        try:
            loaded = load_run_state(path, about.hash)
            stream.set_state(dataclasses.asdict(loaded.stream))
            trainer.set_state(loaded.trainer)
            means.set_state(loaded.means)
            means.add(trainer.train_step(rows_for(trainer, stream.batch(stream.step), stream.step), stream.step), 0)
        except TrmpipeError as error:
            messages.append(str(error))
    assert len(messages) > NUM_INPUTS / 2
    assert one_line(messages)


def shallow(value):
    """A copy of the containers, with the same tensors in them."""
    if isinstance(value, dict):
        return {key: shallow(part) for key, part in value.items()}
    return [shallow(part) for part in value] if isinstance(value, list) else value


def test_changed_lines_of_metrics_are_one_line_or_metrics(trained, tmp_path):
    draw, messages = random.Random(SEED), []
    whole = trained.metrics_file.read_bytes()
    path = tmp_path / "metrics.jsonl"
    for _ in range(NUM_INPUTS):
        lines = [json.loads(line) for line in whole.splitlines()]
        change_somewhere(draw, lines, HOSTILE)
        data = bytearray("".join(json.dumps(line) + "\n" for line in lines).encode())
        for _ in range(draw.randrange(3)):
            data[draw.randrange(len(data))] = draw.randrange(256)
        path.write_bytes(data)
        try:
            for line in read_metrics(path):
                assert isinstance(line.step, int)
                assert all(isinstance(value, float) for value in line.values.values())
        except TrmpipeError as error:
            messages.append(str(error))
    assert one_line(messages)
