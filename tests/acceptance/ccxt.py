"""Bring the ccxt adapter to the acceptance suite: unmodified ccxt on a server like Binance's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from itertools import count
from pathlib import Path

from acceptance.harness import ASK, BID, CASH, Fault
from algotrendy.brokers.ccxt.broker import CcxtBroker
from algotrendy.brokers.ccxt.settings import CcxtSettings
from algotrendy.kernel.instrument import Symbol
from fakes.crypto_exchange_server import CryptoExchangeServer, Failure

SYMBOL = Symbol("BTC/USDT")
SECRET = "acceptance-secret"
_FAULTS = {
    Fault.LOST_ANSWER: Failure.LOST_ANSWER,
    Fault.UNAVAILABLE: Failure.OVERLOADED,
    Fault.RATE_LIMIT: Failure.TOO_MANY,
}


def settings(server: CryptoExchangeServer, key: str, secret: str = SECRET) -> CcxtSettings:
    """Describe an account at a local server, which keeps no pace."""
    return CcxtSettings(
        "binance",
        key,
        secret,
        (SYMBOL,),
        url=server.url,
        rate_limit_ms=0.1,
        poll_s=0.02,
        settle_s=0.2,
        silence_s=1.0,
        backoff_s=(0.05, 0.5),
    )


class CcxtHarness:
    """A local exchange, and the adapter on an account there."""

    symbol = SYMBOL
    unknown_symbol = Symbol("NOSUCH/USDT")

    def __init__(self, server: CryptoExchangeServer) -> None:
        self._server = server
        self._numbers = count(1)
        self._key = ""
        self._broker: CcxtBroker | None = None
        self._quote = (BID, ASK)

    @property
    def broker(self) -> CcxtBroker:
        assert self._broker is not None, "fresh comes first"
        return self._broker

    async def fresh(self) -> None:
        await self.close()
        if self._key:
            await asyncio.to_thread(self._server.end_orders, self._key)
        self._server.failures.clear()
        self._key = f"KEY{next(self._numbers)}"
        await asyncio.to_thread(self._server.open_account, self._key, SECRET, CASH)
        await self.set_quote(BID, ASK)
        await self.trade(Decimal(100), Decimal(1))
        self._broker = await CcxtBroker.open(settings(self._server, self._key))

    async def close(self) -> None:
        if self._broker is not None:
            await self._broker.close()

    async def set_quote(self, bid: Decimal, ask: Decimal) -> None:
        self._quote = (bid, ask)
        await asyncio.to_thread(self._server.quote, bid, ask)

    async def trade(self, price: Decimal, size: Decimal) -> None:
        await asyncio.to_thread(self._server.trade, price, size)

    async def fail_next(self, fault: Fault) -> None:
        if fault is Fault.DISCONNECT:
            await asyncio.to_thread(self._server.disconnect)
        else:
            self._server.failures.append(_FAULTS[fault])

    async def submissions(self) -> int:
        return self._server.submissions

    async def restart(self) -> None:
        await asyncio.to_thread(self._server.stop)
        await asyncio.to_thread(self._server.start)
        await self.set_quote(*self._quote)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[CcxtHarness]:
    """Start one exchange for all cases."""
    server = CryptoExchangeServer()
    await asyncio.to_thread(server.start)
    harness = CcxtHarness(server)
    try:
        yield harness
    finally:
        await harness.close()
        await asyncio.to_thread(server.stop)
