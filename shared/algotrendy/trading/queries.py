"""Read what a caller may see: accounts with their money, positions, orders, fills, activities.

Each runs within one transaction, so that what it tells fits together.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from decimal import Decimal
from typing import Final

from algotrendy.identity.account_access import Reach
from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import NotFound
from algotrendy.kernel.ids import AccountId, OrderId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Money
from algotrendy.kernel.order import Position
from algotrendy.trading.accounts import Account, root_of
from algotrendy.trading.journal import (
    Book,
    Place,
)
from algotrendy.trading.ledger import (
    LedgerTransaction,
)
from algotrendy.trading.lots import Lot
from algotrendy.trading.order_events import OrderEvent
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.ports import Quote

ZERO = Decimal(0)
_NAMED_WITHIN: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What one account or part holds of a symbol.

    Attributes:
        quote: The last that is known of its price; None where nobody knows one.
    """

    account: AccountId
    position: Position
    lots: tuple[Lot, ...]
    quote: Quote | None

    @property
    def value(self) -> Money | None:
        """Give what it is worth at the last price, below zero for a short; None without one."""
        if self.quote is None:
            return None
        worth = EXACT.multiply(self.position.quantity, self.quote.last)
        return Money(worth, self.position.cost.currency)

    @property
    def unrealised(self) -> Money | None:
        """Give what closing it at the last price would realise, before fees; None without one."""
        value = self.value
        return None if value is None else value - self.position.cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """What the books of one account or part add up to, in its currency.

    Attributes:
        cash: What is free to spend, or to withdraw; below zero when borrowed.
        held: Set aside for open orders.
        value: Of the positions that have a price.
        unpriced: Symbols that are held and have none.
    """

    account: Account
    cash: Money
    held: Money
    value: Money
    realised: Money
    fees: Money
    dividends: Money
    interest: Money
    unpriced: tuple[Symbol, ...] = ()

    @property
    def equity(self) -> Money:
        """Give all cash and what the priced positions are worth."""
        return self.cash + self.held + self.value

    def with_part(self, part: Overview) -> Overview:
        """Add a part of the account up with it."""
        return replace(
            self,
            cash=self.cash + part.cash,
            held=self.held + part.held,
            value=self.value + part.value,
            realised=self.realised + part.realised,
            fees=self.fees + part.fees,
            dividends=self.dividends + part.dividends,
            interest=self.interest + part.interest,
            unpriced=tuple(sorted({*self.unpriced, *part.unpriced})),
        )


@dataclass(frozen=True, slots=True)
class OrderStory:
    """An order with everything that happened to it, and its exits."""

    order: PlatformOrder
    events: tuple[OrderEvent, ...]
    legs: tuple[PlatformOrder, ...]


def sees(tx: LedgerTransaction, reach: Reach, account: AccountId) -> bool:
    """Say whether an account or part is the tenant's, and not closed to the caller."""
    return tx.accounts.get(account).tenant == reach.tenant and reach.sees(account)


def require_account(tx: LedgerTransaction, reach: Reach, account: AccountId) -> Account:
    """Read an account or part; what the caller does not see is NotFound too.

    Raises:
        NotFound: If there is none, or it is another tenant's, or closed to the caller.
        Forbidden: If the caller sees it, in roles that do not allow this.
    """
    found = tx.accounts.get(account)
    reach.require(account, found.tenant)
    return found


def require_order(tx: LedgerTransaction, reach: Reach, order_id: OrderId) -> PlatformOrder:
    """Read an order of an account, or raise as ``require_account`` does."""
    order = tx.orders.find(order_id)
    if order is None or not sees(tx, reach, order.account):
        raise NotFound("order", order_id)
    require_account(tx, reach, order.account)
    return order


def overviews(tx: LedgerTransaction, reach: Reach) -> tuple[Overview, ...]:
    """Give the accounts and parts that the caller gets at by id, each by itself."""
    accounts = [each for each in tx.accounts.of_tenant(reach.tenant) if reach.has(each.id)]
    balances = tx.books.balances([each.id for each in accounts])
    roots = {each.root for each in accounts}
    symbols = _symbols(balances)
    quotes = {root: tx.market.quotes(root, symbols) for root in roots}
    return tuple(_overview(each, balances, quotes[each.root]) for each in accounts)


def holdings(
    tx: LedgerTransaction, reach: Reach, account: AccountId, symbol: Symbol | None = None
) -> tuple[Holding, ...]:
    """Give what an account with all its parts holds, or one part: by account, then by symbol."""
    members = _members(tx, require_account(tx, reach, account))
    balances = tx.books.balances([each.id for each in members])
    quotes = tx.market.quotes(root_of(account), _symbols(balances))
    found: list[Holding] = []
    for each in members:
        for held in sorted(_symbols(balances, each.id)):
            units = balances.get(Place(each.id, Book.POSITION, held, None), ZERO)
            # Between a bust and its restatement there may be cost without units.
            if not units or symbol not in (None, held):
                continue
            cost = balances.get(Place(each.id, Book.POSITION, held, each.currency), ZERO)
            position = Position(held, units, Money(cost, each.currency))
            lots = tx.books.lots(each.id, held)
            found.append(
                Holding(
                    account=each.id,
                    position=position,
                    lots=lots.open if lots else (),
                    quote=quotes.get(held),
                )
            )
    return tuple(found)


def story(tx: LedgerTransaction, reach: Reach, order_id: OrderId) -> OrderStory:
    """Tell an order from its intent to where it stands."""
    order = require_order(tx, reach, order_id)
    return OrderStory(order, tuple(tx.orders.history(order_id)), tuple(tx.orders.legs(order_id)))


def _members(tx: LedgerTransaction, account: Account) -> Sequence[Account]:
    return tx.accounts.family(account.id) if account.strategy is None else (account,)


def _symbols(
    balances: Mapping[Place, Decimal], account: AccountId | None = None
) -> frozenset[Symbol]:
    return frozenset(
        place.symbol
        for place in balances
        if place.book is Book.POSITION
        and place.symbol is not None
        and account in (None, place.account)
    )


def _overview(
    account: Account, balances: Mapping[Place, Decimal], quotes: Mapping[Symbol, Quote]
) -> Overview:
    def book(name: Book) -> Money:
        place = Place(account.id, name, None, account.currency)
        return Money(balances.get(place, ZERO), account.currency)

    worth, unpriced = ZERO, []
    for symbol in sorted(_symbols(balances, account.id)):
        units = balances.get(Place(account.id, Book.POSITION, symbol, None), ZERO)
        quote = quotes.get(symbol)
        if quote is not None:
            worth = EXACT.add(worth, EXACT.multiply(units, quote.last))
        elif units:
            unpriced.append(symbol)
    return Overview(
        account=account,
        cash=book(Book.CASH),
        held=book(Book.CASH_HELD),
        value=Money(worth, account.currency),
        realised=-book(Book.REALISED),
        fees=book(Book.FEES),
        dividends=-book(Book.DIVIDENDS),
        interest=-book(Book.INTEREST),
        unpriced=tuple(unpriced),
    )
