"""Tasks from sets of ARC files, or of the data sets that are installed."""

from collections.abc import Mapping, Sequence

from trmpipe.generators.options import Flag, Option
from trmpipe.generators.task import Task
from trmpipe.shards.progress import Progress

from ..bases import Bases
from ..cluster import Cluster
from ..errors import ArgumentError
from ..suppliers.supplier import Count, Input, Request, Supplier
from .bases import TEST_SET, TRAIN_SET, bases_of_sets
from .files import DATASETS, ArcSet, read_arc_set

_DATASET = "dataset"
_EXCLUDE_TWINS = "exclude_test_twins"


class Sets(Supplier[ArcSet]):
    """Sets of tasks, to learn whole or to be scored; they are taken as people made them."""

    n = Count(help="Take so many of the tasks, drawn by the seed.", default="all")
    noun = "task"
    distinct = False
    advice = "--exclude-test-twins drops them"
    inputs = (
        Input(name=_DATASET, help="arc-agi-1 or arc-agi-2: training tasks as --train-set, evaluation as --test-set."),
        Input(name=TRAIN_SET, many=True, help="Tasks to learn whole; may be given again."),
        Input(
            name=TEST_SET,
            aliases=("--input",),
            many=True,
            help="Tasks whose demonstrations are learned and whose tests are scored; may be given again.",
        ),
    )
    options = (
        Option(
            name=_EXCLUDE_TWINS,
            kind=Flag(),
            word="notwins",
            help="Drop tasks of --train-set that are test tasks in disguise.",
        ),
    )

    def read(
        self, task: Task, given: Mapping[str, tuple[str, ...]], supply: Mapping[str, str] | None = None
    ) -> Sequence[ArcSet]:
        """The sets, those to learn from first; see `Supplier.read`.

        Raises:
            ArgumentError: no tasks are given, or `--dataset` names no data set.
            ArcFileError: there is no such set, or a task of it is not as it should be.
        """
        if not given:
            raise ArgumentError("no tasks are given; give --dataset arc-agi-1, or sets with --train-set and --test-set")
        for name in given.get(_DATASET, ()):
            _check_dataset(name)
        parts = {TRAIN_SET: "training", TEST_SET: "evaluation"}
        return [
            read_arc_set(path, role)
            for role, part in parts.items()
            for path in (*(f"{name}:{part}" for name in given.get(_DATASET, ())), *given.get(role, ()))
        ]

    def read_again(
        self, task: Task, names: Sequence[str], paths: Sequence[str], supply: Mapping[str, str] | None = None
    ) -> Sequence[ArcSet]:
        """The sets at `paths`, and the data sets among `names`; see `Supplier.read_again`.

        Raises:
            ArcFileError: there is no such set, or a task of it is not as it should be.
        """
        installed = [name for name in names if name.partition(":")[0] in DATASETS]
        return [read_arc_set(path) for path in (*installed, *paths)]

    def choose(self, recipe: Request, sources: Sequence[ArcSet], cluster: Cluster, progress: Progress) -> Bases:
        """Choose among the tasks of all sets; see `Supplier.choose`.

        Raises:
            RecipeError: no task is left to train on.
            ArcFileError: two sets share a task id.
            ExhaustedError: there are fewer tasks than ``--n``.
        """
        return bases_of_sets(sources, recipe.n, recipe.seed, exclude_twins=_EXCLUDE_TWINS in recipe.supply)


def _check_dataset(name: str) -> None:
    """Refuse what `--dataset` cannot split into tasks to learn from and tasks to be scored on."""
    known = " or ".join(DATASETS)
    dataset, colon, part = name.partition(":")
    if dataset in DATASETS and colon and part:
        raise ArgumentError(
            f"--dataset is {name}; it takes a whole data set, {known}, whose training tasks are learned and evaluation "
            f"tasks scored; for a part of it give --train-set {name} or --test-set {name}"
        )
    if name not in DATASETS:
        raise ArgumentError(
            f"--dataset is {name}; expected {known}; give a folder or a file of tasks with --train-set or --test-set"
        )


SUPPLIER = Sets()
