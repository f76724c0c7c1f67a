"""A scripted market says what is pushed, and makes bars of its trades."""

from __future__ import annotations

from datetime import date

import pytest

from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS
from algotrendy.exchange.market.events import (
    BarEvent,
    Dividend,
    MarketEvent,
    QuoteEvent,
    Split,
    TradeEvent,
)
from algotrendy.exchange.market.listings import equity
from algotrendy.exchange.market.scripted import ScriptedMarket
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.market_data.calendar import us_equities
from algotrendy.market_data.series import day_ns

BEGIN = day_ns(date(2024, 7, 2)) + 15 * 3600 * 1_000_000_000


def market() -> ScriptedMarket:
    return ScriptedMarket([equity("MSFT"), equity("AAPL")])


def trade(seconds: float, price: float, size: float = 100.0, symbol: str = "AAPL") -> TradeEvent:
    return TradeEvent(symbol, BEGIN + int(seconds * 1e9), price, size)


def quote(seconds: float, bid: float, ask: float) -> QuoteEvent:
    return QuoteEvent("AAPL", BEGIN + int(seconds * 1e9), bid, 100.0, ask, 200.0)


def test_what_was_pushed_is_the_history() -> None:
    script = market()
    first, second = quote(0, 9.99, 10.01), trade(1, 10.01)
    script.push(first)
    (numbered,) = script.push(second)
    assert list(script.events(0, 2 * BEGIN)) == [first, numbered]
    assert list(script.events(BEGIN, BEGIN + 1)) == [first]
    assert list(script.ticks("AAPL", 0, 2 * BEGIN)) == [first, numbered]
    assert list(script.ticks("MSFT", 0, 2 * BEGIN)) == []
    assert script.span() == (BEGIN, None)


def test_assets_come_by_symbol() -> None:
    assert [asset.symbol for asset in market().assets()] == ["AAPL", "MSFT"]


def test_trades_are_numbered_by_symbol() -> None:
    script = market()
    said = [
        script.push(event)[0]
        for event in (trade(0, 1.0), trade(1, 1.0, symbol="MSFT"), trade(2, 1.0))
    ]
    assert [event.id for event in said if isinstance(event, TradeEvent)] == [1, 1, 2]


def test_an_event_of_a_later_minute_ends_the_bars_before_it() -> None:
    script = market()
    for event in (trade(1, 10.0), trade(2, 12.0, 50.0), trade(3, 9.5), trade(4, 11.0)):
        assert len(script.push(event)) == 1
    script.push(trade(59, 20.0, 1.0, "MSFT"))
    said = script.push(quote(130, 10.0, 10.5))
    vwap = (10.0 * 100 + 12.0 * 50 + 9.5 * 100 + 11.0 * 100) / 350
    assert said == [
        BarEvent("AAPL", BEGIN, MINUTE_NS, 10.0, 12.0, 9.5, 11.0, 350.0, 4, vwap),
        BarEvent("MSFT", BEGIN, MINUTE_NS, 20.0, 20.0, 20.0, 20.0, 1.0, 1, 20.0),
        quote(130, 10.0, 10.5),
    ]
    assert list(script.events(0, 2 * BEGIN))[-3:] == said


def test_bars_of_any_span_hold_the_trades_of_their_span() -> None:
    script = market()
    for minute, price in enumerate((10.0, 11.0, 9.0, 10.5, 10.25, 10.75)):
        script.push(trade(minute * 60, price))
    five = list(script.bars("AAPL", 5 * MINUTE_NS, 0, 2 * BEGIN))
    assert [(bar.open, bar.high, bar.low, bar.close, bar.volume) for bar in five] == [
        (10.0, 11.0, 9.0, 10.25, 500.0),
        (10.75, 10.75, 10.75, 10.75, 100.0),
    ]
    assert len(list(script.bars("AAPL", MINUTE_NS, BEGIN + 1, 2 * BEGIN))) == 5
    (day,) = script.bars("AAPL", DAY_NS, 0, 2 * BEGIN)
    assert (day.time_ns, day.trades) == (day_ns(date(2024, 7, 2)), 6)


def test_with_a_calendar_a_days_bar_holds_the_regular_hours() -> None:
    script = ScriptedMarket([equity("AAPL")], us_equities())
    for hours, price in ((-7, 1.0), (0, 2.0), (4.9, 3.0), (5, 4.0)):
        script.push(trade(hours * 3600, price))
    (day,) = script.bars("AAPL", DAY_NS, 0, 2 * BEGIN)
    assert (day.open, day.close, day.trades) == (2.0, 3.0, 2)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (trade(-1, 10.0), "time_ns"),
        (trade(1, 0.0), "price"),
        (trade(1, float("nan")), "price"),
        (trade(1, 1e300), "price"),
        (trade(1, 1e-12), "price"),
        (trade(1, 10.0, 1e300), "size"),
        (quote(1, 1e-12, 9.0), "bid"),
        (trade(1, 10.0, 0.0), "size"),
        (trade(1, 10.0, float("inf")), "size"),
        (quote(1, 10.0, 9.0), "bid"),
        (quote(1, -1.0, 9.0), "bid"),
        (TradeEvent("AAPL", BEGIN + 1, 1.0, 1.0, 1), "id"),
        (Split("AAPL", BEGIN + 1, 0, 1), "new"),
        (Dividend("AAPL", BEGIN + 1, "-0.1"), "cash"),
        (Dividend("AAPL", BEGIN + 1, "much"), "cash"),
        (BarEvent("AAPL", BEGIN + 1, MINUTE_NS, 1.0, 1.0, 1.0, 1.0, 1.0, 1, 1.0), "event"),
    ],
)
def test_what_no_market_says_is_refused_and_leaves_no_trace(event: MarketEvent, field: str) -> None:
    script = market()
    script.push(trade(0, 10.0))
    before = list(script.events(0, 2 * BEGIN))
    with pytest.raises(Invalid) as caught:
        script.push(event)
    assert caught.value.field == field
    assert list(script.events(0, 2 * BEGIN)) == before


def test_an_unknown_symbol_is_not_found_and_the_known_are_named() -> None:
    with pytest.raises(NotFound, match="XYZ was not found; there are AAPL, MSFT"):
        market().push(trade(0, 1.0, symbol="XYZ"))
    with pytest.raises(NotFound):
        list(market().bars("XYZ", MINUTE_NS, 0, 1))


def test_a_span_that_does_not_part_a_day_is_refused() -> None:
    with pytest.raises(Invalid, match="span_ns"):
        list(market().bars("AAPL", 7 * MINUTE_NS, 0, 1))
    with pytest.raises(Invalid, match="span_ns"):
        list(market().bars("AAPL", 0, 0, 1))


def test_splits_and_dividends_are_told_as_they_are() -> None:
    script = market()
    events: list[MarketEvent] = [Split("AAPL", BEGIN, 4, 1), Dividend("AAPL", BEGIN, "0.25")]
    assert [script.push(event) for event in events] == [[event] for event in events]
