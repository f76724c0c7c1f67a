"""All trials on a sweep's data before it: pinned in its plan, so that its verdict stays the same.

A plan is made once. Were the ledger asked when the shards are brought together, a sweep run again
could be judged by another count.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from algotrendy.backtest.trials import Counted, Moments, Tried
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol

KEPT = "the trial ledger"
ALONE = "this sweep alone: no trial ledger was at hand"


@dataclass(frozen=True, slots=True)
class Earlier:
    """What was tried on a sweep's symbols at dates that overlap, its own runs left out.

    Attributes:
        is_kept: Whether a ledger that outlives the process was asked.
    """

    tried: Tried
    is_kept: bool

    @property
    def counted_in(self) -> str:
        """Say where the trials were counted."""
        return KEPT if self.is_kept else ALONE

    def with_own(self, counted: Iterable[Counted]) -> Tried:
        """Give these and the sweep's own together."""
        before = self.tried
        own = Tried.of(before.symbols, before.first, before.last, counted)
        names = sorted(before.by_strategy.keys() | own.by_strategy.keys())
        bests = [best for best in (before.best, own.best) if best is not None]
        both = {*before.timeframes, *own.timeframes}
        return Tried(
            symbols=before.symbols,
            first=before.first,
            last=before.last,
            timeframes=tuple(each for each in Timeframe if each in both),
            trials=before.trials + own.trials,
            by_strategy={
                name: before.by_strategy.get(name, 0) + own.by_strategy.get(name, 0)
                for name in names
            },
            sharpe=before.sharpe.merged(own.sharpe),
            best=max(bests, default=None),
        )

    def to_json(self) -> dict[str, Any]:
        """Give it as JSON values."""
        tried, sharpe = self.tried, self.tried.sharpe
        return {
            "symbols": list(tried.symbols),
            "first": tried.first.isoformat(),
            "last": tried.last.isoformat(),
            "timeframes": [each.value for each in tried.timeframes],
            "trials": tried.trials,
            "by_strategy": dict(tried.by_strategy),
            "sharpe": [sharpe.count, sharpe.mean, sharpe.m2],
            "best": tried.best,
            "is_kept": self.is_kept,
        }

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Earlier:
        """Read what ``to_json`` gave: the same to the last bit."""
        tried = Tried(
            symbols=tuple(Symbol(each) for each in found["symbols"]),
            first=date.fromisoformat(found["first"]),
            last=date.fromisoformat(found["last"]),
            timeframes=tuple(Timeframe(each) for each in found["timeframes"]),
            trials=found["trials"],
            by_strategy=found["by_strategy"],
            sharpe=Moments(*found["sharpe"]),
            best=found["best"],
        )
        return cls(tried, found["is_kept"])


def nothing_before(symbols: Iterable[str], first: date, last: date) -> Earlier:
    """Give what is known where nobody counts."""
    asked = tuple(sorted(Symbol(each) for each in symbols))
    return Earlier(Tried.of(asked, first, last, ()), is_kept=False)
