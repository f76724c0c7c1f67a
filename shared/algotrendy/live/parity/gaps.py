"""Charge a gap between two positions to what opened it, until something closes it.

When an order is not filled, or for other units, the run holds something else than its backtest,
and gains or loses by that until both hold the same again. What closes a gap is as a rule nobody's
fault: it costs nothing by itself, and the gap costs what its whole life came to. Gaps close in the
order in which they were opened.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT, share
from algotrendy.live.parity.differences import Difference

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Opened:
    """A difference that moved the two positions apart, or together.

    Attributes:
        difference: With the cost that it has if its units count at the last price.
        asset: Its place in the universe.
        gap: Units that the backtest holds more through it, below zero less.
    """

    difference: Difference
    asset: int
    gap: Decimal


@dataclass(slots=True)
class _Lot:
    """What is open of a gap: whose it is, its units, and what was paid less for them."""

    owner: int
    units: Decimal
    paid: Decimal


def charged(opened: Iterable[Opened], worth: Sequence[Decimal]) -> tuple[Difference, ...]:
    """Charge gaps to what opened them; all costs together stay what they were, exactly.

    Args:
        opened: In the order of time.
        worth: What one unit of each asset is worth at the last price.
    """
    given = list(opened)
    costs = [ZERO for _ in given]
    closes: dict[int, int] = {}
    lots: dict[int, deque[_Lot]] = {}
    for place, each in enumerate(given):
        queue = lots.setdefault(each.asset, deque())
        paid = EXACT.subtract(each.difference.cost, EXACT.multiply(each.gap, worth[each.asset]))
        units = each.gap
        while units and queue and (queue[0].units > 0) != (units > 0):
            lot = queue[0]
            closed = min(abs(units), abs(lot.units))
            ours = paid if closed == abs(units) else share(paid, closed, abs(units))
            theirs = (
                lot.paid if closed == abs(lot.units) else share(lot.paid, closed, abs(lot.units))
            )
            costs[lot.owner] = EXACT.add(costs[lot.owner], EXACT.add(ours, theirs))
            closes.setdefault(place, given[lot.owner].difference.step)
            paid, lot.paid = EXACT.subtract(paid, ours), EXACT.subtract(lot.paid, theirs)
            units, lot.units = _less(units, closed), _less(lot.units, closed)
            if not lot.units:
                queue.popleft()
        if units:
            queue.append(_Lot(place, units, paid))
        else:
            costs[place] = EXACT.add(costs[place], paid)
    for asset, queue in lots.items():
        for lot in queue:
            left = EXACT.add(lot.paid, EXACT.multiply(lot.units, worth[asset]))
            costs[lot.owner] = EXACT.add(costs[lot.owner], left)
    return tuple(
        _with_cost(each, costs[place], closes.get(place)) for place, each in enumerate(given)
    )


def _less(units: Decimal, closed: Decimal) -> Decimal:
    return EXACT.subtract(units, closed) if units > 0 else EXACT.add(units, closed)


def _with_cost(each: Opened, cost: Decimal, closes: int | None) -> Difference:
    found = each.difference.found
    if closes is not None:
        found = f"{found}; it closes the gap of step {closes}"
    return replace(each.difference, cost=cost, found=found)
