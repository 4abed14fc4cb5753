"""Counts in words: singular and plural wherever people read them, thousands with commas, titles of pictures."""

from types import SimpleNamespace

import pytest

from trmpipe.cli import generate_report, inspect
from trmpipe.generators.registry import get_task
from trmpipe.pipeline import SUPPLIERS
from trmpipe.pipeline.bases import Drop
from trmpipe.shards import Corpus
from trmpipe.shards.errors import TooManyError
from trmpipe.shards.words import counted
from trmpipe.trainer.arc import pictures
from trmpipe.trainer.arc.report import VotesReport
from trmpipe.trainer.arc.score import ArcScores, InputScore, TaskScore
from trmpipe.trainer.arc.votes import Answer
from trmpipe.trainer.evaluators.puzzles import PuzzleReport
from trmpipe.trainer.scores.scoring import Scores
from trmpipe.trainer.settings.request import TrainRequest
from trmpipe.trainer.training.asked import too_few_variants


@pytest.mark.parametrize(("count", "words"), [(0, "0 shards"), (1, "1 shard"), (2, "2 shards"), (2000, "2,000 shards")])
def test_things_are_counted(count, words):
    assert counted(count, "shard") == words


@pytest.mark.parametrize(
    ("groups", "puzzles", "least", "most", "words"),
    [
        (2000, 2000, 1, 1, "2,000 puzzles"),
        (1, 1, 1, 1, "1 puzzle"),
        (1, 1001, 1001, 1001, "1 puzzle with 1,001 variants"),
        (3, 3003, 1001, 1001, "3 puzzles with 1,001 variants each, 3,003 in all"),
        (3, 2100, 4, 1096, "3 puzzles with 4 to 1,096 variants each, 2,100 in all"),
    ],
)
def test_what_a_split_holds(groups, puzzles, least, most, words):
    split = {"groups": groups, "puzzles": puzzles, "variants": {"min": least, "max": most}}
    assert inspect._counts_in_words(split) == words


def outcome(*, groups, variants, examples, drops, leaks, num_short, remade):
    """What a generation came to, as far as it is told."""
    twin = Drop(candidate=7, reason="twins of a held-out puzzle", twin=9)
    splits = {
        "train": SimpleNamespace(groups=groups, puzzles=variants, examples=examples),
        "test": SimpleNamespace(groups=1000, puzzles=1000, examples=1000),
    }
    manifest = SimpleNamespace(spec=get_task("sudoku4").spec, splits=splits, all_files=lambda: [], content_digest="0")
    return SimpleNamespace(
        store=SimpleNamespace(url="c"),
        manifest=manifest,
        written=1,
        kept=0,
        remade={"a record is damaged": remade},
        skipped={},
        drops={"input": (twin,) * drops},
        leaks=(twin,) * leaks,
        num_short=num_short,
        was_finished=False,
    )


def test_a_generation_is_told_in_the_singular_and_in_the_plural(capsys):
    some = {"groups": 1, "variants": 1, "examples": 2, "drops": 1, "leaks": 1, "num_short": 1, "remade": 1}
    for factor, words in (
        (
            1,
            [
                "1 training puzzle with 1 variant and 2 examples, 1,000 held out, 0 bytes",
                "made again, as it could not be trusted: 1 time a record is damaged",
                "1 line of --input dropped, twins of a held-out puzzle: 7 (like line 9)",
                "1 training line is twins of a held-out puzzle and stays: 7 (like line 9)",
                "1 puzzle has fewer than 3 distinct variants: all of its variants are there",
            ],
        ),
        (
            2000,
            [
                "2,000 training puzzles with 2,000 variants and 4,000 examples, 1,000 held out, 0 bytes",
                "made again, as it could not be trusted: 2,000 times a record is damaged",
                "2,000 lines of --input dropped, twins of a held-out puzzle: 7 (like line 9)",
                "2,000 training lines are twins of a held-out puzzle and stay: 7 (like line 9)",
                "2,000 puzzles have fewer than 3 distinct variants: all of their variants are there",
            ],
        ),
    ):
        told = outcome(**{name: count * factor for name, count in some.items()})
        generate_report.report(told, SUPPLIERS["lines"], aug=2, seconds=1.0, as_json=False)
        said = [line.strip() for line in capsys.readouterr().out.splitlines()]
        for line in words:
            assert any(one.startswith(line) for one in said), (line, said)


