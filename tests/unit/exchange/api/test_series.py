from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from fastapi import Request
from starlette.types import Message

from algotrendy.exchange.alpaca_api.effort import Abandoned, Effort, worked
from algotrendy.exchange.alpaca_api.latest import latest_bar, latest_quote, latest_trade, snapshot
from algotrendy.exchange.alpaca_api.series import Page, Past, Row, paged
from algotrendy.exchange.alpaca_api.timeframes import Timeframe, midnight_ns, parse_timeframe
from algotrendy.exchange.floor import to_ns
from algotrendy.exchange.market.events import QuoteEvent, TradeEvent
from algotrendy.exchange.market.scripted import ScriptedMarket
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.market.synthetic import SyntheticMarket
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.instrument import AssetClass
from algotrendy.market_data.calendar import us_equities

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
OPENING = to_ns(datetime(2026, 1, 5, 14, 30, tzinfo=UTC))


def asset(symbol: str) -> Asset:
    return Asset(f"id-{symbol}", symbol, symbol, AssetClass.EQUITY, "NASDAQ")


@pytest.fixture
def market() -> ScriptedMarket:
    """Ten minutes of two symbols: a quote and two trades a minute, the last one unfinished."""
    found = ScriptedMarket([asset("AAPL"), asset("MSFT")], us_equities())
    for minute in range(10):
        begin = OPENING + minute * MINUTE
        for symbol, base in (("AAPL", 100.0), ("MSFT", 200.0)):
            price = base + minute
            found.push(QuoteEvent(symbol, begin, price - 0.01, 100.0, price + 0.01, 100.0))
            found.push(TradeEvent(symbol, begin, price, 10.0))
            found.push(TradeEvent(symbol, begin, price + 0.5, 30.0))
    return found


def past(market: ScriptedMarket, now_ns: int, *, ascending: bool = True) -> Past:
    return Past(market, us_equities(), now_ns, crypto=False, ascending=ascending)


def times(rows: Iterator[Row]) -> list[int]:
    return [(time_ns - OPENING) // MINUTE for time_ns, _ in rows]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1Min", Timeframe(MINUTE)),
        ("5T", Timeframe(5 * MINUTE)),
        ("1Hour", Timeframe(60 * MINUTE)),
        ("4H", Timeframe(240 * MINUTE)),
        ("1Day", Timeframe(1440 * MINUTE)),
        ("1Week", Timeframe(1440 * MINUTE, weeks=1)),
        ("3Month", Timeframe(1440 * MINUTE, months=3)),
        ("1M", Timeframe(1440 * MINUTE, months=1)),
        ("1min", Timeframe(MINUTE)),
        ("1day", Timeframe(1440 * MINUTE)),
    ],
)
def test_timeframes_read_as_alpaca_writes_them(text: str, expected: Timeframe) -> None:
    assert parse_timeframe(text) == expected


@pytest.mark.parametrize(
    "text", ["", "0Min", "60Min", "24Hour", "2Day", "5Month", "1Year", "Min", "1m"]
)
def test_other_timeframes_are_refused_by_name(text: str) -> None:
    with pytest.raises(Refused, match="timeframe must be") as caught:
        parse_timeframe(text)
    assert caught.value.reason is Reason.MALFORMED


def test_bars_of_weeks_begin_on_mondays_and_those_of_quarters_with_them() -> None:
    assert parse_timeframe("1Week").first_day(date(2026, 1, 8)) == date(2026, 1, 5)
    assert parse_timeframe("3Month").first_day(date(2026, 5, 8)) == date(2026, 4, 1)
    assert parse_timeframe("12Month").first_day(date(2026, 5, 8)) == date(2026, 1, 1)


def test_only_whole_bars_are_told(market: ScriptedMarket) -> None:
    now = OPENING + 4 * MINUTE + 30 * SECOND
    rows = past(market, now).bars(Timeframe(MINUTE))
    assert times(rows("AAPL", OPENING, OPENING + 60 * MINUTE)) == [0, 1, 2, 3]


def test_nothing_later_than_now_is_told_whatever_is_asked(market: ScriptedMarket) -> None:
    now = OPENING + 4 * MINUTE
    for rows in (past(market, now).trades, past(market, now).quotes):
        assert max(times(rows("AAPL", 0, OPENING + 10**18))) == 4


