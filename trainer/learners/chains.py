"""Several chains of latents for one example: how they begin, how near they are, and which of them is looked at.

A chain has latents of its own, in the state [B, K, S, D]. A network is handed all of them as one batch of B * K rows,
the chains of an example side by side.

Shapes: B batch, K chains, S sequence, D width.
"""

import torch
from torch import Tensor

from ..models.noise import mixed, truncated_normal

_HALF = 32


def keys_of_chains(keys: Tensor, count: int) -> Tensor:
    """Keys int64 [B * K] for `count` chains of the examples whose keys `keys` int64 [B] are; of one chain, the same."""
    chains = mixed(torch.arange(count, device=keys.device)) << _HALF
    return (keys[:, None] ^ chains).flatten()


def drawn_starts(keys: Tensor, draw: int, count: int, like: Tensor) -> Tensor:
    """Where `count` chains begin, [B, K, S, D]: a vector each, for all tokens alike, of a normal cut at two sigma.

    Args:
        keys: int64 [B].
        draw: number of the draw, see `models.noise`.
        count: K; the first chains of more are the same.
        like: [S, B, D], a latent as the network begins with it.
    """
    vectors = truncated_normal(keys, draw, count, like.shape[-1], like.dtype).transpose(0, 1)
    return vectors.unsqueeze(2).expand(-1, -1, like.shape[0], -1)


def side_by_side(z: Tensor) -> Tensor:
    """A latent of all chains, [B, K, S, D], as a network takes it: [S, B * K, D], contiguous."""
    return z.flatten(0, 1).transpose(0, 1).contiguous()


def apart(z: Tensor, count: int) -> Tensor:
    """The inverse of `side_by_side` for `count` chains."""
    return by_example(z.transpose(0, 1), count)


def by_example(values: Tensor, count: int) -> Tensor:
    """[B, K, ...] out of `values` [B * K, ...] of `count` chains."""
    return values.view(-1, count, *values.shape[1:])


def of_chain(values: Tensor, chosen: Tensor) -> Tensor:
    """The values of one chain of each example.

    Args:
        values: [B, K, ...].
        chosen: int64 [B], a chain for each example.

    Returns:
        [B, ...].
    """
    index = chosen.view(-1, *(1,) * (values.dim() - 1))
    return torch.take_along_dim(values, index, 1).squeeze(1)


def too_close(z: Tensor, losses: Tensor, closeness: float) -> Tensor:
    """bool [B, K]: the chain that is to be replaced, one of an example at most.

    It is the one of the largest loss among those whose cosine with another chain's latent, all tokens together, is
    above `closeness`.

    Args:
        z: [B, K, S, D].
        losses: [B, K].
        closeness: a cosine; at 1 no chain is replaced.
    """
    flat = torch.nn.functional.normalize(z.flatten(2).float(), dim=-1)
    cosine = flat @ flat.transpose(1, 2)
    others = ~torch.eye(z.shape[1], dtype=torch.bool, device=z.device)
    close = ((cosine > closeness) & others).any(-1)
    if closeness >= 1:  # Rounding puts the cosine of equal latents on either side of 1.
        close = torch.zeros_like(close)
    worst = torch.where(close, losses, -torch.inf).argmax(1, keepdim=True)
    return close & (torch.arange(z.shape[1], device=z.device) == worst)
