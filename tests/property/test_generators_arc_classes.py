"""Class digests of ARC tasks: equal exactly for tasks that are the same up to moves, colours and the order of pairs."""

import random
from itertools import combinations, permutations, product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references import arc as reference
from trmpipe.generators.arc import ArcTask, class_digests, classes
from trmpipe.generators.task import Groups

SETTINGS = settings(deadline=None, derandomize=True, max_examples=80)


def digest(demonstrations, tests=(), labels=None):
    """The digest of one task; `labels` are the outputs of its tests, where they are known."""
    inputs = [pair[0] for pair in demonstrations] + list(tests)
    outputs = [pair[1] for pair in demonstrations] + list(labels or [None] * len(tests))
    sides = (np.array([reference.stored(side) for side in some], np.uint8) for some in (inputs, outputs))
    return bytes(class_digests(*sides, np.array([len(inputs)]), np.array([len(demonstrations)]))[0])


def copy_of(demonstrations, tests, chance):
    """A task's image under a random map, its pairs in another order."""
    some = chance.randrange(8), [0, *chance.sample(range(1, 10), 9)]
    pairs = [tuple(reference.image(side, *some) for side in pair) for pair in demonstrations]
    grids = [reference.image(grid, *some) for grid in tests]
    chance.shuffle(pairs)
    chance.shuffle(grids)
    return pairs, grids


def random_task(chance, side, colours):
    def grid():
        rows, columns = chance.randint(1, side), chance.randint(1, side)
        return [[chance.choice(colours) for _ in range(columns)] for _ in range(rows)]

    pairs = [(grid(), grid()) for _ in range(chance.randint(1, 4))]
    return pairs, [grid() for _ in range(chance.randint(0, 2))]


def rows_of(pairs):
    """A task with a one-row grid for each of some tuples of colours."""
    return [([list(row)], [[0]]) for row in pairs]


def cycles(*lengths):
    """A task that says which of nine colours follows which, in cycles: no colour has a mark of its own."""
    found, first = [], 1
    for length in lengths:
        found += [(first + i, first + (i + 1) % length) for i in range(length)]
        first += length
    return rows_of(found)


def random_relation(chance):
    """A task that says which of five colours go with which, either way or both: symmetric ones are common."""
    pairs = [pair for pair in permutations(range(1, 6), 2) if chance.random() < 0.3] or [(1, 2)]
    return rows_of(pairs + [(b, a) for a, b in pairs] if chance.random() < 0.5 else pairs)


