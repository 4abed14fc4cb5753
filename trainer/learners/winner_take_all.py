"""Winner take all: several chains work on an example, and a step teaches the one that is nearest to its answer.

Each chain has a latent of its own, drawn by the keys; all other latents are shared. After a supervision step the chain
of the lowest loss gives the loss, the gradient, the halting and the shared latents from which all go on. A chain whose
own latent has come close to another's is given a fresh draw, so that they stay different tries.

An answer takes one chain or several, each going on from its own latents, as nobody knows their losses: the answer after
a step is that of the chain that is surest, the one of the highest halting logit.

It takes any recursive network that has the latent that chains are to have for themselves. How puzzles come and go is
said in `slots`.

Shapes: B slots of this rank, b those of a slice, K chains, S sequence, D width.
Source: "Speed is Confidence", arXiv 2601.19085.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ..checks import at_least, one_of, share
from ..errors import SettingError
from ..judging import Judge
from ..losses import LOSSES, example_loss, halting_loss
from ..models import Latents, RecursiveNetwork, puzzle_rows
from ..models.noise import keys_at
from ..parts import Part
from .chains import apart, by_example, drawn_starts, keys_of_chains, of_chain, side_by_side, too_close
from .learner import Answer, Lesson, Move, Tensors
from .residual import residual
from .slots import SlotLearner

_SHARED, _OWN = "latents.", "chains."
"""Begin the names of the latents in the state: [B, S, D] of those that are shared, [B, K, S, D] of the chains' own."""
_START, _FRESH = 1 << 31, (1 << 31) + 1
"""Numbers of draws, beyond those of any network."""
_MOST_CHAINS = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class WinnerTakeAllConfig:
    """How many chains work on an example and for how long, and what is minimised.

    Attributes:
        loss: what is minimised of every token, a cross-entropy: ``"stablemax"``, ``"softmax"``, ``"smoothed"``, that is
            softmax against labels a fifth of which is spread over all tokens, or a package's.
        halt_weight: weight of the loss of halting, knowing when the answer is right, beside that of the tokens.
        halt_max_steps: supervision steps that a puzzle stays in training at most; evaluation has `evaluation.steps`.
        halt_exploration: chance that a puzzle has to stay for a number of supervision steps drawn at random.
        num_chains: K, chains that work on an example in training; a batch of so many examples times K is computed.
        own_latent: name of the latent that every chain has for itself; the model's other latents are shared.
        closeness: cosine of two chains' own latents above which one of them begins anew; 1 for never.
        answer_chains: chains that work on an answer, of which the surest answers; 0 for as many as in training.
    """

    loss: str = "softmax"
    halt_weight: float = 0.5
    halt_max_steps: int = 16
    halt_exploration: float = 0.1
    num_chains: int = 4
    own_latent: str = "z_L"
    closeness: float = 0.95
    answer_chains: int = 0

    def __post_init__(self) -> None:
        one_of("learner.loss", self.loss, LOSSES.names())
        at_least(0, self, "learner", "halt_weight")
        at_least(1, self, "learner", "halt_max_steps")
        at_least(1, self, "learner", "num_chains", most=_MOST_CHAINS)
        at_least(0, self, "learner", "answer_chains", most=_MOST_CHAINS)
        share(self, "learner", "halt_exploration", "closeness")


