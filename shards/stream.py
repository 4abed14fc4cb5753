"""The training stream: the batch at step s as a pure function of (corpora, seed, batch size, s).

Step s covers the positions s B to (s + 1) B of the global order, B the global batch size; rank r of w reads the r-th of
w equal runs of them. So the sequence of global batches is the same for any number of ranks and of loader workers.

`benchmarks/stream_rate.py` measures it: about 4 million examples of 81 cells a CPU-second from memory, half of it for
the order, half for the copy. A stream is used by one thread at a time.

A torch ``DataLoader(stream, batch_size=None)`` takes it as it is, as a data set whose item i is the batch at step i;
what it needs of torch is in `for_torch`.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .corpus import Corpus
from .curriculum import Curriculum, easiest_first
from .curriculum_order import CurriculumOrder
from .digests import json_digest, sha256_hex
from .errors import CorpusError, StateError
from .examples import BLANK_IDENTIFIER, Batch
from .for_torch import as_torch
from .kernels import draw_alternatives, find_rows, gather_rows, order_window
from .order import SAMPLINGS, WITH_REPLACEMENT, Order
from .seen import Seen, seen_variants
from .spans import answers_to_draw, first_identifiers, of_groups, training_spans, variant_counts
from .table import Holder, WholeHolder
from .windows import WindowHolder

if TYPE_CHECKING:
    import torch

STATE_VERSION = 2
DEFAULT_MEMORY_LIMIT_BYTES = 2 << 30


class Stream:
    """Batches of the training groups of one or more corpora, without end.

    Args:
        corpora: one, or several from `open_corpora`; their groups are counted on in this order.
        seed: 0 <= seed < 2**64.
        batch_size: examples of a global batch, all ranks together.
        rank: which run of every batch this process reads, 0 <= rank < world_size.
        world_size: number of ranks; divides `batch_size`.
        num_groups: train on the first so many groups, by default all.
        num_variants: use the first so many variants of each group (the base included), by default all.
        sampling: ``"blocks"``: every variant once before one comes again, in windows (see `order`); or
            ``"published"``: a uniformly drawn variant for each group and epoch.
        memory_limit_bytes: a training set up to this size is read once and kept.
        curriculum: which groups take part at which step, and how often; None for all in every epoch. The order is
            another one then, see `curriculum_order`.

    Raises:
        CorpusError: a number is out of its range, the memory does not suffice, or a curriculum finds no ratings.
    """

    def __init__(
        self,
        corpora: Corpus | Sequence[Corpus],
        *,
        seed: int,
        batch_size: int,
        rank: int = 0,
        world_size: int = 1,
        num_groups: int | None = None,
        num_variants: int | None = None,
        sampling: str = "blocks",
        memory_limit_bytes: int = DEFAULT_MEMORY_LIMIT_BYTES,
        curriculum: Curriculum | None = None,
    ) -> None:
        corpora = [corpora] if isinstance(corpora, Corpus) else corpora
        _check_numbers(seed, batch_size, rank, world_size, num_variants, sampling)
        # One type for all seeds, so that the kernels are compiled once.
        self._seed: int = np.uint64(seed)  # type: ignore[assignment]
        self._batch_size = batch_size
        self._rank = rank
        self._world_size = world_size
        self._spans = training_spans(corpora, num_groups)
        self._counts = variant_counts(self._spans, num_variants)
        self._sizes = of_groups(self._spans, lambda layout: layout.examples)
        self._answers = answers_to_draw(self._spans)
        # Of several answers to one puzzle an epoch shows one.
        self._shown = np.where(self._answers > 0, 1, self._sizes)
        self._first_identifiers = first_identifiers(self._spans)
        self._has_identifiers = bool(self._first_identifiers.any())
        self._num_identifiers = 1 + sum(corpus.num_identifiers - 1 for corpus in corpora)
        self._seq_len = corpora[0].spec.seq_len
        self._sampling = sampling
        self._curriculum = curriculum
        self._ranked = easiest_first(self._spans) if curriculum else None
        self._order = self._make_order()
        self._memory_limit_bytes = memory_limit_bytes
        self._holder = self._make_holder()
        self._step = 0
        self._config = self._make_config(seed, num_variants)

    @property
    def num_groups(self) -> int:
        """Groups of an epoch."""
        return len(self._counts)

    @property
    def num_puzzles(self) -> int:
        """Variants of all groups together."""
        return int(self._counts.sum())

    @property
    def epoch_size(self) -> int:
        """Examples of an epoch: those of one variant of every group, or one of them where they are alternatives."""
        return int(self._shown.sum())

    @property
    def num_identifiers(self) -> int:
        """Puzzle identifiers of all corpora together, the blank one included."""
        return self._num_identifiers

    @property
    def batch_size(self) -> int:
        """Examples of a global batch."""
        return self._batch_size

    @property
    def curriculum(self) -> Curriculum | None:
        """Which groups take part when; None for all of them from the first epoch on."""
        return self._curriculum

    @property
    def in_memory(self) -> bool:
        """Whether the training set is read once and kept, so that a batch takes no time to speak of."""
        return isinstance(self._holder, WholeHolder)

    @property
    def step(self) -> int:
        """The step that iteration gives next."""
        return self._step

    @property
    def fingerprint(self) -> str:
        """Hex digest of all that the sequence of global batches depends on."""
        return json_digest({**self._config, "version": STATE_VERSION})

    def batch(self, step: int) -> Batch:
        """This rank's part of the global batch at `step`, B / w examples.

        Raises:
            DamagedError: a shard that it needs is missing, cut off or changed.
        """
        size = self._batch_size // self._world_size
        start = step * self._batch_size + self._rank * size
        groups, variants, examples = self.positions(start, size)
        index = np.empty(size, np.int64)
        inputs = np.empty((size, self._seq_len), np.uint8)
        labels = np.empty((size, self._seq_len), np.uint8)
        for epoch, run in self._order.epochs(start, size):
            holder = self._holder
            holder.hold(epoch)
            find_rows(groups[run], variants[run], examples[run], self._sizes, holder.starts, holder.rows, index[run])
            gather_rows(holder.table, index[run], inputs[run], labels[run])
        return Batch(
            inputs=inputs,
            labels=labels,
            identifiers=self._identifiers(groups, variants),
            groups=groups,
            variants=variants,
            examples=examples,
        )

    def positions(self, start: int, count: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Groups, variants and examples, int64 [count] each, of the global positions from `start` on; reads no data."""
        groups, variants, examples = self._order.at(start, count)
        if self._answers.any():
            draw_alternatives(self._seed, start, groups, self._answers, examples)
        return groups, variants, examples

    def seen(self, step: int) -> Seen:
        """How many of the variants the global batches before `step` have shown; reads no data."""
        repeats, num_examples = self._sampling in WITH_REPLACEMENT, step * self._batch_size
        return seen_variants(self._order, self._counts, repeats=repeats, num_examples=num_examples)

    def __getitem__(self, step: int) -> "dict[str, torch.Tensor]":
        """The batch at `step` as int64 tensors by name, as a ``DataLoader`` asks for it.

        Since a batch is a function of its step, the sequence is the same for any number of the loader's workers. Which
        steps are read is the loader's `sampler`: ``DataLoader(stream, batch_size=None, sampler=range(100, 200))``.
        """
        if step < 0:
            raise IndexError(f"there is no step {step}; the first is 0")
        return as_torch(self.batch(step))

    def __len__(self) -> int:
        """Steps without end: as many as Python can count."""
        return sys.maxsize

    def __iter__(self) -> Iterator[Batch]:
        """Batches from the present step on; `get_state` after a batch says where to go on."""
        while True:
            batch = self.batch(self._step)
            self._step += 1
            yield batch

    def seek(self, step: int) -> None:
        """Go on from `step`, for those who read by `batch`; iteration moves by itself."""
        self._step = step

    def get_state(self) -> dict[str, Any]:
        """Where the stream stands: JSON, the same on every rank."""
        return {
            "version": STATE_VERSION,
            "step": self._step,
            "fingerprint": self.fingerprint,
            "config": self._config,
        }

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Go on where `get_state` was called, by any number of ranks.

        Raises:
            StateError: the state belongs to another corpus, seed, batch size, subset, sampling, curriculum or version.
        """
        if state.get("version") != STATE_VERSION:
            raise StateError(
                f"the stream's state has version {state.get('version')}, this trmpipe reads {STATE_VERSION}; "
                "start a new run or use the trmpipe that wrote it"
            )
        config = state.get("config", {})
        for name in {**self._config, **config}:
            there, here = config.get(name), self._config.get(name)
            if there != here:
                raise StateError(
                    f"the stream's state was saved with {name} {there}, here it is {here}; "
                    "use the same corpus and options, or start a new run"
                )
        if state.get("fingerprint") != self.fingerprint:
            raise StateError("the stream's state does not fit its own fingerprint; start a new run")
        self._step = int(state["step"])

    def __getstate__(self) -> dict[str, Any]:
        """Without the rows: a copy in another process reads its own."""
        return {name: value for name, value in self.__dict__.items() if name != "_holder"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._holder = self._make_holder()

    def _make_config(self, seed: int, num_variants: int | None) -> dict[str, Any]:
        """All that the sequence of global batches depends on, as plain values."""
        config = {
            "corpora": [span.corpus.manifest.content_digest for span in self._spans],
            "seed": seed,
            "batch_size": self._batch_size,
            "num_groups": self.num_groups,
            "num_variants": num_variants,
            "sampling": self._sampling,
            "order_window": order_window(self._seq_len),
        }
        if self._curriculum is None or self._ranked is None:
            return config
        # The content digest of a corpus is not one of its ratings.
        ranking = sha256_hex(self._ranked.astype("<i8").tobytes())
        return {**config, "curriculum": self._curriculum.words(), "ranking": ranking}

    def _make_order(self) -> Order | CurriculumOrder:
        if self._curriculum is None or self._ranked is None:
            return Order(self._seed, self._counts, self._shown, self._sampling, order_window(self._seq_len))
        return CurriculumOrder(
            self._seed,
            self._counts,
            self._shown,
            sampling=self._sampling,
            ranked=self._ranked,
            curriculum=self._curriculum,
            batch_size=self._batch_size,
        )

    def _make_holder(self) -> Holder:
        total_bytes = int((self._counts * self._sizes).sum()) * 2 * self._seq_len
        if total_bytes <= self._memory_limit_bytes:
            return WholeHolder(self._spans, self._counts, self._sizes, self._seq_len)
        if self._sampling == "published" or self._curriculum:
            what, instead = (
                ("a curriculum", "leave the curriculum out")
                if self._curriculum
                else ("published sampling", "use sampling='blocks'")
            )
            raise CorpusError(
                f"{what} reads anywhere, so all {total_bytes} bytes of the training set must fit memory_limit_bytes, "
                f"which is {self._memory_limit_bytes}; train on fewer groups (--groups) or variants (--variants), "
                f"{instead}, or, in Python, give the Stream a larger memory_limit_bytes"
            )
        return WindowHolder(
            self._spans,
            self._counts,
            self._sizes,
            self._seq_len,
            window_size=order_window(self._seq_len),
            seed=self._seed,
            memory_limit_bytes=self._memory_limit_bytes,
        )

    def _identifiers(self, groups: NDArray[np.int64], variants: NDArray[np.int64]) -> NDArray[np.int32]:
        """int32 [N]: puzzle identifiers of puzzles."""
        if not self._has_identifiers:
            return np.full(len(groups), BLANK_IDENTIFIER, np.int32)
        return (self._first_identifiers[groups] + variants).astype(np.int32)


def _check_numbers(
    seed: int, batch_size: int, rank: int, world_size: int, num_variants: int | None, sampling: str
) -> None:
    if not 0 <= seed < 2**64:
        raise CorpusError(f"the seed is {seed}; give one from 0 to 2**64 - 1")
    if batch_size < 1 or world_size < 1 or batch_size % world_size:
        raise CorpusError(
            f"a batch of {batch_size} cannot be split over {world_size} ranks; give a positive multiple of the ranks"
        )
    if not 0 <= rank < world_size:
        raise CorpusError(f"rank {rank} is not one of {world_size} ranks; give 0 to {world_size - 1}")
    if num_variants is not None and num_variants < 1:
        raise CorpusError(f"{num_variants} variants leave nothing to train on; give at least 1, the base")
    if sampling not in SAMPLINGS:
        raise CorpusError(f"no sampling is called {sampling!r}; known: {', '.join(sorted(SAMPLINGS))}")
