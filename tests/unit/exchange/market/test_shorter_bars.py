"""Minute bars of the lake are played as they are, and add up to longer ones exactly."""

from __future__ import annotations

from datetime import UTC, date, datetime

from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS
from algotrendy.exchange.market.events import BarEvent, TradeEvent
from algotrendy.exchange.market.listings import asset_of
from algotrendy.exchange.market.replay import BarTape, StoredBars
from algotrendy.exchange.market.tape import TapeMarket, nanoseconds
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import us_equities
from algotrendy.market_data.series import BarSeries, day_ns

DAY = date(2024, 7, 2)
EARLY_NS = nanoseconds(datetime(2024, 7, 2, 13, 29, tzinfo=UTC))
OPEN_NS = EARLY_NS + MINUTE_NS


def market() -> TapeMarket:
    series = BarSeries(
        Symbol("AAPL"),
        Timeframe.MINUTE,
        # Before the open, the first two minutes, and one of an hour later.
        (EARLY_NS, OPEN_NS, OPEN_NS + MINUTE_NS, OPEN_NS + 61 * MINUTE_NS),
        open=(9.0, 10.0, 10.125, 10.5),
        high=(9.0, 10.2, 10.125, 11.0),
        low=(9.0, 9.9, 10.1, 10.25),
        close=(9.0, 10.1, 10.1, 10.75),
        volume=(100.0, 1000.0, 0.3, 500.0),
    )
    stored = StoredBars(series, series)
    return TapeMarket([BarTape(asset_of("AAPL"), us_equities(), (DAY, DAY), lambda: stored)])


def numbers(bar: BarEvent) -> tuple[float, ...]:
    return bar.open, bar.high, bar.low, bar.close, bar.volume


def test_a_minute_is_told_at_its_end_as_it_is_stored() -> None:
    told = [
        event
        for event in market().events(day_ns(DAY), day_ns(DAY) + DAY_NS)
        if isinstance(event, BarEvent)
    ]
    assert [numbers(bar) for bar in told] == [
        (9.0, 9.0, 9.0, 9.0, 100.0),
        (10.0, 10.2, 9.9, 10.1, 1000.0),
        (10.125, 10.125, 10.1, 10.1, 0.3),
        (10.5, 11.0, 10.25, 10.75, 500.0),
    ]


def test_longer_bars_add_up_and_a_day_leaves_the_extended_hours_out() -> None:
    (day,) = market().bars("AAPL", DAY_NS, day_ns(DAY), day_ns(DAY) + 1)
    assert numbers(day) == (10.0, 11.0, 9.9, 10.75, 1500.3)
    hours = list(market().bars("AAPL", 60 * MINUTE_NS, day_ns(DAY), day_ns(DAY) + DAY_NS))
    assert [numbers(bar) for bar in hours] == [
        (9.0, 10.2, 9.0, 10.1, 1100.3),
        (10.5, 11.0, 10.25, 10.75, 500.0),
    ]


def test_a_minute_without_a_bar_is_silent() -> None:
    between = list(market().events(OPEN_NS + 3 * MINUTE_NS, OPEN_NS + 60 * MINUTE_NS))
    assert between == []


def test_the_trades_before_the_open_are_played_in_the_extended_hours() -> None:
    ticks = market().ticks("AAPL", EARLY_NS, OPEN_NS)
    assert sum(tick.size for tick in ticks if isinstance(tick, TradeEvent)) == 100.0
