"""Find the source of an account's prices; a vendor's library is loaded only then."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from algotrendy.brokers.accounts import AlpacaAccount, BrokerAccountSettings, CcxtAccount
from algotrendy.kernel.clock import Clock
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.ports import DailyClose, Histories, Listing, Market, Quote


class MarketSource(Market, Histories, Protocol):
    """Prices, listings and closes of one account's market."""

    async def close(self) -> None:
        """End the connections; a second call does nothing."""
        ...


class NoMarket:
    """The source of an account whose broker tells no prices: it knows of none."""

    async def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:  # noqa: ARG002
        """Know of none."""
        return {}

    async def listing(self, symbol: Symbol) -> Listing | None:  # noqa: ARG002
        """Know of none."""
        return None

    async def closes(self, symbol: Symbol, days: int) -> Sequence[DailyClose]:  # noqa: ARG002
        """Know of none."""
        return []

    async def close(self) -> None:
        """Do nothing."""


class LaterMarket:
    """The source of an account's prices, opened when it is first asked, on the running loop.

    One that cannot be opened is tried again at the next question.
    """

    def __init__(self, account: BrokerAccountSettings, clock: Clock, *, stage_live: bool) -> None:
        self._account = account
        self._clock = clock
        self._stage_live = stage_live
        self._market: MarketSource | None = None
        self._opening = asyncio.Lock()

    async def quotes(self, symbols: Collection[Symbol]) -> Mapping[Symbol, Quote]:
        """Ask for the newest quotes."""
        return await (await self._opened()).quotes(symbols)

    async def listing(self, symbol: Symbol) -> Listing | None:
        """Ask what is known of a symbol."""
        return await (await self._opened()).listing(symbol)

    async def closes(self, symbol: Symbol, days: int) -> Sequence[DailyClose]:
        """Ask for the closes of about so many days."""
        return await (await self._opened()).closes(symbol, days)

    async def close(self) -> None:
        """End the connections; a second call does nothing."""
        market, self._market = self._market, None
        if market is not None:
            await market.close()

    async def _opened(self) -> MarketSource:
        async with self._opening:
            if self._market is None:
                self._market = await market_of(
                    self._account, self._clock, stage_live=self._stage_live
                )
            return self._market


async def market_of(
    account: BrokerAccountSettings, clock: Clock, *, stage_live: bool
) -> MarketSource:
    """Make the source of an account's prices, on the running loop; close it in the end.

    Args:
        stage_live: The stage's switch, as of ``brokers.wiring.connect``.

    Raises:
        Invalid: If the settings cannot work.
    """
    mode = account.switches(stage_live).mode
    if isinstance(account, AlpacaAccount):
        from algotrendy.brokers.alpaca.settings import AlpacaSettings
        from algotrendy.trading.adapters.alpaca_market import AlpacaMarket

        secret = account.secret.get_secret_value()
        return AlpacaMarket(AlpacaSettings(account.key_id, secret, mode, account.url), clock)
    if isinstance(account, CcxtAccount):
        from algotrendy.brokers.ccxt.settings import CcxtSettings
        from algotrendy.trading.adapters.ccxt_market import CcxtMarket

        password = account.password
        return await CcxtMarket.open(
            CcxtSettings(
                account.exchange,
                account.key,
                account.secret.get_secret_value(),
                account.symbols,
                None if password is None else password.get_secret_value(),
                mode,
                account.url,
            ),
            clock,
        )
    return NoMarket()
