"""How people call one puzzle of a corpus: in the titles of pictures, and as `trmpipe solve` takes it."""

from trmpipe.generators.errors import TrmpipeError
from trmpipe.generators.registry import get_task
from trmpipe.shards import Corpus


def puzzle_name(corpus: Corpus, group: int, example: int = 0) -> str:
    """The name of a held-out puzzle; its number, as `trmpipe inspect` counts, where puzzles have no names.

    Args:
        corpus: that holds it.
        group: its number in the test split.
        example: which of its examples is meant; told where there are several.
    """
    catalog = corpus.catalog["test"]
    name, num_examples = catalog.names[group], int(catalog.examples[group])
    words = f"{corpus.spec.name}, {f'held-out puzzle {group}' if name is None else name}"
    return words if num_examples == 1 else f"{words}, example {example + 1} of {num_examples}"


def puzzle_to_solve(corpus: Corpus) -> str:
    """What `trmpipe solve` may be given: a puzzle as text, or its name where puzzles have no text form.

    It is held out where any is. Empty where the task's puzzles have neither, or its code is not installed.
    """
    split = "test" if corpus.num_groups("test") else "train"
    try:
        task = get_task(corpus.spec.name)
    except TrmpipeError:
        return ""
    try:
        text = task.format(corpus.read(split, limit=1).inputs[0])
        task.parse([text])
    except TrmpipeError:
        return corpus.catalog[split].names[0] or ""
    return text
