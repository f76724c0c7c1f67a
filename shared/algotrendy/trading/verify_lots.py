"""Work tax lots out again from the journal, and tell where those that are stored differ.

The books are brought up to each execution as it is told, and to a late one, a bust, a split or a
correction by working the symbol's past out again (``restating``). Both come to what its entries
come to in the order of time, so that is what every lot must be, whatever happened to the symbol:
after a bust before a split too, where the split stands with the units that it was written with.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Final

from algotrendy.kernel.decimals import EXACT
from algotrendy.kernel.errors import AlgoTrendyError
from algotrendy.kernel.ids import AccountId
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.money import Currency, Money
from algotrendy.trading.journal import Entry, EntryKind
from algotrendy.trading.lots import ClosedLot, Lot, LotMethod, Lots
from algotrendy.trading.replaying import Restated, restated
from algotrendy.trading.verify import Difference, DifferenceKind

Held = tuple[AccountId, Symbol]
_MOVING: Final = (EntryKind.FILL, EntryKind.SPLIT, EntryKind.CORRECTION)


class PositionHistory:
    """The entries that move positions, by part and symbol, as a journal is gone through."""

    def __init__(self) -> None:
        self._entries: defaultdict[Held, list[Entry]] = defaultdict(list)
        self._gone: set[str] = set()

    def add(self, entry: Entry) -> None:
        """Take an entry in, of whatever kind."""
        if entry.reverses is not None:
            self._gone.add(entry.reverses)
        elif entry.kind in _MOVING:
            for symbol in {each.symbol for each in entry.postings if each.symbol is not None}:
                self._entries[entry.account, symbol].append(entry)

    def positions(self) -> Iterable[Held]:
        """Name what ever had an entry, those taken back too."""
        return self._entries.keys()

    def replayed(self, held: Held, method: LotMethod) -> Restated | None:
        """Work one position out again; None where it never was.

        Raises:
            AlgoTrendyError: If its entries do not follow from each other.
        """
        written = self._entries.get(held, [])
        currency = next((each for entry in written for each in _currencies(entry)), None)
        if currency is None:
            return None
        standing = [entry for entry in written if entry.key not in self._gone]
        return restated(standing, held[1], currency, method)


def wrong_lots(
    lots: Mapping[Held, Lots],
    closed: Iterable[tuple[AccountId, Symbol, ClosedLot]],
    past: PositionHistory,
) -> Iterator[Difference]:
    """Tell where open lots, and what each closed one realised, are not what the journal says."""
    sold: defaultdict[Held, dict[tuple[str, str], ClosedLot]] = defaultdict(dict)
    for account, symbol, each in closed:
        sold[account, symbol][each.closed_by, each.lot_id] = each
    for held in sorted({*lots, *sold, *past.positions()}):
        yield from _of_position(held, lots.get(held), sold.get(held, {}), past)


def _of_position(
    held: Held,
    kept: Lots | None,
    sold: Mapping[tuple[str, str], ClosedLot],
    past: PositionHistory,
) -> Iterator[Difference]:
    name = f"{held[0]} {held[1]}"
    # A symbol keeps the method with which it began; without its row nobody knows which that was.
    method = LotMethod.FIFO if kept is None else kept.method
    try:
        right = past.replayed(held, method)
    except AlgoTrendyError as error:
        yield Difference(DifferenceKind.LOT, f"the lots of {name}", error.message, None)
        return
    if kept is None and right is not None:
        units = f"lots of {_number(right.position.quantity)} units"
        yield Difference(DifferenceKind.LOT, f"the lots of {name}", None, units)
        return
    due = right.lots.open if right is not None else ()
    yield from _of_open(name, () if kept is None else kept.open, due)
    ended = right.closed if right is not None else ()
    yield from _of_closed(name, sold, {(each.closed_by, each.lot_id): each for each in ended})


def _of_open(name: str, kept: tuple[Lot, ...], due: tuple[Lot, ...]) -> Iterator[Difference]:
    there, right = {lot.id: lot for lot in kept}, {lot.id: lot for lot in due}
    for lot_id in sorted(there.keys() | right.keys()):
        was, should = there.get(lot_id), right.get(lot_id)
        if was != should:
            subject = f"the lot {lot_id} of {name}"
            yield Difference(DifferenceKind.LOT, subject, _open(was), _open(should))
    order, right_order = [lot.id for lot in kept], [lot.id for lot in due]
    if order != right_order and sorted(order) == sorted(right_order):
        said, there_is = ", ".join(order), ", ".join(right_order)
        yield Difference(DifferenceKind.LOT, f"the turn of the lots of {name}", said, there_is)


def _of_closed(
    name: str,
    kept: Mapping[tuple[str, str], ClosedLot],
    due: Mapping[tuple[str, str], ClosedLot],
) -> Iterator[Difference]:
    for key in sorted(kept.keys() | due.keys()):
        was, should = kept.get(key), due.get(key)
        if was != should:
            subject = f"the lot {key[1]} of {name} closed by {key[0]}"
            yield Difference(DifferenceKind.CLOSED_LOT, subject, _closed(was), _closed(should))


def _open(lot: Lot | None) -> str | None:
    if lot is None:
        return None
    return (
        f"{_number(lot.quantity)} units for {_money(lot.cost)}, opened {lot.opened_at.isoformat()}"
    )


def _closed(lot: ClosedLot | None) -> str | None:
    if lot is None:
        return None
    made = f"{_number(lot.quantity)} units for {_money(lot.cost)}, profit {_money(lot.profit)}"
    times = f"opened {lot.opened_at.isoformat()}, closed {lot.closed_at.isoformat()}"
    return f"{made}, {times}"


def _number(value: Decimal) -> str:
    # Two spellings of one number must read the same.
    return f"{EXACT.normalize(value):f}"


def _money(amount: Money) -> str:
    return f"{_number(amount.amount)} {amount.currency}"


def _currencies(entry: Entry) -> Iterator[Currency]:
    return (each.amount.currency for each in entry.postings if isinstance(each.amount, Money))
