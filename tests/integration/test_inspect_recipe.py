"""The recipe that `trmpipe inspect` shows of a corpus."""

from trmpipe.pipeline import Recipe, generate


def test_numbers_of_a_recipe_are_shown_though_they_are_0(trmpipe, tmp_path):
    generate(Recipe(task="sudoku4", n=3, aug=0, test=0, seed=0), str(tmp_path / "c"))
    (line,) = (line for line in trmpipe("inspect", tmp_path / "c").out.splitlines() if line.startswith("    recipe"))
    told = line.split(maxsplit=1)[1].split(", ")
    assert {"n 3", "aug 0", "test 0", "seed 0"} <= set(told)
    assert not [words for words in told if words.endswith((" None", " False"))]
