"""Which puzzles are trained on, kept aside and scored: sets that do not meet, nested whatever their sizes."""

from types import SimpleNamespace

import numpy as np
import pytest

from tests.shards_corpora import make_corpus
from trmpipe.pipeline import generate_corpus
from trmpipe.shards import Corpus, Stream
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.runs.best import after_evaluation
from trmpipe.trainer.runs.regime import Regime, regime_of
from trmpipe.trainer.runs.run_state import BestState
from trmpipe.trainer.settings.config import EvaluationConfig, TrainConfig
from trmpipe.trainer.settings.request import TrainRequest
from trmpipe.trainer.training.result import FinalScores
from trmpipe.trainer.training.scored_sets import num_training_groups, scored_sets


@pytest.fixture(scope="module")
def corpora(tmp_path_factory):
    """Two corpora, of 6 and of 5 training groups; shards of 2 groups and 3 variants."""
    root = tmp_path_factory.mktemp("corpora")
    blocks = {"group_block": 2, "variant_block": 3, "sample_groups": 1}
    make_corpus(root / "first", "webdataset", (7, 5, 1, 4, 9, 2), **blocks)
    make_corpus(root / "second", "webdataset", (4,) * 5, seed=1, **blocks)
    return [Corpus.open(root / name) for name in ("first", "second")]


def config(**evaluation):
    return TrainConfig(evaluation=EvaluationConfig(**evaluation))


def asked(**options):
    return TrainRequest(paths=("x",), **options)


def places(parts):
    """Groups of every part."""
    return [examples.groups.tolist() for examples in parts.values()]


def rows_of(stream, steps=60):
    """The groups and variants that a stream shows, as the bytes of their rows."""
    found = set()
    for step in range(steps):
        batch = stream.batch(step)
        found |= {row.tobytes() for row in np.concatenate([batch.inputs, batch.labels], 1)}
    return found


def test_the_last_groups_are_kept_aside_and_never_trained_on(corpora):
    settings = config(monitor=3)
    num_groups = num_training_groups(settings, corpora, asked())
    assert num_groups == 8
    (aside,) = scored_sets(settings, corpora, num_groups)["monitor"].values()
    assert aside.groups.tolist() == [2, 3, 4]
    assert set(aside.variants.tolist()) == {0}
    base = corpora[1].read("train").take(np.array([8, 12, 16]))
    assert (base.groups.tolist(), base.variants.tolist()) == ([2, 3, 4], [0, 0, 0])
    assert (aside.inputs == base.inputs).all()
    assert (aside.labels == base.labels).all()
    shown = rows_of(Stream(corpora, seed=0, batch_size=8, num_groups=num_groups))
    assert not shown & {row.tobytes() for row in np.concatenate([aside.inputs, aside.labels], 1)}


def test_the_same_puzzles_are_kept_aside_for_every_number_of_groups(corpora):
    settings = config(monitor=6)
    found = []
    for groups in (1, 3, 5, None):
        num_groups = num_training_groups(settings, corpora, asked(groups=groups))
        assert num_groups == (groups or 5)
        found.append(places(scored_sets(settings, corpora, num_groups)["monitor"]))
    assert found == [[[5], [0, 1, 2, 3, 4]]] * 4


def test_subsets_are_nested(corpora):
    """All that a smaller subset of groups or variants shows, a larger one shows too, in the same rows."""
    whole = rows_of(Stream(corpora, seed=5, batch_size=8))
    for small, large in (((3, 2), (3, 4)), ((3, 2), (8, 2)), ((3, 2), (8, None)), ((3, None), (None, None))):
        few, more = (
            rows_of(Stream(corpora, seed=seed, batch_size=8, num_groups=groups, num_variants=variants))
            for seed, (groups, variants) in enumerate((small, large))
        )
        assert few < more <= whole


def test_the_sample_is_of_the_puzzles_that_are_trained_on(corpora):
    settings = config(train_limit=4)
    assert places(scored_sets(settings, corpora, 11)["train_eval"]) == [[0, 1], [0, 1]]
    # What the smaller share of a corpus leaves, the other has; no more than are trained on.
    assert places(scored_sets(settings, corpora, 7)["train_eval"]) == [[0, 1, 2], [0]]
    assert places(scored_sets(config(train_limit=99), corpora, 4)["train_eval"]) == [[0, 1, 2, 3]]


def test_without_a_setting_there_is_nothing_new(corpora):
    assert num_training_groups(config(), corpora, asked()) is None
    assert num_training_groups(config(), corpora, asked(groups=4)) == 4
    assert set(scored_sets(config(), corpora, 11)) <= {"test"}


