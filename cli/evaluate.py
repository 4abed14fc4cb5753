"""``trmpipe evaluate``: score a trained model on held-out puzzles."""

from collections.abc import Callable
from functools import partial
from typing import Any

import click

from .arguments import WholeNumber, checkpoint_option
from .console import echo, echo_json, echo_lines, show_progress


@click.command(name="evaluate")
@click.argument("run")
@click.option(
    "--corpus",
    "corpora",
    multiple=True,
    help="Corpus, folder of corpora or pattern to score on; may repeat. [default: those it was trained on]",
)
@click.option(
    "--limit",
    type=WholeNumber(1),
    help="Score the first so many held-out puzzles only, with all their variants where those vote.",
)
@click.option(
    "--variants",
    type=WholeNumber(1),
    help="Let so many variants of a puzzle vote, the puzzle itself among them; in tasks scored by vote, the first so "
    "many that the corpus holds.",
)
@click.option("--steps", type=WholeNumber(1, 10_000), help="Supervision steps of an answer. [default: the run's]")
@click.option(
    "--restarts",
    type=WholeNumber(1, 10_000),
    default=1,
    show_default=True,
    help="Answers to each puzzle by a model that draws at random, one of which is chosen.",
)
@click.option(
    "--choose",
    type=click.Choice(["halt", "residual"]),
    default="halt",
    show_default=True,
    help="Choose the restart with the largest halting logit, or the smallest residual over the last three steps.",
)
@click.option(
    "--search",
    type=WholeNumber(1, 10_000),
    help="Search each puzzle's solution in so many rounds at most, each one answer of the model to the puzzle or to a "
    "guess about it, until the task's own check accepts one; no label is looked at.",
)
@checkpoint_option
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def command(
    *, run: str, corpora: tuple[str, ...], checkpoint: str, device: str, as_json: bool, limit: int | None, **ways: Any
) -> None:
    """Score RUN's averaged weights on held-out puzzles, those of every corpus where there are several.

    First comes the single pass: the run's own number of supervision steps, one answer to each puzzle. What --steps,
    --restarts, --variants and --search ask for is told beside it, never instead. Then accuracy after every step, of
    whole puzzles and of the cells that are not given, beside what guessing gets; what halting would save; accuracy by
    difficulty. Shares of puzzles have 95% intervals.

    In tasks scored by vote: pass@K over the variants of each puzzle, with a submission.json and a picture in RUN's
    folder. The scores are kept in RUN, where `trmpipe runs` finds them. Under torchrun the processes share the work.
    """
    from trmpipe.trainer.ranks import joined_ranks
    from trmpipe.trainer.scores.held_out import tested_corpora
    from trmpipe.trainer.trained.inference import evaluate_run

    with joined_ranks() as ranks:
        own: list[Any] = []

        def settle() -> str:
            """What the first process opens: while a run is trained, the last checkpoint may soon be another one."""
            own.append(_open(run, corpora, device, checkpoint, limit, ways, partial(echo, err=True)))
            return str(own[0][0].step)

        step = ranks.first(settle)
        trained, opened, evaluator, request = (
            own[0] if own else _open(run, corpora, device, step, limit, ways, lambda line: None)
        )
        with show_progress(silent=ranks.rank > 0) as progress:
            report = evaluate_run(trained, opened, evaluator, request, ranks, progress)
    if report is None:
        return
    kept = _keep(trained, opened, request, report)
    paths = [corpus.path for corpus in tested_corpora(opened)]
    if as_json:
        about = {"run": run, "trained_steps": trained.step, "corpus": paths[0], "kept": kept}
        echo_json({**about, **({"corpus_paths": paths} if len(paths) > 1 else {}), **report.to_json()})
        return
    task = f", trained on {trained.task}," if opened[0].spec.name != trained.task else ""
    echo(f"{run}{task} after {trained.step:,} steps, on {report.subject}")
    echo_lines(report.lines())
    if kept:
        echo(f"kept in {kept}", err=True)


def _open(
    run: str,
    corpora: tuple[str, ...],
    device: str,
    checkpoint: str,
    limit: int | None,
    ways: dict[str, Any],
    tell: Callable[[str], None],
) -> tuple[Any, Any, Any, Any]:
    """A run, the corpora to score it on, their evaluator, and what it is asked.

    Args:
        run: its folder.
        corpora: as given; none for those of the run.
        device: to answer on.
        checkpoint: as a user names it.
        limit: groups to score.
        ways: what else is asked for.
        tell: is told what is worth knowing.
    """
    from trmpipe.trainer.evaluators import EvaluationRequest, evaluator_of
    from trmpipe.trainer.trained.inference import make_request, open_trained, run_corpora

    if ways["choose"] == "residual" and ways["restarts"] == 1:
        raise click.UsageError("--choose is between restarts, and --restarts is 1; give --restarts 16, or no --choose")
    trained = open_trained(run, device, checkpoint)
    opened = run_corpora(trained, corpora, tell)
    evaluator = evaluator_of(opened[0].spec)
    wish = EvaluationRequest(folder=trained.run.path, limit=limit, **ways)
    return trained, opened, evaluator, make_request(trained, opened, evaluator, wish, tell)


def _keep(trained: Any, corpora: Any, request: Any, report: Any) -> str | None:
    """Keep the scores in the run, where it can be written: they were asked for, and are shown in any case."""
    from trmpipe.shards.errors import OwnedError, WriteError
    from trmpipe.trainer.errors import RunWriteError
    from trmpipe.trainer.trained.kept_scores import keep_scores

    try:
        return str(keep_scores(trained.run, trained.step, corpora, request, report))
    except (OwnedError, WriteError, RunWriteError) as error:
        echo(f"the scores are not kept in the run: {error}", err=True)
        return None
