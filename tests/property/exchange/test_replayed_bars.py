"""Whatever the bar: its replay trades its open, high, low, close and volume, exactly."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from hypothesis import example, given, settings
from hypothesis import strategies as st

from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS
from algotrendy.exchange.market.events import BarEvent, MarketEvent, QuoteEvent, TradeEvent
from algotrendy.exchange.market.listings import asset_of
from algotrendy.exchange.market.replay import BarTape, StoredBars
from algotrendy.exchange.market.tape import TapeMarket, nanoseconds, told_at
from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import always_open, us_equities
from algotrendy.market_data.series import BarSeries, day_ns

DAY = date(2024, 7, 2)
Numbers = tuple[float, float, float, float, float]

cents = st.integers(1, 10**7).map(lambda value: value / 100)
odd = st.floats(1e-6, 1e7, allow_nan=False)
volumes = (
    st.integers(0, 10**12).map(float)
    | st.integers(0, 2000).map(float)
    | st.integers(1, 10**9).map(lambda value: value / 10_000)
    | st.just(0.1)
)


@st.composite
def bars(draw: st.DrawFn) -> Numbers:
    some = draw(st.sampled_from([cents, odd]))
    low, inner, outer, high = sorted(draw(st.tuples(some, some, some, some)))
    open_, close = draw(st.permutations([inner, outer]))
    if draw(st.booleans()):
        high = max(open_, close)
    if draw(st.booleans()):
        low = min(open_, close)
    return open_, high, low, close, draw(volumes)


def market(
    bar: Numbers, timeframe: Timeframe = Timeframe.DAY, symbol: str = "AAPL", time_ns: int = 0
) -> TapeMarket:
    open_, high, low, close, volume = ((number,) for number in bar)
    times = (time_ns or day_ns(DAY),)
    series = BarSeries(Symbol(symbol), timeframe, times, open_, high, low, close, volume)
    calendar = always_open() if "/" in symbol else us_equities()
    stored = StoredBars(series, series)
    return TapeMarket([BarTape(asset_of(symbol), calendar, (DAY, DAY), lambda: stored)])


def summed_up(trades: Sequence[TradeEvent]) -> Numbers:
    prices = [trade.price for trade in trades]
    volume = sum(Decimal(repr(trade.size)) for trade in trades)
    return prices[0], max(prices), min(prices), prices[-1], float(volume)


def trades_of(events: Sequence[MarketEvent]) -> list[TradeEvent]:
    return [event for event in events if isinstance(event, TradeEvent)]


@settings(max_examples=40, deadline=None)
@given(bar=bars(), symbol=st.sampled_from(["AAPL", "BTC/USD"]))
@example(bar=(10.0, 10.0, 10.0, 10.0, 1.0), symbol="AAPL")
@example(bar=(0.1, 0.3, 0.1, 0.2, 0.3), symbol="BTC/USD")
def test_the_trades_of_a_daily_bar_come_to_the_bar(bar: Numbers, symbol: str) -> None:
    tape = market(bar, symbol=symbol)
    ticks = list(tape.ticks(symbol, day_ns(DAY), day_ns(DAY) + DAY_NS))
    trades = trades_of(ticks)
    if not bar[4]:
        assert trades == []
        assert ticks, "where nothing was traded there were prices"
    else:
        assert summed_up(trades) == bar
    (told,) = tape.bars(symbol, DAY_NS, day_ns(DAY), day_ns(DAY) + 1)
    assert (told.open, told.high, told.low, told.close, told.volume) == bar


@settings(max_examples=25, deadline=None)
@given(bar=bars(), timeframe=st.sampled_from([Timeframe.MINUTE, Timeframe.HOUR]))
def test_the_trades_of_a_shorter_bar_come_to_the_bar(bar: Numbers, timeframe: Timeframe) -> None:
    span_ns = int(timeframe.span.total_seconds()) * 1_000_000_000
    time_ns = day_ns(DAY) + 15 * 60 * MINUTE_NS
    tape = market(bar, timeframe, time_ns=time_ns)
    trades = trades_of(list(tape.ticks("AAPL", time_ns, time_ns + span_ns)))
    found = list(tape.bars("AAPL", span_ns, day_ns(DAY), day_ns(DAY) + DAY_NS))
    days = list(tape.bars("AAPL", DAY_NS, day_ns(DAY), day_ns(DAY) + DAY_NS))
    if not bar[4]:
        assert (trades, found, days) == ([], [], [])
        return
    assert summed_up(trades) == bar
    for told in (*found, *days):
        assert (told.open, told.high, told.low, told.close, told.volume) == bar
        assert told.trades == len(trades)


@settings(max_examples=15, deadline=None)
@given(bar=bars())
def test_a_replay_plays_in_the_regular_hours_in_order_and_the_same_each_time(bar: Numbers) -> None:
    session = us_equities().session(DAY)
    assert session is not None
    events = list(market(bar).events(day_ns(DAY), day_ns(DAY) + DAY_NS))
    assert events == list(market(bar).events(day_ns(DAY), day_ns(DAY) + DAY_NS))
    times = [told_at(event) for event in events]
    assert times == sorted(times)
    assert nanoseconds(session.open) <= times[0]
    assert times[-1] <= nanoseconds(session.close)
    if trades := trades_of(events):
        assert trades[0].time_ns == nanoseconds(session.open)
        assert trades[-1].time_ns == nanoseconds(session.close) - 1_000_000
        ids = [trade.id for trade in trades]
        assert ids == sorted(set(ids))


@settings(max_examples=15, deadline=None)
@given(bar=bars())
def test_minute_bars_of_a_replayed_day_add_up_to_the_day(bar: Numbers) -> None:
    told = [
        event
        for event in market(bar).events(day_ns(DAY), day_ns(DAY) + DAY_NS)
        if isinstance(event, BarEvent)
    ]
    if bar[4]:
        assert told[0].open == bar[0]
        assert max(minute.high for minute in told) == bar[1]
        assert min(minute.low for minute in told) == bar[2]
        assert told[-1].close == bar[3]
        assert float(sum(Decimal(repr(minute.volume)) for minute in told)) == bar[4]


@settings(max_examples=15, deadline=None)
@given(low=st.integers(100, 10**6), reach=st.integers(0, 500), volume=st.integers(0, 10**8))
def test_quotes_of_replayed_cents_are_cents_and_the_trades_meet_them(
    low: int, reach: int, volume: int
) -> None:
    bar = (low / 100, (low + reach) / 100, low / 100, (low + reach // 2) / 100, float(volume))
    shown: QuoteEvent | None = None
    for event in market(bar).events(day_ns(DAY), day_ns(DAY) + DAY_NS):
        if isinstance(event, QuoteEvent):
            assert 0 < event.bid < event.ask
            assert (round(event.bid, 2), round(event.ask, 2)) == (event.bid, event.ask)
            shown = event
        elif isinstance(event, TradeEvent):
            assert shown is not None
            assert event.price in (shown.bid, shown.ask)
