from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal

import pytest

from algotrendy.kernel.errors import Rejected, Unavailable
from algotrendy.kernel.ids import AccountId, TenantId
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.trading.accounts import Account
from algotrendy.trading.closes import read_closes
from algotrendy.trading.execution.killing import Killing
from algotrendy.trading.execution.lease import Fenced, lease_name
from algotrendy.trading.execution.monitor import Monitor
from algotrendy.trading.execution.prices import Pasts, Prices
from algotrendy.trading.ledger import Lease
from algotrendy.trading.ports import DailyClose, Listing, Quote
from algotrendy.trading.risk_control import RiskControl
from algotrendy.trading.risk_desk import read_desk
from fakes.order_counter import AAPL, MSFT, NOON, ROOT, OrderCounter
from fakes.post import post_of
from fakes.risk_desk import buy

TSLA, NONE = Symbol("TSLA"), Symbol("NONE")


class Feed:
    """Is a ``Market`` and ``Histories`` that knows of two symbols, and remembers what was asked."""

    def __init__(self, counter: OrderCounter) -> None:
        self.counter = counter
        self.asked: list[str] = []
        self.is_away = False
        self.price = Decimal(101)

    async def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        self.asked.append(f"quotes {' '.join(symbols)}")
        if self.is_away:
            raise Unavailable("feed", "away")
        now = self.counter.clock.now()
        return {
            each: Quote(symbol=each, bid=None, ask=None, last=self.price, at=now)
            for each in symbols
            if each != NONE
        }

    async def listing(self, symbol: Symbol) -> Listing | None:
        self.asked.append(f"listing {symbol}")
        if symbol == NONE:
            return None
        return Listing(
            symbol=symbol,
            asset_class=AssetClass.EQUITY,
            is_tradable=True,
            is_shortable=False,
            is_fractionable=True,
            price_increment=None,
            at=self.counter.clock.now(),
        )

    async def closes(self, symbol: Symbol, days: int) -> Sequence[DailyClose]:
        self.asked.append(f"closes {symbol}")
        if symbol == MSFT:
            raise Rejected("no such symbol")
        return [DailyClose(date(2026, 6, day), Decimal(100 + day)) for day in range(1, 30)]


class Room:
    """A writer at its post, with the duties of prices."""

    def __init__(self) -> None:
        self.counter = OrderCounter()
        self.feed = Feed(self.counter)
        counter = self.counter
        self.woken: list[int] = []
        self.post = asyncio.run(
            post_of(counter.ledger, counter.clock, counter.ids, ROOT, lambda: self.woken.append(1))
        )
        self.prices = Prices(self.post, self.feed)
        self.pasts = Pasts(self.post, self.feed)

    def look(self, after: float = 2) -> list[str]:
        """Do the duty of prices, and tell what was asked for."""
        self.counter.clock.advance(timedelta(seconds=after))
        self.feed.asked.clear()
        asyncio.run(self.prices.do())
        return list(self.feed.asked)

    def want(self, symbol: Symbol) -> None:
        now = self.counter.clock.now()
        self.counter.ledger.run(lambda tx: tx.market.want(ROOT, {symbol}, now))

    def quote(self, symbol: Symbol) -> Quote | None:
        return self.counter.ledger.run(lambda tx: tx.market.quotes(ROOT, {symbol})).get(symbol)


@pytest.fixture
def room() -> Room:
    return Room()


def test_nothing_is_asked_where_nothing_is_needed(room: Room) -> None:
    assert room.look() == []


def test_what_is_held_ordered_or_wanted_gets_a_price(room: Room) -> None:
    room.counter.trade(buy("10"))
    room.counter.place(buy("1", MSFT, limit_price="40"))
    room.want(TSLA)
    assert room.look() == ["listing TSLA", "quotes AAPL MSFT TSLA"]
    found = room.quote(TSLA)
    assert found is not None
    assert found.last == 101
    assert found.at == room.counter.clock.now()
    listings = room.counter.ledger.run(lambda tx: tx.market.listings(ROOT, {TSLA}))
    assert listings[TSLA].is_tradable


