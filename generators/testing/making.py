"""Rules of how puzzles are made and examined."""

import dataclasses
import hashlib
import os
import pickle
import subprocess
import sys

import numpy as np

from .. import contract
from ..task import TEST, TRAIN, Groups, Task
from .base import PARTS, Looking, same
from .rules import expect, expect_all, looked_at, refuse

_ELSEWHERE = (
    "import pickle, sys; from trmpipe.generators.testing.making import digest_of; "
    "task, *arguments = pickle.load(sys.stdin.buffer); print(digest_of(task.generate(*arguments)))"
)
"""What another process runs."""


def digest_of(groups: Groups) -> str:
    """Hex SHA-256 of all arrays of groups."""
    return hashlib.sha256(b"".join(getattr(groups, name).tobytes() for name in PARTS)).hexdigest()


class MakingRules(Looking):
    """Tests of `Task.generate`, `Task.examine` and `Task.rate`."""

    def test_spec_is_sound(self, task: Task) -> None:
        """Readers rely on what the spec says."""
        looked_at(contract.check_spec, task)

    def test_workers_can_be_sent_it(self, task: Task) -> None:
        """A task can be pickled, and arrives as it was."""
        try:
            arrived = pickle.loads(pickle.dumps(task))  # noqa: S301  what was pickled here
        except Exception as error:
            refuse(task, "workers", f"{type(error).__name__}: {error}")
        expect(task, "workers", arrived.spec == task.spec, f"it arrives as {arrived.spec}")
        expect(task, "workers", same(self.groups(task), self.groups(arrived)), "it makes other puzzles there")

    def test_groups_have_their_shapes(self, task: Task) -> None:
        """Types, shapes and tokens, of one candidate and of several."""
        for count in (1, self.num_candidates):
            looked_at(contract.generate, task, self.seed, TRAIN, 5, count)

    def test_a_group_is_a_function_of_its_position_alone(self, task: Task) -> None:
        """Candidates are the same again: in other chunks, one by one, in another order, after others."""
        whole, most = self.groups(task), self.num_candidates
        chunks = [(0, 1), (1, 4), (4, most), (0, most), *((i, i + 1) for i in reversed(range(most)))]
        for start, stop in chunks:
            inside = np.flatnonzero((whole.candidates >= start) & (whole.candidates < stop))
            found = looked_at(contract.generate, task, self.seed, TRAIN, start, stop - start)
            where = f"candidates {start} to {stop - 1}"
            expect(task, "the same again", same(found, whole.take(inside)), "they differ from those of 0 on", where)

    def test_another_process_makes_the_same(self, task: Task) -> None:
        """Candidates are the same in a process with other hashes of strings."""
        arguments = (self.seed, TRAIN, 0, self.num_candidates)
        environment = {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path), "PYTHONHASHSEED": "77"}
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-c", _ELSEWHERE],
            input=pickle.dumps((task, *arguments)),
            env=os.environ | environment,
            capture_output=True,
            check=False,
        )
        expect(task, "workers", done.returncode == 0, f"another process failed: {done.stderr.decode()[-500:]}")
        expected = digest_of(task.generate(*arguments))
        expect(task, "the same again", done.stdout.decode().strip() == expected, "another process makes other puzzles")

    def test_seeds_and_purposes_have_streams_of_their_own(self, task: Task) -> None:
        """Other seeds and the other split give other puzzles."""
        streams = [(self.seed, TRAIN), (self.seed, TEST), (self.seed + 1, TRAIN), (self.seed + 1, TEST)]
        made = {task.generate(*stream, 0, self.num_candidates).inputs.tobytes() for stream in streams}
        found = f"{len(streams)} streams gave {len(made)} different beginnings"
        expect(task, "streams", len(made) == len(streams), found)

    def test_puzzles_are_examined_and_rated(self, task: Task) -> None:
        """Both give every puzzle back, with arrays that fit, and some are accepted."""
        groups = self.groups(task)
        examined = looked_at(contract.examine, task, groups)
        rated = looked_at(contract.rate, task, examined)
        expect(task, "accepted", bool(examined.accepted.any()), f"none of {len(groups)} candidates is accepted")
        for trait, (least, most) in zip(examined.groups.traits.T, task.trait_ranges, strict=True):
            inside = (trait >= least) & (trait <= most)
            expect_all(task, "traits", inside, groups.candidates, f"a trait is not {least} to {most}")
        kept = np.isnan(examined.ratings) | (rated.ratings == examined.ratings)
        expect_all(task, "ratings", kept, groups.candidates, "rate changes a rating that examine gave")

    def test_what_is_found_out_of_a_puzzle_does_not_hang_on_its_company(self, task: Task) -> None:
        """Digests, acceptance, traits and ratings are the same in other company, and in none."""
        groups = self.groups(task)
        whole, index = task.rate(task.examine(groups)), np.array([len(groups) - 1, 0, len(groups) // 2])
        for some in (index, slice(1, None, 2), slice(0, 0)):
            alone = looked_at(contract.rate, task, looked_at(contract.examine, task, groups.take(some)))
            later = task.rate(task.examine(groups).take(some))
            for name in ("digests", "accepted", "ratings"):
                wanted, where = getattr(whole, name)[some], alone.groups.candidates
                for found in (alone, later):
                    alike = np.array(
                        [
                            np.array_equal(a, b, equal_nan=name == "ratings")
                            for a, b in zip(getattr(found, name), wanted, strict=True)
                        ],
                        np.bool_,
                    )
                    expect_all(task, "company", alike, where, f"its {name} are others among others")
            alike = (alone.groups.traits == whole.groups.traits[some]).all(axis=1)
            expect_all(task, "company", alike, alone.groups.candidates, "its traits are others among others")

    def test_measures_do_not_hang_on_company(self, task: Task) -> None:
        """A number for each measure that the spec names, the same for a puzzle alone."""
        groups = self.groups(task)
        whole = looked_at(contract.measure, task, groups)
        for some in (np.array([len(groups) - 1, 0]), slice(0, 0)):
            part = groups.take(some)
            alike = (looked_at(contract.measure, task, part) == whole[some]).all(axis=1)
            expect_all(task, "company", alike, part.candidates, "its measures are others among others")

    def test_levels_are_ranges_of_ratings(self, task: Task) -> None:
        """They rise from the easiest."""
        levels = list(task.levels.values())
        sound = all(0 <= level.least <= level.most for level in levels) and levels == sorted(levels)
        expect(task, "levels", sound, f"they are {dict(task.levels)}")

    def test_digests_tell_different_puzzles(self, task: Task) -> None:
        """Puzzles that are no copies of each other have digests of their own."""
        groups = looked_at(contract.generate, task, self.seed, TRAIN, 0, 24)
        digests = looked_at(contract.examine, task, groups).digests
        classes = len(np.unique(digests, axis=0))
        starts, stops = groups.offsets[:-1].tolist(), groups.offsets[1:].tolist()
        puzzles = len({groups.inputs[start:stop].tobytes() for start, stop in zip(starts, stops, strict=True)})
        found = f"{puzzles} different puzzles have {classes} different digests"
        expect(task, "classes of puzzles", 1 < classes <= puzzles, found)
        expect(task, "classes of puzzles", task.spec.classes != "identity" or classes == puzzles, found)
        again = looked_at(contract.examine, task, dataclasses.replace(groups, candidates=groups.candidates + 1))
        alike = (again.digests == digests).all(axis=1)
        expect_all(task, "classes of puzzles", alike, groups.candidates, "its digest depends on its number")
