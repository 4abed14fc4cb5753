"""Elimination: a network takes candidates away until every cell has one, and learns from the states that it gets into.

The state of a slot is its puzzle and which digits are still possible in each cell. A step shows it to the network,
which says of every candidate whether it stays, of every cell which digit it holds, and whether the state has lost its
solution; then the solver's rule makes the next state of it. A slot is free when its puzzle is solved, when a state that
had lost its solution was found contradictory, or when it is old. So the slots are a pool of the network's own states,
guesses and mistakes among them, and the next batch is what the rule made of this one.

An answer takes rounds of the first half of the rule, which never guesses.

Shapes: B slots of this rank, b those of a slice, S sequence, N digits, V vocabulary, T loops.
Source: Lattice Deduction Transformers, arXiv 2605.08605, and its code; the defaults are its settings.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import Tensor

from ..checks import at_least, share
from ..judging import Judge
from ..models import CandidateNetwork, Deduction, device_of, puzzle_rows
from ..models.noise import keys_at
from ..parts import Part, later
from ..widening import wide
from .candidates import answer_logits, first_state, has_lost, is_given, those_of
from .chain_search import ChainSearch
from .hints import Hints, with_mistakes
from .learner import Answer, Lesson, Rows, Tensors
from .search import Sought
from .slots import SlotLearner
from .solver_rule import Deduced, SolverRule

_MOST_LOOPS = 1024
_UNSURE = -20.0
"""Halting logit of an answer with a cell that has several candidates, or none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EliminationConfig:
    """How often a state is looked at, what is minimised, and the solver's rule.

    Attributes:
        loops: T, how often the network goes over a state; the loss is the mean over them, the last one is believed.
        keep_weight: weight of the loss of candidates that are the solution's.
        drop_weight: weight of the loss of all others.
        digit_weight: weight of the loss of which digit stands in a cell that is not given.
        contradiction_weight: weight of the loss of knowing whether the state has lost its solution.
        eliminate_below: chance of being right below which a candidate is taken away.
        contradiction_above: chance of a lost solution above which a state is contradictory.
        taught_above: the same in training; 0 for `contradiction_above`. Published are .6 and .5.
        hints: share of the puzzles that are taken up with some of their open cells filled in, any number of them.
        mistakes: share of these in which a few of those cells are wrong, so that the state has no solution from its
            beginning on: what a contradiction is can be learned before the network makes its own. Of such a puzzle no
            candidate is to stay.
        temperature: by which the logits of digits are divided before one is drawn for an open cell.
        max_age: steps that a puzzle stays in training at most.
    """

    loops: int = 16
    keep_weight: float = 4.0
    drop_weight: float = 0.5
    digit_weight: float = 0.2
    contradiction_weight: float = 0.1
    eliminate_below: float = 0.1
    contradiction_above: float = 0.6
    temperature: float = 1.5
    max_age: int = 100
    taught_above: float = later(0.0)
    hints: float = later(0.0)
    mistakes: float = later(0.0)

    def __post_init__(self) -> None:
        at_least(1, self, "learner", "loops", most=_MOST_LOOPS)
        at_least(1, self, "learner", "max_age")
        at_least(0, self, "learner", "keep_weight", "drop_weight", "digit_weight", "contradiction_weight")
        at_least(1e-3, self, "learner", "temperature")
        share(self, "learner", "eliminate_below", "contradiction_above", "taught_above", "hints", "mistakes")

    def idle_settings(self) -> tuple[str, ...]:
        """Names of the settings that are not looked at, by what the others say."""
        return () if self.hints else ("mistakes",)


