"""ARC as a task: what it says of itself, what it refuses, and what its translations look like."""

import pickle

import numpy as np
import pytest

from trmpipe.generators.arc import ArcTask, GridMap, crop, encode, parse_variant_name, traits_of
from trmpipe.generators.arc.ranks import COLOURS, MOVES, TRANSLATES
from trmpipe.generators.errors import InputError
from trmpipe.generators.picture import as_text
from trmpipe.generators.registry import get_task
from trmpipe.generators.rng import below, open_stream
from trmpipe.generators.task import Groups
from trmpipe.generators.testing import TaskConformance

TASK = ArcTask()
SHAPES = [(3, 3, 3, 5), (30, 2, 1, 1), (1, 29, 28, 3), (30, 30, 2, 2)]
"""Rows and columns of the input and of the label of some examples."""


class SampledArc(ArcTask):
    """ARC tasks of random grids, so that the suite has groups: labels are the inputs up to their last column."""

    def generate(self, seed, purpose, start, count):
        parts = [self.sample(seed, purpose, start + i) for i in range(count)]
        return Groups.join(parts) if parts else self.sample(0, 0, 0).take(slice(0, 0))

    def sample(self, seed, purpose, candidate):
        stream = open_stream(seed, purpose, 0, 0, candidate)
        most, size, grids = 2 + candidate % 5, 1 + below(stream, 4), []
        for _ in range(size):
            rows, columns = 2 + below(stream, 6), 2 + below(stream, 6)
            grids.append(np.array([[below(stream, most) for _ in range(columns)] for _ in range(rows)], np.uint8))
        inputs, labels = (np.array([encode(grid[:, :end]) for grid in grids]) for end in (None, -1))
        traits = traits_of(np.concatenate([inputs, labels]), translates=False)
        return Groups(
            candidates=np.array([candidate]), sizes=np.array([size]), inputs=inputs, labels=labels, traits=traits[None]
        )


class TestArc(TaskConformance):
    @pytest.fixture
    def task(self):
        return SampledArc()

    def test_labels_are_right_and_others_are_wrong(self, task):
        """No rule tells a wrong label from a right one, but one that is no grid."""
        groups = task.generate(0, 0, 0, 9)
        assert task.check(groups.inputs, groups.labels).all()
        assert not task.check(groups.inputs, np.roll(groups.labels, 31, axis=1) * (groups.labels > 1)).any()


def groups_of(*, translates, seed=0):
    """Two groups: four examples of six colours, and one of a single black cell that becomes two."""
    random = np.random.default_rng(seed)
    pairs = [
        tuple(random.integers(0, 6, shape).astype(np.uint8) for shape in ((a, b), (c, d))) for a, b, c, d in SHAPES
    ]
    black = [(np.zeros((1, 1), np.uint8), np.zeros((1, 2), np.uint8))]
    parts = []
    for candidate, some in enumerate((pairs, black)):
        inputs, labels = (np.array([encode(pair[side]) for pair in some]) for side in range(2))
        traits = traits_of(np.concatenate([inputs, labels]), translates=translates)
        parts.append(
            Groups(
                candidates=np.array([candidate]),
                sizes=np.array([len(some)]),
                inputs=inputs,
                labels=labels,
                traits=traits[None],
            )
        )
    return Groups.join(parts)


def test_the_published_vocabulary():
    spec = TASK.spec
    assert (spec.name, spec.vocabulary, spec.seq_len, spec.num_symmetries) == ("arc", "_$0123456789", 900, 2_903_040)
    assert spec.scoring == "votes"
    assert (spec.variant_identifiers, spec.named_groups, spec.test_variants, spec.test_groups_train) == (True,) * 4
    assert spec.compressed
    assert pickle.loads(pickle.dumps(TASK)) == TASK


def test_it_is_found_by_name_and_takes_no_options():
    assert get_task("arc") == TASK
    with pytest.raises(InputError, match="the task 'arc' has no option 'difficulty'; known: none"):
        get_task("arc", {"difficulty": "1:2"})


