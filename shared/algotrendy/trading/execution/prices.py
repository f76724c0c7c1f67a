"""Keep prices, listings and closes of what an account holds, orders, or is asked about.

Decisions are made elsewhere, by whoever reads the ledger; nobody else has the key to ask.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final

from algotrendy.kernel.errors import Invalid, Rejected, Unavailable
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.trading.closes import closes_at, put_closes
from algotrendy.trading.execution.duties import Post
from algotrendy.trading.journal import Book
from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.ports import DailyClose, Histories, Listing, Market, Quote

QUOTE_EVERY: Final = timedelta(seconds=1)
LISTING_EVERY: Final = timedelta(hours=12)
CLOSES_EVERY: Final = timedelta(hours=12)
WANTED_FOR: Final = timedelta(hours=1)
ASK_AGAIN: Final = timedelta(minutes=1)
PAST_DAYS: Final = 500
_LISTINGS_AT_ONCE: Final = 5

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Needed:
    """What is needed now: of these symbols quotes, of those listings."""

    quotes: tuple[Symbol, ...]
    listings: tuple[Symbol, ...]


class Prices:
    """The duty of keeping quotes and listings fresh."""

    name = "prices"
    # Somebody may be waiting for the first price of a symbol.
    every_s = 0.5

    def __init__(self, post: Post, market: Market) -> None:
        self._post = post
        self._market = market
        self._unlisted = _Patience()
        self._last: dict[Symbol, Decimal] = {}

    async def do(self) -> None:
        """Ask for what is due, and keep it."""
        root, now = self._post.root, self._post.clock.now()
        needed = await self._post.desk.run(lambda tx: _needed(tx, root, now))
        listings = await self._listings(needed.listings, now)
        quotes = await self._market.quotes(needed.quotes) if needed.quotes else {}
        if quotes or listings:
            await self._post.desk.run(lambda tx: _keep(tx, root, tuple(quotes.values()), listings))
        last = {symbol: quote.last for symbol, quote in quotes.items()}
        if any(self._last.get(symbol) != price for symbol, price in last.items()):
            self._post.moved.set()
        self._last.update(last)

    async def _listings(self, symbols: Collection[Symbol], now: datetime) -> Sequence[Listing]:
        found: list[Listing] = []
        for symbol in self._unlisted.due(symbols, now)[:_LISTINGS_AT_ONCE]:
            try:
                listing = await self._market.listing(symbol)
            except (Invalid, Rejected, Unavailable) as error:
                # Quotes are what somebody may be waiting for.
                _logger.warning("no listing of %s: %s", symbol, error.message)
                listing = None
            if listing is None:
                self._unlisted.put_off(symbol, now)
            else:
                found.append(listing)
        return found


class Pasts:
    """The duty of keeping the daily closes of what is held."""

    name = "closes"
    every_s = 30.0

    def __init__(self, post: Post, histories: Histories) -> None:
        self._post = post
        self._histories = histories
        self._unknown = _Patience()

    async def do(self) -> None:
        """Ask for the closes of positions that have none, or old ones."""
        root, now = self._post.root, self._post.clock.now()
        due = await self._post.desk.run(lambda tx: _without_closes(tx, root, now))
        for symbol in self._unknown.due(due, now):
            try:
                closes = await self._histories.closes(symbol, PAST_DAYS)
            except (Invalid, Rejected) as error:
                _logger.warning("no closes of %s: %s", symbol, error.message)
                closes = ()
            self._unknown.put_off(symbol, now)
            await self._keep(symbol, closes, now)

    async def _keep(self, symbol: Symbol, closes: Sequence[DailyClose], now: datetime) -> None:
        root = self._post.root
        await self._post.desk.run(lambda tx: put_closes(tx, root, symbol, closes, now))


@dataclass(slots=True)
class _Patience:
    """Remembers of which symbols nothing was found, to ask again later only."""

    until: dict[Symbol, datetime] = field(default_factory=dict)

    def due(self, symbols: Collection[Symbol], now: datetime) -> list[Symbol]:
        return [each for each in symbols if each not in self.until or now >= self.until[each]]

    def put_off(self, symbol: Symbol, now: datetime) -> None:
        self.until[symbol] = now + ASK_AGAIN


def _needed(tx: LedgerTransaction, root: AccountId, now: datetime) -> Needed:
    symbols = set(tx.market.wanted(root, now - WANTED_FOR))
    symbols.update(order.symbol for order in tx.orders.unsettled(root))
    symbols.update(_held(tx, root))
    quotes, listings = tx.market.quotes(root, symbols), tx.market.listings(root, symbols)
    return Needed(
        tuple(sorted(each for each in symbols if _is_due(quotes.get(each), now, QUOTE_EVERY))),
        tuple(sorted(each for each in symbols if _is_due(listings.get(each), now, LISTING_EVERY))),
    )


def _is_due(known: Quote | Listing | None, now: datetime, every: timedelta) -> bool:
    # One from the future is of a clock that has stepped back since.
    return known is None or not now - every < known.at <= now


def _held(tx: LedgerTransaction, root: AccountId) -> set[Symbol]:
    family = [member.id for member in tx.accounts.family(root)]
    return {
        place.symbol
        for place in tx.books.balances(family)
        if place.book is Book.POSITION and place.currency is None and place.symbol is not None
    }


def _without_closes(tx: LedgerTransaction, root: AccountId, now: datetime) -> Sequence[Symbol]:
    found = []
    for symbol in sorted(_held(tx, root)):
        known = closes_at(tx, root, symbol)
        if known is None or now - known >= CLOSES_EVERY:
            found.append(symbol)
    return found


def _keep(
    tx: LedgerTransaction,
    root: AccountId,
    quotes: Sequence[Quote],
    listings: Sequence[Listing],
) -> None:
    if quotes:
        tx.market.put_quotes(root, quotes)
    if listings:
        tx.market.put_listings(root, listings)
