"""The pool of states of candidates, cell by cell with sets of digits; the network's words are lists of plain numbers.

A state is a list with a set of digits, from 0, for every cell. `n` is the number of digits, `first` their first token.
"""

import math
from dataclasses import dataclass, replace

from tests.references.noise import word

CELL, DIGIT = 2**31, 2**31 + 1


@dataclass(frozen=True)
class Slot:
    inputs: list
    labels: list
    state: list
    age: int = 0
    free: bool = True


def first_state(inputs, n, first):
    return [{token - first} if token >= first else set(range(n)) for token in inputs]


def taken_up(slot, inputs, labels, n, first):
    """The slot before a step, with the row of its place in the batch where it is free."""
    return Slot(inputs, labels, first_state(inputs, n, first), 0, False) if slot.free else slot


def chance(logit):
    return 1 / (1 + math.exp(-logit))


def lost(state, labels, first):
    return any(token - first not in left for left, token in zip(state, labels, strict=True))


def branched(state, digits, key, temperature):
    """The state with an open cell set: both are drawn by words of the key."""
    cell = max((place for place, left in enumerate(state) if len(left) > 1), key=lambda place: word(key, CELL, place))

    def score(digit):
        uniform = (2 * (word(key, DIGIT, digit) >> 9) + 1) / 2**24
        return digits[cell][digit] / temperature - math.log(-math.log(uniform))

    return [{max(left, key=score)} if place == cell else left for place, left in enumerate(state)]


def after_step(slot, said, key, rule, max_age, first):
    """The slot after a step on it: `said` is (logits of keeping, of digits, of contradiction) for its state."""
    keep, digits, contradiction = said
    state = [
        left if token >= first else {digit for digit in left if chance(keep[place][digit]) >= rule.eliminate_below}
        for place, (left, token) in enumerate(zip(slot.state, slot.inputs, strict=True))
    ]
    empty = any(not left for left in state)
    contradictory = empty or chance(contradiction) > rule.contradiction_above
    complete = not contradictory and all(len(left) == 1 for left in state)
    rightly = contradictory and (empty or lost(slot.state, slot.labels, first))
    solved = complete and not lost(state, slot.labels, first)
    if not contradictory and not complete:
        state = branched(state, digits, key, rule.temperature)
    age = slot.age + 1
    return replace(slot, state=state, age=age, free=rightly or solved or age >= max_age)


def loss(said, slot, config, n, first):
    """Of one loop: the weighted losses of candidates, of digits, of contradiction."""
    keep, digits, contradiction = said
    gone = lost(slot.state, slot.labels, first)
    of_candidates, of_digits = [], []
    for place, (left, token) in enumerate(zip(slot.state, slot.labels, strict=True)):
        for digit in range(n):
            p = chance(keep[place][digit])
            stays = digit in left and digit == token - first
            of_candidates.append(-config.keep_weight * math.log(p) if stays else -config.drop_weight * math.log(1 - p))
        if slot.inputs[place] < first and not gone:
            total = sum(math.exp(logit) for logit in digits[place])
            of_digits.append(math.log(total) - digits[place][token - first])
    of_state = -math.log(chance(contradiction) if gone else 1 - chance(contradiction))
    return (
        sum(of_candidates) / len(of_candidates)
        + config.digit_weight * sum(of_digits) / max(len(of_digits), 1)
        + config.contradiction_weight * of_state
    )
