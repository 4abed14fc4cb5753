"""How networks of these layers are published: sizes out of the shapes of their tensors.

Source: the checkpoints of TinyRecursiveModels and of HRM, whose parameters have the names of ours.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ..errors import RunError
from ..published_form import PublishedForm, Shapes, count_layers, dimension
from .blocks import StackConfig
from .layers import inner_width

_CYCLES = ("h_cycles", "l_cycles")
_FIXED = {"mixer": ("mlp_t", "attention"), "mlp": ("swiglu",), "positions": ("rotary",)}
"""What no published network does otherwise."""


def published_stack(config: type[StackConfig], *levels: str, **fixed: Any) -> PublishedForm:
    """The published form of a network whose layers lie in `levels`, such as ``L_level``.

    Args:
        config: the class of its config.
        levels: the modules of its layers, all of one size.
        fixed: what published networks of this model have beside `_FIXED`.
    """
    return PublishedForm(
        modules=frozenset({"H_init", "L_init", "embed_tokens", "lm_head", "q_head", *levels}),
        optional_modules=frozenset({"puzzle_emb"}),
        tokens="embed_tokens.embedding_weight",
        puzzles="puzzle_emb.weights",
        sizes=partial(_sizes, config, levels),
        untold=_untold,
        fixed={**_FIXED, **{name: (value,) for name, value in fixed.items()}},
    )


def _sizes(
    config: type[StackConfig], levels: tuple[str, ...], shapes: Shapes, seq_len: int, base: Mapping[str, Any]
) -> StackConfig:
    """The config of a published state dict; see `PublishedForm.sizes`.

    Sizes that follow the published rule are given as 0, so that published checkpoints have the config of their preset.

    Args:
        config: its class.
        levels: the modules of layers.
        shapes: of the tensors.
        seq_len: tokens of an example.
        base: settings of which heads and cycles hold, and the prefix where no mixer over the sequence tells it.
    """
    layer, layers = f"{levels[0]}.layers.0", {level: count_layers(shapes, f"{level}.layers.") for level in levels}
    if len({*layers.values()}) > 1:
        raise RunError(
            f"{' and '.join(f'{level} has {count} layers' for level, count in layers.items())}, expected equal numbers"
        )
    width = dimension(shapes, "embed_tokens.embedding_weight", 1)
    inner = dimension(shapes, f"{layer}.mlp.down_proj.weight", 1)
    found = {
        **base,
        "width": width,
        "num_layers": layers[levels[0]],
        "inner": 0 if inner == inner_width(width) else inner,
    }
    if f"{layer}.self_attn.qkv_proj.weight" in shapes:
        num_prefix = base["num_prefix"] if "puzzle_emb.weights" in shapes else 0
        return config(**{**found, "mixer": "attention", "token_inner": 0, "num_prefix": num_prefix})
    whole, token_inner = (dimension(shapes, f"{layer}.mlp_t.down_proj.weight", axis) for axis in (0, 1))
    if whole < seq_len:
        raise RunError(f"{layer}.mlp_t.down_proj.weight mixes {whole:,} tokens, expected {seq_len:,} at least")
    token_inner = 0 if token_inner == inner_width(whole) else token_inner
    return config(**{**found, "mixer": "mlp_t", "token_inner": token_inner, "num_prefix": whole - seq_len})


def _untold(config: Any) -> tuple[str, ...]:
    """What the tensors of a published state dict do not tell; see `PublishedForm.untold`."""
    return ("num_heads", "num_prefix", *_CYCLES) if config.mixer == "attention" else _CYCLES
