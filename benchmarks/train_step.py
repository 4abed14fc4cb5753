"""A training step of TRM's mixer beside a plainly written equivalent of the published one, in turn in one run.

Each has a process of its own, since ours sets how the C library allocates. The equivalent follows the published code's
choices: activations [B, S, D], weights cast at every call, RMSNorm in float32, stable-max in float64, AdamATan2 and the
average parameter by parameter, eager, torch's own threads. It takes the same weights, and its loss has to agree with
ours before anything is timed. Both train on the same random rows.

    python -m benchmarks.train_step                    # both sizes, about three minutes
    python -m benchmarks.train_step --only 6x6 --rounds 9

Shapes: B batch, S sequence with its prefix, D width, V vocabulary.
"""

import argparse
import json
import math
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from benchmarks.gpu import peak_flops
from trmpipe.trainer.building.build import build_learner, build_net
from trmpipe.trainer.building.flops import flops_of
from trmpipe.trainer.building.precision_choice import has_bf16_units
from trmpipe.trainer.device import choose_compile
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.deep_supervision import DeepSupervisionConfig
from trmpipe.trainer.models import CorpusSizes
from trmpipe.trainer.models.trm import TRMConfig
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.threads import num_threads, side_by_side
from trmpipe.trainer.training.allocation import keep_freed_memory
from trmpipe.trainer.training.compiling import compile_steps
from trmpipe.trainer.training.trainer import Trainer

CPU = torch.device("cpu")
DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16}
SIZES = {
    "D=512": (TRMConfig(), CorpusSizes(seq_len=81, vocab_size=11), 32, {"fp32": 8, "bf16": 2}),
    "6x6": (
        *(TRMConfig(width=128, h_cycles=2, l_cycles=3), CorpusSizes(seq_len=36, vocab_size=8)),
        *(128, {"fp32": 16, "bf16": 8}),
    ),
}
"""Model, corpus, batch and the slices of ours: in fp32 each works in the cache; in bf16 larger products pay more."""
PEAK_SIDE = 2048
"""Of the square matrices whose product gives the peak."""
BETAS = (0.9, 0.95)
RATE, DECAY, EMA_DECAY = 1e-4, 1.0, 0.999


