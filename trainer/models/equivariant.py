"""The equivariant cell: a latent vector for every candidate, and weights that know neither digits nor places.

A candidate is a cell and a digit that might stand there. All candidates share one small network: it sees a
candidate's own vector and the sums over the units that it is in (see `units`). So a puzzle that is turned into another
one by exchanging digits, or rows and columns as Sudoku allows, has the same answer so turned, exactly, trained or not;
and the weights are of no size: those that 9x9 taught are asked at 4, 6 or 16 as they are.

A supervision step is a few layers, called once or several times; each call is given the puzzle anew.

Shapes: B batch, S = n * n cells, V vocabulary, D width, M candidates that are computed; latents are [n**3, B, D],
candidates by row, column, digit.
Sources: the digits as an axis with shared weights are DEC's (Fixed-Point-Reasoner-Structures) and SE-RRM's; sums over
units are the linear maps that the symmetries leave, as in deep sets (arXiv 1703.06114).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trmpipe.shards.words import counted

from ..checks import at_least, one_of, share
from ..errors import SettingError
from ..parts import Part, later
from ..widening import wide
from .blocks import MOST_REPEATS
from .candidate_draws import CandidateDraws
from .candidate_heads import CandidateHeads
from .candidate_lists import CandidateList, UnitTables, list_of, list_of_all, unit_messages
from .layers import trunc_normal
from .net import CorpusSizes, Deduction, Latents, Outcome
from .noise import keys_at, normal
from .recursion import HaltingHead
from .units import grid_of

_MOST_WIDTH = 1 << 14
_THIS, _OTHER, _NO_DIGIT = 0, 1, 2
"""What a cell says of a candidate: it holds this digit, another one, or a token that is no digit, from here on."""
_Z, _START = "z", 0
"""The name of the latents; the number of the draw of where they start, see `CandidateDraws` for others."""
ACTIVATIONS = {"relu": F.relu, "silu": F.silu}
_MOST_DROPOUT = 0.9
_ALL, _POSSIBLE = "all", "possible"
_GAINS = {_ALL: 2 / 9, _POSSIBLE: 1 / 2}
"""Of the sums over units, so that messages begin about as large as a candidate's own vector; alike for all sizes."""
_SURE = 30.0
"""Logit of a digit that is given, and less that of a candidate which is not computed."""
_KINDS = ("lines", "lines", "cells", "boxes")
"""What weights each kind of unit has, in the order of `Grid.units`: rows and columns the same, so that a puzzle may be
turned on its side too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EquivariantConfig:
    """Sizes of an equivariant cell.

    Attributes:
        width: D, numbers of every candidate.
        message: numbers that a candidate is sent by its units.
        inner: inner width of the MLP.
        num_layers: layers of a call.
        calls: calls of a supervision step, all of them differentiated.
        activation: ``"relu"`` or ``"silu"``.
        box_rows: rows of a box; 0 for the boxes that are nearest to squares (2 x 3 at 6), 1 for none.
        candidates: which of them are computed: ``"all"``, or ``"possible"``, those that no given digit of their row,
            column, box or cell excludes; the network is then told so much of the rules, and a third is left to compute.
            How many those are the host has to know, so a GPU is waited for twice in every supervision step, and
            steps are not compiled.
        start_noise: deviation of what is drawn for every number of every candidate's first latent, in training and
            evaluation; 0 for latents that begin alike. Candidates that the puzzle does not tell apart then differ, and
            another draw is another attempt; a relabelled puzzle has the same answer if its draws are relabelled too.
        dropout: chance that an inner number of the MLPs is left out of all candidates of a puzzle for a supervision
            step of training, from 0 to .9, rounded to 256ths; against learning a small corpus by heart.
        damping: share of the old latent that a call keeps, as in `eqr`.
        noise: deviation of the noise that a call adds to every number of every computed candidate, in training alone.
    """

    width: int = 24
    message: int = 16
    inner: int = 96
    num_layers: int = 2
    calls: int = 1
    activation: str = "relu"
    box_rows: int = 0
    candidates: str = later(_ALL)
    start_noise: float = later(0.0)
    dropout: float = later(0.0)
    damping: float = later(0.0)
    noise: float = later(0.0)

    def __post_init__(self) -> None:
        at_least(1, self, "model", "num_layers", "calls", most=MOST_REPEATS)
        at_least(1, self, "model", "width", "message", "inner", most=_MOST_WIDTH)
        at_least(0, self, "model", "box_rows", most=_MOST_WIDTH)
        at_least(0, self, "model", "start_noise", "noise")
        share(self, "model", "dropout", most=_MOST_DROPOUT)
        share(self, "model", "damping")
        one_of("model.activation", self.activation, ACTIVATIONS)
        one_of("model.candidates", self.candidates, _GAINS)

    def describe(self) -> str:
        """A few words for the line that training begins with."""
        calls = f" x {self.calls}" if self.calls > 1 else ""
        return f"width {self.width}, {counted(self.num_layers, 'layer')}{calls} a step"


class EquivariantLayer(nn.Module):
    """Messages from the units, an MLP on them and a candidate's own vector, and a norm over the sum.

    Args:
        config: its sizes.
        kinds: of units.
        generator: the source of the initial weights, on the CPU.
    """

    def __init__(self, config: EquivariantConfig, kinds: int, *, generator: torch.Generator) -> None:
        super().__init__()
        width, message, inner = config.width, config.message, config.inner
        self.activation, self.gain = ACTIVATIONS[config.activation], _GAINS[config.candidates]
        self.raised = 1 / (1 - round(256 * config.dropout) / 256)
        self.kinds = _KINDS[:kinds]
        self.units = nn.ParameterDict(
            {
                kind: nn.Parameter(trunc_normal((message, width), 1 / math.sqrt(width), generator))
                for kind in dict.fromkeys(self.kinds)
            }
        )
        self.up_own = nn.Parameter(trunc_normal((inner, width), 1 / math.sqrt(width + message), generator))
        self.up_units = nn.Parameter(trunc_normal((inner, message), 1 / math.sqrt(width + message), generator))
        self.down = nn.Parameter(trunc_normal((width, inner), 1 / math.sqrt(inner), generator))

    def forward(self, z: Tensor, among: CandidateList, left_out: Tensor | None = None) -> Tensor:
        """Map `z` [M, D] to [M, D].

        Args:
            z: vectors of the candidates.
            among: the candidates.
            left_out: bool [M, inner], of the inner numbers; the others are raised, so that their sum stays as large.
        """
        dtype = z.dtype
        matrices = torch.stack([self.units[kind] for kind in self.kinds]).mT.to(dtype)
        told = unit_messages(z, matrices * self.gain, among)
        inner = self.activation(torch.addmm(z @ self.up_own.to(dtype).T, told, self.up_units.to(dtype).T))
        down = self.down.to(dtype).T
        if left_out is None:
            changed = torch.addmm(z, inner, down)
        else:
            changed = torch.addmm(z, inner.masked_fill(left_out, 0), down, alpha=self.raised)
        return F.layer_norm(changed, z.shape[1:])


class EquivariantLevel(nn.Module):
    """The layers of a call; see `EquivariantLayer` for its arguments."""

    def __init__(self, config: EquivariantConfig, kinds: int, *, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            EquivariantLayer(config, kinds, generator=generator) for _ in range(config.num_layers)
        )

    def forward(self, z: Tensor, among: CandidateList, left_out: Sequence[Tensor | None]) -> Tensor:
        """Map `z` [M, D] to [M, D]; see `EquivariantLayer.forward` for `left_out`, of every layer."""
        for layer, one in zip(self.layers, left_out, strict=True):
            z = layer(z, among, one)
        return z


class Equivariant(nn.Module):
    """The network: `RecursiveNetwork`, `DirectNetwork` and `CandidateNetwork`; it has no puzzle embeddings.

    Args:
        config: its sizes.
        sizes: of the corpus: as many rows as columns, and one token a digit, the last ones of the vocabulary.
        generator: the source of the initial weights, on the CPU.
        dtype: of the forward pass; weights are float32.

    Raises:
        SettingError: the corpus has no such grid.
    """

    has_continue_head = True
    puzzle_table = None
    start: Tensor
    units: Tensor
    members: Tensor

    def __init__(
        self,
        config: EquivariantConfig,
        sizes: CorpusSizes,
        *,
        generator: torch.Generator,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        super().__init__()
        self.config, self.dtype = config, dtype
        self.grid = grid_of(sizes, config.box_rows)
        self.num_others = sizes.vocab_size - self.grid.n
        width = config.width
        self.embedding = nn.Parameter(trunc_normal((_NO_DIGIT + self.num_others, width), 1.0, generator))
        self.level = EquivariantLevel(config, self.grid.kinds, generator=generator)
        self.digit_head = nn.Parameter(trunc_normal((1, width), 1 / math.sqrt(width), generator))
        self.other_head = nn.Parameter(torch.zeros(self.num_others, width))
        self.q_head = HaltingHead(width)
        self.register_buffer("start", trunc_normal((width,), 1.0, generator))
        self.candidate_heads = CandidateHeads(width, generator=generator)
        tables = UnitTables.of(self.grid)
        self.register_buffer("units", tables.units, persistent=False)
        self.register_buffer("members", tables.members, persistent=False)
        self.num_cells = self.grid.n**2
        self.digits = range(self.num_others, sizes.vocab_size)

    @property
    def core(self) -> nn.Module:
        """The layers of a call, worth compiling."""
        return self.level

    @property
    def draws(self) -> bool:
        """Whether the latents start at random."""
        return self.config.start_noise > 0

    def initial(self, keys: Tensor) -> Latents:
        """`z` [n**3, B, D], alike for all candidates but for what is drawn."""
        start, noise = self.start.to(self.dtype), self.config.start_noise
        sizes = (self.grid.candidates, self.config.width)
        drawn = noise * normal(keys, _START, *sizes, self.dtype) if noise else start.new_zeros(())
        return {_Z: (start + drawn).expand(sizes[0], len(keys), -1)}

    def step(self, latents: Latents, inputs: Tensor, rows: Tensor | None, keys: Tensor | None = None) -> Outcome:
        """One supervision step; see `RecursiveNetwork.step` for shapes.

        Raises:
            SettingError: in training, there is dropout or noise, and no keys to draw it from.
        """
        said = self._said(inputs)
        chosen = self._chosen(said)
        z = self._called(latents[_Z], self.embed(said), self._list(said, chosen), keys)
        return Outcome({_Z: z}, self._answer(z, said, chosen), *self.q_head(z.mean(0)))

    def forward(self, inputs: Tensor, rows: Tensor | None) -> Tensor:
        """Logits [B, S, V] of a single supervision step: `DirectNetwork`.

        Raises:
            SettingError: latents start at random, and there are no keys to draw them from.
        """
        if self.draws:
            raise SettingError("model.start_noise has to draw, and this learner does not; set model.start_noise=0")
        return self.step(self.initial(inputs[:, 0]), inputs, rows).logits

    def eliminate(
        self, candidates: Tensor, inputs: Tensor, rows: Tensor | None, num_loops: int, keys: Tensor | None = None
    ) -> Deduction:
        """What is left of states of candidates, a supervision step a loop; see `CandidateNetwork`.

        Every round starts from a draw of its own where the latents start at random.
        """
        said = self._said(inputs)
        chosen = self._chosen(said, candidates)
        among, x = self._list(said, chosen), self.candidate_heads.mark(self.embed(said), candidates)
        z, found = self.initial(inputs[:, 0] if keys is None else keys)[_Z], []
        for loop in range(num_loops):
            z = self._called(z, x, among, None if keys is None else keys_at(keys, loop))
            keep, digits, lost = self.candidate_heads(z, self.digit_head, self.grid.n)
            found.append((*(_settled(logits, said, chosen) for logits in (keep, digits)), lost))
        return Deduction(*(torch.stack(one) for one in zip(*found, strict=True)))

    def embed(self, said: Tensor) -> Tensor:
        """The vectors [n**3, B, D] of what the puzzle says of every candidate, see `_said`."""
        return F.embedding(said, self.embedding).to(self.dtype)

    def _said(self, inputs: Tensor) -> Tensor:
        """What each cell says of its candidates, int64 [n**3, B], from `inputs` [B, S]."""
        cells = inputs.T.unsqueeze(1)
        digits = torch.arange(self.num_others, self.num_others + self.grid.n, device=inputs.device).view(1, -1, 1)
        given = torch.where(cells == digits, _THIS, _OTHER)
        return torch.where(cells < self.num_others, cells + _NO_DIGIT, given).flatten(0, 1)

    def _chosen(self, said: Tensor, candidates: Tensor | None = None) -> Tensor | None:
        """The candidates to compute, bool [n**3, B], of those of a state [B, S, n] where there is one; None for all."""
        if self.config.candidates == _ALL:
            return None
        possible = ~UnitTables(self.units, self.members).excluded(said == _THIS)
        return possible if candidates is None else possible & candidates.flatten(1).T

    def _list(self, said: Tensor, chosen: Tensor | None) -> CandidateList:
        tables = UnitTables(self.units, self.members)
        return list_of_all(tables, said.shape[1]) if chosen is None else list_of(tables, chosen)

    def _called(self, z: Tensor, x: Tensor, among: CandidateList, keys: Tensor | None) -> Tensor:
        """The latents after the calls of a step, each of which is given the puzzle `x` anew; [n**3, B, D] both."""
        config, own, told = self.config, among.taken(z), among.taken(x)
        draws = self._draws(among, keys)
        left_out = [self._left_out(draws, layer) for layer in range(config.num_layers)]
        for call in range(config.calls):
            called = self.level(F.layer_norm(own + told, (config.width,)), among, left_out)
            own = config.damping * own + (1 - config.damping) * called if config.damping else called
            if draws is not None and config.noise:
                own = own + config.noise * draws.normal(call, config.width, own.dtype)
        return among.put(z, own)

    def _draws(self, among: CandidateList, keys: Tensor | None) -> CandidateDraws | None:
        """What a step of training draws from; None where it draws nothing.

        Raises:
            SettingError: something is to be drawn, and the learner gives nothing to draw it from.
        """
        asked = [name for name in ("dropout", "noise") if getattr(self.config, name)]
        if not (self.training and asked):
            return None
        if keys is None:
            raise SettingError(f"model.{asked[0]} has to draw, and this learner does not; set model.{asked[0]}=0")
        return CandidateDraws.of(among, keys, self.grid.candidates)

    def _left_out(self, draws: CandidateDraws | None, layer: int) -> Tensor | None:
        """What a layer leaves out during a step, bool [M, inner]; None where nothing is left out."""
        inner, chance = self.config.inner, self.config.dropout
        return draws.left_out(layer, inner, chance) if draws is not None and chance else None

    def _answer(self, z: Tensor, said: Tensor, chosen: Tensor | None) -> Tensor:
        """Logits [B, S, V], float32 or wider, from `z` [n**3, B, D]."""
        n, batch = self.grid.n, z.shape[1]
        digits = F.linear(z, self.digit_head.to(z.dtype)).view(n * n, n, batch).permute(2, 0, 1)
        cells = z.view(n * n, n, batch, -1).mean(1)
        others = F.linear(cells, self.other_head.to(z.dtype)).transpose(0, 1)
        return torch.cat((wide(others), _settled(wide(digits), said, chosen)), dim=-1)


def _settled(logits: Tensor, said: Tensor, chosen: Tensor | None) -> Tensor:
    """`logits` [B, S, n] of candidates, those that are not computed as sure as the puzzle says; see `Equivariant`."""
    if chosen is None:
        return logits
    batch, cells, n = logits.shape
    computed, given = (one.view(cells, n, batch).permute(2, 0, 1) for one in (chosen, said == _THIS))
    return torch.where(computed, logits, torch.where(given, _SURE, -_SURE).to(logits.dtype))


PART = Part(config=EquivariantConfig, build=Equivariant, any_size=True)
