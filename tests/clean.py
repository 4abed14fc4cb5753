"""What a corpus is compared with that was disturbed while it was made: that of a clean run."""

from trmpipe.shards import Corpus, verify


def assert_equals_clean(path, clean):
    """Exactly the files of a clean run, each with the same bytes."""
    assert verify(Corpus.open(path)).problems == ()
    assert Corpus.open(path).manifest == clean.manifest
    assert Corpus.open(path).store.list_files() == clean.store.list_files()
