"""The lake adjusts as the paper exchange does, which speaks Alpaca's words, whatever happened."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from algotrendy.exchange.alpaca_api.adjustments import Adjuster
from algotrendy.exchange.market.events import BarEvent, Dividend, Split
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionKind, CorporateAction, numbered
from algotrendy.market_data.adjusting import Closes, adjusted, begin_ns
from algotrendy.market_data.series import Adjustment, RawBars, day_ns

SYMBOL = Symbol("XYZ")
FIRST = date(2024, 3, 1)
DAYS = 12
DAY_NS = 86_400 * 10**9

days = st.integers(1, DAYS)
splits = st.dictionaries(days, st.sampled_from([(2, 1), (3, 2), (1, 8), (20, 1)]), max_size=3)
dividends = st.dictionaries(days, st.sampled_from(["0.25", "1.5", "0.01"]), max_size=4)
closes = st.lists(st.integers(2_000, 90_000), min_size=DAYS, max_size=DAYS)


def on(offset: int) -> date:
    return FIRST + timedelta(days=offset)


class Market:
    """Daily bars and actions, as the exchange asks a market for them."""

    def __init__(self, raw: RawBars, actions: Sequence[Split | Dividend]) -> None:
        self._raw, self._actions = raw, actions

    def bars(self, symbol: str, span_ns: int, start_ns: int, end_ns: int) -> Iterator[BarEvent]:
        for time, close, volume in zip(
            self._raw.times, self._raw.close, self._raw.volume, strict=True
        ):
            if start_ns <= time < end_ns:
                prices = (close,) * 4
                yield BarEvent(symbol, time, span_ns, *prices, volume, 1, close)

    def actions(self, _symbol: str, kind: type, start_ns: int, end_ns: int) -> list[Any]:
        return [
            action
            for action in self._actions
            if isinstance(action, kind) and start_ns <= action.time_ns < end_ns
        ]


@pytest.mark.parametrize("adjustment", ["raw", "split", "dividend", "all"])
@given(cents=closes, split_on=splits, paid_on=dividends)
def test_both_give_the_same_bars(
    adjustment: Adjustment,
    cents: list[int],
    split_on: dict[int, tuple[int, int]],
    paid_on: dict[int, str],
) -> None:
    if adjustment == "dividend":
        # The exchange then does not know of a split of that day, which the cash is paid after.
        paid_on = {day: cash for day, cash in paid_on.items() if day not in split_on}
    prices = tuple(cent / 100 for cent in cents)
    times = tuple(day_ns(on(offset)) for offset in range(DAYS))
    ones = (1.0,) * DAYS
    volumes = tuple(1000.0 + offset for offset in range(DAYS))
    raw = RawBars(
        SYMBOL, Timeframe.DAY, times, prices, prices, prices, prices, volumes, ones, "property"
    )
    theirs: list[Split | Dividend] = [
        *(
            Split(SYMBOL, begin_ns(on(day), Timeframe.MINUTE), new, old)
            for day, (new, old) in split_on.items()
        ),
        *(
            Dividend(SYMBOL, begin_ns(on(day), Timeframe.MINUTE), cash)
            for day, cash in paid_on.items()
        ),
    ]
    ours = numbered(
        [
            *(
                CorporateAction(SYMBOL, ActionKind.SPLIT, on(day), new / old)
                for day, (new, old) in split_on.items()
            ),
            *(
                CorporateAction(SYMBOL, ActionKind.DIVIDEND, on(day), float(cash))
                for day, cash in paid_on.items()
            ),
        ]
    )
    end = times[-1] + 30 * DAY_NS
    market: Any = Market(raw, theirs)
    told = list(Adjuster(market, SYMBOL, adjustment, times[0], end).bars(DAY_NS, times[0], end))
    found = adjusted(raw, adjustment, ours, Closes(times, prices, Timeframe.DAY))
    # The exchange rounds prices to 6 decimals, and volumes to 9.
    assert [bar.close for bar in told] == pytest.approx(found.close, abs=1e-6)
    assert [bar.volume for bar in told] == pytest.approx(found.volume, rel=1e-9)
