"""The order under a curriculum: equal to its plain reference, of groups that take part, each as often as it should."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import shards_reference as reference
from trmpipe.shards.curriculum import Curriculum
from trmpipe.shards.curriculum_order import CurriculumOrder
from trmpipe.shards.errors import CurriculumError
from trmpipe.shards.order import WITH_REPLACEMENT
from trmpipe.shards.seen import seen_variants

NUM_POSITIONS = 150


@st.composite
def curricula(draw):
    start, until_step = draw(st.floats(0, 1)), draw(st.integers(1, 30))
    # The first quarter has a weight, so that there is something to begin with.
    mix = (draw(st.sampled_from([1.0, 0.3])), *draw(st.tuples(*[st.sampled_from([0.0, 0.2, 1.0, 3.0])] * 3)))
    return Curriculum(start=start, until_step=until_step, mix=mix)


@st.composite
def orders(draw):
    """Arguments of an order, and the rule of its variants."""
    size = draw(st.integers(4, 14))
    return {
        "seed": draw(st.integers(0, 2**64 - 1)),
        "counts": draw(st.lists(st.integers(1, 9), min_size=size, max_size=size)),
        "sizes": draw(st.sampled_from([[1] * size, [1 + i % 3 for i in range(size)]])),
        "ranked": draw(st.permutations(range(size))),
        "curriculum": draw(curricula()),
        "batch_size": draw(st.integers(1, 9)),
    }, draw(st.sampled_from(["blocks", "published"]))


def order_of(case, sampling="blocks"):
    return CurriculumOrder(
        np.uint64(case["seed"]),
        np.array(case["counts"]),
        np.array(case["sizes"]),
        sampling=sampling,
        ranked=np.array(case["ranked"]),
        curriculum=case["curriculum"],
        batch_size=case["batch_size"],
    )


def even(size, start, until_step, mix=(1.0,) * 4, batch_size=8, count=5):
    """An order of groups that are ranked as they are numbered."""
    curriculum = Curriculum(start=start, until_step=until_step, mix=mix)
    case = {"seed": 3, "counts": [count] * size, "sizes": [1] * size, "ranked": range(size)}
    return order_of({**case, "curriculum": curriculum, "batch_size": batch_size})


@settings(deadline=None, max_examples=40)
@given(case=orders(), start=st.integers(0, NUM_POSITIONS - 1), count=st.integers(1, 20))
def test_order_equals_its_reference_read_from_anywhere(case, start, count):
    arguments, sampling = case
    repeats = sampling in WITH_REPLACEMENT
    expected = reference.by_curriculum(num_positions=NUM_POSITIONS + 20, repeats=repeats, **arguments)
    order = order_of(arguments, sampling)
    for first, number in ((0, NUM_POSITIONS + 20), (start, count)):
        places = (place.tolist() for place in order.at(first, number))
        assert list(zip(*places, strict=True)) == expected[first : first + number]


@settings(deadline=None, max_examples=40)
@given(case=orders(), num_examples=st.integers(0, NUM_POSITIONS))
def test_what_was_seen_is_counted(case, num_examples):
    arguments, sampling = case
    order, counts = order_of(arguments, sampling), np.array(arguments["counts"])
    found = seen_variants(order, counts, repeats=sampling in WITH_REPLACEMENT, num_examples=num_examples)
    groups, variants, examples = (place.tolist() for place in order.at(0, num_examples))
    assert found.variants == len(set(zip(groups, variants, strict=True)))
    assert found.all_variants == counts.sum()
    items = list(zip(groups, examples, strict=True))
    often = [
        max((items.count((group, i)) for i in range(size)), default=0) for group, size in enumerate(arguments["sizes"])
    ]
    assert order.visits(num_examples).tolist() == often
    assert found.visits == pytest.approx(np.mean(often))


def test_only_groups_that_take_part_come_and_the_share_grows_step_by_step():
    order, curriculum = even(40, 0.1, 50), Curriculum(start=0.1, until_step=50)
    latest = []
    for step in range(80):
        groups = order.at(step * 8, 8)[0]
        assert groups.max() < curriculum.num_allowed(step, 40)
        latest.append(groups.max())
    assert max(latest[:5]) <= 6
    assert max(latest[20:30]) in range(16, 26)
    assert max(latest[60:]) == 39


@pytest.mark.parametrize(("step", "number"), [(0, 10), (1, 12), (25, 55), (49, 98), (50, 100), (10**9, 100)])
def test_the_share_grows_linearly(step, number):
    curriculum = Curriculum(start=0.1, until_step=50)
    assert curriculum.num_allowed(step, 100) == number


def test_one_group_takes_part_at_least():
    assert Curriculum(start=0, until_step=10).num_allowed(0, 7) == 1
    assert set(even(7, 0, 10).at(0, 8)[0].tolist()) == {0}


def test_once_all_take_part_every_epoch_has_every_group_once():
    order = even(40, 0.1, 50)
    start = int(order._stretches[-1, 0])
    for epoch in range(3):
        assert sorted(order.at(start + 40 * epoch, 40)[0].tolist()) == list(range(40))


def test_every_variant_comes_once_before_one_comes_again():
    """Whenever its group joined."""
    groups, variants, _ = even(12, 0.2, 30, count=7).at(0, 2000)
    for group in range(12):
        own = variants[groups == group]
        for cycle in range(len(own) // 7):
            assert sorted(own[7 * cycle : 7 * cycle + 7].tolist()) == list(range(7))


def test_quarters_come_by_their_weights_and_the_groups_of_one_alike():
    order = even(1000, 1.0, 1, mix=(0.4, 0.3, 0.2, 0.1), count=1)
    often = np.bincount(order.at(0, 62_500)[0], minlength=1000)
    # 100 epochs of 250 + 188 + 125 + 62 groups.
    assert np.allclose(often.reshape(4, 250).sum(1) / often.sum(), [0.4, 0.3, 0.2, 0.1], atol=0.002)
    assert (np.ptp(often.reshape(4, 250), axis=1) <= 2).all()


def test_quarters_are_mixed_within_an_epoch():
    """Of the first tenth of each epoch, too, every quarter has its share: chi-squared, 3 degrees, 0.1 % beyond 16.3."""
    order = even(1000, 1.0, 1, mix=(0.4, 0.3, 0.2, 0.1), count=1)
    size = int(order._stretches[0, 2])
    first = np.concatenate([order.at(size * epoch, size // 10)[0] for epoch in range(50)])
    found = np.bincount(first // 250, minlength=4)
    expected = len(first) * np.array([250, 188, 125, 62]) / size
    assert ((found - expected) ** 2 / expected).sum() < 16.3


def test_a_quarter_without_a_weight_never_comes():
    groups = even(40, 0.3, 20, mix=(1, 0, 2, 0)).at(0, 3000)[0]
    assert set((groups // 10).tolist()) == {0, 2}


def test_a_weight_that_is_tiny_still_counts():
    groups = even(40, 1.0, 1, mix=(1, 1e-9, 1, 1)).at(0, 31 * 10)[0]
    assert (groups // 10 == 1).sum() == 10


def test_what_has_nothing_to_begin_with_is_refused():
    with pytest.raises(CurriculumError, match="begins with 4 of 40 puzzles, and none of them has a weight") as error:
        even(40, 0.1, 10, mix=(0, 1, 1, 1))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"start": -0.1}, "start is -0.1"),
        ({"start": 1.5}, "start is 1.5"),
        ({"start": float("nan")}, "start is nan"),
        ({"until_step": 0}, "until_step is 0"),
        ({"mix": (1.0, 1.0)}, "mix is 1,1; give 4 numbers"),
        ({"mix": (0.0,) * 4}, "one of them above 0"),
        ({"mix": (1.0, -1.0, 1.0, 1.0)}, "mix is 1,-1,1,1"),
        ({"mix": (1.0, float("inf"), 1.0, 1.0)}, "mix is 1,inf,1,1"),
    ],
)
def test_senseless_curricula_are_refused(options, word):
    with pytest.raises(CurriculumError, match=word) as error:
        Curriculum(**options)
    assert "\n" not in str(error.value)