def test_the_range_holds_both_of_its_ends(market: ScriptedMarket) -> None:
    rows = past(market, OPENING + 9 * MINUTE).quotes
    assert times(rows("AAPL", OPENING + 2 * MINUTE, OPENING + 4 * MINUTE)) == [2, 3, 4]


def test_backwards_is_forwards_turned_round(market: ScriptedMarket) -> None:
    now = OPENING + 9 * MINUTE
    start = OPENING - 7 * MINUTE
    for timeframe in (Timeframe(MINUTE), Timeframe(2 * MINUTE), Timeframe(7 * MINUTE)):
        forwards = list(past(market, now).bars(timeframe)("AAPL", start, now))
        back = list(past(market, now, ascending=False).bars(timeframe)("AAPL", start, now))
        assert back == forwards[::-1]
        assert forwards


def test_five_minutes_are_what_their_minutes_come_to(market: ScriptedMarket) -> None:
    [(time_ns, bar), *_] = past(market, OPENING + 9 * MINUTE).bars(Timeframe(5 * MINUTE))(
        "AAPL", OPENING, OPENING + 9 * MINUTE
    )
    assert time_ns == OPENING
    assert (bar["o"], bar["h"], bar["l"], bar["c"]) == (100, 104.5, 100, 104.5)
    assert (bar["v"], bar["n"]) == (200, 10)


def test_a_span_that_does_not_part_a_day_is_made_of_minutes(market: ScriptedMarket) -> None:
    now = OPENING + 9 * MINUTE
    rows = past(market, now).bars(Timeframe(7 * MINUTE))
    bars = [bar for _, bar in rows("AAPL", OPENING - 60 * MINUTE, now)]
    assert sum(float(str(bar["v"])) for bar in bars) <= 360
    assert all(bar["vw"] for bar in bars)


def test_a_days_bar_is_told_when_its_session_has_closed(market: ScriptedMarket) -> None:
    close = to_ns(datetime(2026, 1, 5, 21, 0, tzinfo=UTC))
    rows = past(market, close - 1).bars(parse_timeframe("1Day"))
    assert list(rows("AAPL", OPENING - 10**15, close + 10**15)) == []
    rows = past(market, close).bars(parse_timeframe("1Day"))
    [(time_ns, bar)] = rows("AAPL", OPENING - 10**15, close + 10**15)
    assert time_ns == midnight_ns(date(2026, 1, 5), crypto=False)
    assert bar["t"] == "2026-01-05T05:00:00Z"
    assert (bar["o"], bar["c"]) == (100, 109.5)


