"""Runs of several seeds that may stop by themselves: only those that came to an end are compared."""

from pathlib import Path

import pytest

from trmpipe.trainer.presets import get_preset
from trmpipe.trainer.runs.run_config import new_run_config
from trmpipe.trainer.settings.config import to_json
from trmpipe.trainer.settings.overrides import apply_overrides
from trmpipe.trainer.trained.kept_scores import KeptScores
from trmpipe.trainer.trained.listing import ListedRun
from trmpipe.trainer.training.seed_groups import seed_groups

STEPS, EVERY, PATIENCE = 40, 4, 2


def listed(seed, step, best, patience=PATIENCE):
    settings = [f"seed={seed}", f"evaluation.every={EVERY}", "evaluation.monitor=4", f"evaluation.patience={patience}"]
    config = apply_overrides(get_preset("trm-cpu"), [*settings, f"max_steps={STEPS}"])
    about = new_run_config(
        {
            "preset": "trm-cpu",
            "train": to_json(config),
            "groups": None,
            "variants": None,
            "corpora": [{"name": "c", "content_digest": "0" * 64}],
            "paths": ["c"],
            "task": "sudoku4",
            "sizes": {"seq_len": 16, "vocab_size": 6, "num_identifiers": 1},
            "versions": {},
            "origin": None,
            "minutes": None,
        }
    )
    scores = KeptScores(
        step=step,
        corpora=about.corpora,
        corpus="c",
        limit=None,
        variants=None,
        steps=None,
        restarts=1,
        choose="",
        search=None,
        headline={"exact": 0.5},
    )
    return ListedRun(
        path=Path(f"seed{seed}"), about=about, settings={}, step=step, best=best, scores=[scores], damaged=[]
    )


@pytest.mark.parametrize(
    ("second", "groups"),
    [
        ((STEPS, 36), 1),  # To the last step.
        ((20, 12), 1),  # By itself, after two evaluations that were no better.
        ((16, 12), 0),  # Interrupted one evaluation before.
        ((18, 12), 0),
        ((3, None), 0),
    ],
)
def test_a_run_that_is_short_of_both_ends_is_compared_with_none(second, groups):
    assert len(seed_groups([listed(0, STEPS, 36), listed(1, *second)])) == groups


def test_without_patience_runs_of_one_length_are_compared():
    assert len(seed_groups([listed(seed, 16, 12, patience=0) for seed in (0, 1)])) == 1
