"""A door to the `webdataset` library: a pipeline over tar shards. The library is imported when the door is used."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .examples import BLANK_IDENTIFIER, Examples


def webdataset_pipeline(urls: Sequence[str], **options: Any) -> Any:
    """A ``webdataset.WebDataset`` over shards, each item a dict of the arrays of `Examples` for one sample.

    The shards come in the order given unless `options` shuffle them.

    Args:
        urls: of tar shards that `codecs.webdataset` wrote.
        options: for ``webdataset.WebDataset``.
    """
    import webdataset

    pipeline = webdataset.WebDataset(list(urls), **{"shardshuffle": False, **options})
    return pipeline.decode().compose(_rows_of_samples)


def _rows_of_samples(samples: Iterable[dict[str, Any]]) -> Iterator[dict[str, NDArray[Any]]]:
    for sample in samples:
        about = sample["json"]
        counts = np.array(about["counts"], np.int64)
        yield Examples.of_groups(
            sample["inputs.npy.gz" if "inputs.npy.gz" in sample else "inputs.npy"],
            sample["labels.npy.gz" if "labels.npy.gz" in sample else "labels.npy"],
            first_group=about["groups"][0],
            first_variant=about["variants"][0],
            counts=counts,
            sizes=np.array(about.get("examples", [1] * len(counts)), np.int64),
            identifiers=sample.get("identifiers.npy", np.full(counts.sum(), BLANK_IDENTIFIER, np.int32)),
        ).arrays()
