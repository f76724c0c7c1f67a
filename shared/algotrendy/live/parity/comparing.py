"""Part the difference between an order's two ends, in the ledger and in the backtest, by causes.

The parts of one order add up to the whole difference exactly. So those of all orders add up to the
difference in profit and loss, and what does not is money that no order explains.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from algotrendy.kernel.decimals import EXACT, share
from algotrendy.live.parity.differences import Cause
from algotrendy.live.parity.traded import TradedOrder

ZERO = Decimal(0)
_REJECTED = "rejected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """What the ledger says of an order beside its executions.

    Attributes:
        order: Its client order id; empty where there is none.
        status: As the platform names it; empty where there is no order.
        refused: Why no order came of the decision, as a cause; None where one did.
        is_decided: Whether the run decided it at all.
        otherwise: Why the run decided otherwise than the backtest, where it did.
    """

    order: str = ""
    status: str = ""
    reason: str = ""
    is_open: bool = False
    refused: Cause | None = None
    is_decided: bool = True
    otherwise: Cause = Cause.CONSEQUENCE


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an order's difference.

    Attributes:
        cost: What the ledger has less than the backtest, units counted at the last price.
        gap: Units that the backtest holds more through it, below zero less.
    """

    cause: Cause
    expected: str
    found: str
    cost: Decimal
    gap: Decimal = ZERO


def parts_of(
    expected: TradedOrder | None, found: TradedOrder | None, mark: Decimal, fate: Fate
) -> tuple[Part, ...]:
    """Compare what came of an order.

    Args:
        expected: In the backtest; None where it did not decide it.
        found: In the ledger; None where there is no such order.
        mark: The price of the asset at the end, at which what is left of the order counts.
    """
    gains = [ZERO if order is None else order.gain(mark) for order in (expected, found)]
    whole = EXACT.subtract(gains[0], gains[1])
    theirs = ZERO if expected is None else expected.filled
    ours = ZERO if found is None else found.filled
    if expected is None or found is None or not theirs or not ours:
        if theirs == ours:
            return ()
        return (_of_units(expected, found, fate, whole),)
    both = min(theirs, ours)
    fee = EXACT.subtract(share(found.fees, both, ours), share(expected.fees, both, theirs))
    moved = EXACT.subtract(
        share(found.notional, both, ours), share(expected.notional, both, theirs)
    )
    price = moved if found.side > 0 else EXACT.minus(moved)
    if theirs == ours:
        # No rounding of a share may be lost.
        price = EXACT.subtract(whole, fee)
    rest = EXACT.subtract(whole, EXACT.add(fee, price))
    parts = []
    late = (found.first_step or 0) > (expected.first_step or 0)
    if price or late:
        cause = Cause.LATENCY if late else Cause.FILL_PRICE
        parts.append(Part(cause, _priced(expected), _priced(found), price))
    if fee:
        parts.append(
            Part(Cause.FEE, f"fee {_short(expected.fees)}", f"fee {_short(found.fees)}", fee)
        )
    if theirs != ours:
        parts.append(_of_units(expected, found, fate, rest))
    return tuple(parts)


def _of_units(
    expected: TradedOrder | None, found: TradedOrder | None, fate: Fate, cost: Decimal
) -> Part:
    ended = f", {fate.status}" if fate.status else ""
    why = f": {fate.reason}" if fate.reason else ""
    return Part(
        _cause_of_units(expected, found, fate),
        filled_in_words(expected),
        f"{filled_in_words(found)}{ended}{why}",
        cost,
        EXACT.subtract(_change(expected), _change(found)),
    )


def _change(order: TradedOrder | None) -> Decimal:
    """Give the units by which an order changed a position."""
    return ZERO if order is None else EXACT.multiply(order.filled, Decimal(order.side))


def _cause_of_units(expected: TradedOrder | None, found: TradedOrder | None, fate: Fate) -> Cause:
    """Say why other quantities are filled."""
    if found is not None and found.filled > found.units:
        return Cause.UNEXPLAINED
    if fate.refused is not None:
        return fate.refused
    if found is None:
        return Cause.UNEXPLAINED if fate.is_decided else fate.otherwise
    if expected is None:
        return fate.otherwise
    if found.filled < expected.filled:
        return _cause_of_less(found, fate)
    if found.units != expected.units:
        return fate.otherwise
    return Cause.PARTIAL if expected.filled else Cause.LATENCY


def _cause_of_less(found: TradedOrder, fate: Fate) -> Cause:
    if found.filled == found.units:
        return fate.otherwise
    if fate.status == _REJECTED:
        return Cause.REJECT
    return Cause.LATENCY if fate.is_open and not found.filled else Cause.PARTIAL


def _priced(order: TradedOrder) -> str:
    units, step = order.filled, order.first_step
    mean = share(order.notional, Decimal(1), EXACT.multiply(units, order.multiplier))
    return f"{_verb(order)} {_short(units)} at {_short(mean)} in step {step}"


def filled_in_words(order: TradedOrder | None) -> str:
    """Say what was filled of an order."""
    if order is None:
        return "no order"
    return f"{_verb(order)} {_short(order.filled)} of {_short(order.units)}"


def _verb(order: TradedOrder) -> str:
    return "bought" if order.side > 0 else "sold"


def _short(value: Decimal) -> str:
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return text or "0"
