"""`trmpipe export checkpoint`: the averaged weights of a run under their published names."""

from dataclasses import dataclass
from pathlib import Path

from trmpipe.shards.errors import PlaceError
from trmpipe.shards.places import refuse_no_file

from ..errors import RunError
from ..learners import starts_at_random
from ..parts import entries_that_load, name_of
from ..published_form import PublishedForm
from ..ranks import refuse_several
from ..runs.checkpoint import step_of
from ..runs.run_folder import LAST
from ..settings.config import SECTIONS
from ..trained.inference import TrainedRun, open_trained
from .reading import published_tensors
from .tensor_files import is_exported, write_tensors


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportResult:
    """What came of an export.

    Attributes:
        path: of the file.
        step: steps that the weights were trained for.
        num_tensors: in the file.
        num_numbers: in them.
    """

    path: Path
    step: int
    num_tensors: int
    num_numbers: int


def export_checkpoint(run: str, out: str | None = None, checkpoint: str = LAST) -> ExportResult:
    """Write the weight average of a run's checkpoint as the published code does.

    Args:
        run: the run's folder.
        out: the file; by its suffix one of safetensors, else one of torch. By default ``step_<steps>`` in the folder.
        checkpoint: ``"last"``, ``"best"``, or a number of steps.

    Raises:
        SettingError: the checkpoint is called by no such word.
        NoRunError: the folder is no run, or holds no checkpoint.
        RunError: a file of it is damaged, or its model or how it was taught has no published form.
        PlaceError: the file cannot be made, or another one is there that is none of weights.
        RunWriteError: the file cannot be written.
    """
    refuse_several("an export")
    if out is not None:
        _refuse_place(Path(out))
    trained = open_trained(run, "cpu", checkpoint)
    tensors = published_tensors(trained.net, _form_of(trained, run))
    path = Path(out) if out is not None else trained.run.path / f"step_{trained.step}"
    _refuse_place(path)
    write_tensors(path, tensors)
    return ExportResult(
        path=path,
        step=trained.step,
        num_tensors=len(tensors),
        num_numbers=sum(tensor.numel() for tensor in tensors.values()),
    )


def _form_of(trained: TrainedRun, run: str) -> PublishedForm:
    """The published form of a run's network.

    Raises:
        RunError: the model, or how it was taught, has none.
    """
    models = SECTIONS["model"]
    name = name_of(models, trained.config.model)
    form = models[name].published
    if form is None:
        known = ", ".join(other for other, part in entries_that_load(models) if part.published)
        raise RunError(f"{run} is of the model {name}, which has no published form; those that have one: {known}")
    for setting, published in form.fixed.items():
        if (found := getattr(trained.config.model, setting)) not in published:
            ways = " or ".join(map(str, published))
            raise RunError(
                f"{run} has model.{setting} {found}, and published networks have {ways}: whoever read the file would "
                "compute something else; a network like this one has no published form"
            )
    if starts_at_random(trained.learner):
        raise RunError(
            f"{run} was taught to start from latents that are drawn, and published networks start from two fixed ones: "
            "whoever read the file would compute something else; a network taught so has no published form"
        )
    return form


def _refuse_place(path: Path) -> None:
    if step_of(path) >= 0:
        raise PlaceError(f"{path} is called as the checkpoints of runs are; give --out another name")
    refuse_no_file(path, "--out", is_exported, "a file of weights that was exported")
