"""``trmpipe evaluate``: score a trained model on held-out puzzles."""

import click

from .console import echo_json


@click.command(name="evaluate")
@click.argument("run")
@click.option("--corpus", "corpora", multiple=True, help="Corpus to score on; by default the one it was trained on.")
@click.option("--limit", type=click.IntRange(1), help="Score the first so many puzzles only.")
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or mps.")
@click.option("--json", "as_json", is_flag=True, help="Print the scores as JSON.")
def command(*, run: str, corpora: tuple[str, ...], limit: int | None, device: str, as_json: bool) -> None:
    """Cell and exact accuracy of RUN's averaged weights on held-out puzzles, after every supervision step."""
    from trmpipe.trainer.inference import evaluate_run, open_trained, run_corpora
    from trmpipe.trainer.session import tested_corpus

    trained = open_trained(run, device)
    opened = run_corpora(trained.run, corpora)
    scores = evaluate_run(trained, opened, limit)
    corpus = tested_corpus(opened).path
    facts = {"run": run, "trained_steps": trained.step, "corpus": corpus, **scores.to_json()}
    if as_json:
        echo_json(facts)
        return
    click.echo(f"{run} after {trained.step:,} steps, on {scores.num_puzzles:,} held-out puzzles of {corpus}")
    click.echo("step    cells    exact   thinks so")
    for row in facts["steps"]:
        click.echo(f"{row['step']:>4} {row['cell']:>8.2%} {row['exact']:>8.2%} {row['halted']:>11.2%}")
