"""Compare what the platform says of its orders and money with what the exchange says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from chaos.world import ACCOUNT, World

ZERO = Decimal(0)


@dataclass
class Found:
    """What is wrong; nothing, when all is well."""

    lost: list[str] = field(default_factory=list)
    duplicated: list[str] = field(default_factory=list)
    unbalanced: list[str] = field(default_factory=list)

    @property
    def wrong(self) -> list[str]:
        """Give everything that is wrong, each with its kind."""
        return [
            *(f"lost: {each}" for each in self.lost),
            *(f"duplicated: {each}" for each in self.duplicated),
            *(f"unbalanced: {each}" for each in self.unbalanced),
        ]


def look(world: World, names: Mapping[str, str | None], *, money: bool) -> Found:
    """Look at the orders of one run, and at what the whole account holds.

    Args:
        names: By the orders' names: the ids that the API gave, None where it refused.
        money: Compare the cash too, and work the ledger out again. Fees are told late.
    """
    found = Found()
    known = {each["id"]: each for each in world.pages("/v1/orders", "orders", limit=200)}
    at_broker = world.orders_at_broker()
    for name, order_id in names.items():
        theirs = at_broker.get(name, [])
        ours = [each for each in known.values() if each["client_order_id"] == name]
        _look_at_order(found, name, order_id, ours, theirs)
    _look_at_strangers(found, known, at_broker)
    _look_at_positions(found, world)
    if money:
        _look_at_money(found, world)
    return found


def _look_at_order(
    found: Found,
    name: str,
    order_id: str | None,
    ours: list[dict[str, Any]],
    theirs: list[dict[str, Any]],
) -> None:
    if len(theirs) > 1:
        found.duplicated.append(f"{name} is at the broker {len(theirs)} times")
    if len(ours) > 1:
        found.duplicated.append(f"{name} is in the ledger {len(ours)} times")
    if not ours:
        if order_id is not None or theirs:
            found.lost.append(f"{name}, answered {order_id}, is not in the ledger")
        return
    order = ours[0]
    filled = Decimal(order["filled_quantity"])
    broker_filled = Decimal(theirs[0]["filled_qty"]) if theirs else ZERO
    if filled > broker_filled:
        found.duplicated.append(f"{name} is filled {filled} here and {broker_filled} there")
    elif filled < broker_filled:
        found.lost.append(f"{name} is filled {filled} here and {broker_filled} there")
    if not order["is_settled"]:
        found.lost.append(f"{name} is still {order['status']}: {order['reason']}")
    elif Decimal(order["held"]):
        found.unbalanced.append(f"{name} is {order['status']} and holds {order['held']}")
    if theirs and order["is_settled"] and order["status"] != theirs[0]["status"]:
        found.lost.append(f"{name} is {order['status']} here and {theirs[0]['status']} there")


def _look_at_strangers(
    found: Found,
    known: Mapping[str, dict[str, Any]],
    at_broker: Mapping[str, list[dict[str, Any]]],
) -> None:
    told = Counter(each for order in known.values() for each in order["broker_order_ids"])
    for name, orders in at_broker.items():
        for order in orders:
            if order["id"] not in told:
                found.lost.append(f"{name} is at the broker as {order['id']}, and unknown here")
    for broker_id, count in told.items():
        if count > 1:
            found.duplicated.append(f"{count} orders say that they are {broker_id}")


def _look_at_positions(found: Found, world: World) -> None:
    held: dict[str, Decimal] = {}
    for each in world.positions():
        # Alpaca's positions spell a pair without its slash.
        symbol = each["symbol"].replace("/", "")
        held[symbol] = held.get(symbol, ZERO) + Decimal(each["quantity"])
    there = world.positions_at_broker()
    for symbol in sorted(held.keys() | there.keys()):
        here, said = held.get(symbol, ZERO), there.get(symbol, ZERO)
        if here != said:
            found.unbalanced.append(f"{here} {symbol} here, {said} there")


def _look_at_money(found: Found, world: World) -> None:
    cash, said = world.cash(), world.cash_at_broker()
    if cash != said:
        found.unbalanced.append(f"cash of {ACCOUNT} is {cash} here, {said} there")
    if complaint := world.verify():
        found.unbalanced.append(complaint)
