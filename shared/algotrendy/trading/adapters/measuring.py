"""Measure what a committed transaction of the ledger did to orders, and what it told of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from algotrendy.kernel.events import Event
from algotrendy.kernel.order import OrderType
from algotrendy.platform.metrics import count, observe
from algotrendy.trading.events import KillSwitchPulled, PositionUnprotected, RiskBreached
from algotrendy.trading.judgement import Refused
from algotrendy.trading.order_events import (
    Execution,
    OrderBusted,
    OrderEvent,
    OrderIntended,
    OrderOutcomeUnknown,
    OrderSubmitted,
    OrderWithdrawn,
)
from algotrendy.trading.orders import PlatformOrder
from algotrendy.trading.status import PlatformStatus

_BPS: Final = Decimal(10_000)
# What follows is about this one order: names, sums, symbols.
_PARTICULARS: Final = re.compile(r"[:;({\[\"'=]|\S*\d")
_SYMBOL: Final = re.compile(r"\b[A-Z][A-Z/.]+\b")
_LONGEST_REASON: Final = 48


@dataclass(frozen=True, slots=True)
class Stored:
    """What a transaction stored of one order; ``before`` is None of a new one."""

    before: PlatformOrder | None
    after: PlatformOrder
    events: tuple[OrderEvent, ...]


def measure_transaction(orders: Iterable[Stored], events: Iterable[Event]) -> None:
    """Measure what a transaction stored and published, once it is committed."""
    for stored in orders:
        _measure_order(stored)
    for event in events:
        _measure_event(event)


def measure_refusal(refusal: Refused) -> None:
    """Count an order that limits speak against: once in each limit."""
    for limit in dict.fromkeys(each.limit for each in refusal.breaches):
        count("OrdersRefused", limit=limit.value)


def reason_of(text: str) -> str:
    """Shorten a broker's reason to its kind: what names no order, sum or symbol."""
    kind = _SYMBOL.sub(" ", _PARTICULARS.split(text, maxsplit=1)[0])
    return " ".join(kind.lower().split())[:_LONGEST_REASON].strip() or "unsaid"


def slippage_bps(order: PlatformOrder, execution: Execution) -> float | None:
    """Tell how much worse than expected an execution is; None where nothing was expected.

    A stop order expects its stop, any other order the price that was known when it was intended.
    """
    request = order.request
    expected = request.stop_price if request.type.has_stop else order.arrival
    if request.type is OrderType.TRAILING_STOP or not expected:
        return None
    worse = (execution.price.amount - expected) * request.side.sign
    return float(worse * _BPS / expected)


def _measure_order(stored: Stored) -> None:
    before, after = stored.before, stored.after
    for event in stored.events:
        match event:
            case OrderIntended():
                count("OrdersPlaced", side=after.request.side, type=after.request.type)
            case OrderSubmitted(at=at):
                count("OrdersSent")
                observe("OrderSendSeconds", max(0.0, (at - after.intended_at).total_seconds()))
            case OrderOutcomeUnknown():
                count("OrdersInDoubt")
            case OrderBusted():
                count("FillsBusted")
    _measure_executions(before, after)
    if after.is_terminal and not (before and before.is_terminal):
        count("OrdersEnded", status=_end_of(after, stored.events))
        if after.status is PlatformStatus.REJECTED:
            count("OrdersRejected", reason=reason_of(after.reason))


def _measure_executions(before: PlatformOrder | None, after: PlatformOrder) -> None:
    # The same one may be told again, with its fee: it counts once.
    known = {each.id for each in before.executions} if before else set()
    new = [each for each in after.executions if each.id not in known]
    request = after.request
    for execution in new:
        count("Fills", side=request.side)
        if (slipped := slippage_bps(after, execution)) is not None:
            observe("SlippageBps", slipped, type=request.type)
    if new and not known and request.type is OrderType.MARKET:
        first = min(each.at for each in new)
        observe("FillSeconds", max(0.0, (first - after.intended_at).total_seconds()))


def _end_of(order: PlatformOrder, events: Sequence[OrderEvent]) -> str:
    is_withdrawn = any(isinstance(event, OrderWithdrawn) for event in events)
    return "withdrawn" if is_withdrawn else order.status.value


def _measure_event(event: Event) -> None:
    match event:
        case RiskBreached(limit=limit):
            count("RiskBreaches", limit=limit)
        case KillSwitchPulled():
            count("KillSwitchesPulled")
        case PositionUnprotected():
            count("PositionsUnprotected")
