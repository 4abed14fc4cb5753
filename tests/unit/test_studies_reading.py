"""Study files: ours are executable, those of others say what they mean, and a bad one gets one line."""

import re

import pytest

from trmpipe.generators.errors import OptionError
from trmpipe.studies.checking import check_plan, check_settings_of
from trmpipe.studies.errors import NoStudyError, PlanError
from trmpipe.studies.plan import Axis, Named
from trmpipe.studies.reading import find_plan, parse_plan, read_plan, shipped
from trmpipe.studies.setups import setups_of, tries_of

HEAD = """
name = "mine"
question = "Which?"
preset = "trm-sudoku6-cpu"
"""
DATA = """
[[data]]
name = "6x6"
recipe = { task = "sudoku6", n = 100, aug = 10 }
"""
ARM = """
[[arms]]
name = "TRM"
"""
OTHER = """
[[arms]]
name = "other"
"""
AXIS = """
[[axes]]
name = "layers"
key = "model.num_layers"
values = [1, 2]
"""
LENGTH = """
[[arms.axes]]
name = "length"
key = "length"
values = [1, 0.5]
"""
LAYERS = """
[[arms.axes]]
name = "layers"
key = "model.num_layers"
values = [2, 4]
"""
TUNING = """
[tuning]
key = "optimiser.matrix_lr"
rates = [0.01, 0.03]
"""


def checked(text):
    plan = parse_plan(text, "mine.toml")
    check_plan(plan)
    check_settings_of(plan, {}, "cpu")
    return plan


@pytest.mark.parametrize("name", shipped())
def test_ours_can_be_executed(name):
    plan = find_plan(name)
    assert plan.name == name
    check_plan(plan)
    check_settings_of(plan, {}, "cpu")


def test_the_map_of_little_data_has_four_by_four_points():
    points = [set(axis.values) for axis in find_plan("puzzles-vs-variants").axes]
    assert all(len(labels) >= 4 for labels in points)


def test_arms_that_are_compared_have_every_size_that_the_question_asks_for():
    plan = find_plan("recursion-vs-scale")
    settings = [" ".join(setup.settings) for setup in setups_of(plan)]
    for layers in (1, 2, 4):
        assert any(f"num_layers={layers}" in one and "one_pass" not in one for one in settings)
    for layers in (2, 4, 8, 16, 32):
        assert any(f"num_layers={layers}" in one and "one_pass" in one for one in settings)
    assert any("l_cycles=0" in one for one in settings)
    for data in plan.data:
        direct = [s for s in setups_of(plan) if s.data == data.name and "learner.name=one_pass" in s.settings]
        found = {int(re.search(r"model\.width=(\d+)", " ".join(setup.settings))[1]) for setup in direct}
        assert max(found) == 16 * min(found)


def test_setups_are_arms_at_every_point_of_their_axes_and_the_plans():
    points = '"1 x 1" = ["model.h_cycles=1"]\n"2 x 1" = "model.h_cycles=2"\n'
    own = f'[[arms.axes]]\nname = "T x n"\n[arms.axes.points]\n{points}'
    plan = checked(HEAD + TUNING + DATA + ARM + own + OTHER + AXIS)
    assert [setup.name for setup in setups_of(plan)] == [
        "TRM, T x n 1 x 1, layers 1",
        "TRM, T x n 1 x 1, layers 2",
        "TRM, T x n 2 x 1, layers 1",
        "TRM, T x n 2 x 1, layers 2",
        "other, layers 1",
        "other, layers 2",
    ]
    setup = setups_of(plan)[3]
    assert setup.settings == ("model.h_cycles=2", "model.num_layers=2")
    assert [rate for _, rate, _ in tries_of(plan, setup)] == ["0.01", "0.03"]
    assert tries_of(plan, setup)[1][2][-1] == "optimiser.matrix_lr=0.03"


def test_subsets_and_lengths_are_no_settings():
    axes = "".join(
        f'[[axes]]\nname = "{key}"\nkey = "{key}"\nvalues = [{value}]\n'
        for key, value in (("groups", 10), ("variants", 3), ("length", 0.5))
    )
    (setup,) = setups_of(checked(HEAD + DATA + ARM + axes))
    assert (setup.settings, setup.groups, setup.variants, setup.length) == ((), 10, 3, 0.5)


def test_a_later_setting_wins():
    text = HEAD + 'settings = ["model.width=32", "batch_size=8"]' + DATA + ARM + 'settings = ["model.width=64"]'
    (setup,) = setups_of(checked(text))
    assert setup.settings == ("batch_size=8", "model.width=64")


def test_axes_are_read_as_settings_of_their_key():
    plan = parse_plan(HEAD + DATA + ARM + AXIS, "mine.toml")
    points = tuple(Named(name=label, settings=(f"model.num_layers={label}",)) for label in ("1", "2"))
    assert plan.axes == (Axis(name="layers", key="model.num_layers", values=points),)


