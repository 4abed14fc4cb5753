"""What the trainer and the learners ask of a network.

All networks are ``torch.nn.Module``s and meet `Network`. What else one needs is its learner's affair: deep supervision
asks for `RecursiveNetwork`, one pass for `DirectNetwork`, token by token for `WritingNetwork`, elimination for
`CandidateNetwork`; a network may meet several.

Shapes: B batch, S sequence (in latents with the prefix slots of a network that has some), D width, V vocabulary,
I identifiers, N digits, T loops.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple, Protocol, cast

import torch
from msgspec import Meta
from torch import Tensor, nn

from ..errors import SettingError

Latents = Mapping[str, Tensor]
"""The states that recursion hands on, by the network's own names, such as ``z_H``: [S, B, D] each, in its dtype.

The batch is the second axis, as in all activations inside a network: see `layers`.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusSizes:
    """What a network must know of its data.

    Attributes:
        seq_len: tokens of an example.
        vocab_size: number of tokens, pad included.
        num_identifiers: number of puzzle identifiers, the blank one included.
        rows: of the grid that a sequence spells row by row; 0 where none is known, as in runs of before it was noted.
            It follows from the task, so sizes that differ in it alone are the same.
        columns: of that grid.
    """

    seq_len: Annotated[int, Meta(ge=1, le=1 << 16)]
    vocab_size: Annotated[int, Meta(ge=1, le=257)]
    num_identifiers: Annotated[int, Meta(ge=1, le=2**31 - 1)] = 1
    rows: Annotated[int, Meta(ge=0, le=1 << 16)] = field(default=0, compare=False)
    columns: Annotated[int, Meta(ge=0, le=1 << 16)] = field(default=0, compare=False)


def grid_of(sizes: CorpusSizes, setting: str, instead: str) -> tuple[int, int]:
    """Rows and columns of a corpus, for a network that has to know them.

    Args:
        sizes: of the corpus.
        setting: what needs them, such as ``model.positions rotary2d``.
        instead: a setting that does not.

    Raises:
        SettingError: they are not known.
    """
    grid = (sizes.rows, sizes.columns)
    if math.prod(grid) != sizes.seq_len:
        raise SettingError(
            f"{setting} needs the rows and columns of {sizes.seq_len} cells, and none are known; set {instead}"
        )
    return grid


class Network(Protocol):
    """What the trainer asks of every network."""

    @property
    def core(self) -> nn.Module:
        """The part where the work is: it is compiled, and Muon trains its matrices; several are an `nn.ModuleList`."""
        ...

    @property
    def puzzle_table(self) -> Tensor | None:
        """The puzzle embedding, float [I, D], a row for each identifier; None for a network without one.

        It is a buffer and no parameter: the trainer moves the rows of a batch by sign-SGD and looks at no others.
        """
        ...


class Outcome(NamedTuple):
    """What a supervision step came to.

    Attributes:
        latents: the new ones, with gradient; a learner that hands them on to its next step detaches them.
        logits: float32 [B, S, V] of the answer.
        halt: float32 [B], logits of the answer being right.
        go_on: float32 [B], logits of what Q-learning expects of going on; None for a network without such a head.
    """

    latents: Latents
    logits: Tensor
    halt: Tensor
    go_on: Tensor | None = None


class RecursiveNetwork(Network, Protocol):
    """A network that improves its answer step by step.

    One that draws from the keys that it is given has an attribute ``draws`` that is true, see `draws_at_random`.
    One whose outcomes have `Outcome.go_on` says so by an attribute ``has_continue_head`` that is true.
    One with several latents names the one that its answer is read from by an attribute ``answer_latent``, which those
    who look at its latents go by, see `answer_latent`.
    """

    def initial(self, keys: Tensor) -> Latents:
        """The latents that examples start from, without gradient.

        Args:
            keys: int64 [B], from which a network draws that starts at random; of others their number alone counts.
        """
        ...

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor) -> Outcome:
        """One supervision step.

        Args:
            latents: those of the step before; the gradient goes on into them where they have one.
            inputs: int64 [B, S] tokens.
            rows: float [B, D], the puzzle embeddings of the batch, None for a network without.
            keys: int64 [B], from which a network draws whose steps are noisy; others do not look at them.
        """
        ...


