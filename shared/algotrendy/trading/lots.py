"""Keep the tax lots of a position, and say what each sale realised, lot by lot.

Nothing is lost to rounding: a part taken from a lot and what stays of it add up to the lot. So over
any history, cost = what was paid minus what was received plus profit, exactly.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from algotrendy.kernel.clock import as_utc
from algotrendy.kernel.decimals import EXACT, require_decimal, share
from algotrendy.kernel.errors import Conflict, Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.kernel.order import Fill, Position

ZERO = Decimal(0)


class LotMethod(StrEnum):
    """Which lots a closing trade takes first."""

    FIFO = "fifo"
    LIFO = "lifo"
    HIGHEST_COST = "highest_cost"  # by unit, which realises the least profit on a long
    AVERAGE = "average"  # one lot for all


@dataclass(frozen=True, slots=True)
class Lot:
    """Units that were opened together; a short has negative units and a negative cost.

    Attributes:
        id: The execution that opened it.
        cost: Price times quantity, without fees.
    """

    id: str
    opened_at: datetime
    quantity: Decimal
    cost: Money

    def __post_init__(self) -> None:
        """Refuse a lot of nothing, and a cost of the other sign."""
        object.__setattr__(self, "opened_at", as_utc(self.opened_at, "opened_at"))
        if not require_decimal(self.quantity, "quantity"):
            raise Invalid("quantity", "other than zero", self.quantity)
        if self.quantity * self.cost.amount < 0:
            raise Invalid("cost", f"of the sign of the quantity, {self.quantity}", self.cost)


@dataclass(frozen=True, slots=True)
class ClosedLot:
    """A lot, or a part of one, that a trade closed.

    Attributes:
        quantity: Of the sign of the lot: positive where a long was sold.
        proceeds: What was received; negative where a short was bought back.
    """

    lot_id: str
    closed_by: str
    opened_at: datetime
    closed_at: datetime
    quantity: Decimal
    cost: Money
    proceeds: Money

    @property
    def profit(self) -> Money:
        """Give proceeds minus cost, before fees."""
        return self.proceeds - self.cost


@dataclass(frozen=True, slots=True)
class Lots:
    """The open lots of one symbol, oldest first; all long or all short."""

    symbol: Symbol
    currency: Currency
    method: LotMethod
    open: tuple[Lot, ...] = ()

    @property
    def position(self) -> Position:
        """Add the lots up."""
        quantity = _sum(lot.quantity for lot in self.open)
        cost = sum((lot.cost for lot in self.open), Money.zero(self.currency))
        return Position(self.symbol, quantity, cost)

    def after(self, fill: Fill, execution_id: str) -> tuple[Lots, tuple[ClosedLot, ...]]:
        """Apply a fill; give the new lots and what it closed, in the order in which it did.

        A fill larger than the position closes it, then opens a lot the other way.

        Raises:
            Invalid: If the fill is of another symbol or currency.
            Conflict: If the execution opened one of the lots already.
        """
        if any(lot.id == execution_id for lot in self.open):
            raise Conflict(f"execution {execution_id} is in the lots already")
        if fill.symbol != self.symbol:
            raise Invalid("symbol", self.symbol, fill.symbol)
        if fill.price.currency is not self.currency:
            raise Invalid("currency", str(self.currency), str(fill.price.currency))
        change = EXACT.multiply(fill.quantity.value, Decimal(fill.side.sign))
        if not self.open or self.open[0].quantity * change > 0:
            return self._opened(_lot(fill, execution_id, change)), ()
        return self._closed(fill, execution_id, change)

    def opened_before(self, fill: Fill, execution_id: str, count: int) -> Lots:
        """Open a lot as if it had been there before the last ``count`` ones, of the same sign."""
        lot = _lot(fill, execution_id, EXACT.multiply(fill.quantity.value, Decimal(fill.side.sign)))
        place = len(self.open) - count
        return replace(self, open=(*self.open[:place], lot, *self.open[place:]))

    def split(self, new: int, old: int) -> Lots:
        """Let ``new`` units stand for ``old`` ones in each lot, at the same cost.

        What does not divide is rounded for the position as a whole, as in the books; the last lot
        takes the difference.

        Raises:
            Invalid: If one of the numbers is not above zero, or a lot would vanish.
        """
        for field, count in (("new", new), ("old", old)):
            if count <= 0:
                raise Invalid(field, "above zero", count)
        if not self.open:
            return self
        whole = share(self.position.quantity, Decimal(new), Decimal(old))
        first = [share(lot.quantity, Decimal(new), Decimal(old)) for lot in self.open[:-1]]
        counts = [*first, EXACT.subtract(whole, _sum(first))]
        lots = (replace(lot, quantity=count) for lot, count in zip(self.open, counts, strict=True))
        return replace(self, open=tuple(lots))

    def moved(self, lot: Lot) -> Lots:
        """Take units in, or out where they are of the other sign, without a trade.

        Units that go take their share of the lots' cost with them; what goes beyond the position
        opens a lot, with its share of the given one's cost.
        """
        if not self.open or self.open[0].quantity * lot.quantity > 0:
            return self._opened(lot)
        lots, _, left = self._taken(lot.quantity)
        if not left:
            return lots
        cost = Money(share(lot.cost.amount, left, lot.quantity), self.currency)
        return lots._opened(replace(lot, quantity=left, cost=cost))

    def _opened(self, lot: Lot) -> Lots:
        if self.method is LotMethod.AVERAGE and self.open:
            (one,) = self.open
            quantity = EXACT.add(one.quantity, lot.quantity)
            return replace(self, open=(replace(one, quantity=quantity, cost=one.cost + lot.cost),))
        return replace(self, open=(*self.open, lot))

    def _closed(
        self, fill: Fill, execution_id: str, change: Decimal
    ) -> tuple[Lots, tuple[ClosedLot, ...]]:
        lots, parts, left = self._taken(change)
        closed = tuple(
            ClosedLot(
                lot_id=part.id,
                closed_by=execution_id,
                opened_at=part.opened_at,
                closed_at=fill.filled_at,
                quantity=part.quantity,
                cost=part.cost,
                proceeds=Money(EXACT.multiply(fill.price.amount, part.quantity), self.currency),
            )
            for part in parts
        )
        return (lots._opened(_lot(fill, execution_id, left)) if left else lots), closed

    def _taken(self, change: Decimal) -> tuple[Lots, tuple[Lot, ...], Decimal]:
        """Take units out; give what stays, each part that went, and what was too much."""
        left = change
        remaining = {lot.id: lot for lot in self.open}
        parts: list[Lot] = []
        for lot in _in_turn(self.open, self.method):
            if not left:
                break
            all_of_it = lot.quantity.copy_abs() <= left.copy_abs()
            taken = lot.quantity if all_of_it else left.copy_negate()
            kept = EXACT.subtract(lot.quantity, taken)
            kept_cost = Money(share(lot.cost.amount, kept, lot.quantity), self.currency)
            parts.append(replace(lot, quantity=taken, cost=lot.cost - kept_cost))
            left = EXACT.add(left, taken)
            if kept:
                remaining[lot.id] = replace(lot, quantity=kept, cost=kept_cost)
            else:
                del remaining[lot.id]
        return replace(self, open=tuple(remaining.values())), tuple(parts), left


def realised(closed: Iterable[ClosedLot], currency: Currency) -> Money:
    """Add up the profit of closed lots."""
    return sum((each.profit for each in closed), Money.zero(currency))


def _lot(fill: Fill, execution_id: str, change: Decimal) -> Lot:
    cost = Money(EXACT.multiply(fill.price.amount, change), fill.price.currency)
    return Lot(execution_id, fill.filled_at, change, cost)


def _in_turn(lots: Sequence[Lot], method: LotMethod) -> Sequence[Lot]:
    match method:
        case LotMethod.LIFO:
            return lots[::-1]
        case LotMethod.HIGHEST_COST:
            # A stable sort: of two equally dear lots the older goes first.
            return sorted(lots, key=_unit_cost, reverse=True)
        case _:
            return lots


def _unit_cost(lot: Lot) -> Decimal:
    return share(lot.cost.amount, Decimal(1), lot.quantity)


def _sum(values: Iterable[Decimal]) -> Decimal:
    total = ZERO
    for value in values:
        total = EXACT.add(total, value)
    return total
