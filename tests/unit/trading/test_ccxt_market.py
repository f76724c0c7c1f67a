from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
from ccxt.base.decimal_to_precision import DECIMAL_PLACES, TICK_SIZE

from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.brokers.live import Mode
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Unavailable
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.adapters.ccxt_market import CcxtMarket
from algotrendy.trading.adapters.readings import last_of, read_number
from algotrendy.trading.risk_desk import fresh
from fakes.order_story import START

T = TypeVar("T")
BTC, ETH, SOL = (Symbol(f"{coin}/USDT") for coin in ("BTC", "ETH", "SOL"))
SETTINGS = CcxtSettings("binance", "key", "secret", (BTC, ETH), url="http://127.0.0.1:9")
MADE_AT = START - timedelta(minutes=20)


class Exchange:
    """Answers as ccxt's object of an exchange does, with numbers as text."""

    has: dict[str, bool] = {"fetchTickers": True, "fetchOHLCV": True}  # noqa: RUF012
    precisionMode = TICK_SIZE  # noqa: N815 - its name at ccxt
    hostname = "example.test"
    asked: list[str] = []  # noqa: RUF012

    def __init__(self, config: dict[str, Any]) -> None:
        self.urls: dict[str, Any] = {"api": {"public": "https://api.example.test/api"}}
        self.closed = 0

    def set_sandbox_mode(self, on: bool) -> None:
        """Take the switch."""

    async def fetch_tickers(self, symbols: list[str]) -> dict[str, Any]:
        self.asked.append(" ".join(symbols))
        return {BTC: await self.fetch_ticker(BTC), ETH: {"bid": None, "ask": None, "last": None}}

    async def fetch_ticker(self, symbol: str) -> dict[str, Any]:
        return {"symbol": symbol, "bid": "49999.9", "ask": "50000.1", "last": "50000.05"}

    async def load_markets(self) -> dict[str, Any]:
        return {BTC: {"active": True, "precision": {"price": "0.01"}}, ETH: {"active": False}}

    async def fetch_ohlcv(self, symbol: str, span: str, limit: int) -> list[list[Any]]:
        days = [datetime(2026, 11, day, tzinfo=UTC) for day in (21, 22, 23)]
        return [[day.timestamp() * 1000, "1", "2", "0.5", "1.5", "10"] for day in days]

    async def close(self) -> None:
        self.closed += 1


class Single(Exchange):
    """Tells one ticker at a time, counts decimals, and has no past."""

    has = {}  # noqa: RUF012
    precisionMode = DECIMAL_PLACES  # noqa: N815


class Broken(Exchange):
    async def fetch_tickers(self, symbols: list[str]) -> dict[str, Any]:
        raise TimeoutError("no answer")


class Dated(Exchange):
    """Tells when its prices were made."""

    async def fetch_ticker(self, symbol: str) -> dict[str, Any]:
        told = await super().fetch_ticker(symbol)
        return told | {"timestamp": int(MADE_AT.timestamp() * 1000)}


def asked(
    kind: type[Exchange],
    ask: Callable[[CcxtMarket], Awaitable[T]],
    settings: CcxtSettings = SETTINGS,
) -> T:
    async def work() -> T:
        market = CcxtMarket(kind, settings, ManualClock(START))
        try:
            return await ask(market)
        finally:
            await market.close()
            await market.close()

    return asyncio.run(work())


@pytest.mark.parametrize("kind", [Exchange, Single])
def test_pairs_of_the_account_are_quoted_with_every_digit(kind: type[Exchange]) -> None:
    found = asked(kind, lambda market: market.quotes({BTC, SOL}))
    assert list(found) == [BTC]
    quote = found[BTC]
    assert quote.at == START
    assert [quote.bid, quote.ask, quote.last] == [
        Decimal("49999.9"),
        Decimal("50000.1"),
        Decimal("50000.05"),
    ]


def test_an_exchange_says_when_its_prices_were_made_and_a_stand_in_does_not() -> None:
    itself = replace(SETTINGS, url=None, mode=Mode.LIVE)
    dated = asked(Dated, lambda market: market.quotes({BTC}), itself)[BTC]
    assert (dated.made_at, dated.at) == (MADE_AT, START)
    assert fresh(dated, START) is None
    undated = asked(Exchange, lambda market: market.quotes({BTC}), itself)[BTC]
    assert undated.made_at is None
    stand_in = asked(Dated, lambda market: market.quotes({BTC}))[BTC]
    assert stand_in.made_at is None
    assert fresh(stand_in, START) == stand_in


def test_a_pair_without_a_price_is_absent() -> None:
    assert asked(Exchange, lambda market: market.quotes({ETH})) == {}


def test_nothing_is_asked_about_pairs_of_others() -> None:
    Exchange.asked.clear()
    assert asked(Exchange, lambda market: market.quotes({SOL})) == {}
    assert Exchange.asked == []


def test_listings_tell_the_step_where_the_exchange_does() -> None:
    found = asked(Exchange, lambda market: market.listing(BTC))
    assert found is not None
    assert (found.is_tradable, found.price_increment) == (True, Decimal("0.01"))
    counted = asked(Single, lambda market: market.listing(BTC))
    assert counted is not None
    assert counted.price_increment is None
    stopped = asked(Exchange, lambda market: market.listing(ETH))
    assert stopped is not None
    assert not stopped.is_tradable
    assert asked(Exchange, lambda market: market.listing(SOL)) is None


def test_closes_leave_the_running_day_out() -> None:
    closes = asked(Exchange, lambda market: market.closes(BTC, 3))
    assert [each.day for each in closes] == [date(2026, 11, 21), date(2026, 11, 22)]
    assert asked(Single, lambda market: market.closes(BTC, 3)) == []
    assert asked(Exchange, lambda market: market.closes(SOL, 3)) == []


def test_an_exchange_that_does_not_answer_is_unavailable() -> None:
    with pytest.raises(Unavailable):
        asked(Broken, lambda market: market.quotes({BTC}))


@pytest.mark.parametrize(
    ("bid", "ask", "traded", "last"),
    [
        ("9", "11", "10.5", "10.5"),
        ("9", "11", "15", "11"),
        ("9", "11", "5", "9"),
        ("9", "11", None, "10"),
        (None, "11", "15", "15"),
        ("12", "11", "15", "15"),
        (None, "11", None, None),
    ],
)
def test_an_old_trade_is_bounded_by_what_is_bid_and_asked(
    bid: str | None, ask: str | None, traded: str | None, last: str | None
) -> None:
    told = SimpleNamespace(bid=read_number(bid), ask=read_number(ask), traded=read_number(traded))
    assert last_of(told.bid, told.ask, told.traded) == read_number(last)


@pytest.mark.parametrize("told", [None, "x", "NaN", "1e30", "0.1234567890123456789"])
def test_what_is_no_number_of_the_ledger_is_none(told: object) -> None:
    assert read_number(told) is None
