"""Streams under a curriculum: ratings out of the catalog, the same batches for any ranks and loaders, refusals."""

import dataclasses
import pickle

import numpy as np
import pytest

import trmpipe
from tests.shards_corpora import NAMED, RAGGED, group_rows, make_corpus
from trmpipe.generators.errors import OptionError
from trmpipe.shards import Corpus, CorpusError, Curriculum, StateError, Stream
from trmpipe.shards.curriculum_order import CurriculumOrder
from trmpipe.shards.seen import seen_variants

RATINGS = (5, 0, 3, 9, 0, 1, 7, 2)
EASIEST_FIRST = [1, 4, 5, 7, 2, 0, 6, 3]
COUNTS = (6, 7, 8, 5, 6, 7, 8, 5)
MORE = (4, 0.5, 8, 6)
CURRICULUM = Curriculum(start=0.25, until_step=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("corpora")
    make_corpus(root / "rated", train=COUNTS, difficulty=RATINGS)
    make_corpus(root / "more", train=(3,) * 4, seed=1, difficulty=MORE)
    make_corpus(root / "otherwise", train=COUNTS, difficulty=RATINGS[::-1])
    make_corpus(root / "half", train=COUNTS)
    make_corpus(root / "alike", train=COUNTS, difficulty=[2.5] * len(COUNTS))
    several = {"examples": RAGGED["examples"], "test": (1,), "test_examples": [1]}
    make_corpus(root / "several", train=RAGGED["variants"], spec=NAMED, difficulty=(3, 1, 2, 0, 4), **several)
    return root


@pytest.fixture
def open_stream(folder):
    def build(*names, **options):
        corpora = [Corpus.open(folder / name) for name in names or ("rated",)]
        return Stream(corpora, **{"seed": 7, "batch_size": 4, "curriculum": CURRICULUM, **options})

    return build


def groups_of(stream, steps):
    return np.concatenate([stream.batch(step).groups for step in steps]).tolist()


def same(first, second):
    return all(np.array_equal(values, second.arrays()[name]) for name, values in first.arrays().items())


def test_the_easiest_come_first_and_all_in_the_end(open_stream):
    stream = open_stream()
    assert set(groups_of(stream, range(1))) == set(EASIEST_FIRST[:2])
    for step in range(12):
        assert set(groups_of(stream, [step])) <= set(EASIEST_FIRST[: CURRICULUM.num_allowed(step, 8)])
    assert set(groups_of(stream, range(8, 14))) == set(range(8))


def test_rows_are_those_of_their_places(open_stream):
    batch = open_stream().batch(9)
    for i in range(4):
        inputs, labels = group_rows("train", int(batch.groups[i]), COUNTS[batch.groups[i]])
        assert np.array_equal(batch.inputs[i], inputs[batch.variants[i]])
        assert np.array_equal(batch.labels[i], labels[batch.variants[i]])


def test_puzzles_of_several_examples_come_with_all_of_them(open_stream):
    stream = open_stream("several", curriculum=Curriculum(mix=(1.0, 1.0, 1.0, 1.0)))
    size = stream.epoch_size
    assert size == sum(RAGGED["examples"])
    groups, variants, examples = stream.positions(size, size)
    expected = [(group, i) for group, count in enumerate(RAGGED["examples"]) for i in range(count)]
    assert sorted(zip(groups.tolist(), examples.tolist(), strict=True)) == expected
    assert all(len(set(variants[groups == group].tolist())) == 1 for group in range(5))
    assert same(stream.batch(3), pickle.loads(pickle.dumps(stream)).batch(3))


@pytest.mark.parametrize("world_size", [1, 2, 4])
def test_ranks_share_out_the_global_batch(open_stream, world_size):
    whole = open_stream()
    ranks = [open_stream(rank=rank, world_size=world_size) for rank in range(world_size)]
    for step in (0, 3, 11, 2):
        parts = [stream.batch(step) for stream in ranks]
        assert np.array_equal(np.concatenate([part.inputs for part in parts]), whole.batch(step).inputs)
        assert np.array_equal(np.concatenate([part.groups for part in parts]), whole.batch(step).groups)
    assert {stream.fingerprint for stream in ranks} == {whole.fingerprint}


@pytest.mark.parametrize("sampling", ["blocks", "published"])
def test_a_step_is_the_same_in_order_or_alone(open_stream, sampling):
    in_order = [batch for _, batch in zip(range(15), open_stream(sampling=sampling), strict=False)]
    alone = open_stream(sampling=sampling)
    assert all(same(alone.batch(step), in_order[step]) for step in (14, 0, 7, 3, 3, 13))


def test_groups_of_several_corpora_are_ranked_together(open_stream):
    stream = open_stream("rated", "more")
    assert stream.num_groups == 12
    # 0, 0 and then the second group of the other corpus.
    assert set(groups_of(stream, range(2))) <= {1, 4, 9, 5}
    assert 9 in groups_of(stream, range(2))


def test_only_the_groups_that_are_used_are_ranked(open_stream):
    """So are those that are kept aside left out, which are the last ones."""
    stream = open_stream(num_groups=4, num_variants=2)
    assert set(groups_of(stream, range(1))) == {1}
    assert set(groups_of(stream, range(8, 20))) == {0, 1, 2, 3}
    assert max(stream.batch(15).variants) <= 1


def test_a_loader_takes_it(open_stream):
    from torch.utils.data import DataLoader

    stream = open_stream()
    found = list(DataLoader(stream, batch_size=None, sampler=range(3, 9)))
    assert [one["groups"].tolist() for one in found] == [stream.batch(step).groups.tolist() for step in range(3, 9)]


@pytest.mark.parametrize("mix", [(1.0, 1.0, 1.0, 1.0), (1.0, 2.0, 1.0, 0.5)])
def test_what_was_seen(open_stream, mix):
    """With unequal weights, too, where the epochs of quarters end in the middle of the stream's."""
    stream = open_stream(curriculum=dataclasses.replace(CURRICULUM, mix=mix))
    for step in (0, 1, 5, 20):
        pairs = {
            pair
            for batch in map(stream.batch, range(step))
            for pair in zip(batch.groups.tolist(), batch.variants.tolist(), strict=True)
        }
        assert (stream.seen(step).variants, stream.seen(step).all_variants) == (len(pairs), sum(COUNTS))


@pytest.mark.parametrize("sampling", ["blocks", "published"])
def test_what_was_seen_is_counted_where_epochs_of_quarters_end_within_the_stream_s(sampling):
    """There a group's visits may change places; seen with these numbers, and any number of examples of a puzzle."""
    curriculum, out_of_turn = Curriculum(start=1, until_step=30, mix=(2, 1, 1, 1)), 0
    for seed in range(12):
        random = np.random.default_rng(seed)
        counts, ranked = random.integers(2, 6, 29), random.permutation(29)
        sizes = np.ones(29, np.int64) if seed % 2 else random.integers(1, 4, 29)
        options = {"ranked": ranked, "curriculum": curriculum, "batch_size": 4}
        order = CurriculumOrder(seed, counts, sizes, sampling=sampling, **options)
        for count in (0, 40, 97, 333):
            groups, variants, _ = order.at(0, count)
            shown = len(set(zip(groups.tolist(), variants.tolist(), strict=True)))
            seen = seen_variants(order, counts, repeats=sampling == "published", num_examples=count)
            assert (seen.variants, seen.exact) == (shown, True)
            out_of_turn += shown != np.minimum(order.visits(count), counts).sum()
    assert out_of_turn > 0


def test_iteration_goes_on_where_it_was(open_stream):
    expected = [open_stream().batch(step) for step in range(9)]
    for stop in (0, 4, 8):
        first, again = open_stream(), open_stream()
        first.seek(stop)
        again.set_state(pickle.loads(pickle.dumps(first.get_state())))
        assert same(next(iter(again)), expected[stop])


@pytest.mark.parametrize(
    ("names", "options", "word"),
    [
        (
            ("rated",),
            {"curriculum": None},
            "saved with curriculum start 0.25, until step 6, mix 1,1,1,1, here it is None",
        ),
        (("rated",), {"curriculum": Curriculum(start=0.25, until_step=7)}, "here it is start 0.25, until step 7, mix"),
        (("otherwise",), {}, "saved with ranking"),
    ],
)
def test_a_state_of_another_curriculum_is_refused(open_stream, names, options, word):
    with pytest.raises(StateError, match=word):
        open_stream(*names, **options).set_state(open_stream().get_state())


def test_a_state_without_a_curriculum_is_refused(open_stream):
    with pytest.raises(StateError, match="saved with curriculum None, here it is start"):
        open_stream().set_state(open_stream(curriculum=None).get_state())


def test_without_a_curriculum_nothing_is_new(open_stream):
    """A stream's state has the keys and the fingerprint of before."""
    keys = {"corpora", "seed", "batch_size", "num_groups", "num_variants", "sampling", "order_window"}
    assert open_stream(curriculum=None).get_state()["config"].keys() == keys


@pytest.mark.parametrize(
    ("name", "options", "word"),
    [
        ("half", {}, "has no rating of 4 of the 8 training puzzles that are used; leave the curriculum out"),
        ("alike", {}, "all 8 training puzzles that are used are rated 2.5; leave the curriculum out"),
        ("rated", {"curriculum": Curriculum(start=0.2, mix=(0.0, 1.0, 1.0, 1.0))}, "begins with 2 of 8 puzzles"),
    ],
)
def test_what_cannot_be_is_refused(open_stream, name, options, word):
    with pytest.raises(CorpusError, match=word) as error:
        open_stream(name, **options)
    assert isinstance(error.value, OptionError)
    assert "\n" not in str(error.value)


def test_a_training_set_larger_than_memory_is_refused(open_stream):
    with pytest.raises(
        CorpusError, match=r"^a curriculum reads anywhere.* which is 99;.*, leave the curriculum out, or"
    ):
        open_stream(memory_limit_bytes=99)


def test_it_has_a_name_in_python():
    assert trmpipe.Curriculum is Curriculum
