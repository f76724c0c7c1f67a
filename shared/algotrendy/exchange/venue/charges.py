"""Charge sellers the fees of their fills, so that an order's parts pay what it would pay whole."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from algotrendy.exchange.rules import fees
from algotrendy.exchange.venue.balances import FindAsset
from algotrendy.exchange.venue.history import exchange_date
from algotrendy.exchange.venue.model import ZERO, Activity, Order
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import Side

CENT = Decimal("0.01")


class Charges:
    """Knows which sales cost something on these terms."""

    def __init__(self, terms: VenueTerms, assets: FindAsset) -> None:
        self._takes_fees = terms.fees != "none"
        self._assets = assets

    def of_fill(self, order: Order, quantity: Decimal, price: Decimal, at: datetime) -> Decimal:
        """Give the fee of an order's newest fill, which is in the order already; >= 0."""
        if not self._applies(order.side, order.symbol):
            return ZERO
        before = order.filled_quantity - quantity, order.filled_value - quantity * price
        rates = fees.rates_on(exchange_date(at))
        return _fee(order.filled_quantity, order.filled_value, rates) - _fee(*before, rates)

    def of_order(self, of: Activity, fills: Iterable[Activity]) -> Decimal:
        """Give what an order was charged, had it had only these fills, oldest first.

        Args:
            of: One fill of the order.
            fills: Of the account; other orders' are left out.
        """
        quantity = value = total = ZERO
        if of.symbol is None or not self._applies(of.side, of.symbol):
            return total
        for each in fills:
            if each.order_id == of.order_id:
                rates = fees.rates_on(exchange_date(each.at))
                before = _fee(quantity, value, rates)
                quantity -= each.quantity or ZERO
                value += each.cash
                total += _fee(quantity, value, rates) - before
        return total

    def _applies(self, side: Side | None, symbol: str) -> bool:
        if not self._takes_fees or side is not Side.SELL:
            return False
        return self._assets(symbol).asset_class is AssetClass.EQUITY


def _fee(quantity: Decimal, value: Decimal, rates: fees.SaleRates) -> Decimal:
    return fees.sale_fee(quantity, value, rates.section_31, rates.per_share, rates.most, CENT, ZERO)
