"""What a supplier is: where base puzzles come from. To add one, this is the file to read.

A supplier declares what a user can give it (`inputs`) and ask of it (`options`); the command line, ``--help`` and the
recipe are made from that. It reads its sources in the process of the command, and chooses the bases of both splits,
with the help of workers where there is much to do. All that comes after (ratings, numbers of variants, shards) is the
pipeline's.

A package adds one by an entry point of the group ``trmpipe.suppliers`` that gives an instance::

    class Archive(Supplier[ArchiveFile]):          # ArchiveFile derives from Source
        n = Count(help="Training puzzles.", default="all of --archive")
        test = Count(help="Held-out puzzles.", default="none")
        inputs = (Input(name="archive", help="Archive of puzzles."),)

        def read(self, task, given, supply=None): ...       # -> sources, each with a role
        def read_again(self, task, names, paths, supply=None): ...
        def choose(self, recipe, sources, cluster, progress): ...   # -> Bases

and a family of tasks names it among its `Family.suppliers`.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from trmpipe.generators.options import Option, flag_of
from trmpipe.generators.task import Task
from trmpipe.shards.progress import Progress

from ..bases import Bases
from ..cluster import Cluster
from ..sources import Source

Given = TypeVar("Given", bound=Source)


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """An option of the command line that names sources.

    Attributes:
        name: with underscores; on the command line ``--with-dashes``.
        help: what ``--help`` says of it.
        aliases: further options that mean the same, such as ``--input``.
        many: whether it may be given again.
    """

    name: str
    help: str
    aliases: tuple[str, ...] = ()
    many: bool = False

    @property
    def flag(self) -> str:
        """How a user gives it: ``--with-dashes``."""
        return flag_of(self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How many groups of a split a user can ask for, by ``--n`` or ``--test``.

    Attributes:
        help: what ``--help`` says of it.
        default: what is taken where the user does not say, in words; empty where the task's `default_test` is.
    """

    help: str
    default: str = ""


class Request(Protocol):
    """What a supplier reads of a recipe. It can be sent to workers, who get their task from it."""

    @property
    def task(self) -> str:
        """Name of the task."""
        ...

    @property
    def n(self) -> int | None:
        """Training groups; None for all that there are."""
        ...

    @property
    def test(self) -> int | None:
        """Held-out groups; None for the supplier's default."""
        ...

    @property
    def seed(self) -> int:
        """Root seed."""
        ...

    @property
    def options(self) -> Mapping[str, str]:
        """What the task is asked to meet."""
        ...

    @property
    def supply(self) -> Mapping[str, str]:
        """The supplier's own options that were given, each in its one spelling."""
        ...

    def make_task(self) -> Task:
        """The task with its options."""
        ...


class Supplier(ABC, Generic[Given]):
    """A place that bases come from, by sources of its own type.

    Attributes:
        n: what a user can say of the number of training groups.
        test: of held-out groups; None where that is not the user's choice.
        default_n: training groups where the user does not say; None takes all.
        inputs: how a user names sources; none where puzzles are made from nothing.
        options: what it can be asked for; they become a part of the recipe.
        distinct: whether no two groups that it chooses are of one class.
        generates: whether the task generates what it chooses from.
        noun: what it drops, in the singular, for messages.
        advice: what a user can do about training groups that are twins of held-out ones.
    """

    n: Count
    test: Count | None = None
    default_n: int | None = None
    inputs: tuple[Input, ...] = ()
    options: tuple[Option, ...] = ()
    distinct: bool = True
    generates: bool = False
    noun: str = "puzzle"
    advice: str = ""

    @property
    def flags(self) -> str:
        """Its inputs as a user gives them, for messages."""
        return " or ".join(one.flag for one in self.inputs)

    def read(
        self, task: Task, given: Mapping[str, tuple[str, ...]], supply: Mapping[str, str] | None = None
    ) -> Sequence[Given]:
        """The sources that a user named, in the order in which the recipe is to note them.

        Args:
            task: with its options.
            given: values of the inputs that were given, by name; it may be empty.
            supply: the supplier's options that were given, some of which may say how a source is read.

        Raises:
            TrmpipeError: none are given, they do not go together, or one cannot be read.
        """
        return ()

    def read_again(
        self, task: Task, names: Sequence[str], paths: Sequence[str], supply: Mapping[str, str] | None = None
    ) -> Sequence[Given]:
        """Sources to make a corpus again from, in any order and role: they are told apart by their digests.

        Args:
            task: with its options.
            names: of the sources that the corpus was made from; those that are installed need not be among the paths.
            paths: what the user gives.
            supply: of the recipe.

        Raises:
            TrmpipeError: one cannot be read.
        """
        return ()

    @abstractmethod
    def choose(self, recipe: Request, sources: Sequence[Given], cluster: Cluster, progress: Progress) -> Bases:
        """Choose the bases of both splits: a pure function of the recipe and the sources.

        Args:
            recipe: what is asked for.
            sources: those that the recipe notes, in its order.
            cluster: runs functions on workers.
            progress: who is told how far it is.

        Raises:
            TrmpipeError: a puzzle is not as it should be, or there are fewer than were asked for.
        """
