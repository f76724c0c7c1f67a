"""Work a position out again from its entries, in the order of their times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Final

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.ids import FillId, OrderId, derived_uuid7
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, Position, Side
from algotrendy.kernel.price import Price, Quantity
from algotrendy.trading.journal import Book, Entry, EntryKind, Units
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod, Lots

_ZERO: Final = Decimal(0)


@dataclass(frozen=True, slots=True)
class Restated:
    """What the entries of one symbol come to: at average cost, in lots, and what they closed."""

    position: Position
    lots: Lots
    closed: tuple[ClosedLot, ...] = ()


def restated(
    journal: Iterable[Entry], symbol: Symbol, currency: Currency, method: LotMethod
) -> Restated:
    """Work a part's position in a symbol out again from its entries, in the order of their times.

    Args:
        journal: Of the part; those taken back left out.
    """
    now = Restated(Position.flat(symbol, currency), Lots(symbol, currency, method))
    for entry in sorted(journal, key=turn_of):
        units, cost = moved_by(entry, symbol, currency)
        if not units and not cost:
            continue
        match entry.kind:
            case EntryKind.FILL:
                now = _after_fill(now, entry, symbol, units)
            case EntryKind.SPLIT | EntryKind.CORRECTION:
                now = _after_change(now, entry, units, cost)
    return now


def turn_of(entry: Entry) -> tuple[datetime, str]:
    """Say where an entry stands among others: by its time, then by its key."""
    return entry.at, entry.key


def instant_of(entry: Entry) -> datetime:
    """Give the millisecond by which the books list an entry; within one they list in any order."""
    return entry.at.replace(microsecond=entry.at.microsecond // 1000 * 1000)


def moved_by(entry: Entry, symbol: Symbol, currency: Currency) -> tuple[Decimal, Money]:
    """Give the units, and the cost, by which an entry changes the position in a symbol."""
    units, cost = _ZERO, Money.zero(currency)
    for posting in entry.postings:
        if posting.book is Book.POSITION and posting.symbol == symbol:
            if isinstance(posting.amount, Units):
                units = EXACT.add(units, posting.amount.count)
            else:
                cost += posting.amount
    return units, cost


def _after_fill(now: Restated, entry: Entry, symbol: Symbol, units: Decimal) -> Restated:
    execution_id = entry.key.removeprefix(f"{EntryKind.FILL}:{entry.account}:")
    fill = _fill_of(entry, symbol, units)
    position, _ = now.position.after(fill)
    lots, closed = now.lots.after(fill, execution_id)
    return Restated(position, lots, (*now.closed, *closed))


def split_lots(lots: Lots, quantity: Decimal) -> Lots:
    """Let lots stand for another number of units, at the same cost, each for its share."""
    return lots.split(_whole(quantity), _whole(lots.position.quantity))


def _fill_of(entry: Entry, symbol: Symbol, units: Decimal) -> Fill:
    paid = next(
        (
            posting.amount
            for posting in entry.postings
            if posting.book is Book.CASH and isinstance(posting.amount, Money)
        ),
        None,
    )
    if paid is None:
        raise Invalid("postings", "the cash that a fill moved", entry.key)
    size = units.copy_abs()
    # Cash is price times quantity without rounding, so that the price comes out as it was.
    price = EXACT.divide(paid.amount.copy_abs(), size)
    name = derived_uuid7(entry.at, entry.key)
    return Fill(
        id=FillId(name),
        order_id=OrderId(name),
        symbol=symbol,
        side=Side.BUY if units > 0 else Side.SELL,
        quantity=Quantity(size),
        price=Price(price, paid.currency),
        fee=Money.zero(paid.currency),
        filled_at=entry.at,
    )


def _after_change(now: Restated, entry: Entry, units: Decimal, cost: Money) -> Restated:
    """Let a split or a correction stand as it was written, whatever was held without the bust."""
    before = now.position
    quantity = EXACT.add(before.quantity, units)
    value = before.cost + cost
    if quantity * value.amount < 0 or not quantity:
        value = Money.zero(cost.currency)
    position = Position(before.symbol, quantity, value)
    if entry.kind is EntryKind.SPLIT and before.quantity * quantity > 0:
        lots = split_lots(now.lots, quantity)
    elif before.quantity * quantity < 0:
        # What is left of the units beyond the position has just the cost that the books say.
        lots = replace(now.lots, open=(Lot(entry.key, entry.at, quantity, value),))
    elif units:
        kept = cost if units * cost.amount > 0 else Money.zero(cost.currency)
        lots = now.lots.moved(Lot(entry.key, entry.at, units, kept))
    else:
        lots = now.lots
    return Restated(position, lots, now.closed)


def _whole(quantity: Decimal) -> int:
    return int(EXACT.scaleb(quantity.copy_abs(), 18))
