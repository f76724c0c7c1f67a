"""What a decision needs to know of orders: of those that may still fill, and of those like one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.risk.book import ZERO
from algotrendy.risk.limits import StrategyId

Likeness = tuple[object, ...]
ANY_PRICE: Final = Decimal("Infinity")


@dataclass(slots=True)
class OpenOrder:
    """An order that may still fill.

    Attributes:
        remaining: In units.
        group: Of orders that fill one quantity together, such as a bracket's exits.
        reach: The worst price that it trades at: infinite for a buy at any price, zero for a
            sell; None when it cannot meet an own order.
    """

    symbol: Symbol
    side: Side
    strategy: StrategyId | None
    remaining: Decimal
    group: tuple[str, str]
    reach: Decimal | None


def likeness_of(request: OrderRequest, strategy: StrategyId | None) -> Likeness:
    """Give what two orders share that are the same but for their names."""
    return (
        strategy,
        request.symbol,
        request.side,
        request.type,
        request.quantity,
        request.notional,
        request.limit_price,
        request.stop_price,
        request.trail_price,
        request.trail_percent,
    )


def reach_of(request: OrderRequest) -> Decimal:
    """Give the worst price that an order trades at, once it is awake."""
    if request.type in (OrderType.LIMIT, OrderType.STOP_LIMIT) and request.limit_price is not None:
        return request.limit_price
    return ANY_PRICE if request.side is Side.BUY else ZERO
