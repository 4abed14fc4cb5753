"""The eight symmetries of a square: their maps, and that warm-ups compile all that tasks which have them need."""

import numpy as np
import pytest

from trmpipe.generators.nonogram.grids import moves_of
from trmpipe.generators.registry import get_task
from trmpipe.generators.symmetric import square_moves
from trmpipe.generators.task import TRAIN


@pytest.mark.parametrize("maps", [square_moves(4), square_moves(5), moves_of(5), moves_of(8)])
def test_maps_are_the_group_of_a_square(maps):
    found = {tuple(one) for one in maps.tolist()}
    assert len(found) == 8
    assert all(sorted(one) == list(range(maps.shape[1])) for one in found)
    assert {tuple(one[other].tolist()) for one in maps for other in maps} == found
    assert maps[0].tolist() == list(range(maps.shape[1]))
    quarter = maps[1]
    assert quarter[quarter[quarter[quarter]]].tolist() == maps[0].tolist()
    for number in (2, 4, 5, 6, 7):
        assert maps[number][maps[number]].tolist() == maps[0].tolist(), "its own inverse"
    assert maps[3][quarter].tolist() == maps[0].tolist()


@pytest.mark.parametrize("name", ["maze9", "queens8", "nonogram6"])
def test_warm_ups_compile_what_a_corpus_needs(name):
    task = get_task(name)
    warm_ups = task.warm_ups(generates=True)
    for one in warm_ups:
        one.run()
    before = [list(one.kernel.signatures) for one in warm_ups]
    groups = task.rate(task.examine(task.generate(0, TRAIN, 0, 3))).groups
    task.augment(groups, 0, 0, np.minimum(task.num_variants(groups), 2))
    assert [list(one.kernel.signatures) for one in warm_ups] == before
    assert len(task.warm_ups(generates=False)) == len(warm_ups) - 1
