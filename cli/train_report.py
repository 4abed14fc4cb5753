"""What ``trmpipe train`` prints at its end: where everything is, how it went, and what to do next."""

import shlex
from collections.abc import Mapping
from typing import Any

from trmpipe.shards.words import counted

from .console import echo


def print_result(result: Any) -> None:
    """Where everything is, how it went, and what to do next."""
    clock = result.clock
    echo(
        f"{result.step:,} of {result.max_steps:,} steps, {clock.training / 60:.2f} minutes of training in this session "
        f"({clock.rate:,.1f} steps/s, {clock.wait_share:.2%} of it waiting for data after the first batch)"
    )
    for line in _scores_in_words(result.scores):
        echo(line)
    echo(f"regime    {result.regime.whole_words()}")
    echo(f"seen      {_seen_in_words(result.seen)}")
    echo(f"run       {result.run}")
    for picture in result.pictures:
        echo(f"picture   {picture}")
    if result.finished:
        _print_next(result)
    else:
        _print_how_to_go_on(result)


def solved_in_words(last: Mapping[str, float]) -> str:
    """How many puzzles are solved, and what that goes by: the label, or what the task accepts where it judges."""
    from trmpipe.trainer.judging import solved_column

    column = solved_column(last)
    return f"{last[column]:.1%} {column}"


def _scores_in_words(scores: Any) -> list[str]:
    lines = [scores.held_out.summary()] if scores.held_out else []
    if scores.difficulty:
        lines.append(f"held out by difficulty: {'; '.join(map(_bin_in_words, scores.difficulty))}")
    if scores.training:
        gap = "" if scores.gap is None else f"; the gap to held-out puzzles is {100 * scores.gap:.1f} points"
        solved = solved_in_words(scores.training.last())
        lines.append(f"trained on: {solved} ({scores.training.num_puzzles:,} puzzles){gap}")
    if scores.best:
        best, then = scores.best, f"; {scores.best.held_out.summary()}" if scores.best.held_out else ""
        lines.append(f"best after step {best.step:,}: {best.monitor:.1%} {best.column} of the puzzles kept aside{then}")
    return lines


def _bin_in_words(one: Any) -> str:
    solved = solved_in_words({column: share.value for column, share in one.shares.items()})
    return f"{one.name}: {solved} ({counted(one.puzzles, 'puzzle')})"


def _seen_in_words(seen: Any) -> str:
    about = "" if seen.exact else "about "
    return (
        f"{about}{seen.variants:,} of {seen.all_variants:,} variants ({seen.share:.0%}); "
        f"each puzzle came {seen.visits:,.1f} times"
    )


def _print_next(result: Any) -> None:
    run, best = str(result.run), result.scores.best
    if result.reason == "patience":
        times = "the last evaluation" if best.worse == 1 else f"{best.worse:,} evaluations"
        echo(f"stopped   after step {result.step:,}: no better in {times}")
    chosen = ["--checkpoint", "best"] if best and best.held_out and best.step != result.step else []
    echo(f"next      {shlex.join(['trmpipe', 'evaluate', run, *chosen])}")
    if result.puzzle_to_solve:
        echo(f"          {_solve_command(run, result.puzzle_to_solve, chosen)}")


def _print_how_to_go_on(result: Any) -> None:
    word = "interrupted and saved" if result.reason == "interrupted" else "time is up, saved"
    if result.reason == "minutes":
        echo(
            f"schedule  cut off at {result.rate_left:.0%} of the full learning rate; to let it run out, go on, or "
            "train anew with --minutes in place of --max-minutes"
        )
    echo(f"{word} after step {result.step:,}; to go on: the same command with --resume")


def _solve_command(run: str, puzzle: str, chosen: list[str]) -> str:
    """A command that can be pasted: it lets the run solve a puzzle, whatever characters that is written in."""
    options_end = ["--"] if puzzle.startswith("-") else []
    return shlex.join(["trmpipe", "solve", *chosen, *options_end, run, puzzle])


def result_as_json(result: Any) -> dict[str, Any]:
    """What a session came to, as plain values."""
    scores, seen = result.scores, result.seen
    return {
        "run": str(result.run),
        "seed": result.seed,
        "ended": result.reason,
        "step": result.step,
        "max_steps": result.max_steps,
        **result.clock.values(),
        "scores": scores.held_out.to_json() if scores.held_out else None,
        "training_scores": scores.training.to_json() if scores.training else None,
        "gap": scores.gap,
        "difficulty": [one.to_json() for one in scores.difficulty],
        "best": scores.best.to_json() if scores.best else None,
        "regime": result.regime.whole_json(),
        "seen": {
            "variants": seen.variants,
            "all_variants": seen.all_variants,
            "share": seen.share,
            "visits": seen.visits,
            "exact": seen.exact,
        },
        "pictures": [str(picture) for picture in result.pictures],
    }
