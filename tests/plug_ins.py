"""Entries added to a registry for the time of a test, as an installed package would add them."""

from importlib.metadata import EntryPoint

from trmpipe.generators import registry


def add_entry(monkeypatch, known, name, entry):
    """Let the registry `known` find `entry` under `name`; no module is imported for it."""
    # Remembered before the entry is there, since workers in processes of their own do not have it.
    registry.code_folders()
    monkeypatch.setattr(known, "_found", {**known._found, name: entry})
    places = {**known._places, name: EntryPoint(name, "tests.plug_ins:nowhere", known.group)}
    monkeypatch.setitem(known.__dict__, "_places", places)


def all_registries():
    """Every registry of the product."""
    from trmpipe.pipeline.suppliers import SUPPLIERS
    from trmpipe.shards import CODECS
    from trmpipe.trainer.evaluators import EVALUATORS
    from trmpipe.trainer.learners import LEARNERS
    from trmpipe.trainer.losses import LOSSES
    from trmpipe.trainer.models import MODELS
    from trmpipe.trainer.optim import OPTIMISERS
    from trmpipe.trainer.optim.schedule import SCHEDULES
    from trmpipe.trainer.presets import PRESETS

    return [registry.FAMILIES, SUPPLIERS, CODECS, EVALUATORS, LEARNERS, LOSSES, MODELS, OPTIMISERS, PRESETS, SCHEDULES]


def add_family(monkeypatch, family):
    """Let tasks of `family` be found by name."""
    registry._build.cache_clear()
    add_entry(monkeypatch, registry.FAMILIES, family.name, family)
