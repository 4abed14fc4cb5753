"""A corpus of a task whose puzzles have several examples and identifiers, from its bases to its last file."""

import numpy as np
import pytest

from tests.plug_ins import add_entry, add_family
from tests.references.reversal import RELABELLINGS
from tests.references.stories import StoryTask, stories_of
from trmpipe.generators.family import Family
from trmpipe.generators.task import TRAIN
from trmpipe.pipeline import SUPPLIERS, Recipe, Supplier, generate
from trmpipe.pipeline.bases import Bases
from trmpipe.shards import CODECS, Corpus, verify

COUNT, AUG = 40, 3
HELD_OUT = np.array([7, 3, 30])
"""Training groups of which the held-out split asks something too."""

TASK = StoryTask()


def choose_bases():
    """All stories, in an order that is not that of their candidates."""
    train = TASK.generate(0, TRAIN, 0, COUNT).take(np.roll(np.arange(COUNT), 5))
    test = TASK.generate(0, TRAIN, 0, COUNT).take(HELD_OUT)
    names = {
        split: tuple(f"story{candidate}" for candidate in groups.candidates)
        for split, groups in (("train", train), ("test", test))
    }
    return Bases(train=TASK.examine(train), test=TASK.examine(test), names=names)


class Told(Supplier):
    """Stories that somebody tells."""

    def choose(self, recipe, sources, cluster, progress):
        return choose_bases()


@pytest.fixture
def make(monkeypatch, tmp_path):
    add_entry(monkeypatch, SUPPLIERS, "told", Told())
    story = Family(
        name="story",
        help="",
        build=lambda size, options: TASK,
        suppliers=("told",),
        sizes=(6,),
        default_size=6,
    )
    add_family(monkeypatch, story)

    def build(name, **options):
        recipe = Recipe(**{"task": "story6", "n": COUNT, "aug": AUG, "supplier": "told", **options})
        outcome = generate(recipe, str(tmp_path / name), workers=2)
        return outcome, Corpus.open(tmp_path / name)

    return build


@pytest.mark.parametrize("codec", CODECS.names())
def test_both_splits_hold_the_variants_of_their_groups(make, codec):
    outcome, corpus = make("c", format=codec, shard_groups=7, shard_variants=3)
    bases = choose_bases()
    assert verify(corpus).problems == ()
    counts = np.minimum(TASK.num_variants(bases.train.groups), AUG + 1)
    assert outcome.num_short == (TASK.num_variants(bases.train.groups) <= AUG).sum() > 0
    first = {}
    for split, groups in (("train", bases.train.groups), ("test", bases.test.groups)):
        variants = np.minimum(TASK.num_variants(groups), AUG + 1)
        inputs, labels = TASK.augment(groups, 0, 0, variants)
        found = corpus.read(split)
        assert np.array_equal(found.inputs, inputs)
        assert np.array_equal(found.labels, labels)
        catalog = corpus.catalog[split]
        assert catalog.names == bases.names[split]
        assert catalog.examples.tolist() == groups.sizes.tolist()
        first[split] = dict(zip(groups.candidates.tolist(), catalog.first_identifiers.tolist(), strict=True))
    assert list(first["train"].values()) == (1 + np.cumsum(counts) - counts).tolist()
    assert first["test"] == {candidate: first["train"][candidate] for candidate in HELD_OUT.tolist()}


def test_names_say_which_map_made_a_variant(make):
    _, corpus = make("c")
    names, found = corpus.variant_names(), corpus.read("test")
    assert len(names) == corpus.num_identifiers == 1 + corpus.manifest.splits["train"].puzzles
    stories = dict(zip(HELD_OUT.tolist(), stories_of(choose_bases().test.groups), strict=True))
    for identifier, example, word in zip(found.identifiers, found.examples, found.inputs, strict=True):
        name, _, number = names[identifier].partition("|||")
        base = stories[int(name.removeprefix("story"))][example]
        assert word.tolist() == RELABELLINGS[int(number or 0)][base].tolist()


def test_formats_and_blocks_do_not_change_the_content(make):
    digests = {
        make(f"{codec}-{blocks}", format=codec, shard_groups=blocks, shard_variants=blocks)[1].manifest.content_digest
        for codec in CODECS.names()
        for blocks in (None, 2)
    }
    assert len(digests) == 1
