"""Mazes: what is refused, text, uniformity where theory says what is right, and the conformance suite."""

from collections import Counter

import numpy as np
import pytest

from tests.references.statistics import chi_square, chi_square_bound
from trmpipe.generators.errors import InputError, OptionError, TextError
from trmpipe.generators.maze.asked import Asked
from trmpipe.generators.maze.maker import make, wanted_of
from trmpipe.generators.maze.task import MazeTask
from trmpipe.generators.registry import get_task
from trmpipe.generators.task import TEST, TRAIN
from trmpipe.generators.testing import TaskConformance


class TestMaze(TaskConformance):
    @pytest.fixture(params=["hard", "unique", "open"])
    def task(self, request):
        return MazeTask(size=9, asked=Asked(kind=request.param))


class TestMazeWithPath(TaskConformance):
    @pytest.fixture
    def task(self):
        return MazeTask(size=8, asked=Asked.parse({"kind": "open", "algorithm": "wilson", "path": "5:9"}))


class TestMazeWithSeveralAnswers(TaskConformance):
    @pytest.fixture(params=["4", "1"], ids=["several", "turned"])
    def task(self, request):
        options = {"solutions": "4"} if request.param == "4" else {"ties": "turned"}
        return MazeTask(size=8, asked=Asked.parse({"kind": "open", "removed": "80", **options}))


@pytest.mark.parametrize(
    ("size", "options", "words"),
    [
        (10, {"path": "100:"}, "path is '100:'; a shortest path of a 10 x 10 maze has 1 to 99 steps"),
        (10, {"path": ":0"}, "path is '0:0'; a shortest path"),
        (10, {"algorithm": "prim"}, "algorithm is 'prim', and mazes of kind hard have no use for it; leave it out"),
        (10, {"kind": "unique", "removed": "5"}, "removed is '5', and mazes of kind unique have no use for it"),
        (10, {"kind": "unique", "solutions": "4"}, "solutions is 4, and mazes of kind unique have one path and no use"),
        (10, {"kind": "simple"}, "kind is 'simple'; expected one of hard, unique, open"),
        (10, {"kind": "open", "removed": "0"}, "removed is '0'; expected 1 to 100"),
        (10, {"ties": "both"}, "ties is 'both'; expected one of rule, turned"),
        (
            10,
            {"ties": "rule", "solutions": "3"},
            "ties is 'rule', which says what one path labels a variant, and sol",
        ),
        (10, {"solutions": "17"}, "solutions is '17'; expected 1 to 16"),
    ],
)
def test_what_no_maze_can_be_is_refused_in_one_line(size, options, words):
    with pytest.raises(OptionError, match=words) as caught:
        get_task(f"maze{size}", options)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("size", [4, 65])
def test_other_sizes_are_refused(size):
    with pytest.raises(InputError, match=rf"no maze of size {size}; expected 5 to 64"):
        MazeTask(size=size)
    with pytest.raises(InputError, match=f"no task is called 'maze{size}'; known: arc, maze5 to maze64"):
        get_task(f"maze{size}")


MAZE = "S.#.." + ".##.." + "..#.G" + "#...." + "##..."
SOLVED = "S.#.." + "o##.." + "oo#oG" + "#ooo." + "##..."


def test_a_maze_in_text_is_solved_and_written_again():
    task = MazeTask(size=5)
    mazes = task.parse([MAZE, MAZE.replace(".", " "), MAZE.lower()])
    assert len({one.tobytes() for one in mazes}) == 1
    assert task.format(mazes[0]) == MAZE
    counts, labels = task.solve(mazes[:1])
    assert counts.tolist() == [2]
    assert task.format(labels[0]) == SOLVED
    walled = task.parse([MAZE.replace("..#.G", ".##.G").replace("#....", "##...")])
    assert task.solve(walled)[0].tolist() == [0]
    assert not task.solve(walled)[1].any()


def test_an_answer_in_text_is_read_with_its_marks():
    task = MazeTask(size=5)
    assert task.format(task.parse_answers([SOLVED.replace(".", " ")])[0]) == SOLVED
    with pytest.raises(TextError, match=r"character 6 is 'x'; expected '#', '\.' or a blank, 'S', 'G' or 'o'"):
        task.parse_answers([SOLVED.replace("o", "x")])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (MAZE[1:], "a 5x5 maze has 25 characters, this one 24"),
        (MAZE.replace("G", "x"), "character 15 is 'x'; expected '#', '.' or a blank, 'S' or 'G'"),
        (MAZE.replace("G", "."), "a maze has one 'S' and one 'G', this one 1 'S' and 0 'G'"),
        (MAZE.replace("G", "S"), "a maze has one 'S' and one 'G', this one 2 'S' and 0 'G'"),
        (SOLVED, "character 6 is 'o'; expected '#', '.' or a blank, 'S' or 'G'"),
    ],
)
def test_text_that_is_no_maze_is_refused(text, words):
    with pytest.raises(TextError, match=words) as caught:
        MazeTask(size=5).parse([MAZE, text])
    assert caught.value.index == 1


