"""A preset's warm-up, in runs that are shorter than it thinks of; GPUs that a process may use."""

from types import SimpleNamespace

import pytest
import torch

from trmpipe.trainer import device as devices
from trmpipe.trainer.settings.request import TrainRequest
from trmpipe.trainer.training.resolving import config_for

CORPUS = SimpleNamespace(spec=SimpleNamespace(name="sudoku6"))


@pytest.mark.parametrize(
    ("steps", "settings", "most", "expected"),
    [
        (50, (), 0.1, 5),
        (3, (), 0.1, 1),
        (1000, (), 0.1, 30),
        (50, (), None, 30),
        (50, ("schedule.warmup_steps=20",), 0.1, 20),
    ],
)
def test_a_warm_up_takes_no_more_than_its_share(steps, settings, most, expected):
    request = TrainRequest(
        paths=(), preset="trm-sudoku6-cpu", settings=settings, max_steps=steps, device="cpu", most_warmup=most
    )
    assert config_for(request, CORPUS, torch.device("cpu"))[2].schedule.warmup_steps == expected


@pytest.mark.parametrize(
    ("named", "count", "expected"),
    [("2,3", 4, ["2", "3"]), ("", 2, ["0", "1"]), ("GPU-a, GPU-b", 2, ["GPU-a", "GPU-b"])],
)
def test_gpus_are_those_that_the_user_left_us(monkeypatch, named, count, expected):
    monkeypatch.setenv(devices.GPUS, named)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: count)
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    assert devices.visible_gpus("auto") == expected
    assert devices.visible_gpus("cpu") == []
