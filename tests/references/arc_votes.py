"""The published rule of scoring ARC predictions by vote, in plain Python: slow, and written without looking at ours."""

import numpy as np

SIDE = 30
FORWARD = [
    lambda grid: grid,
    lambda grid: np.rot90(grid, 1),
    lambda grid: np.rot90(grid, 2),
    lambda grid: np.rot90(grid, 3),
    np.fliplr,
    np.flipud,
    np.transpose,
    lambda grid: np.fliplr(np.rot90(grid, 1)),
]
INVERSE_OF = [0, 3, 2, 1, 4, 5, 6, 7]


def variant_name(task, turn, permutation):
    """Name of a variant; `permutation` says what each colour becomes."""
    return f"{task}|||t{turn}|||{''.join(map(str, permutation))}"


def image(grid, turn, permutation):
    """A grid under a variant's map."""
    return FORWARD[turn](np.array(permutation)[np.array(grid)])


def tokens(grid, top=0, left=0):
    """A grid on its canvas of 900 tokens, with end tokens below and to the right where they fit."""
    grid = np.array(grid)
    canvas = np.zeros((SIDE, SIDE), np.uint8)
    bottom, right = top + grid.shape[0], left + grid.shape[1]
    canvas[top:bottom, left:right] = grid + 2
    if bottom < SIDE:
        canvas[bottom, left:right] = 1
    if right < SIDE:
        canvas[top:bottom, right] = 1
    return canvas.ravel()


def crop(sequence):
    """The largest rectangle at the top left that holds only colours; of equal areas the one with the fewest rows."""
    canvas = np.array(sequence).reshape(SIDE, SIDE)
    colours = (canvas >= 2) & (canvas <= 11)
    whole = np.logical_and.accumulate(np.logical_and.accumulate(colours, 0), 1)
    areas = np.where(whole, np.outer(range(1, SIDE + 1), range(1, SIDE + 1)), 0)
    place = divmod(int(areas.argmax()), SIDE)
    best = (place[0] + 1, place[1] + 1) if areas.max() else (0, 0)
    return canvas[: best[0], : best[1]].astype(np.int64) - 2


def restore(sequence, name):
    """(task, the cropped grid as it was before the variant's map, as nested tuples)."""
    task, turn, permutation = name, 0, range(10)
    if "|||" in name:
        task, turn, permutation = name.split("|||")
        turn, permutation = int(turn[1:]), list(map(int, permutation))
    before = {after: colour for colour, after in enumerate(permutation)}
    grid = FORWARD[INVERSE_OF[turn]](crop(sequence))
    return task, tuple(tuple(before[int(colour)] for colour in row) for row in grid) if grid.size else ()


def frozen(grid):
    """A grid as nested tuples."""
    return tuple(tuple(int(colour) for colour in row) for row in grid)


def ranked_answers(names, inputs, predictions, probabilities, task, grid):
    """The different answers to a test input, best first: (votes, mean probability, answer)."""
    ballots = {}
    for name, given, answer, probability in zip(names, inputs, predictions, probabilities, strict=True):
        if restore(given, name) == (task, grid):
            ballots.setdefault(restore(answer, name)[1], []).append(float(probability))
    means = [(len(votes), sum(sorted(votes)) / len(votes), answer) for answer, votes in ballots.items()]
    return sorted(means, key=lambda one: (-one[0], -one[1], len(one[2]), len(one[2][0]) if one[2] else 0, one[2]))


def scores(names, inputs, predictions, probabilities, tests, ks):
    """{task: {k: (fractional, strict)}} of the tasks of which a solution is known, and {task: attempts}."""
    per_task, submission = {}, {}
    for task, values in tests.items():
        solved, attempts = {k: [] for k in ks}, []
        for pair in values["test"]:
            ranked = ranked_answers(names, inputs, predictions, probabilities, task, frozen(pair["input"]))
            grids = [[list(row) for row in answer] for _, _, answer in ranked if answer] or [[[0]]]
            attempts.append({"attempt_1": grids[0], "attempt_2": grids[1 if len(grids) > 1 else 0]})
            if pair.get("output") is not None:
                for k in ks:
                    solved[k].append(any(answer == frozen(pair["output"]) for _, _, answer in ranked[:k]))
        if solved[ks[0]]:
            per_task[task] = {k: (sum(found) / len(found), float(all(found))) for k, found in solved.items()}
        submission[task] = attempts
    return per_task, submission
