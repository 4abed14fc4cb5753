"""The search by guesses, one puzzle, with lists and plain numbers."""

import math

DEEPER = 4.0


def search(ask, check, puzzle, blank, digits, budget):
    """What is asked, one puzzle a round, and whether the last answer was accepted.

    `ask` gives a list of logits by token for every cell, `check` says whether an answer is right.
    """
    waiting, made, asked = [{"doubts": 0, "cost": 0.0, "number": 0, "held": {}}], 1, []
    while waiting and len(asked) < budget:
        guess = min(waiting, key=lambda one: (one["doubts"], one["cost"], one["number"]))
        waiting.remove(guess)
        shown = [guess["held"].get(place, token) for place, token in enumerate(puzzle)]
        asked.append(shown)
        logits = ask(shown)
        answer = [max(range(len(cell)), key=cell.__getitem__) for cell in logits]
        if check(answer):
            return asked, True
        kept = all(token in (blank, told) for token, told in zip(shown, answer, strict=True))
        places = [place for place, token in enumerate(shown) if token == blank]
        if not places:
            continue
        cell = max(places, key=lambda place: (entropy(chances(logits[place], digits)), -place))
        for digit, chance in zip(digits, chances(logits[cell], digits), strict=True):
            cost = guess["cost"] - math.log(chance) + DEEPER
            held = {**guess["held"], cell: digit}
            waiting.append({"doubts": guess["doubts"] + (not kept), "cost": cost, "number": made, "held": held})
            made += 1
    return asked, False


def chances(logits, digits):
    most = max(logits[digit] for digit in digits)
    weights = [math.exp(logits[digit] - most) for digit in digits]
    return [weight / sum(weights) for weight in weights]


def entropy(shares):
    return -sum(share * math.log(share) for share in shares)
