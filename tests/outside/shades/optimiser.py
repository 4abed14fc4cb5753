"""An optimiser: a step of fixed length against the sign of each gradient."""

from dataclasses import dataclass

import torch

from trmpipe.trainer.parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class SignConfig:
    """A fixed length.

    Attributes:
        lr: length of a step in each coordinate.
    """

    lr: float = 0.01


class SignDescent(torch.optim.Optimizer):
    def __init__(self, parameters, lr):
        super().__init__(parameters, {"lr": lr})

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    parameter.sub_(parameter.grad.sign(), alpha=group["lr"])


def build(config, net):
    return [SignDescent(net.parameters(), config.lr)]


PART = Part(config=SignConfig, build=build)
