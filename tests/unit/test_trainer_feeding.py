"""Rows are made ahead of their step, and are the same whoever makes them and when."""

import dataclasses
import threading

import pytest
import torch

from trmpipe.shards import Corpus, Stream
from trmpipe.trainer.errors import RunError
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.training.feeding import Feeder, rows_of

SLOTS = torch.arange(5).numpy()
CPU = torch.device("cpu")
WINDOW = 163_840
"""Bytes of one window of the corpus, which has more variants than that."""
LEARNER = DeepSupervision(DeepSupervisionConfig(halt_exploration=0.5), seed=0, max_steps=100)


def stream_of(corpus4, memory_limit_bytes):
    corpus = Corpus.open(corpus4)
    return Stream(corpus, seed=1, batch_size=5, memory_limit_bytes=memory_limit_bytes)


def flat(rows):
    values = {field.name: getattr(rows, field.name) for field in dataclasses.fields(rows)}
    return {**values.pop("draws"), **values}


@pytest.mark.parametrize("limit", [2 << 30, WINDOW])
def test_rows_are_those_of_their_step_in_any_order(corpus4, limit):
    plain = stream_of(corpus4, 2 << 30)
    with Feeder(stream_of(corpus4, limit), LEARNER, SLOTS, CPU) as feeder:
        feeder.begin(3)
        for step in (3, 4, 5, 9, 5, 6):
            expected = rows_of(plain.batch(step), LEARNER.draws(step, SLOTS), CPU)
            found, wanted = flat(feeder.rows(step)), flat(expected)
            assert list(found) == list(wanted)
            assert all(torch.equal(found[name], wanted[name]) for name in wanted), step


def test_a_corpus_that_is_streamed_is_read_ahead_by_another_thread(corpus4):
    stream, readers = stream_of(corpus4, WINDOW), {}
    read = stream.batch

    def batch(step):
        readers[step] = threading.current_thread().name
        return read(step)

    stream.batch = batch
    assert not stream.in_memory
    with Feeder(stream, LEARNER, SLOTS, CPU) as feeder:
        feeder.rows(0)
        feeder.rows(1)
    assert readers[0] == threading.current_thread().name
    assert readers[1].startswith("feeder")


def test_what_goes_wrong_ahead_is_raised_when_its_step_comes(corpus4):
    stream = stream_of(corpus4, WINDOW)
    read = stream.batch

    def batch(step):
        if step == 1:
            raise OSError("the disk is gone")
        return read(step)

    stream.batch = batch
    with Feeder(stream, LEARNER, SLOTS, CPU) as feeder:
        feeder.rows(0)
        with pytest.raises(RunError, match=r"the training data cannot be read \(the disk is gone\)"):
            feeder.rows(1)
