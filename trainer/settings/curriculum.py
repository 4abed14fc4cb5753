"""The curriculum of a run, as its settings say it: by shares of the run, where a stream counts steps.

The shares are of the steps that the run was started with. A run that is made longer keeps the order that it had: its
curriculum ends where it would have ended, and nothing that takes part is put aside again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from trmpipe.shards import Corpus, Curriculum

from ..checks import share
from ..errors import SettingError
from ..parts import later

_EVEN = (1.0, 1.0, 1.0, 1.0)
_UNTIL = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class CurriculumConfig:
    """Which training puzzles take part when, by the difficulty that their corpus's catalog says.

    Attributes:
        start: share of the training puzzles, the easiest ones, that a run begins with; 1 for all of them at once.
        until: share of the run's steps over which that grows, linearly, to all puzzles; an extension leaves it alone.
        mix: how often a puzzle of each quarter by difficulty comes, from the easiest quarter to the hardest; 0 for
            never.
    """

    start: float = later(1.0)
    until: float = later(_UNTIL)
    mix: tuple[float, float, float, float] = later(_EVEN)

    def __post_init__(self) -> None:
        share(self, "curriculum", "start", "until")
        if not self.until:
            raise SettingError(
                f"curriculum.until is {self.until}; it must be above 0, or curriculum.start 1 for no growth at all"
            )
        if self.start == 1 and self.until != _UNTIL:
            raise SettingError(
                "curriculum.until says how long the share of the puzzles grows, and curriculum.start is 1, which is "
                "all of them; set it to less"
            )
        if min(self.mix) < 0 or not max(self.mix):
            raise SettingError(
                f"curriculum.mix is {','.join(f'{weight:g}' for weight in self.mix)}; give four numbers of 0 or more, "
                "one of them above 0"
            )

    def over(self, num_steps: int) -> Curriculum | None:
        """The curriculum of a run that is started with so many steps; None where all puzzles take part alike."""
        if self.start == 1 and len(set(self.mix)) == 1:
            return None
        return Curriculum(start=self.start, until_step=max(1, round(self.until * num_steps)), mix=self.mix)


def refuse_other_measures(config: CurriculumConfig, corpora: Sequence[Corpus]) -> None:
    """Refuse a curriculum over corpora whose ratings cannot be compared.

    Raises:
        SettingError: one has the ratings of a table, and another its task's or another table's.
    """
    trained = [corpus for corpus in corpora if corpus.num_groups("train")]
    foreign = [corpus for corpus in trained if rated_by_table(corpus)]
    if foreign and len(trained) > 1 and config.over(1):
        raise SettingError(
            f"a curriculum goes by difficulty, and the ratings of {foreign[0].path} come from a table, so they cannot "
            "be compared with those of the other corpora; train on it alone, or leave the curriculum out"
        )


def rated_by_table(corpus: Corpus) -> bool:
    """Whether the difficulty of a corpus's puzzles is not the task's own measure."""
    return "file_rating" in corpus.manifest.recipe.get("supply", {})
