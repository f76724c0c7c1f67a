"""A ledger with a price board, some assets and accounts, and orders that fill when told to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.ledger import Ledger
from algotrendy.exchange.venue.model import (
    Account,
    Balances,
    Changes,
    EquityPoint,
    Order,
    Snapshot,
)
from algotrendy.exchange.venue.orders import Orders
from algotrendy.exchange.venue.standing import Standing
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

# After the last change of the fee rates and of the margin rules, in a session.
NOW = datetime(2026, 8, 3, 15, 0, tzinfo=UTC)
ASSETS = {
    "AAPL": Asset("a1", "AAPL", "Apple", AssetClass.EQUITY, "NASDAQ"),
    "MSFT": Asset("a2", "MSFT", "Microsoft", AssetClass.EQUITY, "NASDAQ"),
    "WHOL": Asset("a3", "WHOL", "Whole", AssetClass.EQUITY, "NYSE", fractionable=False),
    "RARE": Asset("a4", "RARE", "Rare", AssetClass.EQUITY, "NYSE", borrowable=Decimal(150)),
    "BTC/USD": Asset("a5", "BTC/USD", "Bitcoin", AssetClass.CRYPTO, "CRYPTO", marginable=False),
}


class Desk:
    """Trades on a ledger; every fill takes a second."""

    def __init__(
        self, cash: str = "100000", accounts: Sequence[str] = ("one",), **terms: Any
    ) -> None:
        self.now = NOW
        self.prices = {symbol: Decimal(100) for symbol in ASSETS}
        self.terms = VenueTerms(**terms)
        self.changes = [Changes()]
        self.ledger = Ledger(self.terms, self.prices.get, ASSETS.__getitem__, self.changes[0])
        self.executions: list[str] = []
        self._orders = 0
        for name in accounts:
            self.open(name, cash)

    def open(self, name: str, cash: str, multiplier: int = 4) -> Account:
        amount = Decimal(cash)
        account = Account(name, f"PA{name}", f"K{name}", "s", amount, multiplier, self.now, amount)
        self.ledger.open(account)
        return account

    def take(self) -> Changes:
        """Give what changed since the last call, and begin a new collection."""
        self.ledger.changes = Changes()
        self.changes.append(self.ledger.changes)
        return self.changes[-2]

    def order(self, side: Side, quantity: str | None, symbol: str = "AAPL", **fields: Any) -> Order:
        self._orders += 1
        size = None if quantity is None else Decimal(quantity)
        given: dict[str, Any] = {
            "id": f"order-{self._orders}",
            "sequence": self._orders,
            "account_id": "one",
            "client_order_id": f"client-{self._orders}",
            "symbol": symbol,
            "side": side,
            "type": OrderType.MARKET,
            "time_in_force": TimeInForce.DAY,
            "order_class": OrderClass.SIMPLE,
            "status": OrderStatus.NEW,
            "created_at": self.now,
            "updated_at": self.now,
            "submitted_at": self.now,
            "quantity": size,
        }
        return Order(**(given | fields))

    def fill(self, order: Order, quantity: str, price: str) -> Decimal:
        """Fill a part of an order, and give the new position."""
        size, amount = Decimal(quantity), Decimal(price)
        order.filled_quantity += size
        order.filled_value += size * amount
        is_whole = order.filled_quantity == order.quantity
        order.status = OrderStatus.FILLED if is_whole else OrderStatus.PARTIALLY_FILLED
        self.now += timedelta(seconds=1)
        self.executions.append(f"execution-{len(self.executions)}")
        return self.ledger.book_fill(order, self.executions[-1], size, amount, self.now)

    def trade(
        self, side: Side, quantity: str, price: str, symbol: str = "AAPL", account: str = "one"
    ) -> Order:
        """Fill an order whole."""
        order = self.order(side, quantity, symbol, account_id=account)
        self.fill(order, quantity, price)
        return order

    def balances(self, orders: Sequence[Order] = ()) -> Balances:
        """Reckon the first account as if it had these orders and no others."""
        kept = Orders(0, self.ledger.accounts, Changes())
        kept.restore(orders, ())
        standing = Standing(kept, self.ledger.reckoning, lambda order: order.notional or Decimal(0))
        return self.ledger.balances("one", partial(standing.money, "one"))

    def snapshot(self) -> Snapshot:
        """Give what a store should have kept."""
        ledger, names = self.ledger, sorted(self.ledger.accounts)
        equity: list[EquityPoint] = []
        for name in names:
            equity += ledger.equity_history(name)
        return Snapshot(
            accounts=tuple(ledger.accounts[name] for name in names),
            positions=tuple(each for name in names for each in ledger.positions(name)),
            activities=tuple(
                sorted(
                    (each for name in names for each in ledger.activities(name)),
                    key=lambda each: each.id,
                )
            ),
            equity=tuple(equity),
        )