def test_each_account_decides_by_the_prices_of_its_own_market(room: Room) -> None:
    counter, live = room.counter, AccountId("live")
    opened = Account(id=live, tenant=TenantId("other"), broker="alpaca", opened_at=NOON)
    counter.ledger.run(lambda tx: tx.accounts.add(opened))
    feed = Feed(counter)
    feed.price = Decimal(250)
    post = asyncio.run(post_of(counter.ledger, counter.clock, counter.ids, live, lambda: None))
    prices = Prices(post, feed)
    room.want(TSLA)
    room.want(AAPL)
    counter.ledger.run(lambda tx: tx.market.want(live, {AAPL}, NOON))

    def price_in(root: AccountId) -> Decimal:
        desk = counter.ledger.run(lambda tx: read_desk(tx, root, counter.clock.now(), [AAPL]))
        return desk.state.prices[AAPL]

    assert room.look() == ["listing TSLA", "quotes AAPL TSLA"]
    asyncio.run(prices.do())
    assert feed.asked == ["listing AAPL", "quotes AAPL"]
    room.look()
    assert price_in(ROOT) == 101
    assert price_in(live) == 250


def test_a_price_is_asked_for_again_after_a_second(room: Room) -> None:
    room.want(TSLA)
    room.look()
    assert room.look(0.5) == []
    assert room.look(0.5) == ["quotes TSLA"]


def test_what_nobody_wanted_for_an_hour_is_left_alone(room: Room) -> None:
    room.want(TSLA)
    room.look()
    assert room.look(3601) == []


def test_a_symbol_that_is_not_traded_is_asked_for_seldom(room: Room) -> None:
    room.want(NONE)
    assert room.look() == ["listing NONE", "quotes NONE"]
    assert room.look() == ["quotes NONE"]
    assert room.look(60) == ["listing NONE", "quotes NONE"]
    assert room.quote(NONE) is None


def test_a_source_that_is_away_leaves_the_old_prices(room: Room) -> None:
    room.counter.trade(buy("10"))
    room.feed.is_away = True
    with pytest.raises(Unavailable):
        room.look()
    before = room.quote(AAPL)
    assert before is not None
    assert before.at == NOON


def test_a_price_that_is_another_than_before_calls_the_monitor(room: Room) -> None:
    room.want(TSLA)
    for price, is_called in (("101", True), ("101", False), ("102", True), ("102", False)):
        room.feed.price = Decimal(price)
        room.post.moved.clear()
        room.look()
        assert room.post.moved.is_set() is is_called


def test_a_clock_that_stepped_back_does_not_stop_the_asking(room: Room) -> None:
    room.counter.trade(buy("10"))
    late = NOON + timedelta(days=1)
    quote = Quote(symbol=AAPL, bid=None, ask=None, last=Decimal(1), at=late)
    room.counter.ledger.run(lambda tx: tx.market.put_quotes(ROOT, [quote]))
    assert room.look() == ["quotes AAPL"]


def test_closes_are_kept_of_what_is_held_and_asked_for_twice_a_day(room: Room) -> None:
    room.counter.trade(buy("10"))
    room.counter.trade(buy("10", MSFT), 50)
    asyncio.run(room.pasts.do())
    closes = room.counter.ledger.run(lambda tx: read_closes(tx, ROOT, [AAPL, MSFT]))
    assert {symbol: len(days) for symbol, days in closes.items()} == {AAPL: 29}
    asyncio.run(room.pasts.do())
    assert room.feed.asked == ["closes AAPL", "closes MSFT"]
    room.counter.clock.advance(timedelta(hours=12))
    asyncio.run(room.pasts.do())
    assert room.feed.asked == ["closes AAPL", "closes MSFT"] * 2


def test_the_kill_switch_wakes_the_writer_and_the_monitor_marks(room: Room) -> None:
    counter = room.counter
    counter.place(buy("1", limit_price="90"))
    killing, monitor = Killing(room.post), Monitor(room.post)
    asyncio.run(killing.do())
    assert room.woken == []
    control = RiskControl(counter.ledger, counter.clock, counter.ids)
    control.pull_kill_switch(ROOT, False, "rita", "it runs wild")
    asyncio.run(killing.do())
    assert room.woken == [1]
    asyncio.run(monitor.do())
    assert counter.ledger.run(lambda tx: tx.risk.marks(ROOT))[None].peak == 100_000


def test_whoever_lost_the_lease_keeps_no_prices(room: Room) -> None:
    room.want(TSLA)
    taken = Lease(lease_name(ROOT), "other", 2, NOON + timedelta(hours=1))
    room.counter.ledger.run(lambda tx: tx.leases.put(taken))
    with pytest.raises(Fenced):
        room.look()
    assert room.quote(TSLA) is None