class Elimination(SlotLearner):
    """The learner.

    Its metrics are ``loss`` and its parts before weights, ``keep_loss``, ``digit_loss`` and ``contradiction_loss``; the
    judge's columns of the answers that the states come to; ``lost`` and ``contradictory``, whether a state has lost its
    solution and whether it is thought to; ``branched``, whether a cell was set; and ``supervision_steps``.

    Args:
        config: of the learner.
        seed: root seed of the run, for the cells that are set.
        max_steps: not used, as all steps are alike.
    """

    needs = ("eliminate",)

    def __init__(self, config: EliminationConfig, *, seed: int, max_steps: int) -> None:
        super().__init__(seed=seed, exploration=0.0, hints=Hints(most=1.0, share=config.hints))
        self.config = config
        self.rule = SolverRule(
            eliminate_below=config.eliminate_below,
            contradiction_above=config.contradiction_above,
            temperature=config.temperature,
        )
        taught = config.taught_above or config.contradiction_above
        self._taught_rule = replace(self.rule, contradiction_above=taught)

    def starts(self, net: CandidateNetwork, keys: Tensor) -> Tensors:
        """All candidates, before the puzzle is looked at; see `SlotLearner.starts`."""
        shape = (len(keys), net.num_cells, len(net.digits))
        return {"candidates": torch.ones(shape, dtype=torch.bool, device=device_of(net))}

    def longest_stay(self, step: int) -> int:
        """Always the same; see `SlotLearner.longest_stay`."""
        return self.config.max_age

    def take_up(self, net: CandidateNetwork, state: Tensors, rows: Rows) -> Tensors:
        """The slots, with new rows where they were free; see `Learner.take_up`.

        What a puzzle shows excludes candidates of a new one, and no more of one that has been worked on.
        """
        work = super().take_up(net, state, rows)
        inputs = work["inputs"]
        if self.config.mistakes:
            spoiled = with_mistakes(inputs, rows.inputs, rows.draws["keys"], net.digits, self.config.mistakes)
            inputs = torch.where(state["halted"].unsqueeze(-1), spoiled, inputs)
        return {**work, "inputs": inputs, "candidates": work["candidates"] & first_state(inputs, net.digits)}

    def learn(self, net: CandidateNetwork, work: Tensors, embeddings: Tensor | None, judge: Judge) -> Lesson:
        """Look at every state, and go on to the next one; see `Learner.learn`."""
        inputs, labels, candidates = work["inputs"], work["labels"], work["candidates"]
        solution, given = those_of(labels, net.digits), is_given(inputs, net.digits)
        lost = has_lost(candidates, solution)
        said = net.eliminate(candidates, inputs, embeddings, self.config.loops, work["keys"])
        # Of a puzzle that shows something wrong nothing is the solution: all of its candidates are to go.
        misled = has_lost(first_state(inputs, net.digits), solution)
        stays = candidates & solution & ~misled.view(-1, 1, 1)
        parts = _losses(said, stays, solution, given, lost, self.config)
        last = said.after_all_loops()
        deduced = self._taught_rule.deduce(candidates, given, last)
        answers = answer_logits(deduced.candidates, last.digits, net.digits).argmax(-1)
        state = self._next_state(work, deduced, last, lost, solution)
        return Lesson(
            loss=self._weighted(parts),
            state=state,
            metrics={
                "loss": self._weighted(parts).detach(),
                **{name: part.detach() for name, part in parts.items()},
                **judge(inputs, labels, answers).columns,
                "lost": lost,
                "contradictory": deduced.contradictory,
                "branched": deduced.undecided,
                "supervision_steps": state["steps"],
            },
        )

    def _weighted(self, parts: Tensors) -> Tensor:
        """The loss [b]; the weights of what is kept and dropped are in its part already."""
        config = self.config
        return (
            parts["keep_loss"]
            + config.digit_weight * parts["digit_loss"]
            + config.contradiction_weight * parts["contradiction_loss"]
        )

    def _next_state(self, work: Tensors, deduced: Deduced, last: Deduction, lost: Tensor, solution: Tensor) -> Tensors:
        """What the rule makes of the states, and which slots are done with their puzzles.

        A state that lost its solution in this very round is looked at once more, so that it is found by the network,
        unless it has a cell without candidates. A complete one is solved if it is the solution.
        """
        found_rightly = deduced.contradictory & (lost | ~deduced.candidates.any(-1).all(1))
        solved = deduced.complete & ~has_lost(deduced.candidates, solution)
        done = torch.where(found_rightly | solved, 1.0, -1.0)
        return self.held(work, {"candidates": self.rule.branch(deduced, last.digits, work["keys"])}, done)

    def answers(
        self, net: CandidateNetwork, inputs: Tensor, identifiers: Tensor, num_steps: int, keys: Tensor
    ) -> Iterator[Answer]:
        """What is left after every round, the likeliest where several are; see `Learner.answers`.

        The halting logit of an answer whose cells all have one candidate is that of there being no contradiction.
        """
        rows, given = puzzle_rows(net, identifiers), is_given(inputs, net.digits)
        candidates = first_state(inputs, net.digits)
        for step in range(num_steps):
            said = net.eliminate(candidates, inputs, rows, self.config.loops, keys_at(keys, step)).after_all_loops()
            deduced = self.rule.deduce(candidates, given, said)
            candidates = deduced.candidates
            logits = answer_logits(candidates, said.digits, net.digits)
            halt = torch.where(deduced.complete, -said.contradiction, _UNSURE)
            yield Answer(logits.argmax(-1), halt, logits)

    def search(self, net: CandidateNetwork, sought: Sought) -> ChainSearch:
        """Both halves of the rule, in chains; see `search.Searcher`."""
        return ChainSearch(net, self.rule, self.config.loops, sought)


def _losses(
    said: Deduction, stays: Tensor, solution: Tensor, given: Tensor, lost: Tensor, config: EliminationConfig
) -> Tensors:
    """The parts of the loss, [b] each, means over the loops; `stays` are the candidates to keep, bool [b, S, N]."""
    keep, digits = wide(said.keep), wide(said.digits)
    of_candidate = -torch.where(
        stays, config.keep_weight * F.logsigmoid(keep), config.drop_weight * F.logsigmoid(-keep)
    )
    of_cell = -(F.log_softmax(digits, dim=-1) * solution).sum(-1)
    # Which digit it is cannot be said of a state that has lost its solution.
    counted = solution.any(-1) & ~given & ~lost.unsqueeze(-1)
    of_state = F.binary_cross_entropy_with_logits(
        wide(said.contradiction),
        lost.to(wide(said.contradiction).dtype).expand_as(said.contradiction),
        reduction="none",
    )
    return {
        "keep_loss": of_candidate.mean((0, 2, 3)),
        "digit_loss": (of_cell * counted).sum(-1).mean(0) / counted.sum(-1).clamp(min=1),
        "contradiction_loss": of_state.mean(0),
    }


PART = Part(config=EliminationConfig, build=Elimination)
