"""What is given up for a time, and in which order; what runs are equal in."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trmpipe.studies.errors import StudyError
from trmpipe.studies.fitting import _longest, _seconds, _side_by_side, fit, in_words, kept_setups, tuned_once
from trmpipe.studies.lengths import cost_key, lengths_of
from trmpipe.studies.reading import parse_plan
from trmpipe.studies.setups import setups_of, tries_of
from trmpipe.trainer.training.costs import Costs

PLAN = parse_plan(
    """
name = "mine"
question = "Which?"
seeds = 4
[budget]
equal = "flops"
seconds = 100
reference = "one"
least_share = 0.5
least_seeds = 2
drop = ["length=0.5", "two"]
[tuning]
key = "optimiser.lr"
rates = [1, 2]
[[data]]
name = "data"
path = "somewhere"
[[arms]]
name = "one"
[[arms]]
name = "two"
settings = ["model.num_layers=1"]
[[axes]]
name = "length"
key = "length"
values = [1, 0.5]
""",
    "mine.toml",
)
CHEAP = Costs(
    parameters=1,
    step_flops=100,
    answer_flops=(1.0, 2.0),
    answer_steps=2,
    step_seconds=0.1,
    answer_seconds=0.001,
    draws=False,
    wall_share=1.0,
)


def costs(**changes):
    """Of both arms; `two` takes other FLOPs and seconds a step where that is said."""
    one, _, two, _ = setups_of(PLAN)
    return {
        cost_key(PLAN, one, tries_of(PLAN, one)[0][2]): CHEAP,
        cost_key(PLAN, two, tries_of(PLAN, two)[0][2]): replace(CHEAP, **changes),
    }


def test_other_rates_and_lengths_cost_the_same_a_step():
    keys = {cost_key(PLAN, setup, settings) for setup in setups_of(PLAN) for _, _, settings in tries_of(PLAN, setup)}
    assert keys == costs().keys()


@pytest.mark.parametrize(
    ("key", "number"), [("schedule.warmup_steps", 1), ("model.width", 2), ("batch_size", 2), ("optimiser.num_steps", 2)]
)
def test_what_is_tuned_is_measured_where_it_costs(key, number):
    plan = replace(PLAN, tuning=replace(PLAN.tuning, key=key))
    setup, *_ = setups_of(plan)
    assert len({cost_key(plan, setup, settings) for _, _, settings in tries_of(plan, setup)}) == number


@pytest.mark.parametrize(("least", "below", "first"), [(0.125, 0.12, 0.13), (0.29, 0.28, 0.29), (0.5, 0.49, 0.5)])
def test_runs_are_not_made_shorter_than_the_plan_allows(least, below, first):
    """Where seeds can be given up instead."""
    whole = fit(PLAN, costs(), 2, None)
    for share, found in ((below, []), (first, [first])):
        seconds = _seconds(PLAN, replace(whole, share=share), costs(), 2)
        assert [one.share for one in _longest(PLAN, whole, costs(), 2, seconds, least)] == pytest.approx(found)


def test_all_get_the_flops_of_the_reference():
    known = costs(step_flops=250, step_seconds=0.3)
    slow = replace(CHEAP, step_flops=250)
    found = [
        lengths_of(PLAN, setup, own, known, 1.0)[0].steps
        for setup, own in zip(setups_of(PLAN), (CHEAP, CHEAP, slow, slow), strict=True)
    ]
    assert found == [1000, 500, 400, 200]


def test_nothing_is_cut_where_there_is_time():
    whole = fit(PLAN, costs(), 2, None)
    assert (whole.cuts, whole.seeds, whole.share, whole.dropped) == ((), 4, 1.0, ())
    assert fit(PLAN, costs(), 2, whole.seconds * 2) == whole
    assert fit(PLAN, costs(), 1, None).seconds == pytest.approx(2 * whole.seconds)


def test_lengths_are_cut_first_then_seeds_then_what_the_plan_names():
    whole = fit(PLAN, costs(), 2, None).seconds
    cut = {share: fit(PLAN, costs(), 2, share * whole) for share in (0.8, 0.5, 0.3, 0.2)}
    assert cut[0.8].seeds == 4
    assert 0.5 <= cut[0.8].share < 1
    assert (cut[0.5].seeds < 4, cut[0.5].dropped) == (True, ())
    assert (cut[0.3].seeds, cut[0.3].dropped) == (2, ("length=0.5",))
    assert cut[0.2].dropped == ("length=0.5", "two")
    assert cut[0.3].cuts[-2:] == ("2 seeds instead of 4", "left out: length=0.5")
    assert [setup.name for setup in kept_setups(PLAN, cut[0.2].dropped)] == ["one, length 1"]


@given(st.floats(60, 4000), st.floats(0.01, 2), st.integers(10, 1000), st.integers(1, 4))
def test_what_is_fitted_fits(seconds, pace, flops, jobs):
    known = costs(step_seconds=pace, step_flops=flops)
    try:
        found = fit(PLAN, known, jobs, seconds)
    except StudyError:
        assert fit(PLAN, known, jobs, None).seconds > seconds
    else:
        assert found.seconds <= seconds


def test_no_study_is_sooner_done_than_its_longest_run():
    """However many runs are done side by side, each takes the 100 seconds and more that it has."""
    assert fit(PLAN, costs(), 1000, None).seconds > 100
    cut = fit(PLAN, costs(), 1000, 100.0)
    assert cut.share < 1
    assert cut.seconds <= 100


@given(st.lists(st.floats(0.1, 50), min_size=1, max_size=12), st.integers(1, 5))
def test_jobs_side_by_side_are_begun_by_whoever_is_free(seconds, jobs):
    free = [0.0] * jobs
    for one in seconds:
        first = free.index(min(free))
        free[first] += one
    assert _side_by_side(seconds, jobs) == pytest.approx(max(free))


def test_the_flops_of_one_step_are_shared_out_where_the_reference_has_no_more_time():
    plan = replace(PLAN, budget=replace(PLAN.budget, amount=1.0))
    one, _, two, _ = setups_of(plan)
    slow, small = replace(CHEAP, step_seconds=2.0, step_flops=100_000), replace(CHEAP, step_flops=1000)
    known = {cost_key(plan, s, tries_of(plan, s)[0][2]): own for s, own in ((one, slow), (two, small))}
    assert [lengths_of(plan, s, own, known, 1.0)[0].steps for s, own in ((one, slow), (two, small))] == [1, 100]


def test_a_time_that_holds_nothing_is_refused_with_what_it_takes():
    with pytest.raises(
        StudyError, match=r"does not fit 1 s that are left: it takes .* as planned and .* may be given up"
    ):
        fit(PLAN, costs(), 2, 1.0)


def test_lengths_of_a_setup_are_tuned_together():
    found = tuned_once(PLAN, setups_of(PLAN))
    assert {name: setup.length for name, setup in found.items()} == {"data, one": 1.0, "data, two": 1.0}


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 s"), (65, "1 min 05 s"), (3599.6, "1 h 00 min"), (7500, "2 h 05 min")]
)
def test_spans_in_words(seconds, words):
    assert in_words(seconds) == words
