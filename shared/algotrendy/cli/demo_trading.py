"""Trade once on the paper exchange, from a refusal to the last entry of the books."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Protocol

from rich.console import Console

from algotrendy.cli.api_client import Refused
from algotrendy.cli.orders_view import described
from algotrendy.cli.orders_watch import follow
from algotrendy.cli.trading_calls import fresh_key
from algotrendy.kernel.decimals import floor_to, plain
from algotrendy.kernel.errors import AlgoTrendyError, Unavailable

ACCOUNT, SYMBOL, QUANTITY = "paper", "AAPL", "10"
FAR_TOO_MUCH = "1000000"
_CENT = Decimal("0.01")
_TARGET, _STOP, _AT_ONCE = Decimal("1.05"), Decimal("0.95"), Decimal("0.99")
_PATIENCE_S = 60.0
_POLL_S = 0.3
_NAME = "demo-"


class TradeFailedError(AlgoTrendyError):
    """Says that an order of the demo did not do what it was to do."""

    code = "trade-failed"


class Api(Protocol):
    """Is the part of the API's client that the demo trades with."""

    def get(self, path: str, **params: str | list[str]) -> Any:
        """Read a path."""
        ...

    def post(self, path: str, body: object, idempotency_key: str) -> Any:
        """Post under an idempotency key."""
        ...

    def patch(self, path: str, body: object, idempotency_key: str) -> Any:
        """Change under an idempotency key."""
        ...

    def delete(self, path: str, **params: str) -> Any:
        """Ask for an end."""
        ...


def trade(api: Api, console: Console, price: Decimal) -> None:
    """Place a bracket, wait for its exits, close it by its target, and show what is left.

    Args:
        price: The market's, about.

    Raises:
        TradeFailedError: If an order ends as it should not.
        Unavailable: If something takes too long.
    """
    say = _teller(console)
    _await(lambda: _account(api), "the account is open")
    _clear(api)
    _show_refusal(api, say)
    entry = _enter(api, say, price)
    target = _protected(api, say, entry)
    _leave(api, say, entry, target, price)


def _show_refusal(api: Api, say: Callable[[str], None]) -> None:
    body = {**_order(FAR_TOO_MUCH), "client_order_id": _fresh_name()}
    try:
        taken = api.post("/v1/orders", body, body["client_order_id"])
    except Refused as refused:
        say(f"{FAR_TOO_MUCH} {SYMBOL} are refused: {refused.message}")
        return
    raise TradeFailedError(f"order {taken['id']} of {FAR_TOO_MUCH} {SYMBOL} was taken")


def _enter(api: Api, say: Callable[[str], None], price: Decimal) -> dict[str, Any]:
    body = {
        **_order(QUANTITY),
        "client_order_id": _fresh_name(),
        "order_class": "bracket",
        "time_in_force": "gtc",
        "take_profit": {"limit_price": _cents(price * _TARGET)},
        "stop_loss": {"stop_price": _cents(price * _STOP)},
    }
    order = api.post("/v1/orders", body, body["client_order_id"])
    say(f"{described(order)}; {order['held']} {order['currency']} set aside")
    [story] = follow(api, [order["id"]], _PATIENCE_S, tell=say)
    if story["status"] != "filled":
        raise TradeFailedError(f"the bracket ended {story['status']}: {story['reason']}")
    return story


def _protected(api: Api, say: Callable[[str], None], entry: Mapping[str, Any]) -> dict[str, Any]:
    def exits() -> dict[str, dict[str, Any]] | None:
        legs = api.get(f"/v1/orders/{entry['id']}")["legs"]
        found = {leg["type"]: leg for leg in legs if leg["is_open"]}
        return found if {"limit", "stop"} <= found.keys() else None

    legs = _await(exits, "both exits stand at the broker")
    stop: dict[str, Any] = legs["stop"]
    target: dict[str, Any] = legs["limit"]
    say(
        f"  protected: stop {stop['stop_price']} ({stop['status']}), "
        f"target {target['limit_price']} ({target['status']})"
    )
    return target


def _leave(
    api: Api,
    say: Callable[[str], None],
    entry: Mapping[str, Any],
    target: Mapping[str, Any],
    price: Decimal,
) -> None:
    body = {"limit_price": _cents(price * _AT_ONCE), "client_order_id": _fresh_name()}
    api.patch(f"/v1/orders/{target['id']}", body, body["client_order_id"])
    say(f"the target is brought down to {body['limit_price']}, which the market takes")

    def settled() -> list[dict[str, Any]] | None:
        legs: list[dict[str, Any]] = api.get(f"/v1/orders/{entry['id']}")["legs"]
        return legs if all(leg["is_settled"] for leg in legs) else None

    for leg in _await(settled, "every exit is settled"):
        average = f" at {leg['average_price']}" if leg["average_price"] else ""
        say(f"  {described(leg)}: {leg['status']}{average}")
    found = next(each for each in api.get("/v1/accounts")["accounts"] if each["id"] == ACCOUNT)
    positions = api.get("/v1/positions", account=ACCOUNT, symbol=SYMBOL)["positions"]
    held = positions[0]["quantity"] if positions else "none"
    say(
        f"settled: {held} {SYMBOL} held, {found['cash']} {found['currency']} in cash, "
        f"{found['held']} set aside, {found['realised']} realised"
    )


def _clear(api: Api) -> None:
    """End what an earlier demo that was interrupted left open: it would meet the new orders."""
    asked = {"account": ACCOUNT, "symbol": SYMBOL, "open": "true", "limit": "200"}
    for order in api.get("/v1/orders", **asked)["orders"]:
        api.delete(f"/v1/orders/{order['id']}", reason="left by an earlier demo")
    _await(lambda: not api.get("/v1/orders", **asked)["orders"] or None, "nothing is open")


def _account(api: Api) -> bool | None:
    found = api.get("/v1/accounts")["accounts"]
    return any(each["id"] == ACCOUNT and each["cash"] != "0" for each in found) or None


def _order(quantity: str) -> dict[str, Any]:
    return {"account": ACCOUNT, "symbol": SYMBOL, "side": "buy", "quantity": quantity}


def _fresh_name() -> str:
    return _NAME + fresh_key()


def _cents(price: Decimal) -> str:
    return plain(floor_to(price, _CENT))


def _teller(console: Console) -> Callable[[str], None]:
    def tell(line: str) -> None:
        console.print(f"    {line}", markup=False, soft_wrap=True)

    return tell


def _await(look: Callable[[], Any], what: str) -> Any:
    deadline = time.monotonic() + _PATIENCE_S
    while (found := look()) is None:
        if time.monotonic() > deadline:
            raise Unavailable("the order path", f"{what}: not within {_PATIENCE_S:g} s")
        time.sleep(_POLL_S)
    return found
