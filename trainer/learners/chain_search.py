"""Search with a network that takes candidates away: chains of states, one after the other, until one gives a solution.

A chain begins with a variant of a puzzle, another one each time, and the first with the puzzle as it is. In a round
the network looks at its state, and the solver's rule takes candidates away and sets a cell. A chain ends when its state
is contradictory or complete; if the puzzle is not solved by then, a guess was wrong, and the next chain begins with
another variant and other guesses. After every round the likeliest digits that are left are tried as an answer.

What is drawn is a function of the puzzle, the number of the chain and that of the round. docs/notes/trainer.md says why
chains do not go side by side.

Shapes: B puzzles, b of them, S cells, N digits.
Source: Lattice Deduction Transformers, arXiv 2605.08605.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from trmpipe.generators.task import PAD

from ..device import as_tokens
from ..keys import example_keys
from ..models import CandidateNetwork, device_of, puzzle_rows
from ..models.noise import keys_at
from .candidates import answer_logits, first_state, is_given
from .search import Sought
from .solver_rule import SolverRule
from .variants import Variants


class ChainSearch:
    """The search; see `search.Search`.

    Args:
        net: the network.
        rule: what becomes of a state.
        num_loops: how often the network goes over a state.
        sought: the puzzles.
    """

    def __init__(self, net: CandidateNetwork, rule: SolverRule, num_loops: int, sought: Sought) -> None:
        self._net, self._rule, self._loops, self._sought = net, rule, num_loops, sought
        self._variants = Variants(sought)
        self._round = 0
        shape = sought.inputs.shape
        device = device_of(net)
        self._chains = np.zeros(len(sought.inputs), np.int64)
        self._inputs = torch.full(shape, PAD, dtype=torch.int64, device=device)
        self._candidates = torch.ones((*shape, len(net.digits)), dtype=torch.bool, device=device)
        self._keys = torch.zeros(len(sought.inputs), dtype=torch.int64, device=device)
        self._is_due = np.ones(len(sought.inputs), np.bool_)

    def _begin(self, places: NDArray[np.int64]) -> None:
        """Start the chains of those of some puzzles that are due for one, whose numbers are set."""
        places = places[self._is_due[places]]
        if not len(places):
            return
        self._is_due[places] = False
        device = device_of(self._net)
        chains = self._chains[places]
        keys = [
            example_keys(self._sought.inputs[place : place + 1], chain)
            for place, chain in zip(places.tolist(), chains.tolist(), strict=True)
        ]
        index = as_tokens(places, device)
        inputs = as_tokens(self._variants.look(places, chains), device)
        self._inputs[index] = inputs
        self._candidates[index] = first_state(inputs, self._net.digits)
        self._keys[index] = as_tokens(np.concatenate(keys), device)

    def has_more(self) -> NDArray[np.bool_]:
        """Always: there is no end of chains; see `search.Search.has_more`."""
        return np.ones(len(self._chains), np.bool_)

    def look(self, places: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Look at the state of the chain of each puzzle, and go on to the next one; see `search.Search.look`."""
        # Here and not when a chain is over, since its puzzle may be solved by then.
        self._begin(places)
        index = as_tokens(places, device_of(self._net))
        inputs, digits = self._inputs[index], self._net.digits
        keys = keys_at(self._keys[index], self._round)
        rows = puzzle_rows(self._net, as_tokens(self._sought.identifiers[places], inputs.device))
        said = self._net.eliminate(self._candidates[index], inputs, rows, self._loops, keys).after_all_loops()
        deduced = self._rule.deduce(self._candidates[index], is_given(inputs, digits), said)
        tokens = answer_logits(deduced.candidates, said.digits, digits).argmax(-1)
        answers = self._as_they_are(places, inputs, tokens)
        self._candidates[index] = self._rule.branch(deduced, said.digits, keys)
        self._round += 1
        over = places[(~deduced.undecided).cpu().numpy()]
        self._chains[over] += 1
        self._is_due[over] = True
        return answers

    def _as_they_are(self, places: NDArray[np.int64], inputs: Tensor, tokens: Tensor) -> NDArray[np.uint8]:
        """Answers to variants as answers to their puzzles, uint8 [b, S].

        The way back takes milliseconds a puzzle, so only those that are right go it. A wrong one is wrong anyhow.
        """
        seen, answers = (values.to(torch.uint8).cpu().numpy() for values in (inputs, tokens))
        right = np.flatnonzero(self._sought.task.check(seen, answers))
        answers[right] = self._variants.back(places[right], self._chains[places[right]], answers[right])
        found: NDArray[np.uint8] = answers
        return found
