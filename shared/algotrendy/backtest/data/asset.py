"""Hold all that is known of one asset: its bars in every timeframe, and what it is traded by."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from math import isfinite
from typing import Self

import numpy as np

from algotrendy.backtest.data.actions import DELISTED, NO_ACTIONS, Actions, require_actions
from algotrendy.backtest.data.columns import Columns
from algotrendy.backtest.data.moments import in_words
from algotrendy.backtest.data.timeframes import order_of
from algotrendy.kernel.errors import Invalid


@dataclass(frozen=True, slots=True, eq=False)
class Asset:
    """One asset of a dataset.

    Attributes:
        base: The bars that a strategy is called after.
        coarser: Bars of longer timeframes, each seen once it is known and never before.
        timeframes: Names of the timeframes, of ``base`` first; or of bars made of trades, the
            chart style alone.
        currency: In which prices are quoted.
        multiplier: What one unit is worth for a price of 1.
        fractional: Whether parts of a unit can be traded; None: as the terms of the run say.
        tick: Step of prices, 0.0: none.
        actions: What the company did, dtype ``actions.ACTION``, in the order of time.
        borrow_rate: What it costs to be short for a year, as a share of the value; None: as the
            terms of the run say.
        has_volume: Whether the volume is known; where it is not it is 0, and caps nothing.
    """

    symbol: str
    base: Columns
    coarser: tuple[Columns, ...] = ()
    timeframes: tuple[str, ...] = ("1Day",)
    currency: str = "USD"
    multiplier: float = 1.0
    fractional: bool | None = None
    tick: float = 0.0
    actions: Actions = field(default_factory=lambda: NO_ACTIONS)
    borrow_rate: float | None = None
    has_volume: bool = True

    @property
    def frames(self) -> tuple[Columns, ...]:
        """Give the bars of every timeframe, in the order of the names."""
        return (self.base, *self.coarser)

    def validate(self) -> Self:
        """Check every bar, every action and the terms; the first fault raises Invalid."""
        if not len(self.base):
            raise Invalid("bars", "at least one bar", f"no bars of {self.symbol}")
        if len(self.timeframes) != 1 + len(self.coarser):
            expected = f"{1 + len(self.coarser)} names for {self.symbol}, one for each timeframe"
            raise Invalid("timeframes", expected, ", ".join(self.timeframes))
        orders = [order_of(name) for name in self.timeframes]
        if any(longer <= order for order, longer in pairwise(orders)):
            actual = ", ".join(self.timeframes)
            raise Invalid("timeframes", "from the shortest to the longest, each once", actual)
        for name, bars in zip(self.timeframes, self.frames, strict=True):
            bars.validate(self.symbol if bars is self.base else f"{self.symbol}, {name}")
        self._require_terms()
        self._require_no_bar_after_the_end()
        return self

    def bars(self, first: int, last: int, until: int | None = None) -> Asset:
        """Give the bars of ``base`` from ``first`` to before ``last``, and what belongs to them.

        A coarser bar belongs to them when it was known by the end and is made of none before the
        first. Actions are kept as they are.

        Args:
            until: The end, nanoseconds since 1970 UTC; without it, when the last bar was known.
        """
        base = self.base[first:last]
        end = until if until is not None or last <= first else int(self.base.known[last - 1])
        coarser = tuple(self._within(bars, first, last, end) for bars in self.coarser)
        return replace(self, base=base, coarser=coarser)

    def _within(self, bars: Columns, first: int, last: int, until: int | None) -> Columns:
        if last <= first or until is None:
            return bars[:0]
        end = int(bars.known.searchsorted(until, "right"))
        if first == 0:
            return bars[:end]
        # A bar holds nothing of base[first - 1] when it begins later, or when the one before it
        # was not known any earlier. A daily bar's begin is midnight UTC whatever its session.
        begins_later = np.searchsorted(bars.time, self.base.time[first - 1], "right")
        follows = np.searchsorted(bars.known, self.base.known[first - 1], "left") + 1
        return bars[min(int(begins_later), int(follows), end) : end]

    def _require_terms(self) -> None:
        borrow = self.borrow_rate or 0.0
        terms = (
            ("multiplier", self.multiplier, self.multiplier > 0, "above 0"),
            ("tick", self.tick, self.tick >= 0, "of at least 0"),
            ("borrow_rate", borrow, borrow >= 0, "of at least 0"),
        )
        for name, value, is_sound, expected in terms:
            if not (isfinite(value) and is_sound):
                raise Invalid(f"{self.symbol}.{name}", f"a finite number {expected}", value)

    def _require_no_bar_after_the_end(self) -> None:
        table = require_actions(self.actions, self.symbol)
        if not len(table) or table["kind"][-1] != DELISTED:
            return
        end = int(table["time"][-1])
        row = int(self.base.time.searchsorted(end, "left"))
        if row < len(self.base):
            expected = f"before {self.symbol} was delisted, {in_words(end)}"
            raise Invalid(f"bars[{row}].time", expected, in_words(int(self.base.time[row])))
