"""Say what a broker can do, so that nobody has to find out with real money."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from algotrendy.kernel.decimals import decimals_of, require_decimal
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass, parse_symbol
from algotrendy.kernel.order import OrderClass, OrderType, TimeInForce
from algotrendy.kernel.order_request import OrderRequest, ReplaceRequest

STANDING = frozenset({TimeInForce.DAY, TimeInForce.GTC})


class Stream(StrEnum):
    """How news of orders reaches us."""

    PUSHED = "pushed"
    POLLED = "polled"


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The capability table of one broker.

    Attributes:
        times_by_type: The times in force of single types, where they are fewer than
            ``times_in_force``.
        fractional_times: The times in force of fractional and notional orders, where they are
            fewer; None where they are not.
        client_order_id_length: Most characters that it keeps of our name for an order.
        requests_per_minute: Documented limit; None where there is none.
        replace: Whether a standing order can be changed, and not only cancelled.
        keeps_order_id: Whether an order that is changed stays one and the same order there, whose
            executions before and after the change nobody can tell apart.
        extended_hours: Whether orders can work outside of the session.
        activities: Whether it tells of fees, dividends, splits and the like, each by itself.
    """

    asset_classes: frozenset[AssetClass]
    order_types: frozenset[OrderType]
    times_in_force: frozenset[TimeInForce]
    order_classes: frozenset[OrderClass] = frozenset({OrderClass.SIMPLE})
    fractional: bool = False
    notional: bool = False
    short: bool = False
    extended_hours: bool = False
    replace: bool = False
    keeps_order_id: bool = False
    activities: bool = False
    stream: Stream = Stream.POLLED
    client_order_id_length: int = 128
    requests_per_minute: int | None = None
    notes: tuple[str, ...] = field(default=())
    times_by_type: Mapping[OrderType, frozenset[TimeInForce]] = field(default_factory=dict)
    fractional_times: frozenset[TimeInForce] | None = None

    def times_of(self, order_type: OrderType) -> frozenset[TimeInForce]:
        """Give the times in force that an order of this type may have."""
        return self.times_by_type.get(order_type, self.times_in_force)

    def check(self, request: OrderRequest) -> None:
        """Refuse what this broker cannot do, and what no broker can, before it is sent.

        Raises:
            Invalid: Naming the field and what the broker takes.
        """
        self.check_client_order_id(request.client_order_id)
        parse_symbol(request.symbol)
        _one_of("type", request.type, self.order_types)
        _one_of("time_in_force", request.time_in_force, self.times_of(request.type))
        _one_of("order_class", request.order_class, self.order_classes)
        self._check_size(request)
        _check_prices(request)
        self._check_extended_hours(request)
        _check_exits(request)

    def check_replace(self, request: ReplaceRequest) -> None:
        """Refuse a replacement that this broker cannot do, before it is sent.

        Raises:
            Invalid: Naming the field and what the broker takes.
        """
        if not self.replace:
            raise Invalid("replace", "a cancel and a new order: this broker changes none", "asked")
        asked = (
            ("quantity", request.quantity),
            ("limit_price", request.limit_price),
            ("stop_price", request.stop_price),
            ("trail", request.trail),
        )
        for name, value in asked:
            if value is not None:
                _positive(name, value)
        if request.time_in_force is not None:
            _one_of("time_in_force", request.time_in_force, self.times_in_force)
        if request.client_order_id is not None:
            self.check_client_order_id(request.client_order_id)
        elif request.time_in_force is None and all(value is None for _, value in asked):
            raise Invalid("replace", "a change of at least one field", "none")

    def check_client_order_id(self, name: str | None) -> str:
        """Give our name for an order back if the broker can keep it.

        Raises:
            Invalid: If there is none, or it is longer than the broker keeps, or not printable.
        """
        most = self.client_order_id_length
        if (
            name is None
            or not 1 <= len(name) <= most
            or not (name.isascii() and name.isprintable())
        ):
            raise Invalid("client_order_id", f"1 to {most} printable ASCII characters", name)
        return name

    def _check_size(self, request: OrderRequest) -> None:
        if (request.quantity is None) == (request.notional is None):
            given = "neither" if request.quantity is None else "both"
            raise Invalid("quantity", "given, or notional, and not both", given)
        if request.notional is not None:
            if not self.notional:
                raise Invalid("notional", "absent: this broker takes quantities", request.notional)
            _positive("notional", request.notional)
        elif request.quantity is not None:
            _positive("quantity", request.quantity)
        if request.quantity is not None and not decimals_of(request.quantity):
            return
        if not (self.fractional or request.notional is not None):
            raise Invalid("quantity", "a whole number", request.quantity)
        if request.order_class is not OrderClass.SIMPLE:
            raise Invalid("quantity", f"a whole number for {request.order_class}", request.quantity)
        if self.fractional_times is not None:
            _one_of(
                "time_in_force",
                request.time_in_force,
                self.fractional_times,
                "of a fractional order",
            )

    def _check_extended_hours(self, request: OrderRequest) -> None:
        if not request.extended_hours:
            return
        if not self.extended_hours:
            raise Invalid("extended_hours", "false: this broker trades in the session only", True)
        if request.type is not OrderType.LIMIT or request.time_in_force not in STANDING:
            order = f"{request.type} {request.time_in_force}"
            raise Invalid("extended_hours", "false but for limit orders of day or gtc", order)
        if request.order_class is not OrderClass.SIMPLE:
            raise Invalid("extended_hours", f"false for {request.order_class}", True)