def test_it_is_not_generated():
    with pytest.raises(InputError, match="arc puzzles are not generated; give a data set or files of them"):
        TASK.generate(0, 0, 0, 1)


def test_traits_tell_colours_moves_and_translation():
    traits = groups_of(translates=True).traits
    assert (traits.shape, traits.dtype) == ((2, 3), np.uint16)
    assert traits[0].tolist() == [0b111110, 0b11111111, 1]
    # Two cells in a row are their own image under the flips and the half turn; a transversal takes one move of two.
    assert traits[1, COLOURS] == 0
    assert traits[1, MOVES] == 0b00000011
    assert groups_of(translates=False).traits[0, TRANSLATES] == 0


def test_every_group_is_accepted_and_none_rated():
    groups = groups_of(translates=True)
    examined = TASK.rate(TASK.examine(groups))
    assert examined.accepted.tolist() == [True, True]
    assert np.isnan(examined.ratings).all()
    assert TASK.num_variants(groups).tolist() == [8 * 9 * 8 * 7 * 6 * 5, 2]
    assert TASK.num_variants(groups.take(slice(0, 0))).shape == (0,)


def test_rows_come_by_group_variant_and_example():
    groups = groups_of(translates=True)
    whole = TASK.augment(groups, 5, 0, np.array([20, 2]))
    assert all((rows.shape, rows.dtype) == ((20 * 4 + 2, 900), np.uint8) for rows in whole)
    for index, start, counts in (([1, 0], 0, [2, 3]), ([0], 7, [13]), ([0, 1, 0], 1, [0, 1, 5]), ([1], 2, [0])):
        part = TASK.augment(groups.take(np.array(index)), 5, start, np.array(counts))
        firsts = [0 if group == 0 else 80 for group in index]
        sizes = [4 if group == 0 else 1 for group in index]
        rows = [
            first + size * start + i
            for first, size, count in zip(firsts, sizes, counts, strict=True)
            for i in range(size * count)
        ]
        for one, other in zip(part, whole, strict=True):
            np.testing.assert_array_equal(one, other[rows])


def test_variants_depend_on_seed_and_candidate():
    groups = groups_of(translates=True).take(slice(0, 1))
    other = Groups(
        **{name: getattr(groups, name) for name in ("sizes", "inputs", "labels", "traits")}, candidates=np.array([9])
    )
    found = {
        TASK.augment(some, seed, 1, np.array([3]))[0].tobytes() for some, seed in ((groups, 0), (groups, 1), (other, 0))
    }
    assert len(found) == 3


def test_variant_zero_is_the_base_and_maps_are_those_of_the_untranslated_group():
    plain, moved = groups_of(translates=False), groups_of(translates=True)
    counts = np.array([50, 2])
    for still, shifted, base in zip(
        TASK.augment(plain, 1, 0, counts), TASK.augment(moved, 1, 0, counts), (plain.inputs, plain.labels), strict=True
    ):
        np.testing.assert_array_equal(shifted[:4], base[:4])
        for one, other in zip(still, shifted, strict=True):
            inside = other.reshape(30, 30)
            rows, columns = (np.flatnonzero((inside > 1).any(axis=axis)) for axis in (1, 0))
            box = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] - 2
            np.testing.assert_array_equal(box, crop(one))
    assert TASK.variant_names(plain, ["a", "b"], 1, counts) == TASK.variant_names(moved, ["a", "b"], 1, counts)


def corners(tokens):
    """Row and column of the upper left corner of the grid in each sequence, int64 [N, 2]."""
    grids = tokens.reshape(-1, 30, 30) > 1
    return np.stack([grids.any(axis=2).argmax(axis=1), grids.any(axis=1).argmax(axis=1)], axis=1)


