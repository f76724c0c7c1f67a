"""Prices are read from the paper exchange by Alpaca's protocol, over real HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeVar

import pytest

from algotrendy.brokers.accounts import read_account
from algotrendy.brokers.alpaca.settings import AlpacaSettings
from algotrendy.exchange.wiring import ExchangeOptions
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.instrument import AssetClass, Symbol
from algotrendy.trading.adapters.alpaca_market import (
    DATA_URL,
    AlpacaMarket,
    _for_data,
    read_listing,
)
from algotrendy.trading.adapters.markets import MarketSource, NoMarket, market_of
from algotrendy.trading.ports import Quote
from algotrendy.trading.risk_desk import fresh
from fixtures.exchange import KEY_ID, OPENING, SECRET, RunningExchange, running_exchange

T = TypeVar("T")
AAPL, BTC, NONE = Symbol("AAPL"), Symbol("BTC/USD"), Symbol("NOSUCH")
CLOCK = ManualClock(OPENING)


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        running.quote(BTC, 50_000.5, 50_010.5, 5.0)
        running.trade(BTC, 50_005.25, 0.5)
        running.quote(AAPL, 100.01, 100.05)
        running.trade(AAPL, 100.03, 100.0)
        yield running


def asked(
    url: str,
    ask: Callable[[MarketSource], Awaitable[T]],
    key: str = KEY_ID,
    clock: ManualClock = CLOCK,
) -> T:
    async def work() -> T:
        values = {"broker": "alpaca", "key_id": key, "secret": SECRET, "url": url}
        market = await market_of(read_account(values), clock, stage_live=False)
        try:
            return await ask(market)
        finally:
            await market.close()
            await market.close()

    return asyncio.run(work())


def test_quotes_come_with_every_digit_of_shares_and_pairs(exchange: RunningExchange) -> None:
    found = asked(exchange.url, lambda market: market.quotes({AAPL, BTC}))
    assert found == {
        AAPL: Quote(
            symbol=AAPL,
            bid=Decimal("100.01"),
            ask=Decimal("100.05"),
            last=Decimal("100.03"),
            at=OPENING,
            made_at=OPENING,
            market_now=OPENING,
        ),
        BTC: Quote(
            symbol=BTC,
            bid=Decimal("50000.5"),
            ask=Decimal("50010.5"),
            last=Decimal("50005.25"),
            at=OPENING,
            made_at=OPENING,
            market_now=OPENING,
        ),
    }


def test_a_market_that_stands_still_is_told_from_one_that_was_just_seen() -> None:
    with running_exchange() as running:
        running.quote(AAPL, 100.01, 100.05)
        made_at = running.floor.now()
        running.advance(15 * 60)
        still, clock = AAPL, ManualClock(OPENING + timedelta(days=4_000))
        alive = asked(running.url, lambda market: market.quotes({still}), clock=clock)[still]
        assert (alive.made_at, alive.market_now) == (made_at, made_at + timedelta(minutes=15))
        assert alive.at == clock.now()
        assert fresh(alive, clock.now()) == alive
        running.advance(1)
        stale = asked(running.url, lambda market: market.quotes({still}), clock=clock)[still]
        assert stale.at == clock.now()
        assert fresh(stale, clock.now()) is None
        running.trade(AAPL, 100.03, 10.0)
        again = asked(running.url, lambda market: market.quotes({still}), clock=clock)[still]
        assert fresh(again, clock.now()) == again


def test_a_market_that_runs_an_hour_a_second_is_alive() -> None:
    options = ExchangeOptions(
        market="synthetic", start=OPENING, speed=3600.0, key_id=KEY_ID, secret=SECRET
    )
    with running_exchange(options) as running:
        found = asked(running.url, lambda market: market.quotes({AAPL, BTC}))
    assert {symbol: fresh(quote, OPENING) for symbol, quote in found.items()} == found
    assert set(found) == {AAPL, BTC}


def test_a_symbol_that_nobody_knows_spoils_no_other(exchange: RunningExchange) -> None:
    odd = Symbol("NO_SUCH^1")
    found = asked(exchange.url, lambda market: market.quotes({AAPL, NONE, odd}))
    assert set(found) == {AAPL}


def test_listings_say_what_may_be_done(exchange: RunningExchange) -> None:
    share = asked(exchange.url, lambda market: market.listing(AAPL))
    pair = asked(exchange.url, lambda market: market.listing(BTC))
    assert share is not None
    assert pair is not None
    assert (share.asset_class, share.is_tradable, share.is_shortable) == (
        AssetClass.EQUITY,
        True,
        True,
    )
    assert (pair.asset_class, pair.is_tradable, pair.is_shortable) == (
        AssetClass.CRYPTO,
        True,
        False,
    )
    assert (share.is_easy_to_borrow, pair.is_easy_to_borrow) == (True, False)
    assert pair.maintenance_rate == 1
    assert asked(exchange.url, lambda market: market.listing(NONE)) is None


@pytest.mark.parametrize(
    ("told", "rate"),
    [
        ({}, None),
        ({"maintenance_margin_requirement": 30}, "0.3"),
        ({"maintenance_margin_requirement": 0, "margin_requirement_long": ""}, None),
        ({"margin_requirement_long": "40", "margin_requirement_short": "112.5"}, "1.125"),
        ({"marginable": True, "maintenance_margin_requirement": 75}, "0.75"),
        ({"marginable": False, "maintenance_margin_requirement": 30}, "1"),
    ],
)
def test_what_alpaca_demands_to_keep_a_position_is_told_in_per_cents(
    told: dict[str, object], rate: str | None
) -> None:
    found = read_listing(AAPL, {"class": "us_equity", "shortable": True, **told}, OPENING)
    assert found is not None
    assert found.maintenance_rate == (None if rate is None else Decimal(rate))
    assert (found.is_shortable, found.is_easy_to_borrow) == (True, False)


def test_keys_that_are_not_taken_are_no_reason_to_believe_in_no_prices(
    exchange: RunningExchange,
) -> None:
    with pytest.raises(Unavailable):
        asked(exchange.url, lambda market: market.quotes({AAPL}), "WRONG")


def test_a_source_that_is_away_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        asked("http://127.0.0.1:9", lambda market: market.quotes({AAPL}))


def test_closes_are_of_whole_days_before_today() -> None:
    options = ExchangeOptions(
        market="synthetic", start=OPENING, speed=0.0, key_id=KEY_ID, secret=SECRET
    )
    with running_exchange(options) as running:
        clock = ManualClock(running.floor.now())
        found = asked(running.url, lambda market: market.closes(AAPL, 60), clock=clock)
        pair = asked(running.url, lambda market: market.closes(BTC, 60), clock=clock)
    today = clock.now().date()
    for closes in (found, pair):
        days = [each.day for each in closes]
        assert days == sorted(set(days))
        assert all(today - timedelta(days=61) < day < today for day in days)
        assert all(each.price > 0 for each in closes)
    assert len(found) > 30
    assert all(day.day.weekday() < 5 for day in found)
    assert date(2026, 1, 1) not in {each.day for each in found}


@pytest.mark.parametrize("url", [None, "https://paper-api.alpaca.markets"])
def test_prices_of_alpaca_itself_have_an_address_of_their_own(url: str | None) -> None:
    assert _for_data(AlpacaSettings("k", "s", url=url)).rest_url == DATA_URL


def test_a_broker_that_tells_no_prices_has_no_source() -> None:
    account = read_account({"broker": "simulated"})
    market = asyncio.run(market_of(account, CLOCK, stage_live=False))
    assert isinstance(market, NoMarket)
    assert asyncio.run(market.quotes({AAPL})) == {}
    assert not isinstance(market, AlpacaMarket)
