"""Replace an order at an exchange that knows only cancels and new orders."""

from __future__ import annotations

import re

from algotrendy.brokers.ccxt.answers import as_replaced
from algotrendy.brokers.port import BrokerOrder
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest

_TIMES = re.compile(r"(.*)-r(\d+)")


class Replacements:
    """Remembers which order took whose place: after a restart they are a cancel and an order."""

    def __init__(self) -> None:
        self._by: dict[str, str] = {}
        self._of: dict[str, str] = {}

    def note(self, old: str, new: str) -> None:
        """Note a replacement."""
        self._by[old], self._of[new] = new, old

    def told(self, order: BrokerOrder) -> BrokerOrder:
        """Tell of an order what is known of its replacement."""
        name = order.broker_order_id
        return as_replaced(order, self._by.get(name), self._of.get(name))


def changed(old: BrokerOrder, request: ReplaceRequest, most: int) -> OrderRequest:
    """Give the order that takes the place of one that has filled nothing.

    Args:
        most: Characters that the exchange keeps of our name for it.

    Raises:
        Invalid: If it asks for what no order here has.
    """
    if request.trail is not None:
        raise Invalid("trail", "absent: the exchange has no trailing orders", request.trail)
    return OrderRequest(
        symbol=old.symbol,
        side=old.side,
        type=old.type,
        time_in_force=request.time_in_force or old.time_in_force,
        quantity=old.quantity if request.quantity is None else request.quantity,
        limit_price=old.limit_price if request.limit_price is None else request.limit_price,
        stop_price=old.stop_price if request.stop_price is None else request.stop_price,
        client_order_id=request.client_order_id or successor(old.client_order_id, most),
    )


def successor(name: str, most: int) -> str:
    """Name the order that takes the place of ``name``: x, x-r1, x-r2.

    Raises:
        Invalid: If there is no room for it.
    """
    match = _TIMES.fullmatch(name)
    base, times = (match[1], int(match[2])) if match else (name, 0)
    found = f"{base}-r{times + 1}"
    if len(found) > most:
        raise Invalid("client_order_id", "given: the old one has no room for a number", name)
    return found
