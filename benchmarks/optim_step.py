"""Milliseconds of an optimiser's step: ours, and a plain loop over parameters of the same arithmetic, side by side.

The parameters are those of the published two-layer mixer at width 128 on 6x6 Sudoku and at width 512 on 9x9; sign-SGD
moves the rows of a batch of 768 in a table of a thousand. Each figure is the best of many rounds, one step of each way
in turn, so that a busy machine harms both alike.

    python benchmarks/optim_step.py [--device cpu] [--rounds 30] [--threads 1]
"""

import argparse
import platform
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from trmpipe.trainer.models import MODELS, CorpusSizes
from trmpipe.trainer.optim import OPTIMISERS, sign_sgd_rows
from trmpipe.trainer.optim.muon import orthogonalise
from trmpipe.trainer.parts import build_part

SEQ_LENS = {128: 36, 512: 81}
"""Cells of the puzzle by the width of the model."""
_NUM_ROWS, _BATCH = 1000, 768
State = dict[str, Tensor]
Update = Callable[[Tensor, State, int], None]


@torch.no_grad()
def adam_atan2(parameter: Tensor, state: State, step: int) -> None:
    """One parameter's step, as in the plain form of AdamATan2."""
    mean, deviation = _moments(parameter, state, step)
    parameter.mul_(1 - 1e-4).add_(torch.atan2(mean, deviation), alpha=-1e-4)


@torch.no_grad()
def adamw(parameter: Tensor, state: State, step: int) -> None:
    """One parameter's step, as in the plain form of AdamW."""
    mean, deviation = _moments(parameter, state, step)
    parameter.mul_(1 - 1e-4).addcdiv_(mean, deviation.add_(1e-8), value=-1e-4)


def _moments(parameter: Tensor, state: State, step: int) -> tuple[Tensor, Tensor]:
    """Adam's moments without their bias: the mean and the root of the square."""
    assert parameter.grad is not None
    if not state:
        state.update(mean=torch.zeros_like(parameter), square=torch.zeros_like(parameter))
    mean, square = state["mean"].lerp_(parameter.grad, 0.1), state["square"]
    square.mul_(0.95).addcmul_(parameter.grad, parameter.grad, value=0.05)
    return mean / (1 - 0.9**step), (square / (1 - 0.95**step)).sqrt_()


@torch.no_grad()
def muon(parameter: Tensor, state: State, step: int) -> None:
    """One matrix's step by Newton-Schulz of its own."""
    assert parameter.grad is not None
    if not state:
        state.update(average=torch.zeros_like(parameter))
    average = state["average"].lerp_(parameter.grad, 0.1)
    update = orthogonalise(parameter.grad.lerp(average, 0.9), 5)
    scale = max(1.0, parameter.shape[0] / parameter.shape[1]) ** 0.5
    parameter.mul_(1 - 0.02).add_(update, alpha=-0.02 * scale)


def rows_by_unique(weights: Tensor, identifiers: Tensor, gradients: Tensor) -> None:
    """Sign-SGD on rows that are counted first, which waits for the device."""
    rows, place = torch.unique(identifiers, return_inverse=True)
    summed = torch.zeros((len(rows), weights.shape[1]), device=weights.device).index_add_(0, place, gradients)
    weights[rows] = weights[rows] * (1 - 1e-4) - 1e-4 * summed.sign()


def make_net(width: int, device: torch.device) -> nn.Module:
    """The default model at a width, with a gradient for every parameter."""
    part = MODELS[MODELS.names()[0]]
    sizes = CorpusSizes(seq_len=SEQ_LENS[width], vocab_size=11, num_identifiers=_NUM_ROWS)
    net: nn.Module = build_part(MODELS, part.config(width=width), sizes, generator=torch.Generator().manual_seed(0))
    net = net.to(device)
    for parameter in net.parameters():
        parameter.grad = torch.randn_like(parameter)
    return net


def loop(net: nn.Module, of_matrix: Update, of_others: Update) -> Callable[[], None]:
    """A step as a loop over parameters; matrices of the core may have an update of their own."""
    core = {id(parameter) for parameter in net.L_level.parameters() if parameter.ndim == 2}  # type: ignore[union-attr]
    states: list[State] = [{} for _ in net.parameters()]
    count = 0

    def step() -> None:
        nonlocal count
        count += 1
        for parameter, state in zip(net.parameters(), states, strict=True):
            (of_matrix if id(parameter) in core else of_others)(parameter, state, count)

    return step


def ours(net: nn.Module, name: str) -> Callable[[], None]:
    """A step of the entry `name` with its defaults."""
    part = OPTIMISERS[name]
    optimisers = part.build(part.config(), net)
    return lambda: [optimiser.step() for optimiser in optimisers] and None


def rows(net: nn.Module, move: Callable[[Tensor, Tensor, Tensor], None]) -> Callable[[], None]:
    """A step of the puzzle embedding."""
    table: Tensor = net.puzzle_table  # type: ignore[assignment]
    identifiers = torch.randint(_NUM_ROWS, (_BATCH,), device=table.device)
    gradients = torch.randn(_BATCH, table.shape[1], device=table.device)
    return lambda: move(table, identifiers, gradients)


def ways(width: int, device: torch.device) -> dict[str, tuple[Callable[[], None], Callable[[], None]]]:
    """The plain loop and ours, of each optimiser; every way has a network of its own."""

    def net() -> nn.Module:
        return make_net(width, device)

    return {
        "adam_atan2": (loop(net(), adam_atan2, adam_atan2), ours(net(), "adam_atan2")),
        "adamw": (loop(net(), adamw, adamw), ours(net(), "adamw")),
        "muon": (loop(net(), muon, adamw), ours(net(), "muon")),
        "sign-SGD": (
            rows(net(), rows_by_unique),
            rows(net(), lambda *tensors: sign_sgd_rows(*tensors, lr=1e-4, weight_decay=1.0)),
        ),
    }


def milliseconds(step: Callable[[], None], device: torch.device) -> float:
    """How long one step takes; on a GPU until it is done there."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    started = time.perf_counter()
    step()
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return 1e3 * (time.perf_counter() - started)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--threads", type=int, default=1, help="of torch on a CPU")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    where = torch.cuda.get_device_name(device) if device.type == "cuda" else f"{platform.machine()} CPU"
    print(f"{where}, {options.threads} threads, torch {torch.__version__}, best of {options.rounds} rounds")
    print(f"{'width':>5} {'optimiser':>12} {'loop ms':>9} {'ours ms':>9} {'ratio':>6}")
    for width in SEQ_LENS:
        for name, pair in ways(width, device).items():
            best = [float("inf")] * len(pair)
            for _ in range(options.rounds):
                best = [min(known, milliseconds(step, device)) for known, step in zip(best, pair, strict=True)]
            print(f"{width:>5} {name:>12} {best[0]:>9.3f} {best[1]:>9.3f} {best[0] / best[1]:>6.2f}")


if __name__ == "__main__":
    main()
