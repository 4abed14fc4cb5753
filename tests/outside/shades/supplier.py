"""An input format: JSON, a list of grids with names, each shown and full; open grids are left out where asked."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from trmpipe.generators.errors import InputError
from trmpipe.generators.options import Flag, Option
from trmpipe.generators.task import Groups
from trmpipe.pipeline.bases import Bases, Drop, Selection, count_reasons
from trmpipe.pipeline.sources import Source
from trmpipe.pipeline.suppliers.supplier import Count, Input, Supplier


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tiles(Source):
    """One file, read."""

    groups: Groups


class TileFiles(Supplier):
    n = Count(help="Training grids.", default="all of --tiles")
    inputs = (Input(name="tiles", help="JSON file of grids."),)
    options = (Option(name="skip_open", kind=Flag(), word="shown", help="Leave out grids that show nothing."),)
    noun = "tile"

    def read(self, task, given, supply=None):
        return [read_tiles(path, task) for path in given["tiles"]]

    def read_again(self, task, names, paths, supply=None):
        return [read_tiles(path, task) for path in paths]

    def choose(self, recipe, sources, cluster, progress):
        (source,) = sources
        progress.start("examining tiles", len(source.groups))
        (examined,) = cluster.map(_examine, [(recipe, source.groups)])
        progress.advance(len(examined))
        progress.finish()
        usable = examined.accepted & ("skip_open" not in recipe.supply or _shown(source.groups))
        drops = [Drop(candidate=i, reason="not as asked for", twin=None) for i in np.flatnonzero(~usable).tolist()]
        train = Selection(recipe.n)
        train.offer(examined.take(np.flatnonzero(usable)))
        chosen = train.chosen()
        return Bases(
            train=chosen,
            test=chosen.take(slice(0, 0)),
            skipped=count_reasons(drops, train.drops),
            drops={source.role: (*drops, *train.drops)},
        )


def _examine(recipe, groups):
    return recipe.make_task().examine(groups)


def _shown(groups):
    return (groups.inputs > 1).any(axis=1)


def read_tiles(path, task):
    """The grids of a file, each full one right for what is shown."""
    raw = Path(path).read_bytes()
    try:
        tiles = json.loads(raw)
        inputs = task.parse([tile["shown"] for tile in tiles])
        labels = task.parse([tile["full"] for tile in tiles])
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"{path} holds no tiles: {error}; give a JSON list of objects with `shown` and `full`"
        ) from error
    wrong = np.flatnonzero(~task.check(inputs, labels))
    if len(wrong):
        raise InputError(f"{path} tile {wrong[0]}: the full grid is no answer to what is shown; mend it")
    return Tiles(
        given=path,
        role="tiles",
        name=Path(path).name,
        size_bytes=len(raw),
        sha256=hashlib.sha256(raw).hexdigest(),
        groups=Groups.single(np.arange(len(tiles)), inputs, labels),
    )


SUPPLIER = TileFiles()
