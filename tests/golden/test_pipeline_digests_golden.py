"""Content digests of small corpora, the same on every machine. A change here changes every user's data for a seed.

It belongs under "Data and RNG compatibility" in CHANGELOG.md. `python -m tests.golden.renew` writes the new digests.
"""

import json
import tempfile
from pathlib import Path

import pytest

from trmpipe.pipeline import Recipe, generate

GOLDEN = Path(__file__).with_name("pipeline_digests.json")
RECIPES = [
    Recipe(task="sudoku4", n=28, aug=999),
    Recipe(task="sudoku6", n=50, aug=20, test=50),
    Recipe(task="sudoku6", n=20, aug=20, test=10, seed=2**63 - 1),
    Recipe(task="sudoku9", n=30, aug=50, test=10),
    Recipe(task="sudoku9", n=10, aug=0, test=0, seed=12345),
    Recipe(task="maze10", n=20, aug=7, test=10),
    Recipe(task="maze30", n=4, aug=1, test=2, seed=2**63 - 1),
    *(
        Recipe(task="maze11", n=10, aug=3, test=5, options={"kind": "unique", "algorithm": algorithm})
        for algorithm in ("dfs", "wilson", "kruskal", "prim")
    ),
    Recipe(task="maze12", n=20, aug=7, test=5, options={"kind": "open", "removed": "60", "solutions": "4"}),
    Recipe(task="queens8", n=40, aug=7, test=10),
    Recipe(task="queens14", n=10, aug=3, test=5, seed=2**63 - 1, options={"given": "4:6", "answers": "2:9"}),
    Recipe(task="nonogram8", n=40, aug=7, test=10),
    Recipe(task="nonogram12", n=10, aug=3, test=5, seed=2**63 - 1, options={"fill": "45:50", "logic": "lines"}),
    Recipe(task="nonogram5", n=20, aug=0, test=5, options={"rounds": "5:"}),
    Recipe(task="maze64", n=5, aug=2, test=5, options={"kind": "open", "removed": "25", "path": "100:"}),
]


def digest(recipe, folder):
    return generate(recipe, str(folder)).manifest.content_digest


def renew():
    """Write the golden file anew."""
    with tempfile.TemporaryDirectory() as folder:
        digests = {recipe.name: digest(recipe, Path(folder) / recipe.name) for recipe in RECIPES}
    GOLDEN.write_text(json.dumps(digests, indent=2) + "\n")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_content_digest(recipe, tmp_path):
    assert digest(recipe, tmp_path / "c") == json.loads(GOLDEN.read_text())[recipe.name]
