"""Trainings that are killed again and again, by SIGKILL at seeded moments, come to what one without a break does.

One process and two, each with every pair of a model and a learner: 50 kills for one pair of every model and of every
learner, 10 for each of the others.
Moments are even over the time that a run without a break takes, so that kills fall before the first checkpoint, into
writes and evaluations, and near the end. Of every third kill of two processes only one of them dies; the other ends by
itself or is killed as torchrun would.
"""

import shutil
import sys
from random import Random

import pytest

from tests.pairs import one_of_each_learner, one_of_each_model, pairs_that_fit
from tests.resuming import MAX_STEPS, assert_best_is_there, assert_same_run, request_for
from tests.train_forks import LINUX_ALONE, forks
from trmpipe.trainer.runs.checkpoint import list_checkpoints, step_of

KILLS, FEWER_KILLS = 50, 10
KILLED = -9
EVERY = 3
LONGER = 1.1
NUM_KILLS = dict.fromkeys(pairs_that_fit(), FEWER_KILLS) | dict.fromkeys(
    [*one_of_each_learner(), *one_of_each_model()], KILLS
)

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(sys.platform != "linux", reason=LINUX_ALONE),
]


@pytest.fixture(scope="module")
def trainer(corpus4, tmp_path_factory):
    """Starts processes that train."""
    with forks(request_for("trm, deep_supervision", corpus4, tmp_path_factory.mktemp("first") / "run")) as found:
        yield found


class Story:
    """A run that is started, killed, gone on with, and, once it has ended, started from nothing.

    Args:
        trainer: starts processes.
        folder: of the test.
        corpus: to train on.
        name: of a pair.
        ranks: number of processes.

    Attributes:
        seconds: within which it is killed, at first those of a run without a break; on a machine that is busier than it
            was they become more with every kill that leaves the run no step further, and less where it ended.
        reached: steps of the last checkpoints that kills left, in their order; 0 for none.
    """

    def __init__(self, trainer, folder, corpus, name, ranks):
        self.trainer, self.corpus, self.name, self.ranks = trainer, corpus, name, ranks
        self.run, self.whole, self.log = folder / "run", folder / "whole", folder / "log"
        self.moments = Random(f"{name}, {ranks}")
        self.reached = []
        codes, self.seconds = self.attempt(self.whole)
        assert codes == [0] * ranks, self.log.read_text()

    def attempt(self, run, *settings, victims=(), seconds=None):
        """See `Forks.attempt`."""
        request = request_for(self.name, self.corpus, run, *settings)
        return self.trainer.attempt(request, self.log, ranks=self.ranks, victims=victims, seconds=seconds)

    def kill(self):
        """Kill the run at a moment of its own; returns whether it was still there."""
        alone = self.ranks > 1 and len(self.reached) % EVERY == 0
        victims = [self.moments.randrange(self.ranks)] if alone else list(range(self.ranks))
        before, moment = self.last_step(), self.moments.random() * self.seconds
        codes, _ = self.attempt(self.run, victims=victims, seconds=moment)
        if KILLED in [codes[rank] for rank in victims]:
            self.reached.append(self.last_step())
            self.seconds *= LONGER if self.reached[-1] == before else 1.0
            assert_best_is_there(self.run)
            return True
        assert codes == [0] * self.ranks, f"{codes}, {victims} were to be killed; {self.log.read_text()}"
        self.seconds /= LONGER
        return False

    def last_step(self):
        """The step of the last checkpoint; 0 for none."""
        return max(map(step_of, list_checkpoints(self.run / "checkpoints")), default=0)

    def end(self):
        """Let it end in peace, and compare it."""
        codes, _ = self.attempt(self.run)
        assert codes == [0] * self.ranks, self.log.read_text()
        self.compare()

    def compare(self):
        """Whether it came to what it does without a break; it is gone after that."""
        assert_same_run(self.run, self.whole)
        shutil.rmtree(self.run)


@pytest.mark.parametrize("ranks", [1, 2])
@pytest.mark.parametrize("name", NUM_KILLS)
def test_kills_change_nothing(name, ranks, trainer, corpus4, tmp_path):
    story = Story(trainer, tmp_path, corpus4, name, ranks)
    while len(story.reached) < NUM_KILLS[name]:
        if not story.kill():
            story.compare()
        elif story.last_step() == MAX_STEPS:
            story.end()
    story.end()
    if NUM_KILLS[name] == KILLS:
        assert 0 in story.reached, "no kill fell before the first checkpoint"
        assert len(set(story.reached)) > MAX_STEPS / 2, "kills fell too close together"


@pytest.mark.parametrize("name", NUM_KILLS)
def test_a_pair_goes_on_from_every_step(name, trainer, corpus4, tmp_path):
    story, keep = Story(trainer, tmp_path, corpus4, name, 2), f"checkpoint_keep={MAX_STEPS}"
    shutil.rmtree(story.whole)
    assert story.attempt(story.whole, keep)[0] == [0, 0]
    for step in range(1, MAX_STEPS):
        shutil.copytree(story.whole, story.run)
        for path in list_checkpoints(story.run / "checkpoints"):
            if step_of(path) > step:
                path.unlink()
        assert story.attempt(story.run, keep)[0] == [0, 0], story.log.read_text()
        story.compare()
