"""Turn the words of `algotrendy orders place` into the order that the API takes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from algotrendy.kernel.decimals import parse_decimal, plain
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderWords:
    """An order as somebody typed it; what was left out is None."""

    account: str
    side: Side
    symbol: str
    client_order_id: str
    quantity: str | None = None
    notional: str | None = None
    type: OrderType | None = None
    time_in_force: TimeInForce | None = None
    limit: str | None = None
    stop: str | None = None
    trail: str | None = None
    take_profit: str | None = None
    stop_loss: str | None = None
    stop_loss_limit: str | None = None
    is_oco: bool = False
    extended_hours: bool = False
    submit_within_s: int = 60

    def body(self) -> dict[str, Any]:
        """Give the request's body; type, class and time follow from the prices where not said.

        Raises:
            Invalid: If a number is none, or two options say different things.
        """
        order_class = self._class()
        said = {
            "account": self.account,
            "side": self.side.value,
            "symbol": self.symbol.upper(),
            "client_order_id": self.client_order_id,
            "quantity": _number("quantity", self.quantity),
            "notional": _number("notional", self.notional),
            "type": self._type(order_class).value,
            "time_in_force": self._time(order_class).value,
            "order_class": order_class.value,
            "limit_price": _number("limit", self.limit),
            "stop_price": _number("stop", self.stop),
            "take_profit": self._take_profit(),
            "stop_loss": self._stop_loss(),
            "extended_hours": self.extended_hours or None,
            "submit_within_s": self.submit_within_s,
            **self._trail(),
        }
        return {name: value for name, value in said.items() if value is not None}

    def _type(self, order_class: OrderClass) -> OrderType:
        if self.type is not None:
            return self.type
        if self.trail is not None:
            return OrderType.TRAILING_STOP
        if self.stop is not None:
            return OrderType.STOP if self.limit is None else OrderType.STOP_LIMIT
        # Of two exits the one at the broker's book is the limit order.
        is_limit = self.limit is not None or order_class is OrderClass.OCO
        return OrderType.LIMIT if is_limit else OrderType.MARKET

    def _class(self) -> OrderClass:
        exits = [each for each in (self.take_profit, self.stop_loss) if each is not None]
        if self.is_oco:
            return OrderClass.OCO
        return (OrderClass.SIMPLE, OrderClass.OTO, OrderClass.BRACKET)[len(exits)]

    def _time(self, order_class: OrderClass) -> TimeInForce:
        if self.time_in_force is not None:
            return self.time_in_force
        # Exits that end with the day would leave the position without protection.
        return TimeInForce.DAY if order_class is OrderClass.SIMPLE else TimeInForce.GTC

    def _trail(self) -> dict[str, str]:
        if self.trail is None:
            return {}
        name = "trail_percent" if self.trail.endswith("%") else "trail_price"
        return {name: _number("trail", self.trail.removesuffix("%")) or ""}

    def _take_profit(self) -> dict[str, Any] | None:
        price = _number("take-profit", self.take_profit)
        return None if price is None else {"limit_price": price}

    def _stop_loss(self) -> dict[str, Any] | None:
        price = _number("stop-loss", self.stop_loss)
        limit = _number("stop-loss-limit", self.stop_loss_limit)
        if price is None:
            if limit is not None:
                raise Invalid("stop-loss", "given with --stop-loss-limit", None)
            return None
        return {"stop_price": price} | ({} if limit is None else {"limit_price": limit})


def _number(name: str, text: str | None) -> str | None:
    return None if text is None else plain(parse_decimal(text.replace(",", ""), name))
