"""Any config at sizes that take milliseconds, whatever its parts are: settings are found by what they are called."""

import dataclasses

TINY_SIZES = {
    "width": 16,
    "num_heads": 2,
    "symbol_heads": 1,
    "head_width": 8,
    "num_layers": 1,
    "inner": 16,
    "token_inner": 8,
    "num_prefix": 1,
    "h_cycles": 2,
    "l_cycles": 2,
    "loops": 3,
    "message": 8,
    "steps": 2,
    "grad_loops": 2,
    "warmup_steps": 0,
}
"""Of a part; what has another name stays as it is."""


def shrunk(part):
    """A section of a config with tiny sizes."""
    names = {field.name for field in dataclasses.fields(part)}
    present = {name: size for name, size in TINY_SIZES.items() if name in names}
    if getattr(part, "num_prefix", 1) == 0:
        del present["num_prefix"]  # A model without puzzle embeddings stays one.
    return dataclasses.replace(part, **present)


def shrunk_run(config, **changes):
    """A config whose model and schedule are tiny, for a few steps."""
    small = {"model": shrunk(config.model), "schedule": shrunk(config.schedule), "batch_size": 6, "num_slices": 2}
    return dataclasses.replace(config, **{**small, "max_steps": 4, **changes})