class PlainStep:
    """The published step: weights by name, latents carried on, no module.

    Args:
        state: a state dict with the published names.
        config: the model's sizes.
        dtype: of the forward pass.
        batch: B.
    """

    def __init__(self, state: dict[str, Tensor], config: TRMConfig, dtype: torch.dtype, batch: int) -> None:
        buffers = ("H_init", "L_init", "puzzle_emb.weights")
        self.config, self.dtype = config, dtype
        self.weights = {name: value.clone().requires_grad_() for name, value in state.items() if name not in buffers}
        self.table = state["puzzle_emb.weights"].clone()
        self.means = {name: (torch.zeros_like(w), torch.zeros_like(w)) for name, w in self.weights.items()}
        self.average = {name: value.detach().clone() for name, value in self.weights.items()}
        self.start = [state[name].to(dtype) for name in ("H_init", "L_init")]
        self.latents: list[Tensor] | None = None
        self.batch, self.steps = batch, 0

    def __call__(self, inputs: Tensor, labels: Tensor, identifiers: Tensor) -> float:
        """Train on a batch of rows; returns the loss a puzzle. No slot halts within a timing."""
        rows = self.table[identifiers].requires_grad_()
        z_H, z_L, logits, halt = self._forward(inputs, rows)
        self.latents = [z_H.detach(), z_L.detach()]
        solved = (logits.argmax(-1) == labels).all(-1)
        token_loss = -self._log_stablemax(logits.double()).gather(-1, labels[..., None]).squeeze(-1).mean(-1)
        halt_loss = F.binary_cross_entropy_with_logits(halt, solved.float(), reduction="none")
        loss = (token_loss + 0.5 * halt_loss).sum() / self.batch
        loss.backward()
        self._descend(identifiers, rows)
        return float(loss.detach())

    def _forward(self, inputs: Tensor, rows: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        config = self.config
        x = F.embedding(inputs, self.weights["embed_tokens.embedding_weight"].to(self.dtype))
        prefix = F.pad(rows.to(self.dtype), (0, (config.num_prefix - 1) * config.width))
        x = math.sqrt(config.width) * torch.cat((prefix.view(len(rows), config.num_prefix, -1), x), 1)
        if self.latents is None:
            self.latents = [one.expand(x.shape) for one in self.start]
        z_H, z_L = self.latents
        with torch.no_grad():
            for _ in range(config.h_cycles - 1):
                z_H, z_L = self._cycle(z_H, z_L, x)
        z_H, z_L = self._cycle(z_H, z_L, x)
        logits = self._linear(z_H, "lm_head")[:, config.num_prefix :].float()
        q = F.linear(z_H[:, 0].float(), self.weights["q_head.weight"], self.weights["q_head.bias"])
        return z_H, z_L, logits, q[:, 0]

    def _cycle(self, z_H: Tensor, z_L: Tensor, x: Tensor) -> tuple[Tensor, Tensor]:
        for _ in range(self.config.l_cycles):
            z_L = self._level(z_L, z_H + x)
        return self._level(z_H, z_L), z_L

    def _level(self, z: Tensor, injected: Tensor) -> Tensor:
        z = z + injected
        for i in range(self.config.num_layers):
            turned = z.transpose(1, 2)
            turned = self._norm(turned + self._swiglu(turned, f"L_level.layers.{i}.mlp_t"))
            z = turned.transpose(1, 2)
            z = self._norm(z + self._swiglu(z, f"L_level.layers.{i}.mlp"))
        return z

    def _swiglu(self, x: Tensor, name: str) -> Tensor:
        gate, up = self._linear(x, f"{name}.gate_up_proj").chunk(2, -1)
        return self._linear(F.silu(gate) * up, f"{name}.down_proj")

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self.weights[f"{name}.weight"].to(x.dtype))

    def _norm(self, x: Tensor) -> Tensor:
        wide = x.float()
        return (wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + 1e-5)).to(x.dtype)

    def _log_stablemax(self, logits: Tensor) -> Tensor:
        scale = torch.where(logits < 0, 1 / (1 - logits + 1e-30), logits + 1)
        return torch.log(scale / scale.sum(-1, keepdim=True))

    @torch.no_grad()
    def _descend(self, identifiers: Tensor, rows: Tensor) -> None:
        self.steps += 1
        for name, weight in self.weights.items():
            mean, square = self.means[name]
            assert weight.grad is not None
            mean.lerp_(weight.grad, 1 - BETAS[0])
            square.mul_(BETAS[1]).addcmul_(weight.grad, weight.grad, value=1 - BETAS[1])
            update = torch.atan2(mean, square.sqrt() / math.sqrt(1 - BETAS[1] ** self.steps))
            weight.mul_(1 - RATE * DECAY).add_(update, alpha=-RATE / (1 - BETAS[0] ** self.steps))
            weight.grad = None
            self.average[name].mul_(EMA_DECAY).add_(weight, alpha=1 - EMA_DECAY)
        touched, place = identifiers.unique(return_inverse=True)
        assert rows.grad is not None
        summed = torch.zeros(len(touched), self.config.width).index_add_(0, place, rows.grad)
        self.table[touched] = self.table[touched] * (1 - RATE * DECAY) - RATE * summed.sign()


def rows_of_a_size(sizes: CorpusSizes, batch: int) -> Rows:
    """Random rows that no slot leaves: exploration asks for the longest stay."""
    random = np.random.default_rng(0)
    tokens = [torch.from_numpy(random.integers(1, sizes.vocab_size, (batch, sizes.seq_len))) for _ in range(2)]
    stay = torch.full((batch,), 10**6)
    draws = {"minimum": stay, "longest": stay, "keys": torch.zeros(batch, dtype=torch.int64)}
    return Rows(inputs=tokens[0], labels=tokens[1], identifiers=torch.zeros(batch, dtype=torch.int64), draws=draws)


Step = Callable[[], float]
"""One training step; gives its loss."""


def make_step(side: str, name: str, dtype: str, stack: ExitStack, *, compiled: bool = False) -> Step:
    """A step of one side, ready to be taken.

    Args:
        side: ``"published"`` or ``"ours"``; for ours the C library keeps freed memory, as `trmpipe train` has it.
        name: of the size.
        dtype: of the forward pass.
        stack: ends the threads.
        compiled: whether ours is; that takes about a minute.
    """
    model, sizes, batch, slices = SIZES[name]
    num_slices = slices[dtype]
    config = TrainConfig(model=model, learner=DeepSupervisionConfig(), batch_size=batch, num_slices=num_slices)
    rows, net = rows_of_a_size(sizes, batch), build_net(config, sizes, CPU, DTYPES[dtype])
    if side == "published":
        plain = PlainStep(dict(net.state_dict()), model, DTYPES[dtype], batch)
        return partial(plain, rows.inputs, rows.labels, rows.identifiers)
    keep_freed_memory()
    spread = stack.enter_context(side_by_side(num_threads(num_slices, CPU)))
    trainer = Trainer(config, net, build_learner(config, net), judge_by_label, sizes, spread=spread)
    if compiled:
        compile_steps(trainer, choose_compile(CPU, "on"), sizes.seq_len)

    def step() -> float:
        metrics = trainer.train_step(rows, 2000)
        return float((metrics["loss"] + 0.5 * metrics["halt_loss"]).mean())

    return step


