"""``fixed-points``: where answers and latents end: at rest, rightly or not, in a cycle, or nowhere yet.

The last steps are looked at, as many as `WINDOW` or half of all. An answer whose every cell is the same all through
them is at a fixed point, a spurious one where it does not count as right. It is in a cycle of p steps where each of
them repeats what was said p steps before, for the smallest such p from 2 to `LONGEST_PERIOD`. Latents likewise, where a
distance of at most `TOLERANCE` times their length counts as none, for p and all its multiples up to the longest
period, so that what drifts slowly is not taken for at rest. Multiples are compared with no step before those that p is.

Sources: spurious fixed points as in arXiv 2601.10679; cycles of latents as in arXiv 2604.11791.

Shapes: T steps, N puzzles, S sequence, P periods, W steps of the window.
"""

import numpy as np
from numpy.typing import NDArray

from .columns import Table, flag, real, whole, word
from .measure import Measure, Measured, NotMeasuredError, Subject
from .trace import LONGEST_PERIOD, Trace

WINDOW = 16
"""Steps at the end that are looked at, where there are twice as many: two of the longest cycles."""
TOLERANCE = 0.01
"""Latents that are nearer, as a share of their length, count as the same: bf16 rounds each number by up to 0.004."""
RIGHT, SPURIOUS, CYCLE, MOVING = "right", "spurious", "cycle", "moving"
NO_LATENTS = -1

COLUMNS = {
    "puzzle": whole("place among the puzzles analysed, from 0"),
    "right": flag("whether the answer after the last step counts as right"),
    "ending": word(
        "the answer stays and is right, stays and is wrong (a spurious fixed point), repeats, or still changes",
        *(RIGHT, SPURIOUS, CYCLE, MOVING),
    ),
    "answer_period": whole("steps after which the answer repeats: 1 at a fixed point, 0 where it does not"),
    "settled": whole("step from which the answer never changes again; 0 where it is at no fixed point"),
    "latent_period": whole("the same of latents; -1 where there are none", least=NO_LATENTS),
    "residual": real("||z_t - z_(t-1)|| / ||z_t|| of the last step", least=0, gaps=True),
}


def endings_of(trace: Trace) -> Table:
    """The table of N rows; of two steps or more."""
    answers, last = trace.answers, trace.solved[-1]
    period = answer_periods(answers)
    ending = np.full(trace.num_puzzles, MOVING, object)
    ending[period > 1] = CYCLE
    ending[(period == 1) & last], ending[(period == 1) & ~last] = RIGHT, SPURIOUS
    changes: NDArray[np.bool_] = np.any(answers[1:] != answers[:-1], axis=-1)
    steps = np.arange(2, trace.num_steps + 1)[:, None]
    settled = np.where(changes, steps, 1).max(0, initial=1)
    motion = trace.motion
    return {
        "puzzle": np.arange(trace.num_puzzles),
        "right": last,
        "ending": ending,
        "answer_period": period,
        "settled": np.where(period == 1, settled, 0),
        "latent_period": np.full(len(last), NO_LATENTS) if motion is None else latent_periods(motion.back),
        "residual": np.full(len(last), np.nan) if motion is None else motion.residual[-1].astype(np.float64),
    }


def answer_periods(answers: NDArray[np.uint8]) -> NDArray[np.int64]:
    """After how many steps each answer repeats, int64 [N]; 0 where it does not; answers are uint8 [T, N, S]."""
    steps = len(answers)
    window, longest = _window(steps)
    same = [
        np.all(answers[steps - window :] == answers[steps - window - period : steps - period], axis=-1)
        for period in range(1, longest + 1)
    ]
    return _smallest(np.all(np.array(same), axis=1))


def latent_periods(back: NDArray[np.float32], tolerance: float = TOLERANCE) -> NDArray[np.int64]:
    """The same of latents whose distances are `back` float32 [P, T, N], see `Motion`."""
    steps = back.shape[1]
    window, longest = _window(steps)
    near = back[:longest, steps - window :] <= tolerance
    return _smallest(np.array([_repeats(near, period) for period in range(1, longest + 1)]))


def _repeats(near: NDArray[np.bool_], period: int) -> NDArray[np.bool_]:
    """Whether latents repeat after `period` and all multiples, bool [N]; `near` is bool [P, W, N].

    Multiples reach no farther back than the period itself: else latents that came to rest just before the window would
    be taken for a cycle, or for moving.
    """
    multiples = [near[m - 1, m - period :].all(0) for m in range(period, len(near) + 1, period)]
    found: NDArray[np.bool_] = np.all(multiples, axis=0)
    return found


def _window(num_steps: int) -> tuple[int, int]:
    """How many of the last steps are looked at, and the longest period that they can show."""
    window = min(WINDOW, num_steps // 2)
    return window, min(LONGEST_PERIOD, window)


def _smallest(repeats: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The smallest period that repeats, int64 [N], 0 for none; `repeats` is bool [P, N]."""
    found: NDArray[np.int64] = np.where(repeats.any(0), repeats.argmax(0) + 1, 0)
    return found


def measure(subject: Subject) -> Measured:
    """See `Measure`."""
    trace = subject.trace
    if trace.num_steps < 2:
        raise NotMeasuredError("the network answers once, so that there is nothing to stay or to repeat")
    table = endings_of(trace)
    failed, ending, latent = ~table["right"], table["ending"], table["latent_period"]
    counts = {name: int((ending == name).sum()) for name in (RIGHT, SPURIOUS, CYCLE, MOVING)}
    lines = [_failed_line(ending[failed])] if failed.any() else ["no puzzle failed"]
    if (~failed).any():
        lines[0] += f"; of {(~failed).sum():,} solved ones {counts[RIGHT]:,} stay at their answer"
    if trace.motion is not None:
        lines.append(
            f"latents (within {TOLERANCE:.0%} of their length): {(latent == 1).sum():,} at rest, "
            f"{(latent > 1).sum():,} in a cycle, {(latent == 0).sum():,} still moving"
        )
    number = trace.num_puzzles
    headline = {
        **{name: count / number for name, count in counts.items()},
        "spurious_of_failed": counts[SPURIOUS] / int(failed.sum()) if failed.any() else float("nan"),
    }
    return Measured(table=table, headline=headline, lines=tuple(lines))


def _failed_line(ending: NDArray[np.object_]) -> str:
    """Where the failed puzzles end."""
    spurious, cycle, moving = (int((ending == name).sum()) for name in (SPURIOUS, CYCLE, MOVING))
    return (
        f"of {len(ending):,} failed puzzles {spurious:,} stay at a wrong answer (spurious fixed points), "
        f"{cycle:,} cycle, {moving:,} still change"
    )


MEASURE = Measure(
    name="fixed-points",
    title="Fixed points, cycles, spurious ones",
    says="Whether a puzzle's answer stays (rightly, or at a spurious fixed point), repeats, or still changes at last.",
    columns=COLUMNS,
    measure=measure,
)
