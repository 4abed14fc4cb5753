"""Every model's training step as one graph through torch's own compiler, with the numbers that it has without.

That a step is one graph at all is tested for every model and learner beside the test that it reads no value, without
code being made of it; making code takes up to a minute for each.
"""

import pytest
import torch

from tests.pairs import PAIRS
from tests.unit.test_trainer_no_host_reads import make, rows_for, train
from trmpipe.trainer.device import find_compiler

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(find_compiler() is None, reason="torch.compile needs a C++ compiler on a CPU"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # The compiler's own, of its older parts.
]


@pytest.mark.parametrize("name", [name for name in PAIRS if name.endswith(", deep_supervision")])
def test_a_step_is_compiled_and_gives_the_same_numbers(name):
    net, learner = make(name)
    rows = rows_for(learner)
    plain, gradients = train(net, learner, rows, learner.learn)
    torch._dynamo.reset()
    teach = torch.compile(learner.learn, fullgraph=True, dynamic=False)
    compiled, same = train(net, learner, rows, teach)
    torch.testing.assert_close(compiled.loss, plain.loss, rtol=1e-4, atol=1e-5)
    for one, other in zip(same, gradients, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
