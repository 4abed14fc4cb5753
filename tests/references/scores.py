"""Plain references of what evaluations report: one loop each, slow and obvious."""

import math
from collections import Counter
from fractions import Fraction


def wilson(right, number, z=1.959963984540054):
    """The shares p for which the seen one is z deviations away at most: the roots of a quadratic equation, bisected."""
    share = right / number

    def too_far(p):
        return (share - p) ** 2 * number > z * z * p * (1 - p)

    def bisect(out, inside):
        for _ in range(200):
            middle = (out + inside) / 2
            out, inside = (middle, inside) if too_far(middle) else (out, middle)
        return inside

    return (bisect(0.0, share) if right else 0.0, bisect(1.0, share) if right < number else 1.0)


def calibration_error(probabilities, right):
    """Guo et al. 2017, equation 5: bins of a tenth; the weighted mean of |accuracy - confidence|."""
    total = 0.0
    for k in range(10):
        members = [
            (p, r) for p, r in zip(probabilities, right, strict=True) if k <= 10 * p < k + 1 or (k == 9 and p == 1)
        ]
        if members:
            accuracy = sum(r for _, r in members) / len(members)
            confidence = sum(p for p, _ in members) / len(members)
            total += len(members) / len(right) * abs(accuracy - confidence)
    return total


def area_under_curve(scores, right):
    """Over all pairs of a right and a wrong answer."""
    pairs = [
        Fraction(1) if good > bad else Fraction(1, 2) if good == bad else Fraction(0)
        for good, r in zip(scores, right, strict=True)
        for bad, w in zip(scores, right, strict=True)
        if r and not w
    ]
    return float(sum(pairs) / len(pairs)) if pairs else None


def halting(halt, solved):
    """(mean steps, puzzles that halt, right where they do) from [T][N] lists."""
    steps, halted, right = [], 0, 0
    for puzzle in range(len(halt[0])):
        stop = next((t for t in range(len(halt)) if halt[t][puzzle] > 0), None)
        halted += stop is not None
        stop = len(halt) - 1 if stop is None else stop
        steps.append(stop + 1)
        right += bool(solved[stop][puzzle])
    return sum(steps) / len(steps), halted, right


def majority(answers, probabilities):
    """The answer with the most votes, then the larger mean probability, then the smaller tokens."""
    answers = [tuple(answer) for answer in answers]

    def rank(item):
        answer, count = item
        sure = [p for one, p in zip(answers, probabilities, strict=True) if one == answer]
        return -count, -sum(sure) / len(sure), answer

    return min(Counter(answers).items(), key=rank)[0]


def sigmoid(x):
    return 1 / (1 + math.exp(-x))