class WinnerTakeAll(SlotLearner):
    """The learner.

    Its metrics are ``loss``, ``halt_loss``, the judge's columns and ``supervision_steps``, all of the winners; further
    ``mean_loss`` of all chains, and ``replaced``, how many of an example's chains began anew.

    Args:
        config: of the learner.
        seed: root seed of the run, for exploration and the chains.
        max_steps: not used, as all steps are alike.
    """

    starts_at_random = True

    def __init__(self, config: WinnerTakeAllConfig, *, seed: int, max_steps: int) -> None:
        super().__init__(seed=seed, exploration=config.halt_exploration)
        self.config = config
        self._token_loss = LOSSES[config.loss]

    def starts(self, net: RecursiveNetwork, keys: Tensor, count: int = 0) -> Tensors:
        """The network's initial latents, and a drawn one for every chain; see `SlotLearner.starts`.

        Args:
            net: the network.
            keys: int64 [B].
            count: chains; 0 for as many as in training.

        Raises:
            SettingError: the network has no latent of the name that the chains' own one has.
        """
        found, own = net.initial(keys), self.config.own_latent
        if own not in found:
            raise SettingError(
                f"learner.own_latent is {own!r}, which this model has not; take one of {', '.join(found)}"
            )
        shared = {_SHARED + name: z.transpose(0, 1) for name, z in found.items() if name != own}
        return {**shared, _OWN + own: drawn_starts(keys, _START, count or self.config.num_chains, found[own])}

    def longest_stay(self, step: int) -> int:
        """Always the same; see `SlotLearner.longest_stay`."""
        return self.config.halt_max_steps

    def learn(self, net: RecursiveNetwork, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """One supervision step of all chains; see `Learner.learn`."""
        count = self.config.num_chains
        inputs, labels, keys = work["inputs"], work["labels"], work["keys"]
        told, known = (tokens.repeat_interleave(count, 0) for tokens in (inputs, labels))
        rows = None if embeddings is None else embeddings.repeat_interleave(count, 0)
        latents, logits, halt, _ = net.step(_side_by_side(work, count), told, rows, keys_of_chains(keys, count))
        losses = by_example(example_loss(self._token_loss(logits, known), known), count)
        winner = losses.detach().argmin(1)
        loss, sure = of_chain(losses, winner), of_chain(by_example(halt, count), winner)
        answers = of_chain(by_example(logits.detach().argmax(-1), count), winner)
        verdict = judge(inputs, labels, answers)
        halt_loss = halting_loss(sure, verdict.solved)
        left, replaced = self._after(latents, winner, losses.detach(), keys)
        state = self.held(work, left, sure.detach())
        return Lesson(
            loss=loss + self.config.halt_weight * halt_loss,
            state=state,
            metrics={
                "loss": loss.detach(),
                "halt_loss": halt_loss.detach(),
                **verdict.columns,
                "supervision_steps": state["steps"],
                "mean_loss": losses.detach().mean(1),
                "replaced": replaced,
            },
        )

    def answers(
        self, net: RecursiveNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor
    ) -> Iterator[Answer]:
        """What the surest chain says after every supervision step; see `Learner.answers`."""
        count = self.config.answer_chains or self.config.num_chains
        own = keys_of_chains(keys, count)
        latents: Latents = _side_by_side(self.starts(net, keys, count), count)
        told, named = (tokens.repeat_interleave(count, 0) for tokens in (inputs, identifiers))
        rows = puzzle_rows(net, named)
        for step in range(num_steps):
            before = latents
            latents, logits, halt, _ = net.step(latents, told, rows, keys_at(own, step))
            moved = residual(before, latents)
            surest = by_example(halt, count).argmax(1)
            logits, halt, moved = (of_chain(by_example(x, count), surest) for x in (logits, halt, moved))
            move = Move(_of_chain(before, surest, count), _of_chain(latents, surest, count))
            yield Answer(logits.argmax(-1), halt, logits, moved, move=move)

    @torch.no_grad()
    def _after(self, latents: Latents, winner: Tensor, losses: Tensor, keys: Tensor) -> tuple[Tensors, Tensor]:
        """The latents that a step leaves, by their names in the state; and how many chains began anew, [b]."""
        count, own = self.config.num_chains, self.config.own_latent
        shared = {_SHARED + name: of_chain(apart(z, count), winner) for name, z in latents.items() if name != own}
        z = apart(latents[own], count)
        replaced = too_close(z, losses, self.config.closeness)
        fresh = drawn_starts(keys, _FRESH, count, latents[own])
        return {**shared, _OWN + own: torch.where(replaced[:, :, None, None], fresh, z)}, replaced.sum(1)


def _side_by_side(work: Tensors, count: int) -> Latents:
    """The latents of all chains in the network's layout, the shared ones once for each."""
    own = {name.removeprefix(_OWN): side_by_side(z) for name, z in work.items() if name.startswith(_OWN)}
    shared = {
        name.removeprefix(_SHARED): z.transpose(0, 1).repeat_interleave(count, 1)
        for name, z in work.items()
        if name.startswith(_SHARED)
    }
    return {**shared, **own}


def _of_chain(latents: Latents, chosen: Tensor, count: int) -> Latents:
    """The latents [S, B, D] of one chain of each example, out of those of all, see `_side_by_side`."""
    return {name: of_chain(apart(z, count), chosen).transpose(0, 1) for name, z in latents.items()}


PART = Part(config=WinnerTakeAllConfig, build=WinnerTakeAll)
