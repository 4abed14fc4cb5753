"""A puzzle being solved as a GIF, a picture a supervision step: for slides and pages that take no scripts."""

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trmpipe.generators.errors import OptionError
from trmpipe.generators.picture import Picture
from trmpipe.generators.task import TaskSpec
from trmpipe.shards.files import write_atomically
from trmpipe.trainer.pictures.drawing import draw_picture
from trmpipe.trainer.pictures.figures import make_figure
from trmpipe.trainer.pictures.run_pictures import Solving, boards_of

_BEGIN = b"GIF8"
_INCHES = (3.6, 4.2)
_DOTS_PER_INCH = 110
_STEP_MILLISECONDS = 500
_STILL_MILLISECONDS = 1500
"""Of the puzzle at the beginning, and of the last answer."""


def save_animation(solving: Solving, spec: TaskSpec, title: str, path: Path) -> Path:
    """Write a puzzle, and the answer to it after every supervision step, as a GIF that begins anew.

    Args:
        solving: the puzzle and the answers.
        spec: of its task.
        title: above every picture.
        path: of the file, which ends in ``.gif``; replaced where it is there.

    Raises:
        OptionError: it ends otherwise.
        OSError: it cannot be written.
    """
    refuse_other_suffix(path)
    puzzle, _, *answers = boards_of(solving, spec)
    words = [f"step {step} of {len(answers)}: {said}" for step, (said, _) in enumerate(answers, 1)]
    frames = [_frame(puzzle[1], title, "the puzzle")]
    frames += [_frame(picture, title, said) for (_, picture), said in zip(answers, words, strict=True)]
    times = [_STILL_MILLISECONDS, *[_STEP_MILLISECONDS] * (len(frames) - 2), _STILL_MILLISECONDS]
    data = io.BytesIO()
    palette = _palette(frames)
    shown = [frame.quantize(palette=palette) for frame in frames]
    shown[0].save(data, "GIF", save_all=True, append_images=shown[1:], duration=times, loop=0, disposal=1)
    write_atomically(path, data.getvalue())
    return path


def refuse_other_suffix(path: Path) -> None:
    """Refuse a name that no animation has.

    Raises:
        OptionError: it does not end in ``.gif``.
    """
    if path.suffix.lower() != ".gif":
        raise OptionError(f"{path} does not end in .gif, which animations are written as; give another name")


def is_animation(path: Path) -> bool:
    """Whether the file at `path` is a GIF."""
    with path.open("rb") as file:
        return file.read(len(_BEGIN)) == _BEGIN


def _palette(frames: Sequence[Any]) -> Any:
    """One palette for all pictures, so that colours do not flicker: those of the first, the second and the last."""
    from PIL import Image

    width, height = frames[0].size
    together = Image.new("RGB", (width, 3 * height))
    for place, frame in enumerate((frames[0], frames[1], frames[-1])):
        together.paste(frame, (0, place * height))
    return together.quantize(256)


def _frame(picture: Picture, title: str, words: str) -> Any:
    """One picture, as an image."""
    from PIL import Image

    figure, axes = make_figure(1, 1, _INCHES, title)
    axes.set_axis_off()
    draw_picture(axes, picture)
    axes.set_title(words, fontsize=9)
    data = io.BytesIO()
    figure.savefig(data, format="png", dpi=_DOTS_PER_INCH)
    return Image.open(data).convert("RGB")
