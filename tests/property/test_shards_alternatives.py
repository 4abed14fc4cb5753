"""Which of several answers to a puzzle a position shows: that of plain Python, each as likely."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.references.philox import WORD, philox
from tests.references.statistics import chi_square, chi_square_bound
from trmpipe.generators.rng import ALTERNATIVES
from trmpipe.shards.kernels import draw_alternatives


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 2**64 - 1), st.integers(0, 2**40), st.lists(st.integers(0, 16), min_size=1, max_size=9), st.data()
)
def test_kernel_equals_its_reference(seed, start, answers, data):
    groups = data.draw(st.lists(st.integers(0, len(answers) - 1), min_size=1, max_size=30))
    found = np.arange(100, 100 + len(groups))
    draw_alternatives(np.uint64(seed), start, np.array(groups), np.array(answers), found)
    for i, group in enumerate(groups):
        word = philox((seed, ALTERNATIVES), (2, start + i, 0, 0))[0]
        assert found[i] == (word * answers[group] // WORD if answers[group] else 100 + i)


def test_every_answer_is_as_likely():
    found = np.zeros(50_000, np.int64)
    draw_alternatives(np.uint64(5), 7, np.zeros_like(found), np.array([5]), found)
    assert chi_square(np.bincount(found, minlength=5)) < chi_square_bound(4)
