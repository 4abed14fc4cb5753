"""Winner take all against a reference that takes one example and one chain after the other, in float64."""

import numpy as np
import pytest
import torch

from tests.exact import EXACT, LR, WEIGHT_DECAY, generator, gradients, in_float64, step_on, weights
from tests.outside.shades.models import PUDDLE
from tests.references import chains as reference
from tests.references import eqr as eqr_reference
from tests.references import training
from tests.references import trm as trm_reference
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.judging import judge_by_label
from trmpipe.trainer.learners import Rows
from trmpipe.trainer.learners.chains import keys_of_chains, too_close
from trmpipe.trainer.learners.deep_supervision import DeepSupervision, DeepSupervisionConfig
from trmpipe.trainer.learners.winner_take_all import WinnerTakeAll, WinnerTakeAllConfig
from trmpipe.trainer.models import CorpusSizes, puzzle_rows
from trmpipe.trainer.models.eqr import EqR, EqRConfig
from trmpipe.trainer.models.trm import TRM, TRMConfig

SIZES = CorpusSizes(seq_len=6, vocab_size=5, num_identifiers=4)
SMALL = {"width": 8, "num_heads": 2, "inner": 12, "token_inner": 10, "h_cycles": 1, "l_cycles": 2}
START, FRESH = 2**31, 2**31 + 1


def make(**settings):
    return WinnerTakeAll(WinnerTakeAllConfig(**{"num_chains": 3, **settings}), seed=3, max_steps=10)


def rows_at(learner, step, batch=3):
    drawn = {name: torch.from_numpy(values) for name, values in learner.draws(step, np.arange(batch)).items()}
    inputs, labels = torch.randint(1, 5, (2, batch, 6), generator=generator(4 + step))
    labels[0, 3:] = 0
    return Rows(inputs=inputs, labels=labels, identifiers=torch.tensor([3, 0, 1])[:batch], draws=drawn)


class Plain:
    """The reference's steps of a network, by the key of an example."""

    def __init__(self, net, keys):
        self.net, self.state, self.keys = net, weights(net), keys

    def of_example(self, row, inputs, identifiers):
        def step(z_H, z_L, chain):
            given = z_H, z_L, inputs[row][None], identifiers[row][None], self.state, self.net.config
            if isinstance(self.net, TRM):
                return trm_reference.step(*given)
            key = reference.chain_key(self.keys[row], chain)
            return eqr_reference.step(*given, self.noise(key))

        return step

    def noise(self, key):
        for draw in range(2, 2 + self.net.config.h_cycles * (self.net.config.l_cycles + 1)):
            yield training.normal([key], draw, self.net.seq_len, self.net.config.width)


NETWORKS = {
    "trm": lambda: in_float64(TRM, TRMConfig(num_prefix=1, mlp="normed", **SMALL), SIZES),
    "eqr": lambda: in_float64(EqR, EqRConfig(**SMALL), SIZES),
}


@pytest.mark.parametrize(
    ("network", "loss", "closeness"), [("trm", "smoothed", 0.95), ("trm", "softmax", 0.0), ("eqr", "softmax", 0.1)]
)
def test_two_training_steps_equal_the_reference(network, loss, closeness):
    net, learner = NETWORKS[network](), make(loss=loss, closeness=closeness, halt_max_steps=2, halt_exploration=0.0)
    torch.nn.init.constant_(net.q_head.bias, -9)  # Nobody halts before the time is up.
    width, count, replaced = net.config.width, 3, []
    state = learner.begin(net, 3, 6)
    plain_state = None
    for step in range(2):
        rows = rows_at(learner, step)
        keys = rows.draws["keys"].tolist()
        work = learner.take_up(net, state, rows)
        if step == 0:
            told, shared = rows, net.initial(rows.draws["keys"])["z_H"].transpose(0, 1)
            own = [reference.starts(key, START, count, net.seq_len, width) for key in keys]
        else:
            shared, own = plain_state
        lesson = learner.learn(net, work, puzzle_rows(net, told.identifiers), judge_by_label)
        plain = Plain(net, keys)
        total, plain_state = 0.0, ([], [])
        for row in range(3):
            chain_step = plain.of_example(row, told.inputs, told.identifiers)
            losses, winner, logits, halt, z_H, after, worst = reference.learn(
                chain_step, shared[row], own[row], told.inputs[row], told.labels[row], loss, closeness
            )
            solved = training.solved(logits[None], told.labels[row][None])
            expected = losses[winner] + 0.5 * training.halting_loss(halt[None], solved)[0]
            torch.testing.assert_close(lesson.loss[row], expected, **EXACT)
            torch.testing.assert_close(lesson.metrics["mean_loss"][row], sum(losses).detach() / count, **EXACT)
            total = total + expected
            if worst is not None:
                after[worst] = reference.starts(keys[row], FRESH, count, net.seq_len, width)[worst]
            assert lesson.metrics["replaced"][row] == (worst is not None)
            replaced.append(worst)
            plain_state[0].append(z_H.detach())
            plain_state[1].append([z.detach() for z in after])
        state = lesson.state
        torch.testing.assert_close(state["latents.z_H"], torch.stack(plain_state[0]), **EXACT)
        found = torch.stack([torch.stack(rows_of) for rows_of in plain_state[1]])
        torch.testing.assert_close(state["chains.z_L"], found, **EXACT)
    assert state["halted"].all()
    assert len(set(replaced)) > (1 if closeness < 0.9 else 0)
    moved = training.adamw_first_step(plain.state, gradients(total, plain.state), LR, WEIGHT_DECAY)
    found = step_on(net, lesson.loss.sum())
    assert set(moved) == set(found)
    for name, value in moved.items():
        torch.testing.assert_close(found[name].detach(), value.detach(), **EXACT)


