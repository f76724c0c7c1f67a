"""Find the source of an account's prices; a vendor's library is loaded only then."""

from __future__ import annotations

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
