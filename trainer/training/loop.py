"""The training loop: batches in, metrics and checkpoints out, until the steps, the minutes or the user end it."""

import dataclasses
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial

from trmpipe.generators.errors import TrmpipeError
from trmpipe.shards import Stream

from ..building.forms import all_finite, tensors_in
from ..building.memory import in_memory_of, smaller_steps
from ..errors import DivergedError
from ..judging import Judge
from ..learners import Rows, Tensors
from ..ranks import Ranks
from ..runs.best import after_evaluation, no_better_for_long
from ..runs.checkpoint import drop_other_bests, list_checkpoints, save_best, save_checkpoint
from ..runs.lines import HELD_OUT, MONITOR
from ..runs.run_folder import RunFolder
from ..runs.run_state import BestState, MeansState, RunState, StreamState, TrainerState, to_plain
from ..scores.difficulty import Bin, scores_of_bins
from ..scores.examinee import Examinee
from ..scores.scoring import Scores, score_parts
from ..settings.config import TrainConfig
from .clock import Clock
from .feeding import Feeder
from .listener import TrainingListener
from .metrics import Means, MetricWriter, NoWriter
from .scored_sets import Parts
from .signals import StopRequest
from .trainer import Trainer
from .watch import StepGivenUp, Watch, watched


@dataclass(slots=True, kw_only=True)
class Loop:
    """A run in progress, with everything that it writes to.

    Attributes:
        config: of the run.
        trainer: network, optimisers and the learner's state.
        stream: where batches come from; its step is the run's.
        scored: puzzles scored every `evaluation.every` steps, see `scored_sets`.
        judge: says what answers to them are worth.
        bins: the held-out ones among them by difficulty; none where all are in one bin.
        run: the run's folder.
        check_owned: raises OwnedError where the folder is not this command's any more; the first rank's affair.
        writer: where metrics go; those of other ranks than the first go nowhere.
        listener: the front end; that of other ranks is told nothing.
        stop: set when the user asks to stop.
        max_minutes: minutes of this session, evaluations included, after which it stops; None for no limit.
        end: step at which this loop ends; None for the run's last.
        total: steps of the whole run, of which `config` may have those of a phase; None for as many.
        config_digest: noted in checkpoints.
        means: metrics since the last line.
        clock: where this session's time went.
        read: the means as they were last read.
        best: the best evaluation so far.
        saved: step of the last checkpoint of this session; -1 for none.
        unscored: whether the evaluation that is due after this step is still to be made.
    """

    config: TrainConfig
    trainer: Trainer
    stream: Stream
    scored: Mapping[str, Parts]
    judge: Judge
    bins: Sequence[Bin]
    run: RunFolder
    check_owned: Callable[[], None]
    writer: MetricWriter | NoWriter
    listener: TrainingListener
    stop: StopRequest
    max_minutes: float | None
    config_digest: str
    end: int | None = None
    total: int | None = None
    means: Means = field(init=False)
    clock: Clock = field(default_factory=Clock)
    read: dict[str, float] = field(default_factory=dict)
    best: BestState | None = None
    saved: int = -1
    unscored: bool = False

    def __post_init__(self) -> None:
        self.means = Means(self.ranks)

    @property
    def ranks(self) -> Ranks:
        """Of the processes that train together."""
        return self.trainer.ranks

    @property
    def step(self) -> int:
        """Steps taken in all sessions."""
        return self.stream.step

    @property
    def examinee(self) -> Examinee:
        """The weight average, to be asked for answers."""
        trainer = self.trainer
        return Examinee(
            net=trainer.averaged,
            learner=trainer.learner,
            num_steps=self.config.evaluation.steps,
            device=trainer.device,
            spread=trainer.spread,
        )

    def run_steps(self) -> str:
        """Train until something ends it, and save.

        Returns:
            ``"steps"``, ``"patience"``, ``"minutes"`` or ``"interrupted"``.

        Raises:
            DivergedError: the loss or a weight is not finite.
            OwnedError: the run's folder was deleted, or is another command's meanwhile.
            RunWriteError: a file cannot be written; where it is TensorBoard's, a checkpoint is saved before.
        """
        self.listener.begin(self.total or self.config.max_steps)
        if self.unscored:
            self._evaluate(self.step)
            self.save()
        reason = self._reason_to_end()
        self.saved = self.step if reason else -1
        with Feeder(self.stream, self.trainer.learner, self.trainer.slots, self.trainer.device) as feeder:
            if not reason:
                feeder.begin(self.step)
            while not reason:
                if not self._one_step(feeder):
                    reason = self._reason_to_end()
                    break
                if self.step % self.config.checkpoint_every == 0:
                    self.save()
                reason = self._reason_to_end()
        if self.saved != self.step:
            self.save()
        self.ranks.first(self.writer.refuse_failure)
        return reason

    def save(self) -> None:
        """Write a checkpoint of this moment.

        Raises:
            DivergedError: a weight, or what an optimiser holds of it, is not finite.
        """
        self.clock.timed("training", self.trainer.wait)
        self.clock.timed("saving", lambda: self._gather_for(self._write))
        self.saved = self.step

    @contextmanager
    def _rescuing(self) -> Iterator[None]:
        """Save the last whole step where an error ends what comes after it, by a single process at least."""
        try:
            yield
        except TrmpipeError:
            unsaved = self.clock.steps and self.saved != self.step
            if unsaved and self.ranks.world_size == 1 and self.trainer.is_between_steps:
                # The first error is told, not that nothing could be saved.
                with suppress(TrmpipeError, OSError):
                    self.save()
                    self.listener.note(f"saved after step {self.step:,}")
            raise

    def _gather_for(self, write: Callable[[RunState], object]) -> None:
        """Let the first rank write the state of this moment, to which all of them add theirs."""
        self._refuse_diverged()
        trained, means = in_memory_of(
            self.trainer.device,
            lambda: (self.trainer.get_state(), self.means.get_state()),
            "a checkpoint of this run; make room there, and go on with --resume from the one before",
        )

        def write_here() -> None:
            self.check_owned()
            write(self._state(trained, means))

        self.ranks.first(write_here)

    def _write(self, state: RunState) -> None:
        """Write a checkpoint."""
        folder, keep = self.run.checkpoints, self.config.checkpoint_keep
        save_checkpoint(folder, self.step, to_plain(state), keep=keep, check_owned=self.check_owned)
        drop_other_bests(self.run.checkpoints, self.best.step if self.best else None)

    def _write_best(self, state: RunState) -> None:
        """Write the best checkpoint."""
        save_best(self.run.checkpoints, self.step, to_plain(state))

    def _state(self, trained: TrainerState, means: MeansState) -> RunState:
        """All that a checkpoint holds; the first rank's affair."""
        assert isinstance(self.writer, MetricWriter), "the first rank writes"
        if not all_finite(tensors_in(to_plain(trained))):
            raise self._diverged("a weight", self.step)
        return RunState(
            step=self.step,
            config_digest=self.config_digest,
            trainer=trained,
            stream=StreamState(**self.stream.get_state()),
            means=means,
            metrics=self.writer.metrics.kept(),
            timings=self.writer.timings.kept(),
            difficulty=self.writer.difficulty.kept(),
            best=self.best,
            unscored=self.unscored,
        )

    def restore(self, state: RunState) -> None:
        """Go on where `save` was called.

        Raises:
            RunError: the state does not fit the config.
            StateError: it belongs to another stream.
        """
        self.stream.set_state(dataclasses.asdict(state.stream))
        self.trainer.set_state(state.trainer)
        self.means.set_state(state.means)
        self.best, self.unscored = state.best, state.unscored

    def _one_step(self, feeder: Feeder) -> bool:
        """Take a step, with all that is due after it; returns whether it was taken and not given up."""
        try:
            metrics = self.clock.timed("training", lambda: self._train(feeder))
        except StepGivenUp:
            return False
        self.stream.seek(self.step + 1)
        step, every = self.step, self.config.evaluation.every
        self.means.add(metrics, step)
        self.clock.steps += 1
        writes = step % self.config.log_every == 0
        if writes or self._reading_is_free:
            # Where steps are only launched, this waits for them: it is time that training took.
            self.read = self.clock.timed("training", self._read_metrics)
        self.listener.trained(step, self.read, self.clock.rate)
        if writes:
            self.writer.train(step, self.trainer.learning_rate, self.means.take())
            self.writer.timing(step, self.clock.values())
        if every and step % every == 0 and self.scored:
            self.clock.timed("training", self.trainer.wait)
            self._refuse_diverged()
            self._evaluate(step)
        return True

    def _read_metrics(self) -> dict[str, float]:
        """The metrics since the last line of them.

        Raises:
            DivergedError: one of them was no number.
        """
        self._refuse_diverged()
        return self.means.current()

    @property
    def _reading_is_free(self) -> bool:
        """Whether the metrics of a step can be read without waiting: a CPU's are there when the step is."""
        return self.trainer.device.type == "cpu" and self.ranks.world_size == 1

    def _refuse_diverged(self) -> None:
        """Refuse to go on after a step whose loss, or another metric, was no number.

        Raises:
            DivergedError: there was one.
        """
        bad = self.means.first_bad_step()
        if bad is not None:
            what = next(name for name, value in self.means.current().items() if not math.isfinite(value))
            self.ranks.first(partial(_throw, self._diverged(what, bad)))

    def _diverged(self, what: str, step: int) -> DivergedError:
        """The error of a training in which `what` is no number any more since `step`."""
        saved = list_checkpoints(self.run.checkpoints)
        last = f"the last good checkpoint is {saved[-1]}" if saved else "there is no checkpoint yet"
        return DivergedError(
            f"training diverged: {what} is not finite after step {step}; {last}. Start a new run with a lower "
            "learning rate (--set optimiser.lr=...) or a longer warm-up (--set schedule.warmup_steps=...)"
        )

    def _train(self, feeder: Feeder) -> Tensors:
        with self._rescuing():
            rows: Rows = in_memory_of(
                self.trainer.device,
                lambda: self.clock.timed("waiting", lambda: feeder.rows(self.step)),
                "the puzzles of a step of this run; make room there and go on with --resume",
            )
        watch = Watch(lambda seconds: self.ranks.world_size == 1 and (bool(self.stop) or self._time_is_up(seconds)))
        with self._rescuing(), watched(self.trainer.watched_core, watch):
            return in_memory_of(
                self.trainer.device,
                lambda: self.trainer.train_step(rows, self.step),
                f"a step of this run; make room there and go on with --resume, or {smaller_steps(self.config)}",
            )

    def _evaluate(self, step: int) -> None:
        self.unscored = True
        with self._rescuing():
            scores: dict[str, Scores] = self.clock.timed("evaluating", self._scores)
        self.unscored = False
        for split, found in scores.items():
            self.writer.scored(split, step, found.metrics())
        if HELD_OUT in scores:
            self.writer.by_difficulty(HELD_OUT, step, scores_of_bins(self.bins, scores[HELD_OUT].outcomes))
        if scores:
            self.listener.evaluated(step, scores)
        best = after_evaluation(self.best, step, scores[MONITOR].last()) if MONITOR in scores else self.best
        self.best = self.ranks.share(best)
        if self.best is not None and self.best.step == step:
            self.clock.timed("saving", lambda: self._gather_for(self._write_best))

    def _scores(self) -> dict[str, Scores]:
        """The scores of every set, by the split that metrics call it; the first rank has them."""
        judge, examinee = self.judge, self.examinee
        found = in_memory_of(
            examinee.device,
            lambda: {split: score_parts(examinee, parts, judge, self.ranks) for split, parts in self.scored.items()},
            "an evaluation of this run; make room there and go on with --resume, or start a run with a smaller "
            f"evaluation.limit or evaluation.steps than {self.config.evaluation.steps}",
        )
        return {split: scores for split, scores in found.items() if scores is not None}

    def _reason_to_end(self) -> str:
        """Why training ends now, the same on every rank; '' for going on."""
        return next(filter(None, self.ranks.of_all(self._own_reason())), "")

    def _own_reason(self) -> str:
        if self.writer.failure:
            return "failure"
        if self.stop:
            return "interrupted"
        if self.step >= (self.config.max_steps if self.end is None else self.end):
            return "steps"
        if no_better_for_long(self.config.evaluation, self.best):
            return "patience"
        return "minutes" if self._time_is_up() else ""

    def _time_is_up(self, more: float = 0.0) -> bool:
        """Whether the minutes of this session are over, `more` seconds from what the clock has."""
        return self.max_minutes is not None and self.clock.total + more >= 60 * self.max_minutes


def _throw(error: Exception) -> None:
    raise error