def work(side: str, name: str, dtype: str, *, compiled: bool) -> None:
    """Take a step for every line of stdin, and print its loss and its seconds."""
    with ExitStack() as stack:
        step = make_step(side, name, dtype, stack, compiled=compiled)
        for _ in sys.stdin:
            started = time.perf_counter()
            loss = step()
            print(json.dumps([loss, time.perf_counter() - started]), flush=True)


def flops_of_a_step(name: str) -> int:
    """FLOPs of the matrix products of a step, forward and backward, counted in the published one."""
    with ExitStack() as stack:
        return flops_of(make_step("published", name, "fp32", stack))


def compare(name: str, rounds: int, dtypes: list[str], *, compiled: bool) -> dict[str, Any]:
    """Time both steps in turn, each in a process of its own, in every dtype, after their losses have agreed.

    Args:
        name: of the size.
        rounds: steps of each that are timed.
        dtypes: of the forward pass.
        compiled: whether ours is.
    """
    _, _, batch, slices = SIZES[name]
    found: dict[str, Any] = {"size": name, "batch": batch, "slices": slices, "rounds": rounds, "compiled": compiled}
    flops = flops_of_a_step(name)
    for dtype in dtypes:
        with ExitStack() as stack:
            workers = {
                side: stack.enter_context(_worker(side, name, dtype, compiled)) for side in ("published", "ours")
            }
            losses = [_ask(worker)[0] for worker in workers.values()]
            assert math.isclose(*losses, rel_tol=1e-4 if dtype == "fp32" else 0.03), losses
            times = [{side: _ask(worker)[1] for side, worker in workers.items()} for _ in range(rounds)]
        found[dtype] = {side: round(median(one[side] for one in times), 4) for side in workers}
        found[dtype]["ratio"] = round(found[dtype]["published"] / found[dtype]["ours"], 3)
        found[dtype]["floor"] = round(flops / peak_flops(CPU, DTYPES[dtype], PEAK_SIDE), 4)
    best = {who: min(found[dtype][who] for dtype in dtypes) for who in ("published", "ours", "floor")}
    ratios = {who: round(best["published"] / best[who], 3) for who in ("ours", "floor")}
    return {**found, "ratio of the better dtypes": ratios["ours"], "ratio at the floor": ratios["floor"]}


@contextmanager
def _worker(side: str, name: str, dtype: str, compiled: bool) -> Iterator["subprocess.Popen[str]"]:
    command = [sys.executable, "-m", "benchmarks.train_step", "--work", side, dtype]
    command += ["--only", name, *(["--compile"] if compiled else [])]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()


def _ask(worker: "subprocess.Popen[str]") -> list[float]:
    """Loss and seconds of a step of a worker."""
    assert worker.stdin is not None
    assert worker.stdout is not None
    worker.stdin.write("step\n")
    worker.stdin.flush()
    answer: list[float] = json.loads(worker.stdout.readline())
    return answer


def main() -> None:
    """Print a line of JSON for the machine, and one for each size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=list(SIZES), help="one size alone")
    parser.add_argument("--rounds", type=int, default=5, help="steps that are timed, of each")
    parser.add_argument("--compile", action="store_true", help="compile our step")
    parser.add_argument("--work", nargs=2, metavar=("SIDE", "DTYPE"), help="take steps for lines of stdin")
    options = parser.parse_args()
    if options.work:
        work(options.work[0], options.only, options.work[1], compiled=options.compile)
        return
    capability = torch.backends.cpu.get_cpu_capability()
    about = {"capability": capability, "bf16_units": has_bf16_units(), "threads": torch.get_num_threads()}
    print(json.dumps({"machine": platform.processor() or platform.machine(), **about, "torch": torch.__version__}))
    dtypes = list(DTYPES) if has_bf16_units() else ["fp32"]
    for name in [options.only] if options.only else list(SIZES):
        print(json.dumps(compare(name, options.rounds, dtypes, compiled=options.compile)), flush=True)


if __name__ == "__main__":
    main()
