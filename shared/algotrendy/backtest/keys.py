"""Say where the objects of a sweep or a walk forward lie."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Keys:
    """Where the objects of a sweep or a walk forward lie."""

    study_id: UUID

    @property
    def plan(self) -> str:
        """Give the key of the plan; it is written last, when all else of the plan is there."""
        return f"{self.study_id}/plan.json"

    @property
    def shards(self) -> str:
        """Give the key of the list ``[{"shard": 0}, ...]`` that a distributed map reads."""
        return f"{self.study_id}/plan/shards.json"

    @property
    def windows(self) -> str:
        """Give the key of the list ``[{"window": 1}, ...]`` that a distributed map reads."""
        return f"{self.study_id}/plan/windows.json"

    def shard(self, shard: int) -> str:
        """Give the key of what one shard has to do."""
        return f"{self.study_id}/plan/shard-{shard:05d}.json"

    def data(self, sha256: str) -> str:
        """Give the key of the dataset made of a series, by the hash of the series."""
        return f"{self.study_id}/plan/data-{sha256}.bin"

    @property
    def results(self) -> str:
        """Give what the keys of all shard results begin with."""
        return f"{self.study_id}/results/"

    def result(self, shard: int) -> str:
        """Give the key of what one shard found."""
        return f"{self.study_id}/results/shard-{shard:05d}.json"

    def window(self, number: int) -> str:
        """Give the key of what one window of a walk forward found."""
        return f"{self.study_id}/results/window-{number:05d}.json"

    @property
    def failures(self) -> str:
        """Give what the keys of the notes begin with that say what failed for good, and why."""
        return f"{self.study_id}/failures/"

    def failure(self, shard: int) -> str:
        """Give the key of the note that says why a shard failed for good."""
        return f"{self.failures}shard-{shard:05d}.json"

    @property
    def table(self) -> str:
        """Give the key of the table of all runs."""
        return f"{self.study_id}/results.csv"

    @property
    def outcome(self) -> str:
        """Give the key of all that came of a walk forward."""
        return f"{self.study_id}/walk-forward.json"

    @property
    def scores(self) -> str:
        """Give what the keys of the scores begin with that a walk forward keeps as it goes."""
        return f"{self.study_id}/scores"

    @property
    def report(self) -> str:
        """Give the key of the report."""
        return f"{self.study_id}/report.html"

    @property
    def summary(self) -> str:
        """Give the key of the summary; it is written last, when all else is there."""
        return f"{self.study_id}/summary.json"