def test_translations_are_uniform_and_leave_one_example():
    groups = groups_of(translates=True).take(slice(0, 1))
    count = 4000
    inputs, labels = (rows.reshape(count, 4, 900) for rows in TASK.augment(groups, 2, 1, np.array([count])))
    found, of_labels = (corners(rows).reshape(count, 4, 2) for rows in (inputs, labels))
    np.testing.assert_array_equal(found, of_labels)
    # The last example fills all rows and columns and can never move; each of the others is left in one variant of four.
    assert not found[:, 3].any()
    moves = found[:, :3].any(axis=2)
    assert moves.sum(axis=1).max() == 3
    # The first example's grids fit 3 x 5 one way or the other: 28 x 26 places. Each of four in 1 / 4, and by chance.
    share = 1 - moves[:, 0].mean()
    expected = 1 / 4 + 3 / 4 / (28 * 26)
    assert abs(share - expected) < 5 * (expected * (1 - expected) / count) ** 0.5
    places = found[moves[:, 0], 0]
    sums = places.sum(axis=1)
    # Rows and columns: uniform to 27 and to 25 or the other way round; independent, so the means are half of each.
    assert sums.min() <= 3
    assert sums.max() >= 49
    assert abs(sums.mean() - 26) < 5 * sums.std() / len(sums) ** 0.5
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.1


def test_a_label_that_is_unknown_stays_pad():
    groups = groups_of(translates=False).take(slice(0, 1))
    groups.labels[2] = 0
    _, labels = TASK.augment(groups, 0, 0, np.array([30]))
    assert not labels.reshape(30, 4, 900)[:, 2].any()
    assert labels.reshape(30, 4, 900)[:, [0, 1, 3]].any(axis=2).all()


def test_too_many_variants_are_refused():
    groups = groups_of(translates=True)
    for call in (
        lambda: TASK.augment(groups, 0, 1, np.array([3, 2])),
        lambda: TASK.variant_names(groups, ["a", "b"], 0, np.array([3, 3])),
    ):
        with pytest.raises(InputError, match=r"^task 1 has 2 distinct variants; 3 were asked for$"):
            call()


def test_names_are_the_published_ones():
    groups = groups_of(translates=True)
    names = TASK.variant_names(groups, ["007bbfb7", "x"], 0, np.array([3, 2]))
    assert names[0] == "007bbfb7"
    assert names[3] == "x"
    assert parse_variant_name("x|||t3|||0213456789") == ("x", GridMap(3, (0, 2, 1, 3, 4, 5, 6, 7, 8, 9)))
    assert {parse_variant_name(name)[0] for name in names} == {"007bbfb7", "x"}
    assert TASK.variant_names(groups, ["a", "b"], 0, np.array([0, 1])) == ["b"]


@pytest.mark.parametrize("name", ["a|||t8|||0123456789", "a|||t0|||0123456788", "a|||0123456789", "a|||t1|||012345678"])
def test_a_name_without_a_map_is_refused(name):
    with pytest.raises(InputError) as caught:
        parse_variant_name(name)
    assert str(caught.value).startswith(f"the variant name {name!r} says no map; expected id|||t0..t7|||")


def test_check_asks_for_stored_grids():
    groups = groups_of(translates=True)
    inputs, labels = TASK.augment(groups, 0, 0, np.array([9, 2]))
    assert TASK.check(inputs, labels).all()
    labels[3] = 0
    inputs[5, 899] = 12
    assert np.flatnonzero(~TASK.check(inputs, labels)).tolist() == [3, 5]
    assert TASK.check(inputs[:0], labels[:0]).shape == (0,)


def test_sequences_are_rendered_as_text():
    assert as_text(TASK.picture(encode(np.array([[1, 0], [9, 2]], np.uint8)))) == "10$\n92$\n$$"
    assert as_text(TASK.picture(encode(np.array([[7]], np.uint8), 1, 1))) == "\n_7$\n_$"
    assert as_text(TASK.picture(np.zeros(900, np.uint8))) == "_"
