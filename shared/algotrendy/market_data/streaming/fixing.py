"""Apply cancels and corrections to trades, as they were known at a time; nothing is overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from algotrendy.market_data.streaming.messages import FixKind


@dataclass(frozen=True, slots=True)
class NamedTrade:
    """A trade of one symbol by which fixes find it; ``id`` is "" where it has none."""

    time: int
    price: float
    size: float
    venue: str
    id: str


@dataclass(frozen=True, slots=True)
class StoredFix:
    """A fix of one symbol; ``time`` is when it was made, ``received`` when it was known here."""

    kind: FixKind
    time: int
    price: float | None
    size: float | None
    venue: str
    id: str
    new_id: str
    received: int


def fixed(trades: Sequence[NamedTrade], fixes: Iterable[StoredFix], as_of: int) -> list[NamedTrade]:
    """Give trades as they were known at ``as_of``, ns UTC, in the same order.

    A fix is of the last trade of its venue and id that was made by then: ids come again on other
    days. A corrected trade keeps its time, and goes under its new id from then on. A fix of a trade
    that is not among these does nothing.

    Args:
        fixes: In the order in which they came.
    """
    found: list[NamedTrade | None] = list(trades)
    places: dict[tuple[str, str], list[int]] = {}
    for at, trade in enumerate(trades):
        if trade.id:
            places.setdefault((trade.venue, trade.id), []).append(at)
    for fix in fixes:
        if fix.received > as_of:
            continue
        candidates = places.get((fix.venue, fix.id), [])
        at = next((place for place in reversed(candidates) if trades[place].time <= fix.time), -1)
        now = found[at] if at >= 0 else None
        if now is None:
            continue
        if fix.kind == "cancel":
            found[at] = None
        elif fix.price is not None and fix.size is not None:
            name = fix.new_id or now.id
            found[at] = replace(now, price=fix.price, size=fix.size, id=name)
            if name != fix.id:
                places.setdefault((fix.venue, name), []).append(at)
    return [trade for trade in found if trade is not None]
