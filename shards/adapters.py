"""Doors to other libraries: a PyTorch data set over a stream, and a `webdataset` pipeline over a split's shards.

Both libraries are imported when a door is used, and not before.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from trmpipe.generators.task import runs

from .codecs.webdataset import WebDatasetCodec
from .errors import CorpusError
from .examples import BLANK_IDENTIFIER, Examples
from .stream import Stream

if TYPE_CHECKING:
    import torch

    from .corpus import Corpus

_FIELDS = ("inputs", "labels", "identifiers", "groups", "variants", "examples")


def as_torch(examples: Examples) -> "dict[str, torch.Tensor]":
    """The arrays of `examples` as tensors of the same types, which share their memory."""
    import torch

    return {field: torch.from_numpy(getattr(examples, field)) for field in _FIELDS}


class StepDataset:
    """A map-style PyTorch data set whose item i is the batch, as tensors, at step ``first_step + i``.

    Since a batch is a function of its step, ``DataLoader(StepDataset(stream, n), batch_size=None, num_workers=w)``
    gives the same sequence for any number of workers, and resuming is another `first_step`.

    Args:
        stream: of one rank. Each loader worker holds rows of its own; those read before a fork are shared.
        num_steps: length.
        first_step: step of item 0.
    """

    def __init__(self, stream: Stream, num_steps: int, first_step: int = 0) -> None:
        self._stream = stream
        self._num_steps = num_steps
        self._first_step = first_step

    def __len__(self) -> int:
        return self._num_steps

    def __getitem__(self, index: int) -> "dict[str, torch.Tensor]":
        if not 0 <= index < self._num_steps:
            raise IndexError(index)
        return as_torch(self._stream.batch(self._first_step + index))


def webdataset_pipeline(corpus: "Corpus", split: str, **options: Any) -> Any:
    """A ``webdataset.WebDataset`` over a split, each item a dict of the rows of one sample.

    An item has the fields of `Examples`: ``inputs`` and ``labels``, uint8 [R, S], ``identifiers``, int32 [R],
    ``groups``, ``variants`` and ``examples``, int64 [R]. The shards come in their reading order unless `options`
    shuffle them.

    Args:
        corpus: in the format ``webdataset``.
        split: ``"train"`` or ``"test"``.
        options: for ``webdataset.WebDataset``.

    Raises:
        CorpusError: the corpus has another format, or no such split.
    """
    import webdataset

    if corpus.manifest.format != WebDatasetCodec.name:
        raise CorpusError(
            f"{corpus.path} has the format {corpus.manifest.format}; "
            "generate it with --format webdataset to read it with that library"
        )
    layout, codec = corpus.layout(split), WebDatasetCodec()
    urls = [corpus.store.locate(path) for shard in layout.shards() for path in codec.paths(layout, shard)]
    pipeline = webdataset.WebDataset(urls, **{"shardshuffle": False, **options})
    return pipeline.decode().compose(_rows_of_samples)


def _rows_of_samples(samples: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for sample in samples:
        about = sample["json"]
        counts = np.array(about["counts"], np.int64)
        sizes = np.repeat(about.get("examples", [1] * len(counts)), counts)
        num_puzzles = len(sizes)
        identifiers = sample.get("identifiers.npy", np.full(num_puzzles, BLANK_IDENTIFIER, np.int32))
        yield {
            "inputs": sample["inputs.npy.gz" if "inputs.npy.gz" in sample else "inputs.npy"],
            "labels": sample["labels.npy.gz" if "labels.npy.gz" in sample else "labels.npy"],
            "identifiers": np.repeat(identifiers, sizes),
            "groups": np.repeat(np.repeat(np.arange(*about["groups"]), counts), sizes),
            "variants": np.repeat(runs(np.full(len(counts), about["variants"][0]), counts), sizes),
            "examples": runs(np.zeros(num_puzzles, np.int64), sizes),
        }
