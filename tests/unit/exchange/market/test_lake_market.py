"""A market of what the lake holds: real bars with their splits, and single trades."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from algotrendy.exchange.adapters.lake_market import Preferred, lake_market
from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS
from algotrendy.exchange.market.events import QuoteEvent, Split, TradeEvent
from algotrendy.exchange.market.tape import TapeMarket, nanoseconds
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.adapters.samples import read_samples
from algotrendy.market_data.series import day_ns
from algotrendy.market_data.ticks import Ticks
from fakes.bar_store import MemoryBars
from fakes.tick_store import MemoryTicks

BARS = MemoryBars(*(item.bars for item in read_samples("bokeh")))
OPEN_NS = nanoseconds(datetime(2012, 7, 2, 13, 30, tzinfo=UTC))
SECOND_NS = 1_000_000_000
TRADES = MemoryTicks(
    Ticks(
        Symbol("AAPL"),
        [OPEN_NS, OPEN_NS, OPEN_NS + SECOND_NS, OPEN_NS + 3600 * SECOND_NS],
        [585.0, 585.02, 584.5, 590.0],
        [100.0, 7.0, 250.0, 1.0],
        "test",
    ),
    Ticks(Symbol("BTC/USD"), [OPEN_NS - 8 * 3600 * SECOND_NS], [6.5], [0.25], "test"),
)


def market(*symbols: str, preferred: Preferred = "bars", bars: MemoryBars = BARS) -> TapeMarket:
    return lake_market(symbols, preferred=preferred, bars=bars, trades=TRADES)


def test_all_bars_of_the_lake_make_a_market() -> None:
    whole = market()
    assert [asset.symbol for asset in whole.assets()] == ["AAPL", "FB", "GOOG", "IBM", "MSFT"]
    assert whole.span() == (day_ns(date(2000, 3, 1)), day_ns(date(2013, 3, 1)) + DAY_NS)


def test_daily_bars_are_those_of_the_lake_on_every_day() -> None:
    stored = BARS.read(Symbol("IBM"))
    found = list(market("IBM").bars("IBM", DAY_NS, 0, day_ns(date(2013, 3, 2))))
    assert [bar.time_ns for bar in found] == list(stored.times)
    for name in ("open", "high", "low", "close", "volume"):
        assert tuple(getattr(bar, name) for bar in found) == getattr(stored, name)
    typical = (stored.high[0] + stored.low[0] + stored.close[0]) / 3
    assert found[0].vwap == pytest.approx(typical)


def test_a_split_is_told_before_its_session_and_dividends_are_not() -> None:
    whole = market("AAPL")
    told = []
    for day in (date(2000, 6, 21), date(2005, 2, 28), date(2012, 8, 9)):
        begin_ns = day_ns(day)
        events = whole.events(begin_ns, begin_ns + DAY_NS)
        told += [event for event in events if isinstance(event, Split)]
    assert told == [
        Split("AAPL", nanoseconds(datetime(2000, 6, 21, 8, tzinfo=UTC)), 2, 1),
        Split("AAPL", nanoseconds(datetime(2005, 2, 28, 9, tzinfo=UTC)), 2, 1),
    ]


def test_stored_trades_are_played_as_they_are_each_behind_a_quote_that_it_meets() -> None:
    whole = market("AAPL", preferred="trades")
    events = list(whole.events(OPEN_NS - 3600 * SECOND_NS, OPEN_NS + 2 * 3600 * SECOND_NS))
    trades = [event for event in events if isinstance(event, TradeEvent)]
    assert [(trade.time_ns, trade.price, trade.size) for trade in trades] == [
        (OPEN_NS, 585.0, 100.0),
        (OPEN_NS, 585.02, 7.0),
        (OPEN_NS + SECOND_NS, 584.5, 250.0),
        (OPEN_NS + 3600 * SECOND_NS, 590.0, 1.0),
    ]
    assert [trade.id for trade in trades] == sorted({trade.id for trade in trades})
    for trade in trades:
        before = events[events.index(trade) - 1]
        assert isinstance(before, QuoteEvent)
        assert trade.price in (before.bid, before.ask)
        assert before.time_ns <= trade.time_ns
    assert events == list(whole.events(OPEN_NS - 3600 * SECOND_NS, OPEN_NS + 7200 * SECOND_NS))


def test_bars_of_stored_trades_are_made_of_them() -> None:
    whole = market("AAPL", preferred="trades")
    (day,) = whole.bars("AAPL", DAY_NS, 0, 2 * OPEN_NS)
    assert (day.open, day.high, day.low, day.close) == (585.0, 590.0, 584.5, 590.0)
    assert (day.volume, day.trades) == (358.0, 4)
    minutes = list(whole.bars("AAPL", MINUTE_NS, OPEN_NS, OPEN_NS + 7200 * SECOND_NS))
    assert [bar.volume for bar in minutes] == [357.0, 1.0]


def test_a_symbol_of_which_there_are_only_trades_is_played_from_them() -> None:
    events = list(market("BTC/USD").events(day_ns(date(2012, 7, 2)), OPEN_NS))
    assert [e.price for e in events if isinstance(e, TradeEvent)] == [6.5]
    assert [asset.symbol for asset in market(preferred="trades").assets()] == ["AAPL", "BTC/USD"]


def test_a_later_import_does_not_change_a_market_that_is_played() -> None:
    first = next(item.bars for item in read_samples("bokeh") if item.bars.symbol == "FB")
    store = MemoryBars(first)
    whole = market("FB", bars=store)
    doubled = tuple(volume * 2 for volume in first.volume)
    changed = type(first)(
        first.symbol,
        first.timeframe,
        first.times,
        first.open,
        first.high,
        first.low,
        first.close,
        doubled,
        first.factor,
        "later",
    )
    store.replace([changed])
    (bar,) = whole.bars("FB", DAY_NS, first.times[0], first.times[0] + 1)
    assert bar.volume == first.volume[0]


def test_what_the_lake_does_not_have_is_not_found() -> None:
    with pytest.raises(NotFound, match=r"APPL was not found; did you mean AAPL\?"):
        market("APPL")
    with pytest.raises(Invalid, match="symbol must be"):
        market("a b")
    with pytest.raises(NotFound, match="bars import --source all"):
        lake_market([], bars=MemoryBars(), trades=MemoryTicks())
    for symbols in ([], ["AAPL"]):
        with pytest.raises(NotFound, match="ticks import --csv FILE --symbol SYMBOL"):
            lake_market(symbols, preferred="trades", bars=MemoryBars(), trades=MemoryTicks())
    with pytest.raises(NotFound, match="XYZ was not found"):
        list(market("IBM").ticks("XYZ", 0, 1))
