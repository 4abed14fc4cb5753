"""Winner take all, one example and one chain after the other, batch first."""

from tests.references import training


def chain_key(key, chain):
    """The key of a chain of an example, as a signed number."""
    from tests.references.noise import mix

    high = (key % 2**64 >> 32) ^ mix(chain)
    word = (high << 32) | key % 2**32
    return word - 2**64 if word >= 2**63 else word


def starts(key, draw, count, seq_len, width):
    """Where the chains of an example begin: [S, D] each, a vector for all tokens."""
    vectors = training.normal([key], draw, count, width, cut=2)[0]
    return [vectors[chain].expand(seq_len, width) for chain in range(count)]


def learn(step, shared, own, inputs, labels, loss, closeness):
    """A step of one example.

    Args:
        step: from z_H, z_L [1, S, D] and a chain to z_H, z_L, logits [1, S, V], halting logits [1].
        shared: z_H [S, D].
        own: z_L [S, D] of each chain.
        inputs: [S].
        labels: [S].
        loss: name of the loss.
        closeness: above which a chain begins anew.

    Returns:
        Losses of the chains, the winner, its logits and halting logit, its z_H, all z_L, and the chain that begins
        anew or None.
    """
    results = [step(shared[None], z[None], chain) for chain, z in enumerate(own)]
    losses = [training.token_loss(logits, labels[None], loss)[0] for _, _, logits, _ in results]
    winner = min(range(len(own)), key=lambda chain: losses[chain].item())
    after = [z_L[0] for _, z_L, _, _ in results]
    near = set()
    for i, one in enumerate(after):
        for j, other in enumerate(after):
            cosine = (one * other).sum() / (one.norm() * other.norm())
            if i != j and cosine > closeness:
                near.add(i)
    worst = max(near, key=lambda chain: losses[chain].item()) if near else None
    z_H, _, logits, halt = results[winner]
    return losses, winner, logits[0], halt[0], z_H[0], after, worst
