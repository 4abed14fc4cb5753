"""Every model's and learner's training step as one graph through torch's own compiler, with the numbers it has without.

That a step is one graph at all is tested for every model and learner beside the test that it reads no value, without
code being made of it; making code takes ten to thirty seconds for each.
"""

import pytest
import torch

from tests.pairs import one_of_each_learner, one_of_each_model
from tests.unit.test_trainer_no_host_reads import make, rows_for, train
from trmpipe.trainer.device import find_compiler
from trmpipe.trainer.training.compiling import as_one_graph

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(find_compiler() is None, reason="torch.compile needs a C++ compiler on a CPU"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # The compiler's own, of its older parts.
]


@pytest.mark.parametrize("name", sorted({*one_of_each_model(), *one_of_each_learner()}))
def test_a_step_is_compiled_and_gives_the_same_numbers(name):
    net, learner = make(name)
    rows = rows_for(learner)
    plain, gradients = train(net, learner, rows, learner.learn)
    torch._dynamo.reset()
    teach = as_one_graph(learner.learn, torch.device("cpu"))
    compiled, same = train(net, learner, rows, teach)
    torch.testing.assert_close(compiled.loss, plain.loss, rtol=1e-4, atol=1e-5)
    for one, other in zip(same, gradients, strict=True):
        assert (one is None) == (other is None)
        if one is not None:
            torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-5)
