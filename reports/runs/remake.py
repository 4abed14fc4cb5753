"""The commands that make a corpus, a run and its scores again, as they can be typed in a shell."""

import shlex
from collections.abc import Iterable, Mapping, Sequence

from trmpipe.generators.family import MADE
from trmpipe.generators.options import YES, Option
from trmpipe.generators.registry import family_of
from trmpipe.pipeline.recipe import Recipe
from trmpipe.pipeline.suppliers import SUPPLIERS
from trmpipe.shards import Corpus
from trmpipe.shards.urls import printable
from trmpipe.trainer.runs.naming import safe_name

from .facts import RunFacts

_LONG = 60
"""Letters of a command on one line."""


def generate_command(corpus: Corpus) -> str:
    """The command that makes a corpus; of one that was made of files, what makes it again from its manifest.

    Raises:
        TrmpipeError: its task or its options are unknown here.
    """
    recipe = Recipe.from_json(corpus.manifest.recipe)
    if recipe.sources:
        return _line(["trmpipe", "regenerate", f"{corpus.path}/manifest.json"])
    family = family_of(recipe.task)
    words = ["trmpipe", "generate", family.name]
    size = family.size_of(recipe.task)
    words += ["--size", str(size)] if family.sizes else []
    counts = {"--n": recipe.n, "--aug": recipe.aug, "--test": recipe.test, "--seed": recipe.seed}
    words += _flags(counts)
    words += _options(family.options, recipe.options)
    if recipe.supplier != MADE:
        words += _options(SUPPLIERS[recipe.supplier].options, recipe.supply)
    layout = {"--shard-groups": recipe.shard_groups, "--shard-variants": recipe.shard_variants}
    words += [*_flags({"--format": recipe.format}), *_flags(layout), "--out", corpus.path]
    return _line(words)


def train_commands(facts: RunFacts, corpora: Sequence[str]) -> list[str]:
    """The commands that train a run: the first, and one for each time that it was made longer.

    Args:
        facts: the run.
        corpora: where its corpora are now.
    """
    about = facts.about
    if about.imported is not None:
        words = ["trmpipe", "import", "checkpoint", about.imported.file, "--corpus", corpora[0]]
        return [_line([*words, "--preset", about.preset, "--out", str(facts.run.path)])]
    settings = {key: value for key, value in (facts.settings or {}).items() if key != "max_steps"}
    words = ["trmpipe", "train", *corpora, "--preset", about.preset]
    words += [f"--set={key}={value}" for key, value in settings.items()]
    steps = about.train.get("max_steps")
    words += _flags({"--max-steps": steps, "--seed": about.train.get("seed")})
    words += _flags({"--groups": about.groups, "--variants": about.variants})
    words += ["--from", about.origin.run] if about.origin else []
    words += ["--out", str(facts.run.path)]
    longer = [
        _line(
            ["trmpipe", "train", *corpora, "--resume", "--max-steps", str(one.max_steps), "--out", str(facts.run.path)]
        )
        for one in about.extensions
    ]
    return [_line(words), *longer]


def evaluate_commands(facts: RunFacts) -> list[tuple[str, str]]:
    """The commands that score a run again as it was scored, each once, by what they make."""
    found = []
    for score in facts.scores:
        asked = score.how.startswith("trmpipe evaluate")
        how = score.how.split()[2:] if asked else []
        words = ["trmpipe", "evaluate", str(facts.run.path), *how]
        # What a training ends with is scored on its first held-out puzzles, `trmpipe evaluate` on all.
        words += ["--limit", str(score.puzzles)] if score.puzzles and not asked else []
        what = "Its scores:"
        if not score.is_whole:
            # Scores note corpora by their names and digests alone.
            numbers = range(1, len(score.corpora) + 1) if len(set(score.corpora)) < len(score.corpora) else ()
            places = [f"PATH-OF-{safe_name(name)}" for name in score.corpora]
            places = [f"{place}-{number}" for place, number in zip(places, numbers, strict=True)] if numbers else places
            told = "another corpus" if len(places) == 1 else "other corpora"
            told = told if score.elsewhere else "some of its corpora"
            what = f"Its scores on {told}, {score.corpus}; write where that is in place of {' and '.join(places)}:"
            words += [word for place in places for word in ("--corpus", place)]
        if score.step != facts.step:
            words += ["--checkpoint", str(score.step)]
        found.append((what, _line(words)))
    return list(dict.fromkeys(found))


def _options(declared: Sequence[Option], given: Mapping[str, str]) -> list[str]:
    flags = {option.name: option.flag for option in declared}
    words: list[str] = []
    for name, value in given.items():
        words += [flags[name]] if value == YES else [flags[name], value]
    return words


def _flags(values: Mapping[str, object]) -> list[str]:
    return [word for flag, value in values.items() if value is not None for word in (flag, str(value))]


def _line(words: Sequence[str]) -> str:
    """A command, on lines that a shell takes together where it is long: an option and its value on each."""
    whole = printable(shlex.join(words))
    if len(whole) <= _LONG:
        return whole
    lines: list[list[str]] = [[]]
    for word in words:
        if word.startswith("--"):
            lines.append([])
        lines[-1].append(word)
    return printable_lines(shlex.join(line) for line in lines)


def printable_lines(lines: Iterable[str]) -> str:
    """Lines of one command, each safe to be shown."""
    return " \\\n    ".join(map(printable, lines))
