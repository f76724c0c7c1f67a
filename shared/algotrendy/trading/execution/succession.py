"""Follow orders that took each other's place at the broker."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from algotrendy.trading.ledger import LedgerTransaction
from algotrendy.trading.orders import PlatformOrder


def succession(tx: LedgerTransaction, order: PlatformOrder) -> tuple[PlatformOrder, ...]:
    """Give the orders in whose place an order came, oldest first, and itself last."""
    chain = [order]
    while (name := chain[-1].replaces) is not None and (before := tx.orders.find(name)) is not None:
        chain.append(before)
    return tuple(reversed(chain))


def exits_of(tx: LedgerTransaction, chain: Iterable[PlatformOrder]) -> Iterator[PlatformOrder]:
    """Give the exits that are known of orders that took each other's place.

    An exit hangs at the order under which it was first told.
    """
    for each in chain:
        yield from tx.orders.legs(each.id)
