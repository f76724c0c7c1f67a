"""Say what a broker asks of orders in one class of assets, beyond its capability table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from algotrendy.brokers.capabilities import STANDING
from algotrendy.brokers.order_hours import US_EQUITIES, OrderHours
from algotrendy.kernel.decimals import decimals_of, plain
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus

_ANY_TIME = frozenset(TimeInForce)
_TOO_EARLY = frozenset(
    {
        OrderStatus.ACCEPTED,
        OrderStatus.ACCEPTED_FOR_BIDDING,
        OrderStatus.PENDING_NEW,
        OrderStatus.PENDING_CANCEL,
        OrderStatus.PENDING_REPLACE,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetRules:
    """What orders in a class of assets may be.

    Attributes:
        times: The times in force of each type that is taken.
        part_times: Those of orders that are not of whole units, of each type; None where they are
            no others.
        groups: Whether there are brackets, OCO and OTO.
        shorts: Whether a position may be short, in whole units.
        crosses_zero: Whether one order may close a position and open the opposite one.
        least: Least cost of an order; ``least_of_part`` of one that is not of whole units.
        hours: When which times in force are taken; None for at any hour.
        unchangeable: States in which an order there is not changed.
    """

    times: Mapping[OrderType, frozenset[TimeInForce]]
    part_times: Mapping[OrderType, frozenset[TimeInForce]] | None = None
    groups: bool = True
    shorts: bool = True
    crosses_zero: bool = True
    least: Decimal = Decimal(0)
    least_of_part: Decimal = Decimal(0)
    hours: OrderHours | None = None
    unchangeable: frozenset[OrderStatus] = frozenset()

    def check(self, request: OrderRequest) -> None:
        """Refuse an order that is not taken in this class of assets.

        Raises:
            Invalid: Naming the field.
        """
        is_part = self.part_times is not None and _is_part(request)
        by_type = self.part_times if is_part and self.part_times is not None else self.times
        what = f"parts of {request.symbol}" if is_part else request.symbol
        times = by_type.get(request.type)
        if times is None:
            taken = ", ".join(sorted(by_type))
            raise Invalid("type", f"one of {taken} for {what}", request.type.value)
        if request.time_in_force not in times:
            taken = ", ".join(sorted(times))
            expected = f"one of {taken} for a {request.type} order of {what}"
            raise Invalid("time_in_force", expected, request.time_in_force.value)
        if request.order_class is not OrderClass.SIMPLE and not self.groups:
            expected = f"simple for {request.symbol}"
            raise Invalid("order_class", expected, request.order_class.value)

    def check_hours(self, request: OrderRequest, now: datetime) -> None:
        """Refuse an order that is not taken at this hour.

        Raises:
            Invalid: Naming ``time_in_force``.
        """
        if self.hours is not None:
            self.hours.check(request.time_in_force, now)

    def check_cost(self, request: OrderRequest, cost: Decimal) -> None:
        """Refuse an order that costs too little.

        Raises:
            Invalid: Naming its size.
        """
        least = max(self.least, self.least_of_part) if _is_part(request) else self.least
        if cost < least:
            field = "notional" if request.quantity is None else "quantity"
            raise Invalid(field, f"worth {plain(least)} or more", plain(cost))


def _is_part(request: OrderRequest) -> bool:
    return request.quantity is None or decimals_of(request.quantity) > 0


ANYTHING = AssetRules(times=dict.fromkeys(OrderType, _ANY_TIME))

ALPACA: Mapping[AssetClass, AssetRules] = {
    AssetClass.EQUITY: AssetRules(
        times={
            OrderType.MARKET: _ANY_TIME,
            OrderType.LIMIT: _ANY_TIME,
            OrderType.STOP: STANDING,
            OrderType.STOP_LIMIT: STANDING,
            OrderType.TRAILING_STOP: STANDING,
        },
        part_times=dict.fromkeys(
            (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP, OrderType.STOP_LIMIT),
            frozenset({TimeInForce.DAY}),
        ),
        crosses_zero=False,
        least_of_part=Decimal(1),
        hours=US_EQUITIES,
        unchangeable=_TOO_EARLY,
    ),
    AssetClass.CRYPTO: AssetRules(
        times=dict.fromkeys(
            (OrderType.MARKET, OrderType.LIMIT, OrderType.STOP_LIMIT),
            frozenset({TimeInForce.GTC, TimeInForce.IOC}),
        ),
        groups=False,
        shorts=False,
        crosses_zero=False,
        least=Decimal(10),
        unchangeable=_TOO_EARLY,
    ),
}
"""Alpaca's, which the paper exchange has taken over."""