def test_the_losers_give_no_gradient():
    """With the winner's answer taken out, nothing is left to learn from."""
    net, learner = NETWORKS["trm"](), make(halt_weight=0.0)
    seen = {}
    step = net.step

    def watched(*arguments):
        seen["outcome"] = step(*arguments)
        seen["outcome"].logits.retain_grad()
        return seen["outcome"]

    net.step = watched
    rows = rows_at(learner, 0)
    lesson = learner.learn(
        net, learner.take_up(net, learner.begin(net, 3, 6), rows), puzzle_rows(net, rows.identifiers), judge_by_label
    )
    lesson.loss.sum().backward()
    touched = seen["outcome"].logits.grad.abs().sum((1, 2)).view(3, 3) > 0
    assert touched.sum(1).tolist() == [1, 1, 1]


def test_a_new_puzzle_gets_new_chains_and_others_keep_theirs():
    net, learner = NETWORKS["trm"](), make()
    state = learner.begin(net, 3, 6)
    state["halted"] = torch.tensor([True, False, True])
    state["chains.z_L"] = torch.full_like(state["chains.z_L"], 5.0)
    rows = rows_at(learner, 4)
    work = learner.take_up(net, state, rows)
    assert (work["chains.z_L"][1] == 5).all()
    fresh = [torch.stack(reference.starts(key, START, 3, 7, 8)) for key in rows.draws["keys"].tolist()]
    for row in (0, 2):
        torch.testing.assert_close(work["chains.z_L"][row], fresh[row], **EXACT)
        assert torch.equal(work["inputs"][row], rows.inputs[row])
    assert torch.equal(work["inputs"][1], state["inputs"][1])


def latents_of(vectors):
    return torch.tensor(vectors, dtype=torch.float64)[:, :, None, :]


@pytest.mark.parametrize(
    ("losses", "expected"),
    [
        ([1.0, 2.0, 9.0, 3.0], [False, True, False, False]),
        ([2.0, 1.0, 9.0, 3.0], [True, False, False, False]),
    ],
)
def test_of_chains_that_are_close_the_worse_one_begins_anew(losses, expected):
    z = latents_of([[[1, 0, 0], [5, 0.1, 0], [0, 1, 0], [0, 0, -1]]])
    assert too_close(z, torch.tensor([losses]), 0.95).tolist() == [expected]
    assert not too_close(z, torch.tensor([losses]), 1.0).any()
    assert not too_close(z[:, 1:], torch.tensor([losses[1:]]), 0.95).any()


def test_equal_chains_are_kept_where_closeness_is_one():
    z = latents_of([[[0.3, 0.1, 0.7]] * 2])
    assert not too_close(z, torch.tensor([[1.0, 2.0]]), 1.0).any()


