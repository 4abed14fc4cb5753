"""What a run came to, in a few words and numbers, each with the place that it comes from."""

from collections.abc import Sequence
from dataclasses import replace

from trmpipe.shards.words import time_in_words
from trmpipe.trainer.judging import solved_column
from trmpipe.trainer.runs.lines import MONITOR
from trmpipe.trainer.trained.stepwise import num_parameters

from ..page.parts import Cell, Number, Section, Table
from .asking import Asked
from .facts import RunFacts
from .scores import ShownScore

_UNKNOWN = "unknown"
_MAIN = ("pass@2", "accepted", "exact")
"""The numbers that runs are compared by: what ARC's rules count, what a maze's, and what all others do."""


def summary_section(facts: RunFacts, asked: Asked) -> Section:
    """The first section on a run.

    Args:
        facts: what its files say.
        asked: what its network answered.
    """
    about = facts.about
    corpora = ", ".join(corpus.name for corpus in about.corpora)
    says = [f"{model_name(facts)}, trained on {corpora}: {facts.regime}. {_verdict(facts)}"]
    return Section(
        name="summary",
        title="Summary",
        says=[*says, *facts.remarks, *asked.remarks],
        facts=[
            (_score_name(facts), score_number(facts)),
            ("95 % interval", interval_number(facts)),
            ("trained on", facts.regime),
            ("parameters", parameters_number(facts, asked)),
            ("training steps", steps_number(facts)),
            ("time", time_number(facts)),
            ("best of puzzles kept aside", best_number(facts)),
            ("preset", about.preset),
            (
                "seed",
                Number(
                    text=str(about.train.get("seed")), value=_seed(facts), source=_at(facts, "config.json#/train/seed")
                ),
            ),
        ],
        tables=[_scores_table(facts)] if facts.scores else [],
    )


def model_name(facts: RunFacts) -> str:
    """The name of the model in the settings."""
    model = facts.about.train.get("model")
    name = model.get("name") if isinstance(model, dict) else None
    return str(name or "a model")


def main_score(facts: RunFacts) -> ShownScore | None:
    """The score that says most; of several numbers of one evaluation the one that stands first in `_MAIN`.

    One on puzzles of what the run was trained on comes first: runs are compared by it.
    """
    best = facts.scores[:1]
    same = [score for score in facts.scores if best and _evaluation(score) == _evaluation(best[0])]
    order = {name: place for place, name in enumerate(_MAIN)}
    return min(same, key=lambda score: order.get(score.what, len(order)), default=None)


def _evaluation(score: ShownScore) -> tuple[object, ...]:
    """What the numbers of one evaluation have in common, and no others have."""
    return score.rank, score.how, score.source.partition("#")[0]


def _score_name(facts: RunFacts) -> str:
    score = main_score(facts)
    where = f" of {score.corpus}" if score and score.elsewhere else ""
    return f"{score.what if score else 'exact'}, held-out puzzles{where}"


def score_number(facts: RunFacts) -> Cell:
    """The main score."""
    score = main_score(facts)
    return _UNKNOWN if score is None else _score(facts, score)


def named_score_number(facts: RunFacts) -> Cell:
    """The main score with its name, for tables in which runs of several tasks may stand."""
    score = main_score(facts)
    if score is None:
        return _UNKNOWN
    where = f" on {score.corpus}" if score.elsewhere else ""
    return replace(_score(facts, score), text=f"{score.value:.2%} {score.what}{where}")


def interval_number(facts: RunFacts) -> Cell:
    """Its interval."""
    score = main_score(facts)
    return _UNKNOWN if score is None else _interval(facts, score)


def parameters_number(facts: RunFacts, asked: Asked) -> Cell:
    """Numbers that the network learned; of a checkpoint, as no other file holds them."""
    if asked.trained is None:
        return _UNKNOWN
    count = num_parameters(asked.trained)
    source = f"checkpoints/{asked.file}: elements of the averaged weights that are parameters"
    return Number(text=f"{count:,}", value=count, source=_at(facts, source))


def steps_number(facts: RunFacts) -> Number:
    """Steps taken, and those of the whole run."""
    if facts.final is not None and facts.final.step == facts.step:
        source = "evaluation.json#/step"
    elif facts.lines and facts.lines[-1].step == facts.step:
        source = f"metrics.jsonl:{len(facts.lines)}#/step"
    else:
        source = "checkpoints/: the step in the name of the last"
    whole = facts.about.max_steps
    return Number(text=f"{facts.step:,} of {whole:,}", value=facts.step, source=_at(facts, source))


def time_number(facts: RunFacts) -> Cell:
    """Seconds of all sessions, in words."""
    if facts.seconds is None:
        return _UNKNOWN
    source = "timings.jsonl: training_seconds + evaluating_seconds + saving_seconds at the end of every session"
    return Number(text=time_in_words(facts.seconds), value=round(facts.seconds, 3), source=_at(facts, source))


def best_number(facts: RunFacts) -> Cell:
    """The step whose weights solve most of the puzzles kept aside, and how many."""
    best = best_monitor(facts)
    if best is None:
        return "none are kept aside"
    place, step, exact = best
    return Number(text=f"{exact:.1%} at step {step:,}", value=step, source=_at(facts, f"metrics.jsonl:{place}#/step"))


def best_monitor(facts: RunFacts) -> tuple[int, int, float] | None:
    """The line number, the step and the share solved of the best evaluation on puzzles kept aside, as `best` ranks."""
    found = [
        ((line.values[solved_column(line.values)], line.values.get("cell", 0.0), -number), line.step)
        for number, line in enumerate(facts.lines, 1)
        if line.split == MONITOR and "exact" in line.values
    ]
    if not found:
        return None
    (exact, _, place), step = max(found)
    return -place, step, exact


def _verdict(facts: RunFacts) -> str:
    score = main_score(facts)
    if score is None:
        return "No score is kept: `trmpipe evaluate` makes one."
    words = f"{score.value:.1%} {score.what}"
    if score.interval:
        words += f" ({100 * score.interval[0]:.1f} to {100 * score.interval[1]:.1f})"
    number = f"{score.puzzles:,} " if score.puzzles else ""
    return f"After {score.step:,} training steps: {words} on {number}held-out puzzles of {score.corpus}."


def _scores_table(facts: RunFacts) -> Table:
    rows: list[Sequence[Cell]] = [
        (
            score.what,
            _score(facts, score),
            _interval(facts, score),
            f"{score.puzzles:,}" if score.puzzles else "all",
            f"{score.step:,}",
            score.of or "-",
            score.how,
            score.corpus,
        )
        for score in facts.scores
    ]
    columns = ("score", "value", "95 % interval", "puzzles", "after step", "pass", "asked by", "on")
    return Table(caption="All scores that the run keeps, the most telling first", columns=columns, rows=rows)


def _score(facts: RunFacts, score: ShownScore) -> Number:
    return Number(text=f"{score.value:.2%}", value=score.value, source=_at(facts, score.source))


def _interval(facts: RunFacts, score: ShownScore) -> Cell:
    if score.interval is None:
        return _UNKNOWN
    low, high = score.interval
    text = f"{100 * low:.2f} to {100 * high:.2f} %"
    return Number(text=text, value=low, source=f"{_at(facts, score.source)}, Wilson's interval")


def _seed(facts: RunFacts) -> int | None:
    seed = facts.about.train.get("seed")
    return seed if isinstance(seed, int) else None


def _at(facts: RunFacts, place: str) -> str:
    return f"{facts.name}/{place}"
