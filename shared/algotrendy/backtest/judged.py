"""What the winner of a sweep proves after all that was tried, and whether the gate lets it pass."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from typing import Any

from algotrendy.backtest.gate import Evidence, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """The winner of a sweep, judged.

    Attributes:
        own: Trials of the sweep itself; ``evidence.trials`` has all that were counted.
        counted_in: Where the others were counted, in words.
        overfitting_of: Combinations on the winner's bars that the probability of overfitting was
            worked out of; 0 where it was not.
        why_not: Why it was not; empty where it was.
    """

    evidence: Evidence
    verdict: Verdict
    own: int
    counted_in: str
    overfitting_of: int
    why_not: str

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values, under the names that ``summary.json`` has."""
        shown, record = self.evidence, self.evidence.minimum_track_record
        return {
            "winner": {
                "deflated_sharpe": shown.deflated_sharpe,
                "trials": self.own,
                "trials_on_these_data": shown.trials,
                "trials_counted_in": self.counted_in,
                "track_record": shown.observations,
                # Infinite where the ratio is not above 0.
                "minimum_track_record": None if record is None or not isfinite(record) else record,
                "overfitting": {
                    "probability": shown.overfitting,
                    "combinations": self.overfitting_of,
                    "why_not": self.why_not,
                },
                "harsh_return": shown.harsh_return,
            },
            "verdict": self.verdict.to_json(),
        }
