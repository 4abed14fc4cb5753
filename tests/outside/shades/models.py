"""Two networks: one that recurs on a single state, and one without any."""

from dataclasses import dataclass

import torch
from torch import nn

from trmpipe.trainer.errors import RunError
from trmpipe.trainer.models import Outcome
from trmpipe.trainer.parts import Part
from trmpipe.trainer.published_form import PublishedForm, dimension


@dataclass(frozen=True, slots=True, kw_only=True)
class PuddleConfig:
    """A network with one state.

    Attributes:
        width: D.
        noise: size of what the state starts from, another for each key; 0 for a start from zeros.
    """

    width: int = 24
    noise: float = 0.0

    def describe(self):
        return f"puddle of width {self.width}"


class Puddle(nn.Module):
    """z goes through one layer that sees its own cell, the input and the mean of all cells."""

    puzzle_table = None
    has_continue_head = True

    def __init__(self, config, sizes, *, generator, dtype):
        super().__init__()
        self.width, self.seq_len, self.noise = config.width, sizes.seq_len, config.noise
        self.tokens = nn.Parameter(_normal((sizes.vocab_size, config.width), generator))
        self.places = nn.Parameter(_normal((sizes.seq_len, config.width), generator))
        self.core = nn.Linear(3 * config.width, config.width)
        self.head = nn.Linear(config.width, sizes.vocab_size)
        for layer in (self.core, self.head):
            layer.weight.data = _normal(layer.weight.shape, generator)
            nn.init.zeros_(layer.bias)

    @property
    def draws(self):
        return self.noise > 0

    def initial(self, keys):
        if not self.draws:
            return {"z": torch.zeros(self.seq_len, len(keys), self.width)}
        places = torch.arange(1, 1 + self.seq_len * self.width, device=keys.device).view(self.seq_len, 1, self.width)
        return {"z": self.noise * torch.sin(places * keys.remainder(1 << 20)[:, None] * 0.618)}

    def step(self, latents, inputs, rows, keys):
        z = latents["z"]
        shown = self.tokens[inputs.T] + self.places[:, None]
        z = torch.tanh(self.core(torch.cat((z, shown, z.mean(0).expand_as(z)), -1)))
        logits = self.head(z).transpose(0, 1).float()
        return Outcome({"z": z}, logits, logits.mean((1, 2)), go_on=-logits.mean((1, 2)))


@dataclass(frozen=True, slots=True, kw_only=True)
class GlanceConfig:
    """A network without a state.

    Attributes:
        width: of its one hidden layer.
    """

    width: int = 48

    def describe(self):
        return f"glance of width {self.width}"


class Glance(nn.Module):
    """All cells at once through one hidden layer."""

    puzzle_table = None

    def __init__(self, config, sizes, *, generator, dtype):
        super().__init__()
        self.sizes = sizes
        cells = sizes.seq_len * sizes.vocab_size
        self.core = nn.Sequential(nn.Linear(cells, config.width), nn.GELU(), nn.Linear(config.width, cells))
        for parameter in self.core.parameters():
            parameter.data = _normal(parameter.shape, generator)

    def forward(self, inputs, rows):
        shown = nn.functional.one_hot(inputs, self.sizes.vocab_size).float().flatten(1)
        return self.core(shown).view(*inputs.shape, -1)


def _normal(shape, generator):
    return torch.randn(shape, generator=generator) * 0.3


def published_sizes(shapes, seq_len, base):
    if dimension(shapes, "places", 0) != seq_len:
        raise RunError(f"places has {dimension(shapes, 'places', 0)} rows, expected {seq_len}")
    return PuddleConfig(width=dimension(shapes, "tokens", 1))


PUBLISHED = PublishedForm(
    modules=frozenset({"tokens", "places", "mixing", "head"}),
    tokens="tokens",
    sizes=published_sizes,
    untold=lambda config: (),
    rename=lambda name: name.replace("core.", "mixing."),
)
PUDDLE = Part(config=PuddleConfig, build=Puddle, published=PUBLISHED)
GLANCE = Part(config=GlanceConfig, build=Glance)