def test_wilson_gives_every_spanning_tree_as_often():
    """Of 3 x 3 rooms there are 192; Kruskal's, by random order, are not as likely, which the same test sees."""
    found = {}
    for algorithm in ("wilson", "kruskal"):
        wanted = wanted_of(Asked(kind="unique", algorithm=algorithm), 7)
        inputs, *_ = make(5, TRAIN, 0, 192 * 200, 7, wanted)
        trees = Counter((one == 1).tobytes() for one in inputs)
        assert len(trees) == 192
        found[algorithm] = chi_square(np.array(list(trees.values())))
    assert found["wilson"] < chi_square_bound(191) < found["kruskal"]


@pytest.mark.parametrize("algorithm", ["dfs", "wilson", "kruskal", "prim"])
@pytest.mark.parametrize("size", [7, 10, 31])
def test_a_perfect_maze_has_a_passage_less_than_rooms(algorithm, size):
    inputs, *_ = make(3, TEST, 0, 20, size, wanted_of(Asked(kind="unique", algorithm=algorithm), size))
    rooms = ((size - 1) // 2) ** 2
    assert ((inputs != 1).sum(1) == 2 * rooms - 1).all()
    squares = inputs.reshape(-1, size, size)
    assert (squares[:, 0] == 1).all()
    assert (squares[:, :, -1] == 1).all()


def test_hard_mazes_have_walls_in_thirty_to_fifty_per_cent_each_number_as_likely():
    """Before ends are asked for: with any path a maze in thousands is passed over."""
    inputs, _, lengths = make(2, TRAIN, 0, 41 * 200, 20, wanted_of(Asked.parse({"path": "1:"}), 20))
    assert (lengths > 0).all()
    numbers = Counter((inputs == 1).sum(1).tolist())
    assert (min(numbers), max(numbers)) == (120, 200)
    assert chi_square(np.array([numbers[number] for number in range(120, 201)])) < chi_square_bound(80)
    places = (inputs == 1).mean(0)
    assert abs(places - places.mean()).max() < 6 * (0.4 * 0.6 / len(inputs)) ** 0.5


def test_maze_hard_is_as_published():
    task = MazeTask(size=30)
    groups = task.generate(0, TRAIN, 0, 8)
    examined = task.examine(groups)
    assert examined.ratings.min() > 110
    assert examined.accepted.all()
    assert len(groups) == 8
    assert task.spec.vocabulary[1:] == "# SGo"


def test_paths_are_as_long_as_asked_for_and_hardly_a_candidate_is_lost():
    for options in ({"kind": "unique", "path": "100:140"}, {"kind": "unique", "algorithm": "prim", "path": "30:31"}):
        task = get_task("maze30", options)
        groups = task.generate(0, TRAIN, 0, 50)
        assert len(groups) == 50
        assert task.examine(groups).accepted.all()
    assert not MazeTask(size=9, asked=Asked.parse({"path": "60:"})).generate(0, TRAIN, 0, 2).candidates.size
    longer = MazeTask(size=30, asked=Asked.parse({"kind": "unique", "path": "141:"}))
    assert not longer.examine(
        get_task("maze30", {"kind": "unique", "path": "100:140"}).generate(0, 0, 0, 5)
    ).accepted.any()


def test_the_second_of_two_equal_images_is_passed_over():
    """A maze that is its own mirror image has four variants, and asking for more is refused."""
    task = MazeTask(size=5)
    groups = MazeTask(size=5, asked=Asked.parse({"path": "1:"})).generate(0, TRAIN, 0, 1)
    mirrored = np.full((1, 25), 2, np.uint8)
    mirrored[0, 10], mirrored[0, 14] = 3, 4
    same = type(groups).single(groups.candidates, mirrored, mirrored)
    assert task.num_variants(same).tolist() == [4]
    with pytest.raises(InputError, match="maze5 puzzle 0 has 4 distinct variants; 5 were asked for"):
        task.augment(same, 0, 0, np.array([5]))
