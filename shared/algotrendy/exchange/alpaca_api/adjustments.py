"""Adjust bars for the splits and dividends that the market has told of up to now."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from algotrendy.exchange.alpaca_api.timeframes import DAY_NS, MINUTE_NS, combined
from algotrendy.exchange.market.events import BarEvent, Dividend, Split
from algotrendy.exchange.market.source import MarketSource
from algotrendy.exchange.venue.refusal import Reason, Refused

Adjustment = Literal["raw", "split", "dividend", "all"]

_PRICE_DECIMALS: Final = 6
_SIZE_DECIMALS: Final = 9
_LONGEST_BREAK: Final = 14


@dataclass(frozen=True, slots=True)
class _Step:
    """What to multiply with: bars that end at ``time_ns`` or before."""

    time_ns: int
    price: float
    volume: float


class Adjuster:
    """Scales one symbol's bars, as Alpaca does: those before an ex-date, and the others not.

    A split scales prices and volumes by its ratio; a dividend scales prices by its part of the
    close before it. Bars of a day belong to their session, whatever their time.

    Args:
        known_ns: First moment of which nothing is known yet.

    Raises:
        Refused: 400 when this market cannot know what is asked for.
    """

    def __init__(
        self,
        market: MarketSource,
        symbol: str,
        adjustment: Adjustment,
        start_ns: int,
        known_ns: int,
    ) -> None:
        self._market = market
        self._symbol = symbol
        found: list[Split | Dividend] = []
        if adjustment in ("split", "all"):
            splits = market.actions(symbol, Split, start_ns, known_ns)
            found += _known(splits, symbol, "splits")
        if adjustment in ("dividend", "all"):
            dividends = market.actions(symbol, Dividend, start_ns, known_ns)
            found += _known(dividends, symbol, "dividends")
        # A split comes before a dividend of the same moment: that is paid on the new shares.
        found.sort(key=lambda action: (action.time_ns, isinstance(action, Dividend)))
        self._steps = self._multiplied(found)
        self._times = [step.time_ns for step in self._steps]

    def bars(self, span_ns: int, start_ns: int, end_ns: int) -> Iterator[BarEvent]:
        """Give the market's bars of a range, adjusted."""
        for bar in self._market.bars(self._symbol, span_ns, start_ns, end_ns):
            if not self._steps:
                yield bar
            elif span_ns < DAY_NS and self._place(bar.time_ns) != self._place(_end(bar) - 1):
                # The ex-date begins within the bar: some of its minutes are scaled, some not.
                minutes = self.bars(MINUTE_NS, bar.time_ns, _end(bar))
                yield from _whole(minutes, bar)
            else:
                yield self._scaled(bar)

    def _place(self, time_ns: int) -> int:
        return bisect_right(self._times, time_ns)

    def _scaled(self, bar: BarEvent) -> BarEvent:
        # A day is named by its UTC midnight, which is before the session and its ex-date.
        time_ns = bar.time_ns + DAY_NS - 1 if bar.span_ns == DAY_NS else bar.time_ns
        place = self._place(time_ns)
        if place == len(self._steps):
            return bar
        price, volume = self._steps[place].price, self._steps[place].volume
        return replace(
            bar,
            open=round(bar.open * price, _PRICE_DECIMALS),
            high=round(bar.high * price, _PRICE_DECIMALS),
            low=round(bar.low * price, _PRICE_DECIMALS),
            close=round(bar.close * price, _PRICE_DECIMALS),
            vwap=round(bar.vwap * price, _PRICE_DECIMALS),
            volume=round(bar.volume * volume, _SIZE_DECIMALS),
        )

    def _multiplied(self, actions: Sequence[Split | Dividend]) -> list[_Step]:
        """Give for each action what all from it on come to."""
        steps: list[_Step] = []
        price = volume = 1.0
        for place in reversed(range(len(actions))):
            action = actions[place]
            if isinstance(action, Split):
                price *= action.old / action.new
                volume *= action.new / action.old
            else:
                price *= self._left_by(action, actions[:place])
            steps.append(_Step(action.time_ns, price, volume))
        return steps[::-1]

    def _left_by(self, dividend: Dividend, before: Sequence[Split | Dividend]) -> float:
        """Give what part of the close before it a dividend leaves."""
        close = self._close_before(dividend.time_ns)
        for action in before:
            if isinstance(action, Split) and action.time_ns == dividend.time_ns:
                close *= action.old / action.new
        cash = float(dividend.cash)
        return 1 - cash / close if cash < close else 1.0

    def _close_before(self, time_ns: int) -> float:
        midnight_ns = time_ns // DAY_NS * DAY_NS
        for back in range(1, _LONGEST_BREAK):
            begin = midnight_ns - back * DAY_NS
            for bar in self._market.bars(self._symbol, DAY_NS, begin, begin + 1):
                return bar.close
        return 0.0


def _known(
    found: Sequence[Split] | Sequence[Dividend] | None, symbol: str, name: str
) -> Sequence[Split | Dividend]:
    if found is None:
        message = f"adjustment must be one without {name}: this market does not know {symbol}'s"
        raise Refused(Reason.MALFORMED, message)
    return found


def _end(bar: BarEvent) -> int:
    return bar.time_ns + bar.span_ns


def _whole(minutes: Iterable[BarEvent], bar: BarEvent) -> Iterator[BarEvent]:
    for whole in combined(minutes, lambda _: bar.time_ns):
        yield replace(whole, span_ns=bar.span_ns)