HOSTILE = {
    "one colour a pair": rows_of((colour,) for colour in range(1, 10)),
    "all pairs of colours": rows_of(permutations(range(1, 10), 2)),
    "one cycle": cycles(9),
    "three cycles": cycles(3, 3, 3),
    "two cycles": cycles(4, 5),
    "lines of a plane": rows_of(
        order
        for line in combinations(range(9), 3)
        if all(sum(point // 3**axis % 3 for point in line) % 3 == 0 for axis in range(2))
        for order in permutations(point + 1 for point in line)
    ),
    "rook's moves": rows_of(
        (a + 1, b + 1) for a, b in product(range(9), repeat=2) if a != b and (a // 3 == b // 3 or a % 3 == b % 3)
    ),
    "one grid of all": [([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[0]])],
    "four and five alike": rows_of([(colour,) for colour in range(1, 6)] + [(0, colour, 0) for colour in range(6, 10)]),
}


@SETTINGS
@given(seed=st.integers(0, 2**32), side=st.sampled_from([2, 4, 30]), most=st.integers(1, 10))
def test_copies_have_one_digest_and_a_changed_cell_another(seed, side, most):
    chance = random.Random(seed)
    task = random_task(chance, side, range(most))
    expected = digest(*task)
    for _ in range(3):
        demonstrations, tests = copy_of(*task, chance)
        assert digest(demonstrations, tests) == expected
        if side == 30:
            grid = chance.choice(demonstrations)[chance.randrange(2)]
            row, column = chance.randrange(len(grid)), chance.randrange(len(grid[0]))
            grid[row][column] = (grid[row][column] + chance.randint(1, 9)) % 10
            # Only where hardly anything else is there could this be another copy.
            assert digest(demonstrations, tests) != expected or sum(map(len, grid)) < 9


@pytest.mark.parametrize(("side", "colours"), [(2, [0, 1, 2]), (2, [0, 3, 5, 9]), (1, [0, 1, 2, 3, 8, 9])])
def test_the_classes_are_those_of_all_that_can_be_tried(side, colours):
    chance = random.Random(side)
    tasks = [random_task(chance, side, colours) for _ in range(120)]
    tasks += [copy_of(*task, chance) for task in tasks]
    forms, digests = [str(reference.class_form(*task)) for task in tasks], [digest(*task) for task in tasks]
    assert len(set(zip(forms, digests, strict=True))) == len(set(forms)) == len(set(digests))
    assert 10 < len(set(forms)) <= 120


def test_every_small_pair_has_the_digest_of_its_class():
    grids = [[[a, b]] for a, b in product(range(4), repeat=2)] + [[[a], [b]] for a, b in product(range(4), repeat=2)]
    forms, digests = [], []
    for one, other in product(grids, repeat=2):
        forms.append(str(reference.class_form([(one, other)], [])))
        digests.append(digest([(one, other)]))
    assert len(set(zip(forms, digests, strict=True))) == len(set(forms)) == len(set(digests))


@pytest.mark.parametrize("name", HOSTILE)
def test_colours_that_are_all_alike_end_soon(name, monkeypatch):
    task, leaves = HOSTILE[name], []
    arrive = classes._Search._arrive
    monkeypatch.setattr(classes._Search, "_arrive", lambda *given: leaves.append(0) or arrive(*given))
    expected = digest(task)
    # 9! namings and eight moves make 2.9 million; either way of using symmetries alone takes 148 or more for some.
    assert len(leaves) <= 72
    chance = random.Random(name)
    for _ in range(3):
        assert digest(copy_of(task, [], chance)[0]) == expected


def test_hostile_tasks_are_of_different_classes():
    assert len({digest(task) for task in HOSTILE.values()}) == len(HOSTILE)


def test_exact_whatever_the_hashes_say(monkeypatch):
    """With hashes that tell nothing apart every colour is tied, and the digests tell the same classes."""
    chance = random.Random(0)
    tasks = [random_task(chance, 2, [0, 1, 4, 7]) for _ in range(40)]
    tasks += [(random_relation(chance), []) for _ in range(40)]
    tasks += [copy_of(*task, chance) for task in tasks]
    plain = [digest(*task) for task in tasks]
    monkeypatch.setattr(classes, "refine", lambda places, hashes: None)
    monkeypatch.setattr(classes, "place_hashes", lambda grids, places: places.fill(0))
    blind = [digest(*task) for task in tasks]
    assert blind[:80] == blind[80:]
    assert len(set(zip(plain, blind, strict=True))) == len(set(plain)) == len(set(blind))


def test_roles_and_counts_matter_and_answers_of_tests_do_not():
    one, other = ([[1, 2]], [[3]]), ([[1, 1]], [[3]])
    assert digest([one, other]) == digest([other, one]) != digest([one])
    assert digest([one]) != digest([one, one])
    assert digest([one], [other[0]]) != digest([one, other])
    assert digest([one], [other[0]]) == digest([one], [other[0]], labels=[[[9, 8], [7, 6]]])
    assert digest([one], [other[0]]) != digest([(one[0], [[1, 3]])], [other[0]])
    assert digest([([[1]], [[2, 2]])]) != digest([([[2, 2]], [[1]])])


def test_a_group_has_the_digest_of_its_pairs():
    demonstrations = [([[1, 2]], [[3]]), ([[1, 1]], [[3]])]
    tokens = [np.array([reference.stored(pair[side]) for pair in demonstrations], np.uint8) for side in range(2)]
    groups = Groups(
        candidates=np.arange(2),
        sizes=np.array([2, 1]),
        inputs=np.concatenate([tokens[0], tokens[0][:1]]),
        labels=np.concatenate([tokens[1], np.zeros((1, 900), np.uint8)]),
        traits=np.zeros((2, 3), np.uint16),
    )
    found = ArcTask().examine(groups).digests
    assert (found.shape, found.dtype) == ((2, 32), np.uint8)
    assert bytes(found[0]) == digest(demonstrations)
    assert bytes(found[1]) == digest([([[4, 5]], None)])
    assert ArcTask().examine(groups.take(slice(0, 0))).digests.shape == (0, 32)
