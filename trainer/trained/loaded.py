"""A trained run in Python: loaded, asked for answers, scored."""

import os
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from trmpipe.generators.errors import InputError
from trmpipe.shards import BLANK_IDENTIFIER, Corpus, Examples
from trmpipe.shards.progress import Progress, Silent

from ..evaluators import EvaluationRequest, Report, evaluator_of
from ..pictures.solved import Solved
from ..ranks import Ranks
from ..runs.run_folder import LAST
from ..scores.held_out import counted_on, identifiers_before
from ..scores.restarts import HALT
from . import solving
from .inference import TrainedRun, evaluate_run, make_request, open_trained, run_corpora
from .predicting import Values, answer_examples, predict

Corpora: TypeAlias = Corpus | str | os.PathLike[str] | Iterable[Corpus | str | os.PathLike[str]]
"""One or more, opened or by their paths; none for those that a run was trained on."""


@dataclass(frozen=True, slots=True)
class LoadedRun:
    """A trained run; `load_run` makes it.

    Attributes:
        trained: its network and settings.
    """

    trained: TrainedRun

    def __repr__(self) -> str:
        return f"LoadedRun({str(self.path)!r}, task={self.task!r}, step={self.step})"

    @property
    def path(self) -> Path:
        """The run's folder."""
        return self.trained.run.path

    @property
    def task(self) -> str:
        """Name of the task that it was trained on."""
        return self.trained.task

    @property
    def step(self) -> int:
        """Steps that it was trained for."""
        return self.trained.step

    def solve(
        self,
        puzzle: str | os.PathLike[str],
        corpora: Corpora = (),
        *,
        variants: int | None = None,
        progress: Progress | None = None,
    ) -> Solved:
        """The model's answer to a puzzle, and what the task says of it; all as `trmpipe solve` does.

        Args:
            puzzle: as text; in tasks scored by vote a name, such as an ARC task's id, or the path of a file.
            corpora: puzzles with names: one or more, opened or by their paths; by default those that it was trained on.
            variants: of a puzzle with a name, let the first so many variants vote.
            progress: who is told how far it is.

        Raises:
            InputError: there is no such puzzle.
            NoCorpusError: the corpora that it was trained on are no longer where they were.
            RunError: the corpora are not what the network was made for.
        """
        return solving.solve(
            self.trained,
            os.fspath(puzzle),
            corpora=_paths_of(corpora),
            variants=variants,
            tell=_warn,
            progress=progress or Silent(),
        )

    def answers(self, examples: Examples, corpus: Corpus | str | os.PathLike[str] | None = None) -> NDArray[np.uint8]:
        """The model's answers uint8 [N, S] to examples, such as ``corpus.read("test")``, after the last step.

        Args:
            examples: of the task that it was trained on.
            corpus: that they are from, opened or by its path. Only a run on several corpora whose puzzles have
                embeddings asks for it: each counts its puzzle identifiers from 1, the run counts on.

        Raises:
            InputError: the examples do not fit the network, or nobody says which of its corpora they are from.
            NoCorpusError: the corpora that it was trained on are no longer where they were.
        """
        rows = counted_on(examples, self._identifiers_before(examples, corpus))
        with self.trained.examinee() as examinee:
            return answer_examples(examinee, self.trained.about.sizes, rows)

    def _identifiers_before(self, examples: Examples, corpus: Corpus | str | os.PathLike[str] | None) -> int:
        """How many puzzle identifiers the run has before those of a corpus; see `answers`."""
        number = len(self.trained.about.corpora)
        if number < 2 or not (examples.identifiers != BLANK_IDENTIFIER).any():
            return 0
        if corpus is None:
            raise InputError(
                f"{self.path} was trained on {number:,} corpora, each with puzzle identifiers from 1 on; say which one "
                "the examples are from: answers(examples, corpus)"
            )
        given = corpus if isinstance(corpus, Corpus) else Corpus.open(os.fspath(corpus))
        opened = run_corpora(self.trained, (), _warn)
        for one in opened:
            if one.manifest.content_digest == given.manifest.content_digest:
                return identifiers_before(opened, one)
        raise InputError(
            f"{self.path} was not trained on {given.path}, so it has no embeddings of its puzzles; give one of "
            f"{', '.join(one.path for one in opened)}"
        )

    def predict(
        self, inputs: Values, puzzle_identifiers: Values | None = None, num_steps: int = 16
    ) -> tuple[Values, Values | None]:
        """Logits after the last of `num_steps` supervision steps, and halting logits; see `predicting.predict`."""
        with self.trained.examinee() as examinee:
            return predict(examinee, self.trained.about.sizes, inputs, puzzle_identifiers, num_steps)

    def evaluate(
        self,
        corpora: Corpora = (),
        *,
        limit: int | None = None,
        steps: int | None = None,
        restarts: int = 1,
        choose: str = HALT,
        variants: int | None = None,
        search: int | None = None,
        progress: Progress | None = None,
    ) -> Report:
        """Score the model on held-out puzzles, as `trmpipe evaluate` does.

        Args:
            corpora: one or more, opened or by their paths; by default those that it was trained on.
            limit: score the first so many puzzles only.
            steps: supervision steps of an answer, the run's own number by default.
            restarts: answers to each puzzle by a model that draws at random, one of which is chosen.
            choose: what it is chosen by, ``"halt"`` (the largest halting logit) or ``"residual"`` (the smallest one
                over the last three steps).
            variants: let so many variants of a puzzle vote, the puzzle itself among them; in tasks scored by vote, the
                first so many that the corpus holds.
            search: rounds that a search may take for each puzzle, until the task's check accepts an answer.
            progress: who is told how far it is.

        Raises:
            RunError: the corpora hold nothing to score, or are not what the network was made for.
            OptionError: a number is out of range, or puzzles of this task cannot be asked so.
        """
        wish = EvaluationRequest(
            folder=self.path,
            limit=limit,
            steps=steps,
            restarts=restarts,
            choose=choose,
            variants=variants,
            search=search,
        )
        opened = run_corpora(self.trained, _paths_of(corpora), _warn)
        evaluator = evaluator_of(opened[0].spec)
        request = make_request(self.trained, opened, evaluator, wish, _warn)
        report = evaluate_run(self.trained, opened, evaluator, request, Ranks(), progress or Silent())
        assert report is not None
        return report


