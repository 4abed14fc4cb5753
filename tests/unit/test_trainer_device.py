"""What a GPU asks for, as far as a machine without one can show it."""

from types import SimpleNamespace

import pytest
import torch

from trmpipe.trainer import ranks as ranks_module
from trmpipe.trainer.building import memory, precision_choice
from trmpipe.trainer.device import is_out_of_memory
from trmpipe.trainer.errors import LostProcessError
from trmpipe.trainer.models import layers
from trmpipe.trainer.models.layers import Attention
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.training import feeding

CUDA = torch.device("cuda", 1)


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (MemoryError(), True),
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"), True),
        (
            RuntimeError("[enforce fail at alloc_cpu.cpp:127] DefaultCPUAllocator: can't allocate memory: you tried"),
            True,
        ),
        (RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"), True),
        (RuntimeError("Triton Error [CUDA]: out of memory"), True),
        (RuntimeError("Failed to CUDA calloc async 608 bytes. Cuda failure 2 'out of memory'"), True),
        (RuntimeError("CUDA error: device-side assert triggered"), False),
        (ValueError("memory"), False),
    ],
)
def test_errors_of_full_memory_are_known(error, full):
    assert is_out_of_memory(error) == full


def test_an_exchange_that_does_not_fit_is_not_told_as_a_lost_process():
    with pytest.raises(torch.OutOfMemoryError), ranks_module._exchange():
        raise torch.OutOfMemoryError("CUDA out of memory")
    with pytest.raises(LostProcessError), ranks_module._exchange():
        raise RuntimeError("Connection closed by peer")


@pytest.mark.parametrize("cuda", [False, True])
def test_a_failing_process_waits_for_no_other(cuda, monkeypatch):
    """NCCL ends a group together, so a process that fails leaves it without a word; gloo does not wait."""
    ended = []
    group = SimpleNamespace(
        init_process_group=lambda backend: None,
        destroy_process_group=lambda: ended.append(1),
        get_rank=lambda: 0,
    )
    monkeypatch.setattr(torch, "distributed", group)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(KeyError), ranks_module.joined_ranks():
        raise KeyError
    assert len(ended) == (0 if cuda else 1)
    with ranks_module.joined_ranks() as ranks:
        assert ranks.world_size == 2
    assert len(ended) == (1 if cuda else 2)


def test_what_torch_has_freed_is_free(monkeypatch):
    """A second run in one process finds the memory of the first one in torch's hands."""
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1_000, 10_000))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 8_000)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 500)
    assert memory.available_bytes(CUDA) == 8_500


@pytest.mark.parametrize(("units", "precision"), [(True, "bf16"), (False, "fp32")])
def test_a_gpu_without_units_for_bf16_computes_in_fp32(units, precision, monkeypatch):
    """torch says of emulation alone that it is supported, unless asked not to."""
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: including_emulation or units)
    assert precision_choice.choose_precision(TrainConfig(), [], CUDA)[0] == precision


def test_rows_are_made_on_the_device_of_their_process(monkeypatch):
    """A new thread has the first GPU, and every process would take memory there."""
    used = []
    monkeypatch.setattr(torch.cuda, "set_device", used.append)
    for device in (torch.device("cpu"), torch.device("cuda"), CUDA):
        feeding._use(device)
    assert used == [CUDA]
    with feeding.Feeder(SimpleNamespace(in_memory=False), None, None, torch.device("cpu")) as feeder:
        assert feeder._pool._initializer is feeding._use


@pytest.mark.parametrize("heads", [1, 3])
def test_attention_over_many_short_sequences_is_taken_in_parts(heads, monkeypatch):
    """CUDA's kernels take 65,535 sequences and heads; SE-RRM's symbols of 30x30 puzzles are more."""
    attention = Attention(12, heads, generator=torch.Generator().manual_seed(0))
    x = torch.randn(4, 10, 12, generator=torch.Generator().manual_seed(1))
    whole = attention(x, None)
    sizes = []
    inner = torch.nn.functional.scaled_dot_product_attention
    monkeypatch.setattr(layers, "_MOST_SEQUENCES", 7)
    monkeypatch.setattr(
        layers.F, "scaled_dot_product_attention", lambda q, k, v: (sizes.append(len(q)), inner(q, k, v))[1]
    )
    torch.testing.assert_close(attention(x, None), whole)
    assert sum(sizes) == 10
    assert max(sizes) * heads <= 7
