"""Take orders, let the market fill them, and keep every account right."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.market.events import MarketEvent, QuoteEvent
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.model import (
    Account,
    Activity,
    Balances,
    Changes,
    EquityPoint,
    Order,
    Position,
    Snapshot,
)
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.market_data.calendar import TradingCalendar


class Venue:
    """The paper exchange. One thread at a time; every method tells the market's time.

    Every command either raises Refused and changes nothing, or does all of what it says. What it
    and the events changed is collected until ``take_changes``.
    """

    def __init__(
        self, assets: Sequence[Asset], calendar: TradingCalendar, terms: VenueTerms
    ) -> None:
        raise NotImplementedError

    def restore(self, snapshot: Snapshot) -> None:
        """Go on from what the store kept; only on a new venue."""

    def take_changes(self) -> Changes:
        """Give what changed since the last call, and forget it."""

    # Accounts

    def open_account(
        self, key_id: str, secret: str, cash: Decimal, now: datetime, multiplier: int = 4
    ) -> Account: ...
    def account_of_key(self, key_id: str) -> Account | None: ...
    def account(self, account_id: str) -> Account: ...
    def configure(self, account_id: str, now: datetime, **settings: bool | int) -> Account: ...
    def balances(self, account_id: str) -> Balances: ...
    def activities(self, account_id: str) -> Sequence[Activity]:
        """Oldest first."""

    def equity_history(self, account_id: str) -> Sequence[EquityPoint]:
        """Oldest first: one a session's close, and one at each fill."""

    # Orders

    def submit(self, account_id: str, request: OrderRequest, now: datetime) -> Order: ...
    def replace(
        self, account_id: str, order_id: str, request: ReplaceRequest, now: datetime
    ) -> Order: ...
    def cancel(self, account_id: str, order_id: str, now: datetime) -> Order: ...
    def order(self, account_id: str, order_id: str) -> Order: ...
    def order_by_client_id(self, account_id: str, client_order_id: str) -> Order: ...
    def orders(self, account_id: str) -> Iterable[Order]:
        """Newest first, exits too; callers filter and page."""

    # Positions

    def positions(self, account_id: str) -> Sequence[Position]: ...
    def position(self, account_id: str, symbol: str) -> Position: ...
    def close_position(
        self,
        account_id: str,
        symbol: str,
        now: datetime,
        quantity: Decimal | None = None,
        percentage: Decimal | None = None,
    ) -> Order: ...
    def available(self, account_id: str, symbol: str) -> Decimal:
        """Units of a position that no standing order is about to sell (or, short, to buy)."""

    # The market

    def on_event(self, event: MarketEvent, now: datetime) -> None:
        """Let the market move: fill, elect stops, trail; a split changes orders and positions."""

    def on_time(self, now: datetime) -> None:
        """Open and close sessions up to now: opg and cls, day orders expire, fees, equity."""

    def quote(self, symbol: str) -> QuoteEvent | None:
        """The present best bid and offer."""

    def last_price(self, symbol: str) -> Decimal | None:
        """Of the last trade, else the middle of the quote."""

    def asset(self, symbol_or_id: str) -> Asset: ...
    def assets(self) -> Sequence[Asset]: ...

    # Faults

    def bust(self, execution_id: str, now: datetime) -> None:
        """Take a fill back: position, cash and filled quantity as if it had not been."""