WHOLE = HEAD + DATA + ARM
BAD = {
    "no TOML": (HEAD + "[[", "mine.toml is no TOML: "),
    "unknown key": (HEAD + "sedes = 3" + DATA + ARM, "there is no key 'sedes'; expected 'seeds'"),
    "unknown key inside": (WHOLE + "setings = []", "there is no key 'arms[1].setings'; expected 'settings'"),
    "wrong type": (HEAD + 'seeds = "3"' + DATA + ARM, "seeds is '3'; expected a whole number, 1 or more"),
    "truth for a number": (HEAD + "seeds = true" + DATA + ARM, "seeds is true; expected a whole number, 1 or more"),
    "negative": (HEAD + "seeds = -1" + DATA + ARM, "seeds is -1; expected a whole number, 1 or more"),
    "nothing": (HEAD + DATA, "arms is missing; expected one or more tables, [[arms]]"),
    "empty": (
        HEAD.replace('"Which?"', '""') + DATA + ARM,
        "question is ''; expected a text of one line, not an empty one",
    ),
    "empty list": (WHOLE + "settings = []", "arms[1].settings is a list of nothing; expected a list, each KEY=VALUE"),
    "no setting": (WHOLE + 'settings = ["width"]', "arms[1].settings is a list; expected a list, each KEY=VALUE"),
    "name": (HEAD.replace('"mine"', '"My Study"') + DATA + ARM, "name is 'My Study'; expected lower case letters"),
    "arm's name": (HEAD + DATA + ARM.replace('"TRM"', '"a|b"'), "arms[1].name is 'a|b'; expected letters, digits"),
    "infinite": (
        HEAD + "[budget]\nequal='seconds'\nseconds = inf" + DATA + ARM,
        "budget.seconds is inf; expected a number",
    ),
    "budget": (HEAD + '[budget]\nequal = "time"' + DATA + ARM, "budget.equal is 'time'; expected \"steps\", or"),
    "two units": (HEAD + "[budget]\nseconds = 3" + DATA + ARM, "budget.seconds is 3; expected steps, as steps are"),
    "depth": (HEAD + "[evaluation]\nsteps = 4\ndepths = [1, 8]" + DATA + ARM, "numbers up to evaluation.steps, 4"),
    "falling": (
        HEAD + "[evaluation]\ndepths = [4, 1]" + DATA + ARM,
        "expected a list of whole numbers from 1 on, rising",
    ),
    "share": (
        HEAD + "[tuning]\nrates=[1]\nkey='x'\nshare=2" + DATA + ARM,
        "share is 2; expected a number above 0, 1 at",
    ),
    "recipe": (HEAD + "[[data]]\nname='x'\nrecipe={n=3}" + ARM, "data[1].recipe is a table; expected a table with the"),
    "number of a recipe": (
        HEAD + "[[data]]\nname='x'\nrecipe={task='sudoku6', n='many'}" + ARM,
        "data[1].recipe.n is 'many'; expected a whole number, 0 or more",
    ),
    "place of a recipe": (
        HEAD + "[[data]]\nname='x'\nrecipe={task='sudoku6', out='x'}" + ARM,
        "data[1].recipe.out is 'x'; expected no such key, as the study makes the corpus in its own folder",
    ),
    "values": (WHOLE + '[[axes]]\nname="p"\nkey="groups"\nvalues=[1.5]', "axes[1].values is a list; expected whole"),
    "same values": (WHOLE + '[[axes]]\nname="p"\nkey="x"\nvalues=[1,"1"]', "a list of different texts or numbers"),
    "twins": (HEAD + DATA + ARM + ARM, "arms: 'TRM' is there twice (as 'TRM'); expected different names"),
    "alike": (HEAD + DATA + ARM + ARM.replace("TRM", "trm."), "arms: 'trm.' is there twice (as 'TRM')"),
    "variants alike": (
        HEAD + TUNING + DATA + ARM + "[arms.variants]\n'Adam W'=['batch_size=4']\nadam-w=['batch_size=8']\n",
        "variants of the arm 'TRM': 'adam-w' is there twice (as 'Adam W')",
    ),
    "rates alike": (
        HEAD + "[tuning]\nrates=['1e-3', '1e+3']\nkey='optimiser.lr'" + DATA + ARM,
        "tuning.rates: '1e+3' is there twice (as '1e-3')",
    ),
    "data of an arm": (WHOLE + 'data = ["6x7"]', "data of the arm 'TRM' names '6x7'; expected '6x6'"),
    "reference": (HEAD + "[budget]\nequal='flops'\nreference='TRN'" + DATA + ARM, "names 'TRN'; expected 'TRM'"),
    "no reference": (HEAD + "[budget]\nequal='flops'" + DATA + ARM, "budget.reference is missing; expected the name"),
    "drop": (
        HEAD + "[budget]\ndrop=['layers=3']" + DATA + ARM + AXIS,
        "budget.drop names 'layers=3'; expected 'layers",
    ),
    "efforts": (
        HEAD + TUNING + DATA + ARM + "[arms.variants]\na=['batch_size=4']\nb=['batch_size=8']\n" + OTHER,
        "the arm 'other' has 1 variants to choose from, 'TRM' has 2; expected as many for every arm",
    ),
    "setting": (
        WHOLE + 'settings = ["model.wdith=3"]',
        "there is no setting 'model.wdith'; the nearest are model.width",
    ),
    "value": (
        WHOLE + 'settings = ["model.mixer=mlp"]',
        "settings of 'TRM' on '6x6': model.mixer is 'mlp'; take one of",
    ),
    "no match": (
        WHOLE + 'settings = ["learner.name=token_by_token"]',
        "settings of 'TRM' on '6x6': the learner token_by_token calls",
    ),
    "own setting": (WHOLE + 'settings = ["max_steps=50"]', "max_steps is the study's own; say how long runs are in"),
    "own axis": (
        WHOLE + '[[axes]]\nname="s"\nkey="seed"\nvalues=[1, 2]',
        "settings of 'TRM, s 1' on '6x6': seed is the study's own; say how many there are by seeds",
    ),
    "preset": (HEAD.replace("trm-sudoku6-cpu", "trm6") + DATA + ARM, "settings of 'TRM' on '6x6': "),
    "own puzzles kept aside": (
        WHOLE + 'settings = ["evaluation.monitor = 5"]',
        "evaluation.monitor is the study's own; training puzzles are kept aside by puzzles in [tuning]",
    ),
    "across tasks": (
        HEAD + "[evaluation]\nacross = true" + DATA + DATA.replace("6", "4") + ARM,
        "evaluation.across scores 'TRM' on all data, and these are of several tasks (sudoku6, sudoku4)",
    ),
    "arms that come to the same": (
        HEAD + DATA + OTHER + LENGTH + LAYERS + OTHER.replace("other", "other, layers 4") + LENGTH,
        "the arms 'other' and 'other, layers 4' both have a setup named '6x6, other, layers 4'",
    ),
    "axis of a column": (WHOLE + AXIS.replace('"layers"', '"seeds"'), "an axis is called 'seeds', as a column of"),
    "long": (HEAD.replace("Which?", "x" * 1001) + DATA + ARM, "expected a text of 1,000 letters at most, and this one"),
    "huge": (HEAD + "seeds = 99999999999999999999" + DATA + ARM, "1 or more, 9223372036854775807 at most"),
    "task": (HEAD + DATA.replace("sudoku6", "sudoku7") + ARM, "recipe of the data '6x6': "),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_line(name):
    text, words = BAD[name]
    with pytest.raises(OptionError) as caught:
        checked(text)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert isinstance(caught.value, PlanError)


def test_names_that_meet_nowhere_are_taken():
    """Though arm and data make the same words in another order, or an axis is called as a column of other figures."""
    data = DATA + DATA.replace('"6x6"', '"6x6 hard"')
    arms = ARM + 'data = ["6x6 hard"]' + OTHER.replace("other", "hard TRM") + 'data = ["6x6"]'
    assert len(setups_of(checked(HEAD + data + arms))) == 2
    assert checked(WHOLE + AXIS.replace('"layers"', '"restarts"')).axes[0].name == "restarts"
    text = HEAD + DATA.replace('"6x6"', '"a, b"') + DATA.replace('"6x6"', '"a"')
    with pytest.raises(PlanError, match="both have a setup named 'a, b, c'"):
        checked(text + ARM.replace("TRM", "c") + 'data = ["a, b"]' + OTHER.replace("other", "b, c") + 'data = ["a"]')


def test_a_model_of_any_size_may_be_scored_on_other_sizes():
    cell = ARM + 'settings = ["model.name=equivariant", "learner.name=deep_supervision"]'
    text = HEAD + "[evaluation]\nacross = true" + DATA + DATA.replace("6", "4") + cell
    assert len(setups_of(checked(text))) == 2
    with pytest.raises(PlanError, match="of several tasks"):
        checked(text.replace("sudoku4", "maze10"))


def test_a_name_that_is_no_study_names_the_nearest():
    with pytest.raises(NoStudyError, match="there is no study 'all-model'; expected 'all-models'"):
        find_plan("all-model")
    with pytest.raises(NoStudyError, match=r"there is no file mine.toml"):
        find_plan("mine.toml")


def test_a_file_that_is_no_text_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_bytes(b"name = '\xff'")
    with pytest.raises(PlanError, match="is not UTF-8 at byte 8"):
        read_plan(path)
    path.write_bytes(b"#" * (1 << 21))
    with pytest.raises(PlanError, match="has 2,097,152 bytes; expected a study file"):
        read_plan(path)