class AnchoredNetwork(RecursiveNetwork, Protocol):
    """A recursive network that may start at answers."""

    digits: range
    """The tokens that an answer may hold, the last ones of the vocabulary."""

    def at_answers(self, answers: Tensor, keys: Tensor) -> Latents:
        """Latents, without gradient, from which the answers int64 [B, S] could be read; keys as in `initial`."""
        ...


class DirectNetwork(Network, Protocol):
    """A network that answers in one pass."""

    def __call__(self, inputs: Tensor, rows: Tensor | None) -> Tensor:
        """Logits float32 [B, S, V] of the answers; arguments as in `RecursiveNetwork.step`."""
        ...


def draws_at_random(net: Any) -> bool:
    """Whether a network answers otherwise for other keys, which it declares by an attribute ``draws`` that is true."""
    return bool(getattr(net, "draws", False))


def answer_latent(net: Any, latents: Latents) -> str | None:
    """Name of the latent that a recursive network reads its answer from: what it declares, or the only one.

    None where it has several and does not say.
    """
    only = next(iter(latents)) if len(latents) == 1 else None
    name: str | None = getattr(net, "answer_latent", only)
    return name if name in latents else None


class WritingNetwork(Network, Protocol):
    """A network that writes its answer token by token."""

    def follow(self, inputs: Tensor, answers: Tensor, rows: Tensor | None) -> Tensor:
        """Logits float32 [B, S, V] of every token of `answers`, each by `inputs` and the tokens before it alone.

        Args:
            inputs: int64 [B, S] tokens.
            answers: int64 [B, S].
            rows: float [B, D], the puzzle embeddings of the batch, None for a network without.
        """
        ...

    def read(self, inputs: Tensor, rows: Tensor | None) -> tuple[Tensor, Any]:
        """Logits float32 [B, V] of the first token of the answers, and what `write` goes on from."""
        ...

    def write(self, tokens: Tensor, cache: Any) -> Tensor:
        """Logits float32 [B, V] of the next token of the answers.

        Args:
            tokens: int64 [B], the token that was chosen by the logits before.
            cache: what `read` gave; it takes the tokens in.
        """
        ...


class Deduction(NamedTuple):
    """What a network says of states of candidates, after each of T loops.

    Attributes:
        keep: float32 [T, B, S, N], logits of a candidate being both possible still and the solution's.
        digits: float32 [T, B, S, N], logits of which digit stands in a cell.
        contradiction: float32 [T, B], logits of the state having lost its solution.
    """

    keep: Tensor
    digits: Tensor
    contradiction: Tensor

    def after_all_loops(self) -> "Deduction":
        """What is said at last, and what a solver goes by: [B, S, N], [B, S, N] and [B], without gradient."""
        return Deduction(self.keep[-1].detach(), self.digits[-1].detach(), self.contradiction[-1].detach())


class CandidateNetwork(Network, Protocol):
    """A network that is shown which digits are still possible in every cell, and says which of them are not.

    It says too how its data is to be read, so that a learner need not know the task.
    """

    num_cells: int
    """S, all of which hold a digit in a solution."""
    digits: range
    """The tokens that may stand in a cell, the last N of the vocabulary; a puzzle asks for cells that hold others."""

    def eliminate(
        self, candidates: Tensor, inputs: Tensor, rows: Tensor | None, num_loops: int, keys: Tensor
    ) -> Deduction:
        """Look at states of candidates.

        Args:
            candidates: bool [B, S, N], which digits are still possible.
            inputs: int64 [B, S] tokens.
            rows: float [B, D], the puzzle embeddings of the batch, None for a network without.
            num_loops: T, how often the network goes over a state.
            keys: int64 [B], from which a network draws that is noisy; others do not look at them.
        """
        ...


def device_of(net: Network) -> torch.device:
    """Where a network's parameters are."""
    return next(cast(nn.Module, net).parameters()).device


def puzzle_rows(net: Network, identifiers: Tensor) -> Tensor | None:
    """Puzzle embeddings [B, D] of `identifiers` int64 [B], a copy without gradient; None where there are none."""
    return None if net.puzzle_table is None else net.puzzle_table[identifiers]