@pytest.mark.parametrize(
    ("aside", "groups", "words"),
    [
        (11, None, "evaluation.monitor=11 keeps 11 training puzzles aside, and at least one puzzle to train on"),
        (4, 8, "evaluation.monitor=4 keeps 4 training puzzles aside, and --groups 8 is needed beside them"),
    ],
)
def test_more_than_there_are_is_refused(corpora, aside, groups, words):
    with pytest.raises(SettingError) as caught:
        num_training_groups(config(monitor=aside), corpora, asked(groups=groups))
    assert words in str(caught.value)
    assert "there are 11 in all" in str(caught.value)


def test_puzzles_that_another_corpus_trains_on_are_not_kept_aside(tmp_path):
    """As of two corpora of one seed: the smaller one is the beginning of the larger."""
    paths = [
        generate_corpus("sudoku4", n=n, aug=2, test=0, out=str(tmp_path / str(n)), workers=1).path for n in (20, 8)
    ]
    large, small = map(Corpus.open, paths)
    with pytest.raises(SettingError, match="keeps puzzles aside of which 3 are trained on as well, as corpora share"):
        num_training_groups(config(monitor=3), [large, small], asked())
    assert num_training_groups(config(monitor=3), [large], asked()) == 17
    # Those of the larger one that are kept aside are not in the smaller.
    assert num_training_groups(config(monitor=3), [small, large], asked()) == 25


def test_puzzles_with_embeddings_are_not_kept_aside():
    named = SimpleNamespace(spec=SimpleNamespace(variant_identifiers=True, name="named"))
    with pytest.raises(SettingError, match="those of named have embeddings that only training on them teaches"):
        num_training_groups(config(monitor=1), [named], asked())


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"monitor": 5, "every": 0}, "evaluation.every is 0"),
        ({"patience": 3}, "evaluation.monitor is 0"),
        ({"monitor": -1}, "evaluation.monitor is -1"),
    ],
)
def test_settings_that_contradict_each_other(settings, words):
    with pytest.raises(SettingError, match=words):
        config(**settings)


def test_the_best_evaluation_solves_most_and_then_has_most_cells_right():
    best, steps = None, []
    for step, (exact, cell) in enumerate([(0, 0.2), (0, 0.3), (0, 0.3), (0.5, 0.1), (0.4, 0.9), (0.5, 0.2)], 1):
        best = after_evaluation(best, step, {"exact": exact, "cell": cell, "halted": 1.0})
        steps.append((best.step, best.worse))
    assert steps == [(1, 0), (2, 0), (2, 1), (4, 0), (4, 1), (6, 0)]
    assert best == BestState(step=6, exact=0.5, cell=0.2)


def test_where_the_task_judges_what_it_accepts_is_solved():
    """A puzzle of several answers is solved by any of them, whichever is stored."""
    best = None
    for step, accepted in enumerate([0.5, 0.9, 0.7], 1):
        best = after_evaluation(best, step, {"exact": 0.3 - 0.1 * step, "cell": 0.9, "accepted": accepted})
    assert best == BestState(step=2, exact=0.9, cell=0.9, worse=1, column="accepted")


def test_the_regime_in_words(corpora):
    assert regime_of(corpora, 3, 4, 2).whole_words() == "3 of 11 training puzzles x 4 of 9 variants; 2 kept aside"
    assert regime_of(corpora, 3, None, 0).whole_words() == "3 of 11 training puzzles x 7 of 9 variants"
    assert regime_of(corpora, 11, 99, 0).whole_json() == {
        "puzzles": 11,
        "all_puzzles": 11,
        "variants": 9,
        "all_variants": 9,
        "kept_aside": 0,
    }


def test_the_regime_as_evaluations_name_it(corpora):
    assert regime_of(corpora, None, None, 0).words() == "11 puzzles x up to 9 variants"
    assert regime_of(corpora, None, 1, 0).words() == "11 puzzles x 1 variants"
    assert regime_of(corpora, None, 2, 6).to_json() == {"puzzles": 5, "variants": 2}
    assert regime_of(corpora, 2, None, 6).words() == "2 puzzles x up to 7 variants"
    assert Regime(puzzles=3).words() == "a training set that is not at hand"


def test_a_corpus_that_only_tests_is_no_part_of_the_regime(corpora):
    only_tests = SimpleNamespace(num_groups=lambda split: 0, catalog={})
    assert regime_of([only_tests, *corpora], 3, 4, 2) == regime_of(corpora, 3, 4, 2)


def test_the_gap_is_of_what_is_solved():
    trained, held_out = ({"exact": exact, "accepted": accepted} for exact, accepted in ((0.1, 1.0), (0.2, 0.75)))
    found = FinalScores(held_out=SimpleNamespace(last=lambda: held_out), training=SimpleNamespace(last=lambda: trained))
    assert found.gap == 0.25