@pytest.mark.parametrize("answer_chains", [0, 1])
def test_the_surest_chain_answers(answer_chains):
    net, learner = NETWORKS["eqr"](), make(answer_chains=answer_chains)
    count = answer_chains or 3
    inputs = torch.randint(1, 5, (2, 6), generator=generator(8))
    keys, identifiers = torch.tensor([11, -12]), torch.zeros(2, dtype=torch.int64)
    found = list(learner.answers(net, inputs, identifiers, 2, keys))
    assert len(found) == 2
    for row in range(2):
        key = keys[row].item()
        shared = training.normal([key], 0, 6, 8, cut=2)[0]
        chains = [(shared, z) for z in reference.starts(key, START, count, 6, 8)]
        for number, answer in enumerate(found):
            plain = Plain(net, [key])
            tried = []
            for chain, (z_H, z_L) in enumerate(chains):
                own = reference.chain_key(key, chain)
                at = (own + number * (0x9E3779B97F4A7C15 - 2**64)) % 2**64
                given = z_H[None], z_L[None], inputs[row][None], identifiers[:1], plain.state, net.config
                tried.append(eqr_reference.step(*given, plain.noise(at - 2**64 if at >= 2**63 else at)))
            chains = [(z_H[0].detach(), z_L[0].detach()) for z_H, z_L, _, _ in tried]
            surest = max(tried, key=lambda one: one[3].item())
            torch.testing.assert_close(answer.logits[row], surest[2][0], **EXACT)
            torch.testing.assert_close(answer.halt[row], surest[3][0], **EXACT)
            assert torch.equal(answer.tokens[row], surest[2][0].argmax(-1))


def test_a_single_chain_has_the_keys_of_its_example():
    keys = torch.tensor([5, -(2**63), 2**63 - 1])
    assert torch.equal(keys_of_chains(keys, 1), keys)
    many = keys_of_chains(keys, 64)
    assert len(many.unique()) == len(many)
    assert many[:3].tolist() == [reference.chain_key(5, chain) for chain in range(3)]


@pytest.mark.parametrize("network", NETWORKS)
def test_one_chain_learns_as_under_deep_supervision(network):
    """Only where a chain's own latent begins is another: it is given here."""
    net, chains = NETWORKS[network](), make(num_chains=1, halt_exploration=0.5)
    plain = DeepSupervision(DeepSupervisionConfig(loss="softmax", halt_exploration=0.5), seed=3, max_steps=10)
    rows = rows_at(chains, 0)
    work = chains.take_up(net, chains.begin(net, 3, 6), rows)
    same = {name: work[name] for name in work if not name.startswith("chains.")}
    own = {"latents.z_L": work["chains.z_L"][:, 0], "longest": torch.full((3,), 16)}
    embeddings = puzzle_rows(net, rows.identifiers)
    found = chains.learn(net, work, embeddings, judge_by_label)
    expected = plain.learn(net, {**same, **own}, embeddings, judge_by_label)
    torch.testing.assert_close(found.loss, expected.loss, **EXACT)
    torch.testing.assert_close(found.state["chains.z_L"][:, 0], expected.state["latents.z_L"], **EXACT)
    for name in ("latents.z_H", "steps", "halted"):
        torch.testing.assert_close(found.state[name], expected.state[name], **EXACT)
    assert all(torch.equal(found.metrics[name], expected.metrics[name]) for name in ("cell", "exact"))


def test_a_network_of_a_package_with_one_latent_has_nothing_to_share():
    config = PUDDLE.config(width=6)
    net, learner = PUDDLE.build(config, SIZES, generator=generator(), dtype=torch.float32), make(own_latent="z")
    rows = rows_at(learner, 0)
    lesson = learner.learn(net, learner.take_up(net, learner.begin(net, 3, 6), rows), None, judge_by_label)
    lesson.loss.sum().backward()
    assert [name for name in lesson.state if "." in name] == ["chains.z"]
    assert lesson.state["chains.z"].shape == (3, 3, 6, 6)
    assert len(list(learner.answers(net, rows.inputs, rows.identifiers, 2, rows.draws["keys"]))) == 2


def test_a_latent_that_the_model_has_not_is_refused():
    learner = make(own_latent="z")
    with pytest.raises(
        SettingError, match=r"learner\.own_latent is 'z', which this model has not; take one of z_H, z_L"
    ):
        learner.begin(NETWORKS["trm"](), 2, 6)


@pytest.mark.parametrize(
    "wrong",
    [{"num_chains": 0}, {"num_chains": 5000}, {"answer_chains": -1}, {"closeness": 1.5}, {"loss": "hinge"}],
)
def test_impossible_settings_are_refused(wrong):
    with pytest.raises(SettingError, match=r"learner\.") as caught:
        WinnerTakeAllConfig(**wrong)
    assert "\n" not in str(caught.value)
