"""Content digests: the same for every format, shard size and block size; another for any other content."""

import hashlib

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.shards_corpora import NAMED, group_rows, make_corpus
from trmpipe.shards import CODECS, Corpus, GroupDigest, Store, content_digest, verify

TRAIN = (9, 3, 1, 8, 4)
TEST = (1, 1, 1)


def plain_group_digest(inputs, labels):
    """The digest as its module describes it, from whole arrays."""
    shape = ",".join(map(str, inputs.shape))
    lines = [
        f"{name}:uint8:{shape}:{hashlib.sha256(rows.tobytes()).hexdigest()}\n"
        for name, rows in (("inputs", inputs), ("labels", labels))
    ]
    return hashlib.sha256("".join(lines).encode()).digest()


def plain_content_digest():
    groups = {
        split: [plain_group_digest(*group_rows(split, g, count)) for g, count in enumerate(counts)]
        for split, counts in (("train", TRAIN), ("test", TEST))
    }
    text = b"trmpipe content 1\n"
    for split in ("train", "test"):
        text += f"{split} {len(groups[split])}\n".encode() + b"".join(groups[split])
    return hashlib.sha256(text).hexdigest()


@settings(deadline=None, max_examples=25)
@given(
    codec_name=st.sampled_from(CODECS.names()),
    samples=st.integers(1, 3),
    groups=st.integers(1, 3),
    variant_block=st.integers(1, 12),
    number=st.integers(0, 10**9),
)
def test_format_and_layout_do_not_change_it(codec_name, samples, groups, variant_block, number):
    url = f"memory://digests-{number}/toy"
    blocks = {"group_block": samples * groups, "variant_block": variant_block, "sample_groups": samples}
    manifest = make_corpus(url, codec_name, TRAIN, TEST, **blocks)
    found = verify(Corpus.open(url))
    Store(url).remove("")
    assert manifest.content_digest == plain_content_digest()
    assert found.content_digest == manifest.content_digest
    assert found.problems == ()
    assert found.num_puzzles == sum(TRAIN) + sum(TEST)


def plain_digest_of_examples(inputs, labels, examples, first_identifier):
    """The digest of a group whose puzzles have several examples or identifiers, as the module describes it."""
    count = len(inputs) // examples
    shape = f"{count},9" if examples == 1 else f"{count},{examples},9"
    fields = [("inputs", "uint8", shape, inputs), ("labels", "uint8", shape, labels)]
    if first_identifier:
        identifiers = np.array([first_identifier + k for k in range(count)], "<i4")
        fields.append(("identifiers", "int32", str(count), identifiers))
    lines = [f"{n}:{t}:{s}:{hashlib.sha256(rows.tobytes()).hexdigest()}\n" for n, t, s, rows in fields]
    return hashlib.sha256("".join(lines).encode()).digest()


@settings(deadline=None, max_examples=25)
@given(
    codec_name=st.sampled_from(CODECS.names()),
    variants=st.lists(st.integers(1, 9), min_size=1, max_size=6),
    data=st.data(),
    samples=st.integers(1, 3),
    groups=st.integers(1, 3),
    variant_block=st.integers(1, 12),
    number=st.integers(0, 10**9),
)
def test_examples_and_identifiers_belong_to_it(codec_name, variants, data, samples, groups, variant_block, number):
    examples = [data.draw(st.integers(1, 4)) for _ in variants]
    url = f"memory://digests-of-examples-{number}/toy"
    blocks = {"group_block": samples * groups, "variant_block": variant_block, "sample_groups": samples}
    options = {"test": variants[:2], "examples": examples, "test_examples": [1, 3][: len(variants[:2])]}
    manifest = make_corpus(url, codec_name, variants, spec=NAMED, **options, **blocks)
    found = verify(Corpus.open(url))
    catalog = Corpus.open(url).catalog
    Store(url).remove("")
    assert found.problems == ()
    assert found.content_digest == manifest.content_digest
    for split, sizes in (("train", examples), ("test", options["test_examples"])):
        for group, size in enumerate(sizes):
            rows = group_rows(split, group, variants[group] * size)
            expected = plain_digest_of_examples(*rows, size, 1 + sum(variants[:group]))
            assert catalog[split].digests[group] == expected


@settings(deadline=None)
@given(cuts=st.lists(st.integers(0, 20), max_size=5))
def test_variants_may_come_in_any_portions(cuts):
    inputs, labels = group_rows("train", 0, 20)
    running = GroupDigest()
    for start, stop in zip([0, *sorted(cuts)], [*sorted(cuts), 20], strict=True):
        running.update(inputs[start:stop], labels[start:stop])
    assert running.digest() == plain_group_digest(inputs, labels)


@settings(deadline=None, max_examples=30)
@given(row=st.integers(0, 19), cell=st.integers(0, 8), bit=st.integers(0, 7), field=st.integers(0, 1))
def test_any_bit_changes_it(row, cell, bit, field):
    rows = np.stack(group_rows("train", 0, 20))
    before = plain_group_digest(*rows)
    rows[field, row, cell] ^= 1 << bit
    running = GroupDigest()
    running.update(*rows)
    assert running.digest() != before


def test_splits_and_order_count():
    a, b = b"a" * 32, b"b" * 32
    digests = [
        content_digest(groups)
        for groups in (
            {},
            {"train": [a]},
            {"test": [a]},
            {"train": [a, b]},
            {"train": [b, a]},
            {"train": [a], "test": [b]},
            {"train": [b], "test": [a]},
        )
    ]
    assert len(set(digests)) == len(digests)
    assert content_digest({"train": [a]}) == content_digest({"test": [], "train": [a]})
