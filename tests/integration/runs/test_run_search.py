"""A search beside the single pass: what it tells, what it costs, and that it looks at no label."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from tests.runs import OF_ANY_MODEL, make_run
from trmpipe.generators.errors import OptionError
from trmpipe.generators.registry import get_task
from trmpipe.generators.sudoku.task import SudokuTask
from trmpipe.shards import Corpus
from trmpipe.shards.progress import Silent
from trmpipe.trainer.evaluators import EvaluationRequest, evaluator_of
from trmpipe.trainer.learners import Answer
from trmpipe.trainer.ranks import Ranks
from trmpipe.trainer.runs.run_folder import RunFolder
from trmpipe.trainer.scores import scoring
from trmpipe.trainer.scores.examinee import Examinee
from trmpipe.trainer.scores.search_words import cost_of
from trmpipe.trainer.scores.searching import Searched, search_puzzles
from trmpipe.trainer.trained.inference import evaluate_run, open_trained
from trmpipe.trainer.trained.kept_scores import read_kept
from trmpipe.trainer.trained.loaded import load_run

TASK = get_task("sudoku4")


@pytest.fixture
def helped(monkeypatch):
    """A network that solves a puzzle with enough cells shown, and is unsure of all cells of any other."""

    def answers(self, inputs, identifiers, restart=0):
        solved = TASK.solve(inputs)
        tokens = solved.labels.astype(np.int64)
        hard = ((inputs > 1).sum(1) < 5 + np.arange(16)[inputs[:, 0] % 2]) | (solved.counts == 0)
        tokens[hard] = 2
        logits = torch.zeros(*inputs.shape, 6)
        for _ in range(self.num_steps):
            yield Answer(torch.from_numpy(tokens), None, logits)

    monkeypatch.setattr(Examinee, "answers", answers)


def told(trmpipe, *arguments):
    done = trmpipe("evaluate", *arguments, "--json")
    assert done.code == 0, done.err
    return json.loads(done.out)


def test_the_single_pass_stays_and_the_search_stands_beside_it(trmpipe, finished, helped):
    plain, searched = told(trmpipe, finished), told(trmpipe, finished, "--search", 200)
    single, search = searched["passes"]
    assert plain["passes"] == [single]
    assert {name: searched[name] for name in ("steps", "difficulty")} == {
        name: plain[name] for name in ("steps", "difficulty")
    }
    assert (searched["protocol"]["search"], plain["protocol"]["search"]) == (200, None)
    assert (search["name"], search["steps"], search["restarts"], search["variants"]) == ("search", 2, 1, 1)
    assert search["solved"] == search["exact"], "every puzzle has one solution"
    assert search["solved"]["right"] == search["solved"]["number"] == 8
    cost = search["search"]
    assert [one["rounds"] for one in cost["within"]] == [1, 2, 4, 8, 16, 32, 64, 128, 200]
    assert cost["within"][0]["solved"]["right"] == single["exact"]["right"] < 8
    assert cost["within"][-1]["solved"] == search["solved"]
    assert 1 < cost["mean_rounds"] < 200 == cost["budget"]
    assert 0 < cost["milliseconds"] < 60_000


def test_a_search_in_words(trmpipe, finished, helped):
    lines = trmpipe("evaluate", finished, "--search", 200).out.splitlines()
    assert lines[1].startswith("single pass: ")
    assert lines[2].startswith("search: 100.00% (67.56 to 100.00) solved; up to 200 rounds a puzzle, ")
    assert lines[2].endswith(" ms a puzzle, 2 steps a round, trained on 20 puzzles x up to 1,000 variants")
    (curve,) = [line for line in lines if line.startswith("solved within rounds: ")]
    assert curve.endswith(", 100.00% in 200")
    assert not [line for line in trmpipe("evaluate", finished).out.splitlines() if "round" in line]
    one = trmpipe("evaluate", finished, "--search", 1, "--steps", 3).out
    assert " solved; up to 1 round a puzzle, 1.0 on average, " in one
    assert " ms a puzzle, 3 steps a round, " in one


@pytest.mark.parametrize("preset", [None, "sudoku4-elimination-cpu"])
def test_no_label_is_looked_at(finished, corpus4, preset, tmp_path):
    """Other labels change nothing but what is said when all is over; and what is solved is right."""
    if preset:
        finished = make_run(corpus4, tmp_path / "run", (*OF_ANY_MODEL, "--preset", preset))
    trained, corpus = open_trained(str(finished), "cpu"), Corpus.open(corpus4)
    examples = corpus.read("test")
    lies = replace(examples, labels=np.full_like(examples.labels, 2))
    with trained.examinee() as examinee:
        judge = evaluator_of(corpus.spec).judge
        found, lied = (
            search_puzzles(examinee, corpus, rows, judge, 30, Ranks(), Silent()) for rows in (examples, lies)
        )
    assert (found.solved == lied.solved).all()
    assert (found.rounds == lied.rounds).all()
    assert (found.outcomes["exact"] == found.solved).all()
    assert not lied.outcomes["exact"].any()
    assert found.steps == (1 if preset else 2)


def test_ranks_together_find_what_one_process_does(finished, corpus4, monkeypatch, helped):
    """Two ranks in turn, rank 0 last, which gets what the other has left; each gathers twice."""
    gathered = {0: [], 1: []}

    class InTurn(Ranks):
        def gather(self, value):
            mine = gathered[self.rank]
            mine.append(value)
            return [] if self.rank else [value, gathered[1][len(mine) - 1]]

    monkeypatch.setattr(scoring, "EVALUATION_BATCH", 3)
    trained, corpus = open_trained(str(finished), "cpu"), Corpus.open(corpus4)
    request = EvaluationRequest(folder=finished, search=50)

    def evaluate(ranks):
        report = evaluate_run(trained, [corpus], evaluator_of(corpus.spec), request, ranks, Silent())
        return report and without_time(report.to_json())

    whole = evaluate(Ranks())
    assert evaluate(InTurn(rank=1, world_size=2)) is None
    assert [len(value) for value in gathered[1]] == [1, 1], "of 8 puzzles in batches of 3 it has the second batch"
    assert evaluate(InTurn(rank=0, world_size=2)) == whole


def without_time(scores):
    """Scores without the one number that is another one every time."""
    del scores["passes"][-1]["search"]["milliseconds"]
    return scores


def test_parts_together_are_the_whole(finished, corpus4, helped):
    """As of several corpora, whose searches are joined."""
    trained, corpus = open_trained(str(finished), "cpu"), Corpus.open(corpus4)
    examples, judge = corpus.read("test"), evaluator_of(corpus.spec).judge
    with trained.examinee() as examinee:
        whole, first, rest = (
            search_puzzles(examinee, corpus, examples.take(rows), judge, 50, Ranks(), Silent())
            for rows in (slice(None), slice(3), slice(3, None))
        )
    together = Searched.join([first, rest])
    assert (together.rounds == whole.rounds).all()
    assert (together.solved == whole.solved).all()
    assert (together.outcomes["exact"] == whole.outcomes["exact"]).all()
    assert together.seconds.sum() == pytest.approx(first.seconds[0] * 3 + rest.seconds[0] * 5)
    assert cost_of(together).mean_rounds == whole.rounds.mean()


def test_a_search_is_a_question_of_its_own(trmpipe, nine, helped):
    shutil.rmtree(nine / "evaluations", ignore_errors=True)
    for more in ((), ("--search", 5), ("--search", 6)):
        assert trmpipe("evaluate", nine, *more).code == 0
    kept, damaged = read_kept(RunFolder(nine))
    assert damaged == []
    assert sorted(one.search or 0 for one in kept) == [0, 0, 5, 6], "one more is of the end of training"
    assert kept[0].search is None
    assert len({tuple(one.headline.items()) for one in kept if one.search}) == 1
    listed = json.loads(trmpipe("runs", nine.parent, "--json").out)
    assert {score["search"] for score in listed["runs"][0]["scores"]} == {None, 5, 6}


def test_python_gives_what_the_command_does(trmpipe, finished, helped):
    report = without_time(load_run(finished).evaluate(search=9).to_json())
    said = without_time(told(trmpipe, finished, "--search", 9))
    assert report == {name: value for name, value in said.items() if name in report}


def test_what_cannot_be_searched_is_refused(trmpipe, finished, monkeypatch):
    for rounds in (0, 10_001):
        with pytest.raises(OptionError, match="search is"):
            load_run(finished).evaluate(search=rounds)
    monkeypatch.setattr(SudokuTask, "blank", None)
    refused = trmpipe("evaluate", finished, "--search", 2)
    assert refused.code == 2
    assert "sudoku4 does not say which cells its puzzles ask for" in refused.message
    assert "scoring" not in refused.err, "it is refused before any work"


def test_a_way_to_choose_needs_something_to_choose_from(trmpipe, finished):
    refused = trmpipe("evaluate", finished, "--search", 2, "--choose", "residual")
    assert refused.code == 2
    assert "--choose is between restarts, and --restarts is 1; give --restarts 16" in refused.message
