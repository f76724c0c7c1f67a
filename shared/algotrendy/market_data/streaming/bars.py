"""Fold a symbol's streamed trades into the bars of one style: the same bars as of one batch.

A bar is numbered from 1 within symbol and style, and says how many trades came before the one that
closed it. A time bar that a clock closed, because no trade came, has the number of all trades until
then: that is what it has when the next trade closes it. So who folds the trades anew, with clocks
or without, makes the same bars.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple, Self

from algotrendy.kernel.errors import Invalid
from algotrendy.market_data.calendar import TradingCalendar
from algotrendy.market_data.charts.building import Bars, Builder
from algotrendy.market_data.charts.records import CHART_BAR, ChartBar

STATE_VERSION: Final = 1


class Stored(NamedTuple):
    """A streamed trade as the lake has it; ``place`` counts those of the symbol from 1."""

    place: int
    time: int
    price: float
    size: float


@dataclass(frozen=True, slots=True)
class Closed:
    """A whole bar.

    Attributes:
        number: Of the symbol's and style's bars, from 1.
        ticks_before: Streamed trades of the symbol before the one that closed the bar.
    """

    number: int
    ticks_before: int
    bar: ChartBar


class Fold:
    """Where the bars of a symbol and style stand.

    Attributes:
        symbol: Whose trades.
        style: As ``str(Style)`` writes it.
        trades: How many are folded, from the first on.
        bars: How many whole bars they made.
    """

    def __init__(self, symbol: str, style: str, calendar: TradingCalendar | None = None) -> None:
        self.symbol = symbol
        self._builder = Builder(style, calendar=calendar)
        self.style = str(self._builder.style)
        self.trades = 0
        self.bars = 0

    def take(self, trades: Iterable[Stored]) -> list[Closed]:
        """Fold the trades that come next, and give the bars that they closed.

        Raises:
            Invalid: If one is not the next, or the style cannot take it.
        """
        closed: list[Closed] = []
        for place, time, price, size in trades:
            if place != self.trades + 1:
                raise Invalid("place", f"{self.trades + 1} in {self.symbol} {self.style}", place)
            closed += self._numbered(self._builder.push_one(time, price, size))
            self.trades = place
        return closed

    def advance_to(self, time: int) -> list[Closed]:
        """Learn that it is so late; an earlier time than is known says nothing new."""
        if time <= self._builder.time:
            return []
        return self._numbered(self._builder.advance_to(time))

    def partial(self) -> ChartBar | None:
        """Give the unfinished bar, if there is one."""
        return self._builder.partial()

    def state(self) -> dict[str, Any]:
        """Give everything that is needed to go on elsewhere, as JSON values."""
        return {
            "version": STATE_VERSION,
            "symbol": self.symbol,
            "trades": self.trades,
            "bars": self.bars,
            "builder": self._builder.state(),
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any], calendar: TradingCalendar | None = None) -> Self:
        """Go on from where another stood.

        Raises:
            Invalid: If it is no state of this version of the code.
        """
        try:
            if state["version"] != STATE_VERSION:
                raise Invalid("state.version", str(STATE_VERSION), state["version"])
            made = cls(str(state["symbol"]), str(state["builder"]["style"]), calendar)
            made._builder = Builder.from_state(state["builder"], calendar=calendar)
            made.trades, made.bars = int(state["trades"]), int(state["bars"])
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise Invalid("state", "that of a fold", str(error)) from error
        return made

    def _numbered(self, bars: Bars) -> list[Closed]:
        first = self.bars + 1
        self.bars += len(bars)
        return [Closed(first + at, self.trades, bar) for at, bar in enumerate(bars)]


def told(bar: ChartBar) -> dict[str, int | float]:
    """Give a bar's fields by name, as JSON values."""
    return {
        name: int(getattr(bar, name)) if kind == "i8" else float(getattr(bar, name))
        for name, kind in CHART_BAR
    }
