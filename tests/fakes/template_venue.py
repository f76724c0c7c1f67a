"""The template's vendor, played by the paper exchange."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from algotrendy.brokers.port import BrokerFill, BrokerOrder
from algotrendy.brokers.simulated.broker import SimulatedBroker
from algotrendy.brokers.template.wire import Answer, NoAnswer, NotSent
from algotrendy.kernel.decimals import plain
from algotrendy.kernel.errors import Conflict, NotFound, Rejected, Unavailable, Unknown
from algotrendy.kernel.order import OrderType, Side, TimeInForce
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.kernel.order_status import OrderStatus

_STATES = {
    OrderStatus.NEW: "working",
    OrderStatus.PARTIALLY_FILLED: "partly filled",
    OrderStatus.CANCELED: "cancelled",
}


class VenueWire:
    """Answers as the vendor would; ``fails_next`` lets the next read find nobody there."""

    def __init__(self, venue: SimulatedBroker) -> None:
        self._venue = venue
        self.fails_next = False
        self.closed = 0

    async def call(
        self, method: str, path: str, body: Mapping[str, object] | None = None
    ) -> Answer:
        if method == "GET" and self.fails_next:
            self.fails_next = False
            raise NotSent
        try:
            return Answer(200, await self._answer(method, path, dict(body or {})))
        except NotFound as error:
            return Answer(404, {"error": error.message})
        except Conflict as error:
            return Answer(409, {"error": error.message})
        except Rejected as error:
            return Answer(403, {"error": error.message})
        except Unavailable as error:
            wait_s = error.retry_after_s
            return Answer(503 if wait_s is None else 429, None, wait_s)
        except Unknown as error:
            raise NoAnswer from error

    async def close(self) -> None:
        self.closed += 1

    async def _answer(self, method: str, path: str, body: dict[str, Any]) -> Any:
        venue = self._venue
        last = path.rpartition("/")[2]
        match method, path.split("/")[1:]:
            case "POST", ["orders"]:
                return written(await venue.submit(_request(body)))
            case "DELETE", ["orders", _]:
                return await venue.cancel(last)
            case "GET", ["orders"]:
                return [written(order) for order in await venue.orders()]
            case "GET", ["orders", "by-tag", _]:
                return written(await venue.order_by_client_id(last))
            case "GET", ["orders", _]:
                return written(await venue.order(last))
            case "GET", ["fills"]:
                return [_execution(fill) for fill in await venue.fills()]
            case "GET", ["positions"]:
                return [
                    {
                        "symbol": held.symbol,
                        "quantity": plain(held.quantity),
                        "average": plain(held.average_price),
                    }
                    for held in await venue.positions()
                ]
        account = await venue.account()
        return {
            "id": account.account_id,
            "currency": account.currency,
            "cash": plain(account.cash),
            "equity": plain(account.equity),
            "buying_power": plain(account.buying_power),
        }


def written(order: BrokerOrder) -> dict[str, Any]:
    """Write an order in the vendor's words."""
    assert order.submitted_at is not None
    assert order.updated_at is not None
    return {
        "id": order.broker_order_id,
        "tag": order.client_order_id,
        "symbol": order.symbol,
        "side": order.side.value,
        "type": order.type.value,
        "duration": order.time_in_force.value,
        "state": _STATES.get(order.status, order.status.value),
        "quantity": _text(order.quantity),
        "filled": _text(order.filled_quantity),
        "average": _text(order.average_price),
        "limit": _text(order.limit_price),
        "placed": order.submitted_at.isoformat(),
        "changed": order.updated_at.isoformat(),
        "reason": order.reason,
    }


def _execution(fill: BrokerFill) -> dict[str, Any]:
    return {
        "id": fill.execution_id,
        "order": fill.broker_order_id,
        "symbol": fill.symbol,
        "side": fill.side.value,
        "quantity": plain(fill.quantity),
        "price": plain(fill.price),
        "at": fill.filled_at.isoformat(),
    }


def _request(body: Mapping[str, Any]) -> OrderRequest:
    limit = body["limit"]
    return OrderRequest(
        symbol=body["symbol"],
        side=Side(body["side"]),
        type=OrderType(body["type"]),
        time_in_force=TimeInForce(body["duration"]),
        quantity=Decimal(body["quantity"]),
        limit_price=None if limit is None else Decimal(limit),
        client_order_id=body["tag"],
    )


def _text(value: Decimal | None) -> str | None:
    return None if value is None else plain(value)
