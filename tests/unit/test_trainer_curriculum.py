"""The curriculum of a run: its settings, what older runs say of it, and corpora whose ratings cannot be compared."""

from types import SimpleNamespace

import pytest

from trmpipe.shards import Curriculum
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.settings.config import TrainConfig, from_json, to_json
from trmpipe.trainer.settings.curriculum import CurriculumConfig, refuse_other_measures
from trmpipe.trainer.settings.overrides import apply_overrides


def test_settings_become_steps():
    settings = ("curriculum.start=0.25", "curriculum.until=0.3", "curriculum.mix=0.4,0.3,0.2,0.1")
    config = apply_overrides(TrainConfig(), settings)
    assert from_json(to_json(config)) == config
    assert config.curriculum.over(1000) == Curriculum(start=0.25, until_step=300, mix=(0.4, 0.3, 0.2, 0.1))
    assert config.curriculum.over(1) == Curriculum(start=0.25, until_step=1, mix=(0.4, 0.3, 0.2, 0.1))


def test_without_settings_there_is_none():
    assert TrainConfig().curriculum.over(1000) is None
    assert CurriculumConfig(mix=(2.0, 2.0, 2.0, 2.0)).over(1000) is None
    assert CurriculumConfig(mix=(2.0, 2.0, 2.0, 1.0)).over(1000) is not None


def test_runs_of_before_have_none():
    values = to_json(TrainConfig())
    del values["curriculum"]
    assert from_json(values) == TrainConfig()
    assert from_json({**values, "curriculum": {"start": 0.5}}).curriculum == CurriculumConfig(start=0.5)


@pytest.mark.parametrize("value", [None, [], "all", {"start": "all"}, {"mix": [1, 2]}, {"begin": 1.0}])
def test_what_is_no_curriculum_is_refused(value):
    with pytest.raises(SettingError, match="the run's config does not fit this version") as error:
        from_json({**to_json(TrainConfig()), "curriculum": value})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (["curriculum.start=-0.1"], "curriculum.start is -0.1; it must be from 0 to 1"),
        (["curriculum.start=0.5", "curriculum.until=1.5"], "curriculum.until is 1.5; it must be from 0 to 1"),
        (["curriculum.start=0.5", "curriculum.until=0"], "curriculum.until is 0.0; it must be above 0"),
        (["curriculum.until=0.3"], "curriculum.start is 1, which is all of them; set it to less"),
        (["curriculum.mix=0,0,0,0"], "curriculum.mix is 0,0,0,0; give four numbers of 0 or more, one of them above 0"),
        (["curriculum.mix=1,1,1,-1"], "curriculum.mix is 1,1,1,-1; give four numbers"),
        (["curriculum.mix=1,1"], "curriculum.mix=1,1 does not fit; it takes 4 numbers with commas between"),
        (["curriculum.mix=1,1,1,nan"], "curriculum.mix is nan; it must be a finite number"),
    ],
)
def test_senseless_settings_are_refused(settings, words):
    with pytest.raises(SettingError) as error:
        apply_overrides(TrainConfig(), settings)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


def corpus(path, supply=None, num_groups=9):
    recipe = {"supply": supply} if supply else {}
    return SimpleNamespace(path=path, manifest=SimpleNamespace(recipe=recipe), num_groups=lambda split: num_groups)


def test_ratings_of_other_measures_are_not_compared():
    own, foreign = corpus("own"), corpus("table", {"file_rating": "yes"})
    with pytest.raises(
        SettingError, match="the ratings of table come from a table, so they cannot be compared"
    ) as error:
        refuse_other_measures(CurriculumConfig(start=0.5), [own, foreign])
    assert "\n" not in str(error.value)
    refuse_other_measures(CurriculumConfig(), [own, foreign])
    refuse_other_measures(CurriculumConfig(start=0.5), [foreign])
    refuse_other_measures(CurriculumConfig(start=0.5), [own, own])
    refuse_other_measures(CurriculumConfig(start=0.5), [own, corpus("tests", {"file_rating": "yes"}, num_groups=0)])
