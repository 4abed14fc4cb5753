"""A door to the `webdataset` library: a pipeline over tar shards. The library is imported when the door is used.

The library orders the shards, splits them between workers and takes the tar files apart. It would also open them by
itself and decode members by their names, unpickling some (``.pyd``, ``.pickle``, ``.pth``). So here its stage that
opens files hands out bytes that the corpus has checked instead, and the format's own `SampleReader` reads the samples.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.task import TaskSpec

from .checks import check_rows
from .codecs.webdataset import SampleReader
from .errors import DamagedError
from .examples import Examples
from .layout import ShardSpec, SplitLayout
from .urls import in_one_line

_OPENERS = ("StreamingOpen", "FileCache")


@dataclass(frozen=True, slots=True, kw_only=True)
class TarShards:
    """The shards of a split as the library is to see them; picklable, as its workers are processes.

    Attributes:
        layout: of the split.
        spec: of the task.
        shards: by their URLs, in reading order.
        read: the checked bytes of a shard's files.
    """

    layout: SplitLayout
    spec: TaskSpec
    shards: Mapping[str, ShardSpec]
    read: Callable[[ShardSpec], Sequence[bytes]]


def webdataset_pipeline(shards: TarShards, **options: Any) -> Any:
    """A ``webdataset.WebDataset`` over shards, each item a dict of the arrays of `Examples` for one sample.

    The shards come in the order given unless `options` shuffle them.

    Args:
        shards: that `codecs.webdataset` wrote.
        options: for ``webdataset.WebDataset``; those for a cache of files are without effect.
    """
    import webdataset

    pipeline = webdataset.WebDataset(list(shards.shards), **{"shardshuffle": False, **options})
    stages = pipeline.pipeline
    (opener,) = (place for place, stage in enumerate(stages) if type(stage).__name__ in _OPENERS)
    stages[opener] = partial(_open_checked, shards)
    return pipeline.compose(partial(_rows_of_samples, shards))


def _open_checked(shards: TarShards, urls: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """In place of the library's own opening of files; a shard that has other members than its layout is refused."""
    for about in urls:
        url = about["url"]
        shard = shards.shards[url]
        (data,) = shards.read(shard)
        try:
            SampleReader(shards.layout, shard).split(data)
        except ValueError as error:
            raise _damaged(url, error) from error
        yield {**about, "stream": BytesIO(data)}


def _rows_of_samples(shards: TarShards, samples: Iterable[dict[str, Any]]) -> Iterator[dict[str, NDArray[Any]]]:
    url, reader = None, None
    for sample in samples:
        if sample["__url__"] != url or reader is None:
            url = sample["__url__"]
            shard = shards.shards[url]
            reader = SampleReader(shards.layout, shard)
            counts, sizes = shards.layout.counts(shard), shards.layout.examples[slice(*shard.groups)]
            identifiers, ends = shards.layout.identifiers(shard), np.concatenate([[0], np.cumsum(counts)])
        members = {field: data for field, data in sample.items() if not field.startswith("__")}
        try:
            groups, rows = reader.places[sample["__key__"]]
            found = reader.read(sample["__key__"], members)
            inputs, labels = check_rows(found, rows.stop - rows.start, shards.spec)
        except (ValueError, KeyError) as error:
            raise _damaged(url, error) from error
        yield Examples.of_groups(
            inputs.copy(),
            labels.copy(),
            first_group=shard.groups[0] + groups.start,
            first_variant=shard.variants[0],
            counts=counts[groups],
            sizes=sizes[groups],
            identifiers=identifiers[ends[groups.start] : ends[groups.stop]],
        ).arrays()


def _damaged(url: str, error: Exception) -> DamagedError:
    reason = in_one_line(error)
    return DamagedError(f"{url} is damaged: {reason}; delete the corpus and generate it again")
