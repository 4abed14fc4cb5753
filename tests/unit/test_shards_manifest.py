"""The manifest: sealed, of one version, and refused in one line where anything of it is wrong."""

import dataclasses
import json

import pytest

from tests.shards_corpora import NAMED, edit_manifest, edit_manifest_unsealed, make_corpus
from trmpipe.shards import FORMAT_VERSION, MANIFEST, Corpus, CorpusError, DamagedError, Store, read_manifest
from trmpipe.shards.json_files import check_seal


def test_manifest_goes_through_its_file_unchanged(tmp_path):
    written = make_corpus(tmp_path)
    assert read_manifest(Store(tmp_path)) == written
    assert (tmp_path / MANIFEST).read_bytes() == written.to_bytes()
    about = json.loads(written.to_bytes())
    assert about["format_version"] == FORMAT_VERSION == 3
    check_seal(written.to_bytes(), MANIFEST, "")
    assert about["spec"]["pad"] == about["spec"]["ignore"] == 0
    assert about["splits"]["train"]["puzzles"] == 13


def one_line(error):
    return "\n" not in str(error.value)


def to_version_2(value):
    value["format_version"] = 2


def to_version_1(value):
    value["format_version"] = 1
    spec = value["spec"]
    spec["twins"] = spec.pop("classes")
    spec["has_identifiers"] = spec.pop("variant_identifiers")
    for word in ("scoring", "named_groups", "test_variants", "test_groups_train"):
        del spec[word]


@pytest.mark.parametrize(("age", "scoring"), [(to_version_1, "votes"), (to_version_2, "label")])
def test_a_manifest_of_an_earlier_version_is_taken_only_to_make_the_corpus_again(tmp_path, age, scoring):
    now = make_corpus(tmp_path, spec=NAMED)
    edit_manifest_unsealed(tmp_path, age)
    with pytest.raises(CorpusError, match=r"manifest\.json has format version [12], .*`trmpipe regenerate ") as error:
        Corpus.open(tmp_path)
    assert one_line(error)
    then = read_manifest(Store(tmp_path), earlier=True)
    assert then == dataclasses.replace(now, spec=dataclasses.replace(now.spec, scoring=scoring))


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("earlier", [False, True])
def test_a_changed_version_does_not_pass_for_an_earlier_one(tmp_path, version, earlier):
    """The digit alone is changed: what was sealed stays sealed."""
    data = make_corpus(tmp_path).to_bytes()
    changed = data.replace(b'"format_version": 3', b'"format_version": %d' % version)
    assert changed != data
    (tmp_path / MANIFEST).write_bytes(changed)
    with pytest.raises(DamagedError, match=r"manifest\.json is damaged: its digest is not that of its content"):
        read_manifest(Store(tmp_path), earlier=earlier)


def test_a_manifest_without_its_seal_is_refused(tmp_path):
    make_corpus(tmp_path)
    edit_manifest_unsealed(tmp_path, lambda value: None)
    with pytest.raises(DamagedError, match=r"manifest\.json is damaged: it has no digest of itself"):
        Corpus.open(tmp_path)


def test_a_manifest_that_is_changed_without_a_new_seal_is_refused(tmp_path):
    data = make_corpus(tmp_path).to_bytes()
    (tmp_path / MANIFEST).write_bytes(data.replace(b'"name": "toy"', b'"name": "boy"'))
    with pytest.raises(DamagedError, match=r"manifest\.json is damaged: its digest is not that of its content"):
        Corpus.open(tmp_path)


def test_a_newer_format_is_refused(tmp_path):
    make_corpus(tmp_path)
    edit_manifest(tmp_path, lambda value: value.update(format_version=4, splits="something else"))
    with pytest.raises(
        CorpusError, match=r"manifest\.json has format version 4.*written by a newer trmpipe; upgrade"
    ) as error:
        Corpus.open(tmp_path)
    assert one_line(error)


@pytest.mark.parametrize(
    "damage",
    [
        lambda value: value.pop("splits"),
        lambda value: value.pop("format_version"),
        lambda value: value["splits"]["train"].pop("groups"),
        lambda value: value["splits"]["train"]["shards"][0].update(groups=[1]),
        lambda value: value.update(spec=None),
    ],
)
def test_a_wrong_manifest_is_refused(tmp_path, damage):
    make_corpus(tmp_path)
    edit_manifest(tmp_path, damage)
    with pytest.raises(
        DamagedError, match=r"manifest\.json( \(format_version\))? is damaged: .*; restore the file, or delete "
    ) as error:
        Corpus.open(tmp_path)
    assert one_line(error)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe", b'{"format_version": "one"}'])
def test_a_manifest_that_is_none_is_refused(tmp_path, content):
    (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(DamagedError, match=r"manifest\.json( \(format_version\))? is damaged") as error:
        Corpus.open(tmp_path)
    assert one_line(error)
