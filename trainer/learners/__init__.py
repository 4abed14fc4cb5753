"""Learners: how a network is taught and asked, one way a file, found by name in `LEARNERS`.

An entry is a `Part` whose ``build(config, *, seed, max_steps)`` gives a `Learner`. A new one is one file here and its
line in `LEARNERS`; an installed package adds entry points to the group ``trmpipe.learners``.
"""

from trmpipe.generators.plugins import Registry

from ..errors import SettingError
from ..parts import Part
from .learner import Answer, Learner, Lesson, Move, Rows, Tensors, answers_once, last_answer, starts_at_random

LEARNERS: Registry[Part] = Registry(
    "trmpipe.learners",
    "learner",
    {
        "deep_supervision": "trmpipe.trainer.learners.deep_supervision:PART",
        "elimination": "trmpipe.trainer.learners.elimination:PART",
        "one_pass": "trmpipe.trainer.learners.one_pass:PART",
        "token_by_token": "trmpipe.trainer.learners.token_by_token:PART",
        "winner_take_all": "trmpipe.trainer.learners.winner_take_all:PART",
    },
    SettingError,
)
"""Learners by name."""

__all__ = [
    "LEARNERS",
    "Answer",
    "Learner",
    "Lesson",
    "Move",
    "Rows",
    "Tensors",
    "answers_once",
    "last_answer",
    "starts_at_random",
]
