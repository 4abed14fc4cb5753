"""A learner with another loss: every puzzle stays for the same number of steps, and sure cells count less.

A search of its own goes on from where its answer ended, a step a round.
"""

from dataclasses import dataclass

import numpy as np
import torch

from trmpipe.trainer.learners import Answer, Lesson
from trmpipe.trainer.parts import Part


@dataclass(frozen=True, slots=True, kw_only=True)
class LingeringConfig:
    """How long a puzzle stays, and what is minimised.

    Attributes:
        stay: supervision steps of every puzzle.
        focus: power by which sure cells count less.
    """

    stay: int = 3
    focus: float = 1.0


class Lingering:
    """State: the network's one latent and the puzzle."""

    needs = ("initial", "step")

    def __init__(self, config, *, seed, max_steps):
        self.config = config

    def begin(self, net, batch, seq_len):
        tokens = torch.zeros(batch, seq_len, dtype=torch.int64)
        return {"z": net.initial(tokens[:, 0])["z"].transpose(0, 1), "inputs": tokens, "labels": tokens}

    def limits(self, sizes):
        return {"inputs": sizes.vocab_size, "labels": sizes.vocab_size}

    def draws(self, step, slots):
        return {"starts": np.full(len(slots), step % self.config.stay == 0)}

    def take_up(self, net, state, rows):
        starts = rows.draws["starts"]
        z = torch.where(starts[:, None, None], net.initial(rows.identifiers)["z"].transpose(0, 1), state["z"])
        tokens = {name: torch.where(starts[:, None], getattr(rows, name), state[name]) for name in ("inputs", "labels")}
        return {"z": z, **tokens, "identifiers": rows.identifiers}

    def learn(self, net, work, embeddings, judge):
        latents, logits, *_ = net.step({"z": work["z"].transpose(0, 1)}, work["inputs"], embeddings, None)
        chances = logits.softmax(-1).gather(-1, work["labels"].unsqueeze(-1)).squeeze(-1)
        loss = -((1 - chances) ** self.config.focus * chances.log()).mean(-1)
        verdict = judge(work["inputs"], work["labels"], logits.detach().argmax(-1))
        state = {"z": latents["z"].detach().transpose(0, 1), "inputs": work["inputs"], "labels": work["labels"]}
        return Lesson(loss=loss, state=state, metrics={"loss": loss.detach(), **verdict.columns})

    def answers(self, net, inputs, identifiers, num_steps, keys):
        latents = net.initial(keys)
        for _ in range(num_steps):
            latents, logits, *_ = net.step(latents, inputs, None, keys)
            yield Answer(logits.argmax(-1), None, logits)

    def search(self, net, sought):
        return GoingOn(net, sought)


class GoingOn:
    def __init__(self, net, sought):
        self.net, self.inputs = net, torch.from_numpy(sought.inputs.astype(np.int64))
        self.z = net.initial(torch.zeros(len(sought.inputs), dtype=torch.int64))["z"]

    def has_more(self):
        return np.ones(len(self.inputs), np.bool_)

    def look(self, places):
        index = torch.from_numpy(places)
        latents, logits, *_ = self.net.step({"z": self.z[:, index]}, self.inputs[index], None, index)
        self.z[:, index] = latents["z"]
        return logits.argmax(-1).numpy().astype(np.uint8)


PART = Part(config=LingeringConfig, build=Lingering)
