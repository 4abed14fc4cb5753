"""Runs with a curriculum: gone on with to the bit, made longer in the same order, told, refused before all work."""

import dataclasses
import shutil

import pytest

from tests.pairs import pairs_that_fit
from tests.resuming import MAX_STEPS, assert_same_run, request_for
from tests.runs import quick_training
from tests.shards_corpora import make_corpus
from trmpipe.shards import CorpusError
from trmpipe.trainer.runs.checkpoint import checkpoint_path, load_checkpoint
from trmpipe.trainer.training.listener import Unheard
from trmpipe.trainer.training.loop import Loop
from trmpipe.trainer.training.session import train

PAIR = pairs_that_fit()[0]
SETTINGS = ("curriculum.start=0.25", "curriculum.until=0.8", "curriculum.mix=4,3,2,1")
UNTIL_STEP = 5
"""0.8 of 6 steps, to the nearest."""


class Notes(Unheard):
    """Keeps what is told."""

    def __init__(self):
        self.lines = []

    def note(self, line):
        self.lines.append(line)


@pytest.fixture(scope="module", autouse=True)
def quickly():
    with quick_training(), pytest.MonkeyPatch.context() as patch:
        patch.setattr("trmpipe.trainer.training.preparing.refuse_too_large", lambda *arguments: None)
        patch.setattr("trmpipe.trainer.training.preparing.refuse_large_activations", lambda *arguments: None)
        yield


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """16 rated groups, of which the settings of these runs keep 4 aside."""
    path = tmp_path_factory.mktemp("corpora") / "rated"
    make_corpus(path, train=(5,) * 16, test=(1,) * 4, difficulty=range(16))
    return path


@pytest.fixture(scope="module")
def whole(corpus, tmp_path_factory):
    """A run without a break, copies of it after every checkpoint, the groups of its steps, and what was told."""
    root, groups, notes, save, learn = tmp_path_factory.mktemp("runs"), [], Notes(), Loop.save, Loop._train

    def saving(loop):
        save(loop)
        shutil.copytree(loop.run.path, root / f"after-{loop.step}")

    def noting(loop, feeder):
        groups.append(set(loop.stream.batch(loop.step).groups.tolist()))
        return learn(loop, feeder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "save", saving)
        patch.setattr(Loop, "_train", noting)
        train(request_for(PAIR, corpus, root / "whole", *SETTINGS), notes)
    return root, groups, notes.lines


def stream_of(run, step):
    """What a checkpoint says of its stream."""
    return load_checkpoint(checkpoint_path(run / "checkpoints", step))["stream"]


def test_a_run_begins_with_the_easiest_and_leaves_aside_what_is_kept_aside(whole):
    _, groups, _ = whole
    assert groups[0] == {0, 1, 2}
    assert len(groups) == MAX_STEPS
    assert set().union(*groups) <= set(range(12))
    assert max(set().union(*groups)) > 6


def test_it_is_told(whole):
    told = (
        "curriculum: the easiest 3 puzzles at first, all from step 5 on; quarters by difficulty come as 4 : 3 : 2 : 1, "
    )
    assert [line for line in whole[2] if line.startswith(told)]


@pytest.mark.parametrize("step", [1, 4])
def test_a_run_that_is_broken_off_goes_on_to_the_bit(corpus, whole, step):
    root, *_ = whole
    run = root / f"after-{step}"
    train(request_for(PAIR, corpus, run, *SETTINGS), Unheard())
    assert_same_run(run, root / "whole")


def test_an_extension_keeps_the_order(corpus, whole, tmp_path):
    root, *_ = whole
    run = shutil.copytree(root / "after-3", tmp_path / "longer")
    request = request_for(PAIR, corpus, run, *SETTINGS)
    train(dataclasses.replace(request, max_steps=2 * MAX_STEPS), Unheard())
    before, after = stream_of(root / "whole", MAX_STEPS), stream_of(run, 2 * MAX_STEPS)
    assert after["config"]["curriculum"] == f"start 0.25, until step {UNTIL_STEP}, mix 4,3,2,1"
    assert after["config"] == before["config"]
    assert after["fingerprint"] == before["fingerprint"]


def test_a_corpus_without_ratings_is_refused_before_a_folder_is_made(tmp_path):
    make_corpus(tmp_path / "half", train=(5,) * 16, test=(1,) * 4)
    with pytest.raises(CorpusError, match="has no rating of 6 of the 12 training puzzles that are used"):
        train(request_for(PAIR, tmp_path / "half", tmp_path / "run", *SETTINGS), Unheard())
    assert not (tmp_path / "run").exists()