def _check_prices(request: OrderRequest) -> None:
    # An OCO is its own exits: its limit stands in take_profit.
    is_oco = request.order_class is OrderClass.OCO
    why = f"for {request.order_class}" if is_oco else f"for a {request.type} order"
    for name, price, needed in (
        ("limit_price", request.limit_price, request.type.has_limit and not is_oco),
        ("stop_price", request.stop_price, request.type.has_stop),
    ):
        if needed != (price is not None):
            raise Invalid(name, f"{'present' if needed else 'absent'} {why}", price)
        if price is not None:
            _positive(name, price)
    trails = [
        (name, value)
        for name in ("trail_price", "trail_percent")
        if (value := getattr(request, name)) is not None
    ]
    if request.type is not OrderType.TRAILING_STOP:
        for name, value in trails:
            raise Invalid(name, f"absent {why}", value)
        return
    if len(trails) != 1:
        given = "both" if trails else "neither"
        raise Invalid("trail_price", "given, or trail_percent, and not both", given)
    _positive(*trails[0])


def _check_exits(request: OrderRequest) -> None:
    profit, loss, kind = request.take_profit, request.stop_loss, request.order_class
    for name, price in (
        ("take_profit.limit_price", None if profit is None else profit.limit_price),
        ("stop_loss.stop_price", None if loss is None else loss.stop_price),
        ("stop_loss.limit_price", None if loss is None else loss.limit_price),
    ):
        if price is not None:
            _positive(name, price)
    exits = [name for name in ("take_profit", "stop_loss") if getattr(request, name) is not None]
    given = " and ".join(exits) or "neither"
    if kind is OrderClass.SIMPLE:
        if exits:
            raise Invalid(exits[0], "absent for a simple order", given)
        return
    if kind is OrderClass.OTO and len(exits) != 1:
        raise Invalid("take_profit", "given, or stop_loss, and not both, for oto", given)
    if kind in (OrderClass.BRACKET, OrderClass.OCO) and len(exits) != 2:
        lacking = "take_profit" if profit is None else "stop_loss"
        raise Invalid(lacking, f"present for {kind}", None)
    if kind is OrderClass.OCO and request.type is not OrderType.LIMIT:
        raise Invalid("type", "limit for oco", request.type.value)
    _one_of("time_in_force", request.time_in_force, STANDING, f"of {kind}")


def _positive(name: str, value: Decimal) -> None:
    if require_decimal(value, name) <= 0:
        raise Invalid(name, "above zero", value)


def _one_of(name: str, value: StrEnum, allowed: Iterable[StrEnum], of: str = "") -> None:
    if value not in allowed:
        choice = ", ".join(sorted(allowed)) or "nothing: this broker has none"
        raise Invalid(name, f"one of {choice}{' ' + of if of else ''}", value.value)