def load_run(path: str | os.PathLike[str], device: str = "auto", checkpoint: str | int = LAST) -> LoadedRun:
    """The weight average of a checkpoint of the run at `path`.

    Args:
        path: a folder that `trmpipe train` wrote.
        device: ``"auto"``, ``"cpu"``, ``"cuda"`` or ``"mps"``.
        checkpoint: ``"last"``, ``"best"`` (of a run with puzzles kept aside), or a number of steps.

    Raises:
        SettingError: the checkpoint is called by no such word.
        NoRunError: the folder is no run, or holds no checkpoint.
        RunError: a file of it is damaged, or of another version of trmpipe.
    """
    return LoadedRun(open_trained(os.fspath(path), device, str(checkpoint)))


def solve(
    run: LoadedRun | str | os.PathLike[str],
    puzzle: str | os.PathLike[str],
    corpora: Corpora = (),
    *,
    variants: int | None = None,
    progress: Progress | None = None,
) -> Solved:
    """The answer of a run to a puzzle; see `LoadedRun.solve`.

    Args:
        run: loaded, or its path.
        puzzle: as there, like all that follows.
        corpora: puzzles with names.
        variants: of a puzzle with a name.
        progress: who is told how far it is.
    """
    loaded = run if isinstance(run, LoadedRun) else load_run(run)
    return loaded.solve(puzzle, corpora, variants=variants, progress=progress)


def _paths_of(corpora: Corpora) -> tuple[str, ...]:
    given = [corpora] if isinstance(corpora, Corpus | str | os.PathLike) else corpora
    return tuple(one.path if isinstance(one, Corpus) else os.fspath(one) for one in given)


def _warn(line: str) -> None:
    """Tell what a command would say on stderr."""
    warnings.warn(line, stacklevel=3)
