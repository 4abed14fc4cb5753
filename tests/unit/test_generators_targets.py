"""What generated puzzles can be asked for: how it is spelled, what is refused, and what meets it."""

import numpy as np
import pytest

from trmpipe.generators.errors import InputError
from trmpipe.generators.sudoku import BLANK, SudokuTask, Target
from trmpipe.generators.sudoku.rating import rate
from trmpipe.generators.sudoku.targets import LEVELS, PATTERNS, pattern_images
from trmpipe.generators.task import TRAIN, Groups


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {}),
        ({"clues": "22:24"}, {"clues": "22:24"}),
        ({"clues": "24"}, {"clues": "24:24"}),
        ({"clues": "024:"}, {"clues": "24:"}),
        ({"clues": ":24"}, {"clues": "0:24"}),
        ({"clues": "0:24"}, {"clues": "0:24"}),
        ({"difficulty": "5.0:10"}, {"difficulty": "5:10"}),
        ({"difficulty": "0.125:0.5"}, {"difficulty": "0.125:0.5"}),
        ({"difficulty": "0.000000001:100"}, {"difficulty": "0.000000001:100"}),
        ({"difficulty": "0.1:123456789.123456789"}, {"difficulty": "0.1:123456789.123456791"}),
        ({"difficulty": ":0"}, {"difficulty": "0:0"}),
        ({"difficulty": "7:"}, {"difficulty": "7:"}),
        *[({"difficulty": level}, {"difficulty": level}) for level in LEVELS],
        *[({"pattern": pattern}, {"pattern": pattern}) for pattern in PATTERNS],
        (
            {"pattern": "diagonal", "difficulty": "easy", "clues": "30:"},
            {"clues": "30:", "pattern": "diagonal", "difficulty": "easy"},
        ),
    ],
)
def test_options_have_one_form_and_come_back(options, expected):
    target = Target.parse(options)
    assert target.options == expected
    assert Target.parse(target.options) == target
    assert list(target.options) == list(expected)


CLUES = "expected a number or MIN:MAX of whole numbers such as 22:24, 24: or :24"
DIFFICULTY = "expected MIN:MAX of numbers such as 5:10, 5: or :10, or one of easy, hard, extreme"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clues": "24:22"}, "clues is '24:22'; expected the smaller number first, as in 22:24"),
        ({"clues": "many"}, f"clues is 'many'; {CLUES}"),
        ({"clues": "-3:4"}, f"clues is '-3:4'; {CLUES}"),
        ({"clues": "22.5:24"}, f"clues is '22.5:24'; {CLUES}"),
        ({"clues": "22-24"}, f"clues is '22-24'; {CLUES}"),
        ({"clues": ":"}, f"clues is ':'; {CLUES}"),
        ({"clues": ""}, f"clues is ''; {CLUES}"),
        ({"clues": "२२:२४"}, f"clues is '२२:२४'; {CLUES}"),
        ({"difficulty": "10:5"}, "difficulty is '10:5'; expected the smaller number first, as in 5:10"),
        ({"difficulty": "insane"}, f"difficulty is 'insane'; {DIFFICULTY}"),
        ({"difficulty": "5"}, f"difficulty is '5'; {DIFFICULTY}"),
        ({"difficulty": "-1:5"}, f"difficulty is '-1:5'; {DIFFICULTY}"),
        ({"difficulty": "nan:5"}, f"difficulty is 'nan:5'; {DIFFICULTY}"),
        ({"difficulty": "1:1e9"}, f"difficulty is '1:1e9'; {DIFFICULTY}"),
        ({"difficulty": ""}, f"difficulty is ''; {DIFFICULTY}"),
        ({"difficulty": "5.01:5.12"}, "difficulty is '5.01:5.12'; expected a range that holds a multiple of 1/8"),
        ({"pattern": "spiral"}, f"pattern is 'spiral'; expected one of {', '.join(PATTERNS)}"),
        ({"pattern": ""}, f"pattern is ''; expected one of {', '.join(PATTERNS)}"),
        ({"symmetry": "diagonal"}, "Sudoku has no option 'symmetry'; known: clues, pattern, difficulty"),
    ],
)
def test_what_cannot_be_read_is_refused_in_one_line(options, message):
    with pytest.raises(InputError) as caught:
        Target.parse(options)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("size", "clues"), [(9, "82:"), (9, "20:82"), (9, ":16"), (9, "0"), (4, "3"), (4, "17:"), (6, ":7"), (6, "37")]
)
def test_clues_that_no_puzzle_of_the_size_has_are_refused(size, clues):
    target = Target.parse({"clues": clues})
    with pytest.raises(InputError, match=f"a {size}x{size} puzzle with one solution has .* to {size * size}"):
        SudokuTask(size=size, target=target)


