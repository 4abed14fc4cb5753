"""Whether a plan can be executed, found out before its first run: names that fit, settings that the trainer takes."""

from collections.abc import Iterable, Sequence

from trmpipe.generators.errors import InputError
from trmpipe.generators.registry import family_of, get_task
from trmpipe.generators.task import TaskSpec
from trmpipe.shards import Corpus
from trmpipe.trainer.building.build import takes_any_size
from trmpipe.trainer.errors import SettingError
from trmpipe.trainer.settings.config import TrainConfig
from trmpipe.trainer.settings.request import TrainRequest
from trmpipe.trainer.training.resolving import check_settings

from .errors import PlanError
from .fitting import tuning_name
from .keys import nearest
from .plan import FLOPS, Data, Plan
from .setups import Setup, axes_of, key_of, setups_of, slug, tries_of

_OWN = {
    "max_steps": "say how long runs are in [budget], or by an axis of length",
    "seed": "say how many there are by seeds",
    "evaluation.steps": "say it by steps in [evaluation]",
    "evaluation.every": "runs are scored at their end",
    "evaluation.train_limit": "say it by trained in [evaluation]",
    "evaluation.monitor": "training puzzles are kept aside by puzzles in [tuning], for tries alone",
    "evaluation.patience": "runs are as long as [budget] says",
    "checkpoint_keep": "the last checkpoint is kept",
}
"""Settings that no plan may change, as all runs have the same, and where the plan says it."""
_COLUMNS = ("supervision steps", "seeds", "deviation")
"""What heat maps, whose columns axes are, call their own."""


def check_plan(plan: Plan) -> None:
    """Refuse a plan whose parts do not fit each other.

    Raises:
        PlanError: so it is; one line says where.
    """
    arms, data = [arm.name for arm in plan.arms], [one.name for one in plan.data]
    _refuse_twins("arms", arms)
    _refuse_twins("data", data)
    for arm in plan.arms:
        for name in arm.data:
            _known(f"data of the arm {arm.name!r}", name, data)
        _refuse_twins(f"axes of the arm {arm.name!r}", [axis.name for axis in (*arm.axes, *plan.axes)])
        _refuse_twins(f"variants of the arm {arm.name!r}", [one.name for one in arm.variants])
    for one in plan.data:
        if not any(not arm.data or one.name in arm.data for arm in plan.arms):
            raise PlanError(f"no arm is trained on the data {one.name!r}; expected one at least")
    _check_references(plan)
    _check_tuning(plan)
    for axis in axes_of(plan):
        if axis.name in _COLUMNS:
            raise PlanError(f"an axis is called {axis.name!r}, as a column of figures is; expected another name")
    _refuse_mixed_tuning(plan)
    labels = [f"{axis.name}={point.name}" for axis in axes_of(plan) for point in axis.values]
    for name in plan.budget.drop:
        _known("budget.drop", name, [*arms, *labels])
    for one in plan.data:
        of_one = [setup for setup in setups_of(plan) if setup.data == one.name]
        _refuse_twins(f"setups on {one.name!r}", [setup.name for setup in of_one])


def _refuse_mixed_tuning(plan: Plan) -> None:
    """Refuse arms and points whose names come to the same in another way: one would get what was tuned for the other.

    Raises:
        PlanError: there are such.
    """
    seen: dict[tuple[str, ...], tuple[str, str]] = {}
    for setup in setups_of(plan):
        words = tuning_name(plan, setup)
        # As a key, and as the folder of its tries, which is within that of the data.
        for name in ((words,), (slug(setup.data), slug(words.removeprefix(setup.data)))):
            data, other = seen.setdefault(name, (setup.data, setup.arm))
            if (data, other) != (setup.data, setup.arm):
                raise PlanError(
                    f"the arms {other!r} and {setup.arm!r} both have a setup named {words!r:.200}; expected different "
                    "names"
                )


def _check_references(plan: Plan) -> None:
    """Refuse a reference that is no arm of the data that it is for."""
    for one in plan.data:
        own = [arm.name for arm in plan.arms if not arm.data or one.name in arm.data]
        if one.reference:
            _known(f"reference of the data {one.name!r}", one.reference, own)
        elif plan.budget.reference:
            _known(f"budget.reference, on the data {one.name!r},", plan.budget.reference, own)
        elif FLOPS in plan.budget.kinds:
            raise PlanError("budget.reference is missing; expected the name of the arm whose FLOPs all others get")


