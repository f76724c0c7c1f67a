"""A price is decided by while it was seen of late, and the market made it of late."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.adapters.readings import made_at_of, read_time
from algotrendy.trading.ports import Quote
from algotrendy.trading.risk_desk import fault_of, fresh
from fakes.order_counter import AAPL, BTC, ROOT, OrderCounter
from fakes.risk_desk import buy, sell

# A Monday in New York: open from 14:30, closed from 21:00.
MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
FRIDAY_CLOSE = datetime(2026, 1, 2, 21, tzinfo=UTC)


def monday(hour: int, minute: int = 0) -> datetime:
    return MONDAY + timedelta(hours=hour, minutes=minute)


def quote(at: datetime, made_at: datetime | None, symbol: Symbol = AAPL) -> Quote:
    price = Decimal(100)
    return Quote(symbol=symbol, bid=price, ask=price, last=price, at=at, made_at=made_at)


@pytest.mark.parametrize(
    ("now", "made_at"),
    [
        (monday(16), monday(15, 45)),
        (monday(16), None),
        (monday(16), monday(16, 1)),
        (monday(14, 29), FRIDAY_CLOSE),
        (monday(14, 45), FRIDAY_CLOSE),
        (monday(21), monday(15)),
        (monday(0), monday(-20)),
        (datetime(2031, 1, 6, 16, tzinfo=UTC), datetime(2031, 1, 6, 10, tzinfo=UTC)),
    ],
)
def test_a_market_that_told_something_of_late_or_is_closed_has_a_price(
    now: datetime, made_at: datetime | None
) -> None:
    assert fault_of(quote(now, made_at), now) is None


@pytest.mark.parametrize(
    ("now", "made_at", "actual"),
    [
        (monday(16), monday(15, 44), "made 16 min of trading ago"),
        (monday(15), FRIDAY_CLOSE, "made 30 min of trading ago"),
        (monday(20, 59), monday(15, 59), "made 300 min of trading ago"),
    ],
)
def test_a_market_that_stands_still_while_it_is_open_has_none(
    now: datetime, made_at: datetime, actual: str
) -> None:
    fault = fault_of(quote(now, made_at), now)
    assert fault is not None
    assert (fault.allowed, fault.actual) == ("made in the last 15 min of trading", actual)
    assert fresh(quote(now, made_at), now) is None


def test_a_pair_is_traded_around_the_clock() -> None:
    night = monday(0)
    assert fault_of(quote(night, night - timedelta(minutes=15), BTC), night) is None
    assert fault_of(quote(night, night - timedelta(minutes=16), BTC), night) is not None


def test_a_market_with_a_clock_of_its_own_is_judged_by_it() -> None:
    now, then = monday(3), datetime(2012, 1, 3, 16, tzinfo=UTC)
    played = replace(quote(now, then), market_now=then + timedelta(minutes=15))
    assert fault_of(played, now) is None
    still = replace(played, market_now=then + timedelta(minutes=16))
    assert fault_of(still, now) is not None
    closed = replace(played, market_now=then + timedelta(hours=9))
    assert fault_of(closed, now) is None


def test_what_was_not_seen_for_a_minute_is_old_however_the_market_was() -> None:
    seen = quote(monday(3), None)
    later = monday(3, 1) + timedelta(seconds=1)
    fault = fault_of(seen, later)
    assert fault is not None
    assert (fault.allowed, fault.actual) == ("at most 60 s old", "61 s old")
    assert fault_of(seen, monday(3, 1)) is None
    assert fault_of(None, later) is not None


def test_a_market_that_stands_still_binds_only_what_opens() -> None:
    counter = OrderCounter()
    counter.trade(buy("10"))
    still = quote(counter.clock.now(), monday(15, 30))
    seen = replace(still, market_now=monday(16))
    counter.ledger.run(lambda tx: tx.market.put_quotes(ROOT, [seen]))
    found = counter.refused(buy("1"))
    assert found == {"last_price": "made in the last 15 min of trading"}
    counter.place(sell("10"))


@pytest.mark.parametrize(
    ("bid", "ask", "traded", "minute"),
    [
        # The quote overrules, or stands for, the trade.
        (99, 101, 105, 7),
        (99, 101, None, 7),
        # It says that the price of the trade still stands.
        (99, 101, 100, 7),
        # It says nothing of it.
        (None, 101, 100, 3),
        (101, 99, 100, 3),
    ],
)
def test_a_price_was_made_when_what_it_is_taken_from_was(
    bid: int | None, ask: int | None, traded: int | None, minute: int
) -> None:
    prices = [None if each is None else Decimal(each) for each in (bid, ask, traded)]
    found = made_at_of(prices[0], prices[1], prices[2], monday(15, 7), monday(15, 3))
    assert found == monday(15, minute)


def test_a_trade_after_its_quote_was_made_when_it_was() -> None:
    price = Decimal(100)
    assert made_at_of(price, price, price, monday(15), monday(16)) == monday(16)
    assert made_at_of(price, price, price, None, monday(16)) == monday(16)
    assert made_at_of(price, price, price, None, None) is None


@pytest.mark.parametrize(
    ("told", "moment"),
    [
        ("2026-01-05T16:00:00.123456789Z", monday(16) + timedelta(microseconds=123456)),
        ("2026-01-05T11:00:00-05:00", monday(16)),
        (monday(16).timestamp() * 1000, monday(16)),
        (None, None),
        ("", None),
        ("2026-01-05T16:00:00", None),
        (True, None),
        (float("inf"), None),
        (10**30, None),
    ],
)
def test_moments_are_read_as_sources_write_them(told: object, moment: datetime | None) -> None:
    assert read_time(told) == moment