def test_weeks_and_months_are_made_of_days(market: ScriptedMarket) -> None:
    for opening in (datetime(2026, 1, 6, 15, tzinfo=UTC), datetime(2026, 1, 13, 15, tzinfo=UTC)):
        market.push(TradeEvent("AAPL", to_ns(opening), 120.0, 5.0))
    now = to_ns(datetime(2026, 1, 20, tzinfo=UTC))
    start = to_ns(datetime(2025, 12, 1, tzinfo=UTC))
    weeks = [bar for _, bar in past(market, now).bars(parse_timeframe("1Week"))("AAPL", start, now)]
    assert [bar["t"] for bar in weeks] == ["2026-01-05T05:00:00Z", "2026-01-12T05:00:00Z"]
    assert (weeks[0]["o"], weeks[0]["h"], weeks[0]["c"]) == (100, 120, 120)
    months = past(market, now).bars(parse_timeframe("1Month"))("AAPL", start, now)
    assert [bar["t"] for _, bar in months] == ["2026-01-01T05:00:00Z"]


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 20, 40])
def test_pages_together_are_the_whole_and_nothing_twice(
    market: ScriptedMarket, limit: int, ascending: bool
) -> None:
    now = OPENING + 9 * MINUTE
    rows = past(market, now, ascending=ascending).trades
    symbols = ["MSFT", "AAPL"]
    whole = paged(rows, symbols, (OPENING, now), 1_000, None, ascending=ascending)
    assert whole.token is None
    assert sum(map(len, whole.rows.values())) == 40
    found: dict[str, list[object]] = {}
    token, pages = None, 0
    while pages == 0 or token is not None:
        page = paged(rows, symbols, (OPENING, now), limit, token, ascending=ascending)
        for symbol, each in page.rows.items():
            found.setdefault(symbol, []).extend(each)
        token, pages = page.token, pages + 1
    assert found == whole.rows
    assert pages == -(-40 // limit)


@pytest.mark.parametrize("ascending", [True, False])
@pytest.mark.parametrize("timeframe", ["1Min", "7Min", "1Day", "1Week", "1Month"])
def test_pages_that_end_early_are_together_the_whole(ascending: bool, timeframe: str) -> None:
    seconds = iter(range(10_000))
    seeded = SyntheticMarket(3, calendar=us_equities())
    span = to_ns(datetime(2025, 10, 1, tzinfo=UTC)), OPENING
    if timeframe.endswith("Min"):
        span = OPENING - 5 * 60 * MINUTE, OPENING + 60 * MINUTE

    def page(token: str | None, effort: Effort) -> Page:
        known = replace(
            Past(seeded, us_equities(), OPENING + 90 * MINUTE, crypto=False),
            ascending=ascending,
            effort=effort,
        )
        rows = known.bars(parse_timeframe(timeframe))
        return paged(rows, ["AAPL", "SPY"], span, 1_000, token, ascending=ascending)

    whole = page(None, Effort())
    assert whole.token is None
    found: dict[str, list[object]] = {}
    token, pages = None, 0
    while pages == 0 or token is not None:
        some = page(token, Effort(1, clock=lambda: float(next(seconds))))
        for symbol, each in some.rows.items():
            found.setdefault(symbol, []).extend(each)
        token, pages = some.token, pages + 1
    assert found == whole.rows
    assert pages >= 2


def test_nothing_more_is_read_when_nobody_waits(market: ScriptedMarket) -> None:
    effort = Effort()
    known = replace(past(market, OPENING + 9 * MINUTE), effort=effort)
    rows = known.bars(Timeframe(MINUTE))("AAPL", OPENING, OPENING + 9 * MINUTE)
    next(rows)
    effort.abandon()
    with pytest.raises(Abandoned):
        next(rows)


def test_a_client_that_leaves_ends_the_work() -> None:
    effort = Effort()

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    def work() -> None:
        while True:
            effort.keep_on()

    request = Request({"type": "http", "headers": []}, receive)
    with pytest.raises(Abandoned):
        asyncio.run(worked(request, effort, work))


@pytest.mark.parametrize(
    "token", ["???", "bm90aGluZw==", "QUFQTHxhfDE=", "VFNMQXwxfDE=", "QUFQTHwtMXwx", "ä"]
)
def test_a_token_that_nobody_gave_is_refused(market: ScriptedMarket, token: str) -> None:
    with pytest.raises(Refused, match="page_token must come from"):
        paged(past(market, OPENING).trades, ["AAPL"], (0, OPENING), 5, token, ascending=True)


def test_the_newest_is_that_of_now(market: ScriptedMarket) -> None:
    known = past(market, OPENING + 5 * MINUTE)
    trade, quote, bar = (find(known, "AAPL") for find in (latest_trade, latest_quote, latest_bar))
    assert trade is not None
    assert quote is not None
    assert bar is not None
    assert (trade["p"], quote["bp"]) == (105.5, 104.99)
    assert bar["t"] == "2026-01-05T14:34:00Z"
    assert latest_trade(past(market, OPENING - MINUTE), "AAPL") is None


def test_a_snapshot_tells_the_day_so_far_and_the_day_before(market: ScriptedMarket) -> None:
    during = snapshot(past(market, OPENING + 5 * MINUTE), "AAPL", None)
    assert during["prevDailyBar"] is None
    assert isinstance(during["dailyBar"], dict)
    assert (during["dailyBar"]["c"], during["dailyBar"]["v"]) == (104.5, 200)
    night = to_ns(datetime(2026, 1, 6, 5, 0, tzinfo=UTC))
    assert isinstance(snapshot(past(market, night), "AAPL", None)["dailyBar"], dict)
    tomorrow = to_ns(datetime(2026, 1, 6, 15, 0, tzinfo=UTC))
    later = snapshot(past(market, tomorrow), "AAPL", None)
    assert later["dailyBar"] is None
    assert isinstance(later["prevDailyBar"], dict)
