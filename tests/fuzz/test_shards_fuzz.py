"""Damaged corpora of both formats: no changed bit is believed, and whatever is signed again ends in one line.

Every single bit of a tiny corpus is flipped. `TRMPIPE_FUZZ_INPUTS` sets how many other inputs there are.
"""

import pytest

from tests.fuzz.mutations import num_inputs, run_bounded
from tests.shards_corpora import NAMED, make_corpus
from trmpipe.shards import CODECS

SHARES = {"manifest": 420, "bytes": 50, "tables": 30}
"""Thousandths of the inputs by kind, in each of two formats: a manifest takes 3 ms, the bytes of Zarr 30."""
BLOCKS = {"group_block": 2, "variant_block": 3}


@pytest.fixture(params=CODECS.names())
def folder(request, tmp_path):
    path = tmp_path / "toy"
    make_corpus(path, request.param, (3, 1, 4), (3, 1), examples=(2, 1, 3), spec=NAMED, **BLOCKS)
    return path


@pytest.mark.parametrize("codec_name", CODECS.names())
def test_no_changed_bit_is_believed(codec_name, tmp_path):
    make_corpus(tmp_path / "toy", codec_name, (2,), ())
    assert "0 wrong" in run_bounded("tests.fuzz.shards", tmp_path / "toy", "bits", 0, 0)


@pytest.mark.parametrize("kind", SHARES)
def test_what_is_signed_again_ends_in_one_line(folder, kind):
    count = num_inputs(SHARES[kind])
    assert f"{count} inputs, 0 wrong" in run_bounded("tests.fuzz.shards", folder, kind, count, 0)