@pytest.mark.parametrize(("size", "level", "known"), [(4, "hard", "easy"), (4, "extreme", "easy")])
def test_levels_that_a_size_does_not_have_are_refused(size, level, known):
    with pytest.raises(InputError) as caught:
        SudokuTask(size=size, target=Target.parse({"difficulty": level}))
    assert str(caught.value) == (
        f"difficulty is {level!r}, a level that {size}x{size} does not have; expected {known} or MIN:MAX"
    )


@pytest.mark.parametrize("options", [{"pattern": "diagonal"}, {"difficulty": "easy"}, {"clues": "92:"}])
def test_a_size_takes_no_options_where_a_search_has_no_bound(options):
    with pytest.raises(InputError) as caught:
        SudokuTask(size=16, target=Target.parse(options))
    name = next(iter(options))
    assert str(caught.value) == (
        f"16x16 puzzles cannot be asked for by {name}: no bound on the time is known; "
        "leave it out, or take a size of 4 or 6 or 9"
    )


@pytest.mark.parametrize(("size", "clues"), [(9, ":17"), (9, "81:"), (4, "4"), (6, "0:8"), (6, "36:36")])
def test_clues_at_the_ends_are_taken(size, clues):
    assert SudokuTask(size=size, target=Target.parse({"clues": clues})).target.clues


@pytest.mark.parametrize("size", [4, 6, 9])
def test_patterns_are_symmetries_of_the_square(size):
    square = np.arange(size * size).reshape(size, size)
    images = {
        "half-turn": np.rot90(square, 2),
        "quarter-turn": np.rot90(square),
        "left-right": square[:, ::-1],
        "top-bottom": square[::-1],
        "diagonal": square.T,
        "anti-diagonal": np.rot90(square, 2).T,
    }
    assert list(images) == list(PATTERNS)
    for pattern, image in images.items():
        there = pattern_images(pattern, size)
        # A turn and its inverse are symmetries of the same patterns.
        assert np.array_equal(there, image.ravel()) or np.array_equal(np.argsort(there), image.ravel())


def groups_of(puzzles):
    return Groups.single(np.arange(len(puzzles)), puzzles + BLANK, np.ones_like(puzzles))


def test_clue_counts_are_accepted_inside_their_range():
    puzzles = np.array([[1] * count + [0] * (81 - count) for count in range(82)], np.uint8)
    task = SudokuTask(size=9, target=Target.parse({"clues": "20:23"}))
    assert np.flatnonzero(task.examine(groups_of(puzzles)).accepted).tolist() == [20, 21, 22, 23]


def test_patterns_are_accepted_that_are_symmetric():
    picture = np.array([[0, 1, 0, 2], [0, 0, 0, 0], [0, 0, 0, 0], [3, 0, 4, 0]], np.uint8)
    pictures = np.array([picture.ravel(), picture[:, ::-1].ravel(), np.ones(16), np.eye(4).ravel()], np.uint8)
    accepted = {
        pattern: SudokuTask(size=4, target=Target.parse({"pattern": pattern}))
        .examine(groups_of(pictures))
        .accepted.tolist()
        for pattern in PATTERNS
    }
    assert accepted == {
        "half-turn": [True, True, True, True],
        "quarter-turn": [False, False, True, False],
        "left-right": [False, False, True, False],
        "top-bottom": [False, False, True, False],
        "diagonal": [False, False, True, True],
        "anti-diagonal": [False, False, True, True],
    }


@pytest.mark.parametrize(("size", "levels"), [(6, {"easy": 0, "0.125:1": 1, "1.125:": 2}), (4, {"easy": 0})])
def test_ratings_are_accepted_inside_their_range(size, levels):
    groups = SudokuTask(size=size).generate(0, TRAIN, 0, 200)
    ratings = rate(groups.inputs - BLANK, size)
    np.testing.assert_array_equal(SudokuTask(size=size).rate(SudokuTask(size=size).examine(groups)).ratings, ratings)
    bins = np.digitize(ratings, [0.0625, 1.0625])
    for level, number in levels.items():
        accepted = SudokuTask(size=size, target=Target.parse({"difficulty": level})).examine(groups).accepted
        np.testing.assert_array_equal(accepted, bins == number)
        assert accepted.any()


def test_all_options_have_to_be_met():
    groups = SudokuTask(size=6).generate(0, TRAIN, 0, 300)
    options = [{"clues": "9"}, {"difficulty": "easy"}]
    one, other = (SudokuTask(size=6, target=Target.parse(option)).examine(groups).accepted for option in options)
    both = SudokuTask(size=6, target=Target.parse(options[0] | options[1])).examine(groups).accepted
    np.testing.assert_array_equal(both, one & other)
    assert 0 < both.sum() < min(one.sum(), other.sum())