def test_what_is_passed_over_is_a_puzzle_where_a_supplier_has_no_other_word(capsys):
    told = outcome(groups=1, variants=1, examples=1, drops=1, leaks=0, num_short=0, remade=1)
    generate_report.report(told, SUPPLIERS["made"], aug=2, seconds=1.0, as_json=False)
    said = capsys.readouterr().out
    assert "1 puzzle of --input dropped, twins of a held-out puzzle: 7 (like puzzle 9)" in said
    assert "candidate" not in said


def report_of(num_tasks):
    score = InputScore(num_votes=1, num_answers=1, rank=1, best=(), num_grids=1, place=1)
    tasks = tuple(TaskScore(task=str(number), inputs=(score,)) for number in range(num_tasks))
    scores = ArcScores(ks=(1,), tasks=tasks, num_rows=num_tasks, num_unmatched=num_tasks)
    return VotesReport(scores=scores, corpus="c", submission="s", picture="p")


def test_scores_are_told_in_the_singular_and_in_the_plural():
    scores = [Scores(num_puzzles=count, columns={"exact": (1.0,), "cell": (1.0,)}, open_cells=None) for count in (1, 2)]
    assert [one.summary()[-11:] for one in scores] == [" (1 puzzle)", "(2 puzzles)"]
    subjects = [PuzzleReport(whole=SimpleNamespace(scores=one), corpora=("c",)).subject for one in scores]
    assert subjects == ["1 held-out puzzle of c", "2 held-out puzzles of c"]
    one, many = report_of(1), report_of(2000)
    assert (one.subject, many.subject) == ("1 task of c, 1 vote", "2,000 tasks of c, 2,000 votes")
    assert "1 row matches no test input" in one.lines()
    assert "2,000 rows match no test input" in many.lines()


def test_titles_of_the_picture_say_what_each_grid_is(monkeypatch):
    """By columns: the test input, its solution, the two answers most voted for; those that hold the solution first."""
    drawn = []
    monkeypatch.setattr(pictures, "save_figure", lambda figure, path: drawn.append(figure))
    right, wrong = (Answer(grid=[[n]], votes=v, probability=0.5) for n, v in ((2, 1), (3, 1000)))
    tests = {
        "$x$": {"test": [{"input": [[1]], "output": [[2]]}]},
        "b": {"test": [{"input": [[1]], "output": [[2]]}, {"input": [[4]], "output": [[2]]}]},
    }

    def fared(rank, votes, *best):
        place = None if rank is None else sum(i for i, one in enumerate(best, 1) if one is right)
        return InputScore(
            num_votes=votes, num_answers=len(best), rank=rank, best=best, num_grids=len(best), place=place
        )

    tasks = (
        TaskScore(task="$x$", inputs=(fared(1, 1, right),)),
        TaskScore(task="b", inputs=(fared(0, 0), fared(3, 1001, wrong, right))),
    )
    scores = ArcScores(ks=(1,), tasks=tasks, num_rows=1, num_unmatched=0)
    pictures.draw_answers(scores, tests, "arc.png")
    assert [axes.get_title() for axes in drawn[0].axes] == [
        *("$x$", "solution", "answer 1: right, 1 of 1 vote", ""),
        *("b, test input 2", "solution", "answer 1: wrong, 1,000 of 1,001 votes", "answer 2: right, 1 of 1,001 votes"),
        *("b, test input 1", "solution", "no answer is a grid", ""),
    ]
    assert drawn[0].get_suptitle() == "Test inputs, their solutions, and the answers most voted for"
    unknown = ArcScores(
        ks=(1,), tasks=(TaskScore(task="u", inputs=(fared(None, 5, wrong),)),), num_rows=5, num_unmatched=0
    )
    pictures.draw_answers(unknown, {"u": {"test": [{"input": [[1]]}]}}, "arc.png")
    assert [axes.get_title() for axes in drawn[1].axes] == ["u", "solution unknown", "answer 1: 1,000 of 5 votes", ""]


def test_more_variants_than_there_are_is_told(corpus4):
    """A group of this corpus has 31 variants at most, as some others have fewer distinct ones."""
    corpus = Corpus.open(corpus4)
    most = int(corpus.catalog["train"].variants.max())
    for asked in (None, most):
        assert too_few_variants(TrainRequest(paths=("c",), variants=asked), [corpus]) == []
    with pytest.raises(TooManyError, match=f"none has more than {most:,}; give a number from 1 to {most:,}"):
        too_few_variants(TrainRequest(paths=("c",), variants=most + 1), [corpus])
    earlier = TrainRequest(paths=("c",), variants=most + 5000, resume=True)
    assert too_few_variants(earlier, [corpus]) == [
        f"--variants asks for {most + 5000:,} of each group, none has more than {most:,}: all are used"
    ]
