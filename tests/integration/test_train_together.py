"""What several processes do as one does: `--minutes`, `--seeds` and curricula.

The processes are forks of one that has trained before; `torchrun` itself starts those of `test_train_ranks.py`.
"""

import json
import sys

import pytest
import torch

from tests.resuming import request_for
from tests.runs import TINY, assert_same_losses, config, metrics
from tests.shards_corpora import make_corpus
from tests.train_forks import LINUX_ALONE, forks
from tests.troubled_ranks import SECONDS_OF_A_LOOK
from trmpipe.trainer.runs.checkpoint import list_checkpoints, load_checkpoint

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason=LINUX_ALONE)

PAIR = "trm, deep_supervision"
MINUTES = 0.1
NO_LENGTH = [option for option in TINY if not option.startswith("--max-steps")]
SHORT = [*NO_LENGTH, "--max-steps=3"]


@pytest.fixture(scope="module")
def trainer(corpus4, tmp_path_factory):
    with forks(request_for(PAIR, corpus4, tmp_path_factory.mktemp("first") / "run")) as found:
        yield found


@pytest.fixture
def train(trainer, corpus4, tmp_path):
    """Let two processes train together; gives their exit codes and all that they print."""

    def call(*options, before=None):
        log = tmp_path / "log"
        log.write_text("")
        befalls = before and f"tests.troubled_ranks:{before}"
        codes, _ = trainer.command(["train", corpus4, *options], log, ranks=2, before=befalls)
        return codes, log.read_text()

    return call


def test_the_first_of_two_measures_and_both_train_the_same_steps(train, tmp_path):
    """By its clock a step and what is agreed on after it take two looks; loading and evaluations take some more."""
    fitted, given = tmp_path / "fitted", tmp_path / "given"
    start = [*NO_LENGTH, "--minutes", MINUTES, "--out", fitted]
    codes, told = train(*start, before="clocks_differ")
    assert codes == [0, 0], told
    about = config(fitted)
    steps = about["train"]["max_steps"]
    assert about["minutes"] == MINUTES
    assert 10 <= steps <= 60 * MINUTES / (2 * SECONDS_OF_A_LOOK)
    assert told.count(f"{steps:,} steps by 2 processes fit {MINUTES:g} minutes on this machine as it is now") == 1
    codes, told = train(*NO_LENGTH, "--max-steps", steps, "--out", given)
    assert codes == [0, 0], told
    assert metrics(fitted) == metrics(given)
    assert about["hash"] == config(given)["hash"]
    codes, told = train(*start, "--resume")
    assert codes == [0, 0], told
    assert "steps by 2 processes fit" not in told
    assert config(fitted) == about


def test_minutes_that_hold_no_step_are_refused_once(train, tmp_path):
    codes, told = train(*NO_LENGTH, "--minutes", 1e-6, "--out", tmp_path / "run")
    assert codes == [2, 1]
    assert told.count("trmpipe: ") == told.count("minutes do not hold a step of") == 1
    assert not (tmp_path / "run").exists()


def test_seeds_are_trained_by_two_together(train, tmp_path):
    codes, told = train(*SHORT, "--seeds=2", "--out", tmp_path / "both", "--json")
    assert codes == [0, 0], told
    for number in range(2):
        assert told.count(f"seed {number}, {number + 1} of 2") == 1
    answer = json.loads(told[told.index("{") :])
    assert [one["run"] for one in answer["runs"]] == [str(tmp_path / "both" / f"seed{number}") for number in range(2)]
    assert answer["summary"]["exact"]["seeds"] == 2
    codes, told = train(*SHORT, "--seed=1", "--out", tmp_path / "alone")
    assert codes == [0, 0], told
    assert metrics(tmp_path / "alone") == metrics(tmp_path / "both" / "seed1")
    codes, told = train(*SHORT, "--seeds=2", "--out", tmp_path / "both")
    assert codes == [1, 1]
    assert told.count("trmpipe: ") == told.count("is a run already") == 1


def test_a_seed_that_diverges_is_told_once_and_two_go_on_together(train, tmp_path):
    codes, told = train(*SHORT, "--seeds=2", "--out", tmp_path, before="second_rank_diverges_in_the_first_run")
    assert codes == [1, 0]
    assert told.count("seed 0: training diverged: loss is not finite") == 1
    assert told.splitlines()[-1] == "1 of 2 runs diverged"
    assert (tmp_path / "seed1" / "evaluation.json").exists()


@pytest.mark.parametrize(
    ("before", "lines"),
    [
        ("first_rank_cannot_save", ["the disk is full"]),
        ("second_rank_leaves", ["a rank of its own mind", "another of the processes ended"]),
    ],
)
def test_no_process_waits_for_one_that_has_failed(train, tmp_path, before, lines):
    codes, told = train(*SHORT, "--seeds=2", "--out", tmp_path, before=before)
    assert codes == [1, 1]
    for line in lines:
        assert told.count(f"trmpipe: {line}") == 1
    assert told.count("trmpipe: ") == len(lines)
    assert not (tmp_path / "seed1").exists()


CURRICULUM = ("curriculum.start=0.25", "curriculum.until=0.8", "curriculum.mix=4,3,2,1", "log_every=1")


def test_two_processes_follow_a_curriculum_as_one_does(trainer, tmp_path):
    """And one goes on where they were."""
    make_corpus(tmp_path / "rated", train=(5,) * 16, test=(1,) * 4, difficulty=range(16))
    log = tmp_path / "log"
    for ranks in (1, 2):
        request = request_for(PAIR, tmp_path / "rated", tmp_path / f"by{ranks}", *CURRICULUM)
        codes, _ = trainer.attempt(request, log, ranks=ranks)
        assert codes == [0] * ranks, log.read_text()
    assert_same_losses(tmp_path / "by1", tmp_path / "by2")
    checkpoints = [list_checkpoints(tmp_path / f"by{ranks}" / "checkpoints") for ranks in (1, 2)]
    for paths in zip(*checkpoints, strict=True):
        one, two = map(load_checkpoint, paths)
        assert one["stream"] == two["stream"]
        assert one["stream"]["config"]["curriculum"] == "start 0.25, until step 5, mix 4,3,2,1"
        for name in ("inputs", "labels", "steps", "halted"):
            assert torch.equal(one["trainer"]["state"][name], two["trainer"]["state"][name]), name
    checkpoints[1][-1].unlink()
    codes, _ = trainer.attempt(request_for(PAIR, tmp_path / "rated", tmp_path / "by2", *CURRICULUM), log)
    assert codes == [0], log.read_text()
    assert_same_losses(tmp_path / "by1", tmp_path / "by2")