def _check_tuning(plan: Plan) -> None:
    """Refuse unequal efforts: every setup is tried as often."""
    counts = {arm.name: len(arm.variants) or 1 for arm in plan.arms}
    (first, most), *others = counts.items()
    for name, count in others:
        if count != most:
            raise PlanError(
                f"the arm {name!r} has {count} variants to choose from, {first!r} has {most}; expected as many for "
                "every arm, so that all have the same effort of tuning"
            )
    if most > 1 and not plan.tuning.rates:
        raise PlanError("arms have variants, and tuning.rates is missing; expected the rates that they are tried with")
    _refuse_twins("tuning.rates", plan.tuning.rates)
    for one in plan.data:
        _refuse_twins(f"rates of the data {one.name!r}", one.rates)
        if one.rates and len(one.rates) != len(plan.tuning.rates):
            raise PlanError(
                f"the data {one.name!r} has {len(one.rates)} rates, tuning.rates {len(plan.tuning.rates)}; expected as "
                "many, so that all have the same effort of tuning"
            )


def check_settings_of(plan: Plan, corpora: dict[str, Corpus], device: str) -> None:
    """Refuse settings that the trainer does not take.

    Args:
        plan: the plan.
        corpora: that are open, by the names of data; of others the recipe's task is asked.
        device: to train on.

    Raises:
        PlanError: it refuses those of an arm; the message has its own words.
    """
    specs = {one.name: _spec(one.name, one.recipe, corpora) for one in plan.data}
    tasks = tuple(dict.fromkeys(spec.name for spec in specs.values()))
    done: set[tuple[str, str, tuple[str, ...]]] = set()
    for setup in setups_of(plan):
        for variant, _, settings in tries_of(plan, setup):
            asked = (setup.data, setup.preset, settings)
            if asked not in done:
                done.add(asked)
                config = _check_one(setup, variant, settings, specs[setup.data], device)
                if plan.evaluation.across and len(tasks) > 1:
                    _refuse_other_tasks(setup, config, tasks)


def check_corpus(plan: Plan, data: Data, corpus: Corpus) -> None:
    """Refuse a corpus that runs of a plan cannot be trained or scored on.

    Raises:
        PlanError: so it is; one line says why.
    """
    puzzles, held_out = corpus.num_groups("train"), corpus.num_groups("test")
    if not held_out:
        raise PlanError(f"the data {data.name!r} holds no held-out puzzles to score on; generate it with --test")
    spare = plan.tuning.puzzles if plan.tuning.rates else 0
    if spare >= puzzles:
        raise PlanError(
            f"tuning.puzzles is {spare:,}, and the data {data.name!r} has {puzzles:,} training puzzles; expected "
            "fewer, as they are kept aside of these"
        )
    most = int(corpus.catalog["train"].variants.max(initial=0))
    for setup in setups_of(plan):
        if setup.data != data.name:
            continue
        if setup.variants is not None and setup.variants > most:
            raise PlanError(
                f"{setup.name!r} asks for {setup.variants:,} variants of each puzzle, and none of the data "
                f"{data.name!r} has more than {most:,}"
            )
        if setup.groups is not None and setup.groups + spare > puzzles:
            kept = f", {spare:,} of which tuning keeps aside" if spare else ""
            raise PlanError(
                f"{setup.name!r} asks for {setup.groups:,} training puzzles, and the data {data.name!r} has "
                f"{puzzles:,}{kept}"
            )


def _refuse_other_tasks(setup: Setup, config: TrainConfig, tasks: Sequence[str]) -> None:
    """Refuse to score a run on data of tasks that its network cannot be asked about."""
    if takes_any_size(config) and len({family_of(task).name for task in tasks}) == 1:
        return
    raise PlanError(
        f"evaluation.across scores {setup.name!r} on all data, and these are of several tasks ({', '.join(tasks)}), of "
        "which its model takes one; expected data of one task, or no across"
    )


def _check_one(setup: Setup, variant: str, settings: tuple[str, ...], spec: TaskSpec, device: str) -> TrainConfig:
    words = f"{setup.name}, variant {variant}" if variant else setup.name
    for setting in settings:
        key = key_of(setting)
        if key in _OWN:
            raise PlanError(f"settings of {words!r} on {setup.data!r}: {key} is the study's own; {_OWN[key]}")
    request = TrainRequest(paths=(), preset=setup.preset or None, settings=settings, device=device)
    try:
        return check_settings(request, spec)
    except SettingError as error:
        raise PlanError(f"settings of {words!r} on {setup.data!r}: {error}") from error


def _spec(name: str, recipe: dict[str, object], corpora: dict[str, Corpus]) -> TaskSpec:
    if name in corpora:
        return corpora[name].spec
    try:
        return get_task(str(recipe.get("task"))).spec
    except InputError as error:
        raise PlanError(f"recipe of the data {name!r}: {error}") from error


def _known(where: str, name: str, known: Iterable[str]) -> None:
    names = list(known)
    if name not in names:
        raise PlanError(f"{where} names {name!r:.100}; expected {nearest(name, names)}")


def _refuse_twins(where: str, names: Iterable[str]) -> None:
    """Refuse two names that are the same, also as names of folders."""
    seen: dict[str, str] = {}
    for name in names:
        if slug(name) in seen:
            raise PlanError(f"{where}: {name!r} is there twice (as {seen[slug(name)]!r}); expected different names")
        seen[slug(name)] = name
