"""What ranks settle between them, each alone and told what the others would say."""

import dataclasses
from contextlib import nullcontext
from types import SimpleNamespace

import pytest

from trmpipe.cli import train_seeds as told
from trmpipe.trainer.errors import DivergedError, EndedElsewhereError, RunError
from trmpipe.trainer.ranks import Ranks
from trmpipe.trainer.settings.request import TrainRequest

ASKED = [TrainRequest(paths=("x",), seed=seed) for seed in range(3)]


class Exchanging(Ranks):
    """Ranks that exchange nothing: what is shared is noted, and another rank is told what a test says."""

    shared = ()
    answers = ()

    def share(self, value):
        type(self).shared = (*self.shared, value)
        if self.rank == 0:
            return value
        answer, *type(self).answers = self.answers
        return answer


def rank(number, *answers):
    kind = type("Exchanging", (Exchanging,), {"shared": (), "answers": answers})
    return kind(rank=number, world_size=2)


@pytest.mark.parametrize(("error", "diverged"), [(DivergedError("so it is"), True), (RunError("full"), False)])
def test_all_are_told_whether_the_first_one_diverged(error, diverged):
    def fail():
        raise error

    first = rank(0)
    with pytest.raises(type(error)):
        first.first(fail)
    with pytest.raises(EndedElsewhereError) as other:
        rank(1, *first.shared).first(fail)
    assert isinstance(other.value, DivergedError) == diverged


@pytest.fixture
def runs(monkeypatch):
    """Seeds that are trained, as requests; what each comes to is popped from `outcomes`."""
    found = SimpleNamespace(requests=[], outcomes=[], reports=[])

    def train(request, listener, ranks):
        found.requests.append(request)
        outcome = found.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    monkeypatch.setattr("trmpipe.trainer.training.session.train", train)
    monkeypatch.setattr("trmpipe.trainer.training.seeds.seed_requests", lambda *arguments: ASKED)

    def report(done, count, as_json):
        found.reports.append((done.results, count, done.diverged))

    monkeypatch.setattr(told, "_report", report)
    return found


def train_as(ranks):
    return told.train_seeds(None, len(ASKED), lambda: nullcontext(), ranks, as_json=False)


def test_the_first_says_which_run_comes_next_and_that_none_does(runs):
    done, stopped = (SimpleNamespace(finished=finished, reason="interrupted") for finished in (True, False))
    first = rank(0)
    runs.outcomes = [done, stopped]
    assert train_as(first) == 130
    assert first.shared == ((True, ASKED), *ASKED[:2], None)
    assert runs.reports == [([done, stopped], 3, 0)]


def test_another_one_trains_what_it_is_told_and_says_nothing(runs, capsys):
    shorter = dataclasses.replace(ASKED[1], max_minutes=0.5)
    runs.outcomes = [DivergedError("so it is"), None]
    assert train_as(rank(1, (True, ASKED), ASKED[0], shorter, None)) == 0
    assert runs.requests == [ASKED[0], shorter]
    assert runs.reports == []
    assert capsys.readouterr() == ("", "")


def test_the_minutes_that_are_left_are_those_of_the_first_ones_clock(runs, monkeypatch):
    limited = [dataclasses.replace(one, max_minutes=1.0) for one in ASKED]
    monkeypatch.setattr("trmpipe.trainer.training.seeds.seed_requests", lambda *arguments: limited)
    monkeypatch.setattr(told, "time", SimpleNamespace(monotonic=iter([0.0, 15.0, 45.0, 61.0]).__next__))
    runs.outcomes = [SimpleNamespace(finished=True, reason="steps")] * 3
    first = rank(0)
    assert train_as(first) == 0
    assert [one and one.max_minutes for one in first.shared[1:]] == [0.75, 0.25, None]


def test_a_failure_that_is_no_divergence_ends_all(runs):
    runs.outcomes = [RunError("full")]
    with pytest.raises(RunError, match="full"):
        train_as(rank(0))
    assert runs.reports == []
