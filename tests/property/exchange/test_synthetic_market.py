"""Whatever the seed and the moment: the synthetic market is one market, however it is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS
from algotrendy.exchange.market.events import (
    BarEvent,
    Dividend,
    MarketEvent,
    QuoteEvent,
    Split,
    TradeEvent,
)
from algotrendy.exchange.market.listings import Listing, crypto, equity
from algotrendy.exchange.market.synthetic import SyntheticMarket
from algotrendy.exchange.market.tape import nanoseconds, told_at
from algotrendy.market_data.calendar import TradingCalendar, always_open, us_equities
from algotrendy.market_data.series import day_ns

LISTINGS = (
    Listing(equity("AAPL"), 212.0, 0.016, dividend=Decimal("0.26")),
    Listing(equity("F"), 11.0, 0.05, trades_a_minute=2.0),
    Listing(crypto("BTC/USD"), 96_500.0, 0.03, 4.0, 0.05, 0.0002),
)
SYMBOLS = [listing.asset.symbol for listing in LISTINGS]

seeds = st.integers(0, 2**31)
symbols = st.sampled_from(SYMBOLS)
days = st.dates(date(1995, 1, 1), date(2030, 6, 1))
minutes = st.datetimes(datetime(1995, 1, 1), datetime(2030, 6, 1)).map(  # noqa: DTZ001 - UTC below
    lambda time: nanoseconds(time.replace(second=0, microsecond=0, tzinfo=UTC))
)
few = settings(max_examples=12, deadline=None)


def market(seed: int, calendar: TradingCalendar | None = None) -> SyntheticMarket:
    return SyntheticMarket(seed, LISTINGS, calendar=calendar)


def trades_of(events: Sequence[MarketEvent], symbol: str) -> list[TradeEvent]:
    return [e for e in events if isinstance(e, TradeEvent) and e.symbol == symbol]


def summed_up(trades: Sequence[TradeEvent], time_ns: int, span_ns: int) -> BarEvent:
    prices = [trade.price for trade in trades]
    sizes = [Decimal(repr(trade.size)) for trade in trades]
    value = sum(Fraction(repr(t.price)) * Fraction(repr(t.size)) for t in trades)
    return BarEvent(
        trades[0].symbol,
        time_ns,
        span_ns,
        prices[0],
        max(prices),
        min(prices),
        prices[-1],
        float(sum(sizes)),
        len(trades),
        float(value / Fraction(sum(sizes))),
    )


@few
@given(seed=seeds, start_ns=minutes, length=st.integers(1, 90))
def test_the_same_seed_gives_the_same_tape_and_another_seed_another(
    seed: int, start_ns: int, length: int
) -> None:
    end_ns = start_ns + length * MINUTE_NS
    first = list(market(seed).events(start_ns, end_ns))
    assert list(market(seed).events(start_ns, end_ns)) == first
    assert not first or list(market(seed + 1).events(start_ns, end_ns)) != first


@few
@given(
    seed=seeds,
    start_ns=minutes,
    cuts=st.lists(st.integers(0, 40 * MINUTE_NS), max_size=8).map(sorted),
)
def test_pieces_asked_in_any_order_are_the_whole(seed: int, start_ns: int, cuts: list[int]) -> None:
    end_ns = start_ns + 40 * MINUTE_NS
    edges = [start_ns, *(start_ns + cut for cut in cuts), end_ns]
    spans = list(pairwise(edges))
    other = market(seed)
    backwards = [list(other.events(begin, end)) for begin, end in reversed(spans)]
    pieces = [event for piece in reversed(backwards) for event in piece]
    assert pieces == list(market(seed).events(start_ns, end_ns))


@few
@given(seed=seeds, start_ns=minutes)
def test_events_come_in_order_of_the_time_at_which_they_are_told(seed: int, start_ns: int) -> None:
    end_ns = start_ns + 120 * MINUTE_NS
    events = list(market(seed).events(start_ns, end_ns))
    times = [told_at(event) for event in events]
    assert times == sorted(times)
    assert all(start_ns <= time < end_ns for time in times)
    for symbol in SYMBOLS:
        ids = [trade.id for trade in trades_of(events, symbol)]
        assert ids == sorted(set(ids))
        ticks = [e for e in events if isinstance(e, QuoteEvent | TradeEvent) and e.symbol == symbol]
        assert ticks == list(market(seed).ticks(symbol, start_ns, end_ns))


@few
@given(seed=seeds, day=days, symbol=symbols, minutes=st.sampled_from([1, 5, 15, 30, 60, 240]))
def test_a_bar_of_any_span_is_what_its_trades_come_to(
    seed: int, day: date, symbol: str, minutes: int
) -> None:
    span_ns = minutes * MINUTE_NS
    start_ns = day_ns(day) + 14 * 60 * MINUTE_NS
    end_ns = start_ns + max(span_ns, 120 * MINUTE_NS)
    drawn = market(seed)
    expected = []
    for begin_ns in range(-(-start_ns // span_ns) * span_ns, end_ns, span_ns):
        ticks = list(drawn.ticks(symbol, begin_ns, begin_ns + span_ns))
        if trades := trades_of(ticks, symbol):
            expected.append(summed_up(trades, begin_ns, span_ns))
    assert list(market(seed).bars(symbol, span_ns, start_ns, end_ns)) == expected
    if minutes == 1:
        told = list(drawn.events(start_ns + 1, end_ns + 1))
        assert [e for e in told if isinstance(e, BarEvent) and e.symbol == symbol] == expected


@few
@given(seed=seeds, day=days, symbol=symbols, activity=st.sampled_from([0.001, 0.02, 1.0, 40.0]))
def test_a_days_bar_is_what_its_minutes_come_to_however_few_trades_there_are(
    seed: int, day: date, symbol: str, activity: float
) -> None:
    drawn = SyntheticMarket(seed, LISTINGS, activity=activity)
    found = list(drawn.bars(symbol, DAY_NS, day_ns(day), day_ns(day) + 1))
    hours = always_open() if "/" in symbol else us_equities()
    if (session := hours.session(day)) is None:
        assert found == []
        return
    begin_ns, end_ns = nanoseconds(session.open), nanoseconds(session.close)
    minutes = list(drawn.bars(symbol, MINUTE_NS, begin_ns, end_ns))
    assert bool(found) == bool(minutes)
    if found:
        (whole,) = found
        assert (whole.open, whole.close) == (minutes[0].open, minutes[-1].close)
        assert whole.high == max(bar.high for bar in minutes)
        assert whole.low == min(bar.low for bar in minutes)
        assert whole.trades == sum(bar.trades for bar in minutes)
        assert whole.volume == float(sum(Decimal(repr(bar.volume)) for bar in minutes))


@settings(max_examples=4, deadline=None)
@given(seed=seeds, day=days, symbol=symbols, open_always=st.booleans())
def test_a_days_bar_is_what_the_trades_of_its_regular_hours_come_to(
    seed: int, day: date, symbol: str, open_always: bool
) -> None:
    calendar = always_open() if open_always else None
    found = list(market(seed, calendar).bars(symbol, DAY_NS, day_ns(day), day_ns(day) + 1))
    hours = always_open() if open_always or "/" in symbol else us_equities()
    session = hours.session(day)
    if session is None:
        assert found == []
        return
    begin_ns, end_ns = nanoseconds(session.open), nanoseconds(session.close)
    trades = trades_of(list(market(seed, calendar).ticks(symbol, begin_ns, end_ns)), symbol)
    assert found == [summed_up(trades, day_ns(day), DAY_NS)]
    if "/" not in symbol:
        # The auctions: whoever waits for the open or the close meets them there.
        assert trades[0].time_ns == begin_ns
        assert end_ns - 1_000_000 == trades[-1].time_ns


@few
@given(seed=seeds, start_ns=minutes)
def test_prices_lie_on_increments_and_every_trade_meets_the_quote(seed: int, start_ns: int) -> None:
    quotes: dict[str, QuoteEvent] = {}
    for event in market(seed).events(start_ns, start_ns + 60 * MINUTE_NS):
        if isinstance(event, QuoteEvent):
            quotes[event.symbol] = event
            assert 0 < event.bid < event.ask
            assert min(event.bid_size, event.ask_size) > 0
            assert float(f"{event.bid:.2f}") == event.bid
            assert float(f"{event.ask:.2f}") == event.ask
        elif isinstance(event, TradeEvent):
            assert float(f"{event.price:.2f}") == event.price
            assert event.size > 0
            assert event.price in (quotes[event.symbol].bid, quotes[event.symbol].ask)


@few
@given(seed=seeds, symbol=symbols, day=days)
def test_prices_stay_around_that_of_the_listing_for_ever(seed: int, symbol: str, day: date) -> None:
    price = next(item.price for item in LISTINGS if item.asset.symbol == symbol)
    start_ns = day_ns(day)
    for bar in market(seed).bars(symbol, DAY_NS, start_ns, start_ns + 3 * DAY_NS):
        assert price / 15 < bar.low <= bar.high < price * 15


@few
@given(seed=seeds, day=days)
def test_nothing_is_traded_outside_of_the_hours_but_pairs(seed: int, day: date) -> None:
    calendar = us_equities()
    night_ns = nanoseconds(datetime(day.year, day.month, day.day, 6, tzinfo=UTC))
    said = market(seed).events(night_ns, night_ns + 60 * MINUTE_NS)
    assert {event.symbol for event in said} == {"BTC/USD"}
    session = calendar.next_session(day)
    end_ns = nanoseconds(session.post_close)
    late = list(market(seed).ticks("AAPL", end_ns, end_ns + 60 * MINUTE_NS))
    assert late == []


@settings(max_examples=2, deadline=None)
@given(seed=seeds, year=st.integers(1995, 2029))
def test_a_dividend_is_told_once_a_quarter_as_its_session_begins(seed: int, year: int) -> None:
    payer = SyntheticMarket(seed, LISTINGS[:1])
    told: list[Split | Dividend] = []
    for session in us_equities().sessions(date(year, 1, 1), date(year, 12, 31)):
        begin = nanoseconds(session.pre_open)
        events = list(payer.events(begin, begin + 1))
        told += [event for event in events if isinstance(event, Split | Dividend)]
    months = [datetime.fromtimestamp(event.time_ns / 1e9, UTC).month for event in told]
    assert months == [2, 5, 8, 11]
    assert {(e.symbol, e.cash) for e in told if isinstance(e, Dividend)} == {("AAPL", "0.26")}


def test_the_span_is_that_of_the_calendar_and_of_pairs_without_end() -> None:
    equities = SyntheticMarket(1, LISTINGS[:2])
    begin, end = equities.span()
    assert begin == nanoseconds(datetime(1990, 1, 2, 9, tzinfo=UTC))
    assert end is not None
    assert end == nanoseconds(datetime(2031, 1, 1, 1, tzinfo=UTC))
    assert market(1).span() == (nanoseconds(datetime(1990, 1, 1, tzinfo=UTC)), None)
    after = end + timedelta(days=30) // timedelta(microseconds=1) * 1_000
    assert list(equities.events(after, after + 60 * MINUTE_NS)) == []
