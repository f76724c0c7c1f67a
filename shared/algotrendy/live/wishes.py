"""Turn decisions of a strategy into what its broker is asked for.

One decision is one order, but for groups: an entry with the exits decided for it is a bracket, or
an order that triggers one other; two exits of what is held are an OCO. A decision that no broker,
or not this one, takes is named with the reason, and nobody is asked. Orders are decided after a
bar's close, so a day order is one of the session that trades next.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from algotrendy.backtest.engine.step_records import Decision
from algotrendy.exchange.rules.codes import ENTRY, QUANTITY_STEPS, STOP_LOSS, TAKE_PROFIT
from algotrendy.kernel import order_codes as codes
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderClass, OrderType, Side
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest, StopLoss, TakeProfit
from algotrendy.live.deciding import (
    floored,
    limit_price,
    stop_price,
    time_in_force,
    trail_percent,
    trail_price,
)
from algotrendy.live.versions import Content

_TYPES: Final = {
    codes.MARKET: OrderType.MARKET,
    codes.LIMIT: OrderType.LIMIT,
    codes.STOP: OrderType.STOP,
    codes.STOP_LIMIT: OrderType.STOP_LIMIT,
    codes.TRAILING_STOP: OrderType.TRAILING_STOP,
}
_LEAST: Final = Decimal(1) / Decimal(int(QUANTITY_STEPS))


@dataclass(frozen=True, slots=True)
class Wish:
    """What a broker is asked for.

    Attributes:
        decisions: Of which it is made, the order's own first.
        request: Without a name yet; None to cancel.
    """

    decisions: tuple[Decision, ...]
    symbol: Symbol
    request: OrderRequest | ReplaceRequest | None


@dataclass(frozen=True, slots=True)
class Impossible:
    """Decisions that nobody is asked for, and why."""

    decisions: tuple[Decision, ...]
    reason: str


def wishes_of(decisions: Sequence[Decision], content: Content) -> Iterator[Wish | Impossible]:
    """Give what is asked for, in the order of the decisions."""
    lot = _LEAST if content.terms.fractional else Decimal(1)
    left = list(decisions)
    while left:
        first = left.pop(0)
        symbol = Symbol(content.symbols[first.asset])
        group = [first]
        if first.kind == "place" and first.role == ENTRY:
            exits = [each for each in left if each.entry == first.order and each.kind == "place"]
            left = [each for each in left if each not in exits]
            group += exits
        elif _is_pair(first, left):
            group.append(left.pop(0))
        yield _wish(tuple(group), symbol, lot)


def _is_pair(first: Decision, left: Sequence[Decision]) -> bool:
    return (
        bool(left)
        and first.kind == left[0].kind == "place"
        and (first.role, left[0].role) == (TAKE_PROFIT, STOP_LOSS)
        and first.entry == left[0].entry == 0
        and first.asset == left[0].asset
    )


def _wish(group: tuple[Decision, ...], symbol: Symbol, lot: Decimal) -> Wish | Impossible:
    first = group[0]
    if first.kind == "cancel":
        return Wish(group, symbol, None)
    units = floored(first.units, lot)
    if first.kind == "replace":
        change = ReplaceRequest(
            quantity=units or None,
            limit_price=limit_price(first.limit, first.side, symbol),
            stop_price=stop_price(first.stop, first.side, symbol),
        )
        return Wish(group, symbol, change)
    if not units:
        return Impossible(group, f"units must be at least {lot}, was {first.units!r}")
    if len(group) > 1 and first.role == TAKE_PROFIT:
        return Wish(group, symbol, _pair(group, symbol, units))
    return Wish(group, symbol, _single(group, symbol, units))


def _single(group: tuple[Decision, ...], symbol: Symbol, units: Decimal) -> OrderRequest:
    first, *exits = group
    profit = next((each for each in exits if each.role == TAKE_PROFIT), None)
    loss = next((each for each in exits if each.role == STOP_LOSS), None)
    both = profit is not None and loss is not None
    kind = OrderClass.BRACKET if both else OrderClass.OTO if exits else OrderClass.SIMPLE
    return OrderRequest(
        symbol=symbol,
        side=Side.BUY if first.side > 0 else Side.SELL,
        type=_TYPES[first.order_kind],
        time_in_force=time_in_force(first, units, symbol),
        quantity=units,
        limit_price=limit_price(first.limit, first.side, symbol),
        stop_price=stop_price(first.stop, first.side, symbol),
        trail_price=trail_price(first.trail_price, symbol),
        trail_percent=trail_percent(first.trail_percent),
        order_class=kind,
        take_profit=None if profit is None else _target(profit, symbol),
        stop_loss=None if loss is None else _stop(loss, symbol),
    )


def _pair(group: tuple[Decision, ...], symbol: Symbol, units: Decimal) -> OrderRequest:
    profit, loss = group
    return OrderRequest(
        symbol=symbol,
        side=Side.BUY if profit.side > 0 else Side.SELL,
        type=OrderType.LIMIT,
        time_in_force=time_in_force(profit, units, symbol),
        quantity=units,
        order_class=OrderClass.OCO,
        take_profit=_target(profit, symbol),
        stop_loss=_stop(loss, symbol),
    )


def _target(decision: Decision, symbol: Symbol) -> TakeProfit:
    price = limit_price(decision.limit, decision.side, symbol)
    assert price is not None  # noqa: S101 - a target has a limit
    return TakeProfit(price)


def _stop(decision: Decision, symbol: Symbol) -> StopLoss:
    price = stop_price(decision.stop, decision.side, symbol)
    assert price is not None  # noqa: S101 - a stop has one
    return StopLoss(price, limit_price(decision.limit, decision.side, symbol))
