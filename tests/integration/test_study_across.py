"""Runs of a study that are scored on the other data of its plan too, and with restarts."""

from tests.study_plans import TINY, tiny_plan, working_here
from trmpipe.pipeline import Recipe, generate
from trmpipe.reports.figures.of_study import figures_of_study
from trmpipe.shards import Corpus
from trmpipe.studies import read_study, run_study
from trmpipe.studies.results import InTraining, RunRow
from trmpipe.studies.summary import Group, words_on_overlap


def test_data_are_scored_across_and_with_restarts(corpus4, tmp_path):
    text = TINY.replace('[[data]]\nname = "4x4"', "").replace("depths", "across = true\nrestarts = [2]\ndepths")
    data = "".join(f'[[data]]\nname = "{name}"\n' for name in ("one", "two"))
    arm = '[[arms]]\nname = "EqR"\npreset = "eqr-sudoku6-cpu"\n'
    arm += '[[arms]]\nname = "TRM"\n'
    with working_here():
        results = run_study(tiny_plan(text + data + arm), tmp_path, corpora=[str(corpus4)] * 2, seeds=1)
    one, still, *_ = results.runs
    assert (still.arm, still.restarts) == ("TRM", {})
    assert results.failed == []
    assert {name: len(shares) for name, shares in one.restarts.items()} == {"2": 3}
    assert set(one.across) == {"two"}
    # The same corpus twice: what is solved across is what is solved.
    assert one.across["two"] == one.solved[-1]
    assert "With 2 restarts" in (tmp_path / "table.md").read_text()


def test_puzzles_of_other_data_that_were_trained_on_are_counted(corpus4, tmp_path):
    other = tmp_path / "other"
    generate(Recipe(task="sudoku4", n=20, aug=2, seed=1), str(other))
    text = TINY.replace('[[data]]\nname = "4x4"', "").replace("depths", "across = true\ndepths")
    text += "".join(f'[[data]]\nname = "{name}"\n' for name in ("one", "two")) + '[[arms]]\nname = "TRM"\n'
    folder = tmp_path / "study"
    with working_here():
        results = run_study(tiny_plan(text), folder, corpora=[str(corpus4), str(other)], seeds=1)
    sets = {
        name: [set(Corpus.open(path).catalog[split].canonical) for split in ("train", "test")]
        for name, path in (("one", corpus4), ("two", other))
    }
    twins = {"two": len(sets["one"][0] & sets["two"][1]), "one": len(sets["two"][0] & sets["one"][1])}
    assert [run.in_training for run in results.runs] == [
        {name: InTraining(puzzles=twins[name], of=len(sets[name][1]))} for name in ("two", "one")
    ]
    assert [run.in_training for run in read_study(folder).runs] == [run.in_training for run in results.runs]
    table = (folder / "table.md").read_text()
    for name, number in twins.items():
        assert number > 0
        assert f"of {name}, up to {number} were trained on, as they are or as symmetric copies, so scores" in table
    [matrix] = [figure for figure in figures_of_study(results) if figure.name.endswith("across")]
    assert "symmetric copies" in matrix.says


def test_a_model_of_any_size_is_scored_on_another(corpus4, corpus6, tmp_path):
    text = TINY.replace('[[data]]\nname = "4x4"', "").replace("depths", "across = true\ndepths")
    text = text.replace('"model.inner=16", "model.token_inner=16", "model.num_heads=2", ', "")
    text += "".join(f'[[data]]\nname = "{name}"\n' for name in ("4x4", "6x6"))
    text += '[[arms]]\nname = "cell"\npreset = "sudoku6-cpu"\n'
    with working_here():
        results = run_study(tiny_plan(text), tmp_path, corpora=[str(corpus4), str(corpus6)], seeds=1)
    assert results.failed == []
    assert [set(run.across) for run in results.runs] == [{"6x6"}, {"4x4"}]
    # Puzzles of another size are none that it was trained on.
    assert [next(iter(run.in_training.values())).puzzles for run in results.runs] == [0, 0]


def test_data_whose_overlap_nobody_knows_are_named():
    def group(**in_training):
        done = RunRow(data="a", arm="x", point={}, equal=("steps",), seed=0, status="done", in_training=in_training)
        return Group(data="a", kind="steps", axes=(), done=(done,), failed=())

    known, unknown = InTraining(puzzles=0, of=9), InTraining(puzzles=None, of=9)
    groups = [group(b=known, c=unknown), group(b=InTraining(puzzles=1, of=9))]
    first, second = words_on_overlap(groups, ["a", "b", "c"])
    assert first.startswith("Of the 9 held-out puzzles of b, up to 1 were trained on")
    assert second == "Not checked whether held-out puzzles of c were trained on."
    assert words_on_overlap([group(b=known)], ["a", "b"]) == []
