from __future__ import annotations

import asyncio

import pytest

from algotrendy.brokers.accounts import read_account
from algotrendy.kernel.clock import ManualClock
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.adapters.alpaca_market import AlpacaMarket
from algotrendy.trading.adapters.ccxt_market import CcxtMarket
from algotrendy.trading.adapters.markets import LaterMarket, NoMarket, market_of
from fakes.order_story import START

CLOCK = ManualClock(START)
AAPL = Symbol("AAPL")
ALPACA = {"broker": "alpaca", "key_id": "k", "secret": "s", "url": "http://127.0.0.1:9"}
CCXT = {
    "broker": "ccxt",
    "exchange": "binance",
    "symbols": ["BTC/USDT"],
    "key": "k",
    "secret": "s",
    "url": "http://127.0.0.1:9",
}


@pytest.mark.parametrize(
    ("values", "kind"),
    [(ALPACA, AlpacaMarket), (CCXT, CcxtMarket), ({"broker": "simulated"}, NoMarket)],
)
def test_each_broker_has_its_source_of_prices(values: dict[str, object], kind: type) -> None:
    async def work() -> None:
        market = await market_of(read_account(values), CLOCK, stage_live=False)
        assert isinstance(market, kind)
        await market.close()

    asyncio.run(work())


def test_a_source_that_knows_nothing_says_so() -> None:
    async def work() -> None:
        market = LaterMarket(read_account({"broker": "simulated"}), CLOCK, stage_live=False)
        assert await market.quotes({AAPL}) == {}
        assert await market.listing(AAPL) is None
        assert await market.closes(AAPL, 10) == []
        await market.close()
        await market.close()

    asyncio.run(work())


def test_a_source_that_cannot_be_opened_is_tried_again() -> None:
    account = read_account({**CCXT, "exchange": "nosuchexchange"})

    async def work() -> None:
        market = LaterMarket(account, CLOCK, stage_live=False)
        for _ in range(2):
            with pytest.raises(Invalid, match="exchange"):
                await market.quotes({AAPL})
        await market.close()

    asyncio.run(work())
