"""Turn LEAN's orders into the port's, and back."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from algotrendy.brokers.port import BrokerFill, BrokerOrder
from algotrendy.brokers.quantconnect.models import LeanOrder, LeanOrderStatus, LeanOrderType
from algotrendy.kernel.decimals import decimals_of, share
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest
from algotrendy.kernel.order_status import OrderStatus
from algotrendy.kernel.price import US_EQUITY_INCREMENTS

# The bridge writes it between a replaced order's name and its first one.
RENAMED = ";was="
ZERO = Decimal(0)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_TYPES: dict[int, OrderType] = {
    LeanOrderType.MARKET: OrderType.MARKET,
    LeanOrderType.LIMIT: OrderType.LIMIT,
    LeanOrderType.STOP_MARKET: OrderType.STOP,
    LeanOrderType.STOP_LIMIT: OrderType.STOP_LIMIT,
    # What LEAN makes of a market order while the market is closed.
    LeanOrderType.MARKET_ON_OPEN: OrderType.MARKET,
    LeanOrderType.MARKET_ON_CLOSE: OrderType.MARKET,
    LeanOrderType.TRAILING_STOP: OrderType.TRAILING_STOP,
}
_STATUSES: dict[int, OrderStatus] = {
    LeanOrderStatus.NEW: OrderStatus.PENDING_NEW,
    LeanOrderStatus.NONE: OrderStatus.PENDING_NEW,
    LeanOrderStatus.SUBMITTED: OrderStatus.NEW,
    LeanOrderStatus.PARTIALLY_FILLED: OrderStatus.PARTIALLY_FILLED,
    LeanOrderStatus.FILLED: OrderStatus.FILLED,
    LeanOrderStatus.CANCELED: OrderStatus.CANCELED,
    LeanOrderStatus.INVALID: OrderStatus.REJECTED,
    LeanOrderStatus.CANCEL_PENDING: OrderStatus.PENDING_CANCEL,
    LeanOrderStatus.UPDATE_SUBMITTED: OrderStatus.NEW,
}


def names_of(order: LeanOrder) -> tuple[str, ...]:
    """Give the client order ids that an order has had, the present one first."""
    return tuple((order.tag or f"#{order.id}").split(RENAMED))


def to_broker_orders(orders: Sequence[LeanOrder]) -> list[BrokerOrder]:
    """Turn them all; of two orders with one tag, which no bridge makes, the second loses it."""
    taken: set[str] = set()
    found = []
    for order in orders:
        names = names_of(order)
        if names[-1] in taken:
            names = (f"#{order.id}",)
        taken.add(names[-1])
        found.append(_broker_order(order, names))
    return found


def _broker_order(order: LeanOrder, names: tuple[str, ...]) -> BrokerOrder:
    filled = abs(sum((event.fill_quantity for event in order.events), ZERO))
    value = sum((abs(event.fill_quantity) * event.fill_price for event in order.events), ZERO)
    status = _STATUSES.get(order.status, OrderStatus.PENDING_NEW)
    if status is OrderStatus.NEW and filled:
        status = OrderStatus.PARTIALLY_FILLED
    kind = _TYPES.get(order.type, OrderType.MARKET)
    messages = [event.message for event in order.events if event.message]
    return BrokerOrder(
        # LEAN's number comes with the next snapshot only, and starts at 1 in each deployment.
        broker_order_id=names[-1],
        client_order_id=names[0],
        symbol=Symbol(order.symbol.value),
        side=Side.BUY if order.quantity >= 0 else Side.SELL,
        type=kind,
        time_in_force=_time_in_force(order),
        status=status,
        quantity=abs(order.quantity),
        filled_quantity=filled,
        average_price=share(value, Decimal(1), filled) if filled else None,
        submitted_at=order.created_time or order.time,
        updated_at=max(
            (
                at
                for at in (order.last_update_time, order.last_fill_time, order.canceled_time)
                if at
            ),
            default=order.created_time or order.time,
        ),
        limit_price=order.limit_price if kind.has_limit else None,
        stop_price=order.stop_price if kind.has_stop else None,
        reason=messages[-1] if status is OrderStatus.REJECTED and messages else None,
    )


def to_broker_fills(orders: Sequence[LeanOrder], deployment: str) -> list[BrokerFill]:
    """Give the executions of orders, oldest first; ids hold the deployment, as numbers repeat."""
    found = []
    for order, told in zip(orders, to_broker_orders(orders), strict=True):
        for event in order.events:
            if not event.fill_quantity:
                continue
            found.append(
                BrokerFill(
                    execution_id=f"{deployment}-{order.id}-{event.order_event_id}",
                    broker_order_id=told.broker_order_id,
                    symbol=told.symbol,
                    side=Side.BUY if event.fill_quantity > 0 else Side.SELL,
                    quantity=abs(event.fill_quantity),
                    price=event.fill_price,
                    filled_at=_moment(event.time),
                    fee=event.order_fee_amount,
                )
            )
    return sorted(found, key=lambda fill: fill.filled_at)


def require_names(client_order_id: str) -> None:
    """Refuse a name that could not be told from two.

    Raises:
        Invalid: If it has the mark of a renamed order in it, or begins as a nameless one's.
    """
    if RENAMED in client_order_id or client_order_id.startswith("#"):
        expected = f"without {RENAMED} in it and no # before it"
        raise Invalid("client_order_id", expected, client_order_id)


def require_increments(request: OrderRequest | ReplaceRequest) -> None:
    """Refuse prices between two quotable ones: LEAN would round them, and say nothing.

    Raises:
        Invalid: Naming the price and the step.
    """
    for name in ("limit_price", "stop_price"):
        price: Decimal | None = getattr(request, name)
        if price is not None and not US_EQUITY_INCREMENTS.allows(price):
            step = US_EQUITY_INCREMENTS.step_at(price)
            raise Invalid(name, f"a multiple of {step}", price)


def require_replaceable(standing: BrokerOrder, request: ReplaceRequest) -> None:
    """Refuse a replacement that LEAN cannot do.

    Raises:
        Invalid: Naming the field.
    """
    if request.time_in_force not in (None, standing.time_in_force):
        raise Invalid("time_in_force", f"as it is, {standing.time_in_force}", request.time_in_force)
    if request.trail is not None:
        raise Invalid("trail", "absent: the bridge has no trailing stops", request.trail)
    for name, has in (
        ("limit_price", standing.type.has_limit),
        ("stop_price", standing.type.has_stop),
    ):
        price = getattr(request, name)
        if price is not None and not has:
            raise Invalid(name, f"absent for a {standing.type} order", price)
    if request.quantity is not None and decimals_of(request.quantity):
        raise Invalid("quantity", "a whole number", request.quantity)


def pending(request: OrderRequest, at: datetime) -> BrokerOrder:
    """Say how an order stands that was sent, and that no snapshot has shown yet."""
    name = request.client_order_id or ""
    return BrokerOrder(
        broker_order_id=name,
        client_order_id=name,
        symbol=Symbol(request.symbol),
        side=request.side,
        type=request.type,
        time_in_force=request.time_in_force,
        status=OrderStatus.PENDING_NEW,
        quantity=request.quantity,
        filled_quantity=ZERO,
        average_price=None,
        submitted_at=at,
        updated_at=at,
        limit_price=request.limit_price,
        stop_price=request.stop_price,
    )


def _time_in_force(order: LeanOrder) -> TimeInForce:
    told = order.properties.time_in_force if order.properties else None
    # Shown as a number, as a name, and as an object whose $type ends in DayTimeInForce.
    words = str(told.get("$type", "") if isinstance(told, dict) else told).rpartition(".")[2]
    is_day = words == "1" or words.casefold().startswith("day")
    return TimeInForce.DAY if is_day else TimeInForce.GTC


def _moment(unix_s: Decimal) -> datetime:
    return _EPOCH + timedelta(microseconds=int(unix_s * 1_000_000))
