"""What is compared: a model and how it is taught, as settings on top of one recipe; two variants of each are tried."""

from dataclasses import dataclass

PRESET = "trm-sudoku6-cpu"
"""Batch, optimiser, schedule, average and length of stays are this preset's for all."""
RATES = ("0.01", "0.03", "0.06")
"""Rates of Muon that are tried with either variant; the preset has the middle one."""
REFERENCE = "TRM mixer"
"""The entry whose FLOPs in the given time are the budget of FLOPs."""

_MIXER = ("model.width=128", "model.inner=256", "model.token_inner=96", "model.num_prefix=4", "model.num_heads=4")
_ATTENTION = (*_MIXER, "model.mixer=attention")
_ONE_PASS = ("learner.name=one_pass", "model.name=direct_prediction")
_CHAINS = ("learner.name=winner_take_all", "learner.halt_max_steps=4")


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the table.

    Attributes:
        name: of the row.
        settings: ``KEY=VALUE`` on top of the preset.
        variants: two more lists of settings by name, of which tuning takes one.
    """

    name: str
    settings: tuple[str, ...]
    variants: dict[str, tuple[str, ...]]


def _cycles(h_cycles: int, l_cycles: int) -> tuple[str, str]:
    return f"model.h_cycles={h_cycles}", f"model.l_cycles={l_cycles}"


_SHALLOW = {"H1 L1": _cycles(1, 1), "H1 L2": _cycles(1, 2)}
_DEPTHS = {"4 layers": ("model.num_layers=4",), "8 layers": ("model.num_layers=8", "model.norm=pre")}

ENTRIES = (
    Entry(REFERENCE, _MIXER, _SHALLOW),
    Entry("TRM attention", _ATTENTION, _SHALLOW),
    Entry("TRM, one latent", (*_MIXER, "model.latents=single"), _SHALLOW),
    Entry(
        "TRM, one-step gradient",
        (*_MIXER, "model.gradient=one_step"),
        {"H1 L2": _cycles(1, 2), "H2 L2": _cycles(2, 2)},
    ),
    Entry(
        "HRM",
        ("model.name=hrm", *_ATTENTION, "learner.continue_loss=true"),
        {"1 layer": ("model.num_layers=1",), "2 layers": ("model.num_layers=2",)},
    ),
    Entry(
        "EqR",
        ("model.name=eqr", *_MIXER, *_cycles(1, 1)),
        {"noise 0.01": ("model.noise=0.01",), "noise 0.1": ("model.noise=0.1",)},
    ),
    Entry(
        "Winner take all",
        (*_MIXER, *_cycles(1, 1), *_CHAINS),
        {"2 chains": ("learner.num_chains=2",), "4 chains": ("learner.num_chains=4",)},
    ),
    Entry(
        "Looped transformer",
        ("model.name=looped", *_ATTENTION, "model.num_layers=2", "model.grad_loops=0"),
        {"2 loops": ("model.loops=2",), "4 loops": ("model.loops=4",)},
    ),
    Entry("Direct mixer", (*_ONE_PASS, *_MIXER, "model.mixer=mlp_t"), _DEPTHS),
    Entry("Direct transformer", (*_ONE_PASS, *_ATTENTION), _DEPTHS),
    Entry(
        "Autoregressive transformer",
        (
            *("learner.name=token_by_token", "model.name=autoregressive"),
            *("model.width=128", "model.inner=256", "model.num_heads=4"),
        ),
        {"4 layers": ("model.num_layers=4",), "8 layers": ("model.num_layers=8",)},
    ),
)


def entries_named(names: tuple[str, ...]) -> list[Entry]:
    """The entries of these names, the reference always among them; all of them for no name.

    Raises:
        SystemExit: there is no such entry.
    """
    known = {entry.name: entry for entry in ENTRIES}
    if unknown := [name for name in names if name not in known]:
        raise SystemExit(f"there is no entry {unknown[0]!r}; known: {', '.join(known)}")
    return [entry for entry in ENTRIES if not names or entry.name in (*names, REFERENCE)]
