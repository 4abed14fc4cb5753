"""Text of one line: the same in names that tasks give, in options and in all files of a corpus."""

import numpy as np
import pytest

from tests.references.reversal import ReversalTask
from trmpipe.generators import contract
from trmpipe.generators.arc import pairs
from trmpipe.generators.errors import ContractError
from trmpipe.generators.one_line import MOST_LETTERS, is_one_line
from trmpipe.shards import DamagedError
from trmpipe.shards.fields import Word
from trmpipe.shards.json_files import convert

TEXTS = ["", "a", "x" * 1000, "a\xa0b", "\U0001f600", "é" * 1000]
OTHERS = ["x" * 1001, "a\nb", "a\n", "\x1b", "\x7f", "\x85", "\u2028", "\u202e", "\ud800", 5, None]


@pytest.mark.parametrize("text", [*TEXTS, *OTHERS])
def test_a_text_of_one_line_is_what_files_keep(text):
    if text in TEXTS:
        assert convert(text, Word, "it", "mend it") == text
    else:
        with pytest.raises(DamagedError):
            convert(text, Word, "it", "mend it")
    assert is_one_line(text) == (text in TEXTS)


def names_by(name):
    class Naming(ReversalTask):
        def variant_names(self, groups, names, seed, counts):
            found = [f"{group}-{variant}" for group, count in enumerate(counts) for variant in range(count)]
            return [*found[:-1], name]

    task = Naming()
    return contract.variant_names(task, task.generate(0, 0, 0, 2), ["a", "b"], 0, np.array([2, 1]))


@pytest.mark.parametrize("name", OTHERS)
def test_a_name_of_a_variant_that_no_file_keeps_is_refused(name):
    with pytest.raises(
        ContractError, match=r'"names of variants" at candidate 1 .*, expected text of one line'
    ) as error:
        names_by(name)
    assert str(error.value).isprintable()
    assert len(str(error.value)) < 600


@pytest.mark.parametrize("name", TEXTS)
def test_a_name_of_a_variant_that_files_keep_is_taken(name):
    assert names_by(name)[-1] == name


def test_names_of_the_longest_arc_ids_are_kept():
    from trmpipe.generators.arc.maps import SEPARATOR

    assert pairs._MOST_ID + len(f"{SEPARATOR}t7{SEPARATOR}0123456789") <= MOST_LETTERS
