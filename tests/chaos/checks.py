"""Compare what the platform says of its orders and money with what the exchange says."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

Json = dict[str, Any]
ZERO = Decimal(0)

CLOCKS_APART = timedelta(seconds=5)
"""How far the exchange's clock may be behind ours."""

LONGEST_WAY = timedelta(seconds=90)
"""How long an order may be on its way from the client to the exchange."""


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


class Witness(Protocol):
    """Tells what the platform says, and what the exchange says."""

    def orders(self, since: datetime | None) -> Iterable[Json]:
        """Read the platform's orders from a time on; all where there is none."""
        ...

    def parents(self) -> Sequence[Json]:
        """Read the youngest parent orders, more than one run has."""
        ...

    def children(self, parent_id: str) -> Sequence[Json]:
        """Read the slices of a parent order."""
        ...

    def orders_at_broker(self, since: datetime | None) -> Mapping[str, list[Json]]:
        """Read the exchange's orders from a time on, exits too, by our names."""
        ...

    def positions(self) -> Sequence[Json]:
        """Read what the platform holds, in the account and all its parts."""
        ...

    def positions_at_broker(self) -> Mapping[str, Decimal]:
        """Read what the exchange says is held."""
        ...

    def cash(self) -> Decimal:
        """Read all the cash that the platform knows of, what is set aside included."""
        ...

    def cash_at_broker(self) -> Decimal:
        """Read the account's cash at the exchange."""
        ...

    def verify(self) -> str:
        """Let the ledger be worked out again; give what it complains about, or nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Asked:
    """What the clients of one run asked for.

    Attributes:
        since: When the first did.
        orders: By the orders' names: the ids that the API gave, None where it refused.
        parents: The same of parent orders, and the quantity of each.
    """

    since: datetime
    orders: Mapping[str, str | None]
    parents: Mapping[str, tuple[str | None, Decimal]]


def look(world: Witness, asked: Asked, *, whole: bool = False, money: bool = False) -> Found:
    """Look at the orders of one run, and at what the account holds.

    Args:
        whole: Look through all orders of the account, not only through those since the run began.
        money: Compare the cash too, and work the ledger out again. Fees are told late.
    """
    found = Found()
    # What the exchange shows here must be among what is ours: that begins earlier.
    first_there = None if whole else asked.since - CLOCKS_APART
    first_here = None if whole else asked.since - CLOCKS_APART - LONGEST_WAY
    known = {each["id"]: each for each in world.orders(first_here)}
    at_broker = world.orders_at_broker(first_there)
    for name, order_id in asked.orders.items():
        ours = [each for each in known.values() if each["client_order_id"] == name]
        _look_at_order(found, name, order_id, ours, at_broker.get(name, []))
    if asked.parents:
        young = world.parents()
        for name, (parent_id, quantity) in asked.parents.items():
            ours = [each for each in young if each["client_order_id"] == name]
            if _is_there_once(found, name, parent_id, ours):
                children = world.children(ours[0]["id"])
                _look_at_parent(found, ours[0], quantity, children, at_broker)
    _look_at_strangers(found, known, at_broker)
    _look_at_positions(found, world)
    if money:
        _look_at_money(found, world)
    return found


def _is_there_once(found: Found, name: str, known_as: str | None, ours: Sequence[Json]) -> bool:
    if len(ours) > 1:
        found.duplicated.append(f"{name} is in the ledger {len(ours)} times")
    if not ours and known_as is not None:
        found.lost.append(f"{name}, answered {known_as}, is not in the ledger")
    return bool(ours)


def _look_at_parent(
    found: Found,
    parent: Json,
    quantity: Decimal,
    children: Sequence[Json],
    at_broker: Mapping[str, list[Json]],
) -> None:
    name, filled = parent["client_order_id"], ZERO
    for child in children:
        theirs = at_broker.get(child["client_order_id"], [])
        filled += sum((Decimal(each["filled_qty"]) for each in theirs), ZERO)
        _look_at_order(found, child["client_order_id"], child["id"], [child], theirs)
    if filled > quantity:
        found.duplicated.append(f"slices of {name} filled {filled} of {quantity}")
    if parent["is_open"]:
        found.lost.append(f"{name} is still {parent['state']}: {parent['reason']}")
    elif Decimal(parent["filled"]) != filled:
        found.lost.append(f"{name} is filled {parent['filled']} here and {filled} there")


def _look_at_order(
    found: Found,
    name: str,
    order_id: str | None,
    ours: list[Json],
    theirs: list[Json],
) -> None:
    if len(theirs) > 1:
        found.duplicated.append(f"{name} is at the broker {len(theirs)} times")
    if not _is_there_once(found, name, order_id or (theirs[0]["id"] if theirs else None), ours):
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
    known: Mapping[str, Json],
    at_broker: Mapping[str, list[Json]],
) -> None:
    told = Counter(each for order in known.values() for each in order["broker_order_ids"])
    for name, orders in at_broker.items():
        for order in orders:
            if order["id"] not in told:
                found.lost.append(f"{name} is at the broker as {order['id']}, and unknown here")
    for broker_id, count in told.items():
        if count > 1:
            found.duplicated.append(f"{count} orders say that they are {broker_id}")


def _look_at_positions(found: Found, world: Witness) -> None:
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


def _look_at_money(found: Found, world: Witness) -> None:
    cash, said = world.cash(), world.cash_at_broker()
    if cash != said:
        found.unbalanced.append(f"cash is {cash} here, {said} there")
    if complaint := world.verify():
        found.unbalanced.append(complaint)
