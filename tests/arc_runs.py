"""What tests of ARC runs share: settings, and a stand-in for a network that knows the answers."""

import numpy as np

from trmpipe.shards import Examples
from trmpipe.trainer.scores.held_out import held_out_rows

VARIANTS = 6
TINY = [
    "--set=model.width=8",
    "--set=model.num_heads=1",
    "--set=model.inner=8",
    "--set=model.num_layers=1",
    "--set=batch_size=4",
    "--set=evaluation.steps=2",
    "--set=learner.halt_max_steps=2",
    "--set=learner.halt_early_steps=1",
    "--set=log_every=1",
    "--set=evaluation.every=2",
    "--device=cpu",
]


def perfect_answers(corpus, wrong):
    """A stand-in for the network that knows the labels, but for rows whose identifier is in `wrong`."""
    rows = Examples.join(list(held_out_rows(corpus)))
    keys = zip(rows.identifiers.tolist(), map(bytes, rows.inputs), strict=True)
    known = dict(zip(keys, rows.labels, strict=True))

    def answer(examinee, inputs, identifiers):
        found = []
        for key, given in zip(identifiers.tolist(), inputs, strict=True):
            found.append(np.full(900, 2, np.uint8) if key in wrong else known[key, bytes(given)])
        return np.array(found), np.full(len(found), 0.5)

    return answer
