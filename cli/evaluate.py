"""``trmpipe evaluate``: score a trained model on held-out puzzles."""

from typing import Any

import click

from .console import echo_json, show_progress

_REMARKS = (
    (
        "unscored_inputs",
        "test input has no known solution and is not scored",
        "test inputs have no known solution and are not scored",
    ),
    ("inputs_without_votes", "test input has no votes", "test inputs have no votes"),
    ("unmatched_rows", "row matches no test input", "rows match no test input"),
)


@click.command(name="evaluate")
@click.argument("run")
@click.option("--corpus", "corpora", multiple=True, help="Corpus to score on; by default the one it was trained on.")
@click.option("--limit", type=click.IntRange(1), help="Score the first so many puzzles, or ARC tasks, only.")
@click.option("--variants", type=click.IntRange(1), help="ARC: vote over the first so many variants of a task.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def command(
    *, run: str, corpora: tuple[str, ...], limit: int | None, variants: int | None, device: str, as_json: bool
) -> None:
    """Score RUN's averaged weights on held-out puzzles.

    Cell and exact accuracy after every supervision step; on ARC pass@K by vote over the variants of each task, with a
    submission.json and a picture in RUN's folder. Under torchrun the processes share ARC's rows.
    """
    from trmpipe.trainer.inference import open_trained, run_corpora

    trained = open_trained(run, device)
    opened = run_corpora(trained.run, corpora)
    if opened[0].spec.name == "arc":
        _evaluate_arc(trained, opened, limit, variants, as_json)
        return
    if variants is not None:
        raise click.BadParameter(f"{run} is no run on ARC; leave it out", param_hint="--variants")
    _evaluate_puzzles(trained, opened, limit, as_json)


def _evaluate_puzzles(trained: Any, corpora: Any, limit: int | None, as_json: bool) -> None:
    from trmpipe.trainer.held_out import tested_corpus
    from trmpipe.trainer.inference import evaluate_run

    run = str(trained.run.path)
    scores = evaluate_run(trained, corpora, limit)
    corpus = tested_corpus(corpora).path
    facts = {"run": run, "trained_steps": trained.step, "corpus": corpus, **scores.to_json()}
    if as_json:
        echo_json(facts)
        return
    click.echo(f"{run} after {trained.step:,} steps, on {scores.num_puzzles:,} held-out puzzles of {corpus}")
    click.echo("step    cells    exact   thinks so")
    for row in facts["steps"]:
        click.echo(f"{row['step']:>4} {row['cell']:>8.2%} {row['exact']:>8.2%} {row['halted']:>11.2%}")


def _evaluate_arc(trained: Any, corpora: Any, limit: int | None, variants: int | None, as_json: bool) -> None:
    from trmpipe.trainer.arc.evaluation import ArcRequest, evaluate_arc
    from trmpipe.trainer.held_out import tested_corpus
    from trmpipe.trainer.ranks import joined_ranks

    request = ArcRequest(limit=limit, variants=variants)
    with joined_ranks() as ranks, show_progress(silent=ranks.rank > 0) as stages:
        result = evaluate_arc(trained, corpora, request, ranks, stages)
    if result is None:
        return
    facts = {
        "run": str(trained.run.path),
        "trained_steps": trained.step,
        "corpus": tested_corpus(corpora).path,
        **result.scores.to_json(),
        "submission": str(result.submission),
        "picture": str(result.picture),
    }
    if as_json:
        echo_json(facts)
    else:
        _print_votes(facts)


def _print_votes(facts: dict[str, Any]) -> None:
    click.echo(
        f"{facts['run']} after {facts['trained_steps']:,} steps, on {facts['scored_tasks']:,} tasks "
        f"of {facts['corpus']}, {facts['rows']:,} votes"
    )
    click.echo(f"{'pass@K':>6} {'fractional':>11} {'strict':>8}")
    for row in facts["pass"]:
        click.echo(f"{row['k']:>6} {row['fractional']:>11.2%} {row['strict']:>8.2%}")
    for name, one, several in _REMARKS:
        if facts[name]:
            click.echo(f"{facts[name]:,} {one if facts[name] == 1 else several}")
    click.echo(f"submission {facts['submission']}")
    click.echo(f"picture    {facts['picture']}")
