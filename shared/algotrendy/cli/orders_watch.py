"""Follow orders in a terminal: a line for each thing that happens."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from algotrendy.cli.orders_view import clock_time, described, event_line
from algotrendy.cli.trading_calls import say
from algotrendy.kernel.errors import Unavailable

_POLL_S = 0.3


class Api(Protocol):
    """Is the part of the API's client that watching needs."""

    def get(self, path: str, **params: str) -> Any:
        """Read a path."""
        ...


def is_settled(order: Mapping[str, Any]) -> bool:
    """Say whether an order is over, with every execution of it known."""
    return bool(order["is_settled"])


def is_answered(order: Mapping[str, Any]) -> bool:
    """Say whether the broker has an order, one at the market filled; or who it waits for."""
    if order["is_settled"] or order["awaits_approval"]:
        return True
    return bool(order["broker_order_ids"]) and order["type"] != "market"


def follow(
    api: Api,
    order_ids: list[str],
    timeout_s: float,
    is_over: Callable[[Mapping[str, Any]], bool] = is_settled,
    sleep: Callable[[float], None] = time.sleep,
    monotonic: Callable[[], float] = time.monotonic,
    tell: Callable[[str], None] = say,
) -> list[dict[str, Any]]:
    """Print each event of orders as it comes, until each order is over; give them as they end.

    Raises:
        Unavailable: If that takes longer; the orders go on.
    """
    deadline = monotonic() + timeout_s
    seen: set[str] = set()
    stories: dict[str, dict[str, Any]] = {}
    left = list(order_ids)
    while left:
        for each in left:
            stories[each] = api.get(f"/v1/orders/{each}")
            for line in _news(stories[each], seen, with_name=len(order_ids) > 1):
                tell(line)
        left = [each for each in left if not is_over(stories[each])]
        if left and monotonic() > deadline:
            reason = f"not over in {timeout_s:g} s; it goes on: algotrendy orders watch {left[0]}"
            raise Unavailable(f"order {left[0]}", reason)
        if left:
            sleep(_POLL_S)
    return [stories[each] for each in order_ids]


def _news(story: Mapping[str, Any], seen: set[str], *, with_name: bool) -> list[str]:
    lines: dict[str, str] = {}
    executions = {each["id"]: each for each in story["executions"]}
    for event in story["events"]:
        lines[event["id"]] = event_line(event, executions)
    for leg in story["legs"]:
        told = str(leg["status"]).replace("_", " ")
        at = clock_time(leg["intended_at"])
        lines[f"{leg['id']}:{told}"] = f"{at}  exit: {described(leg)}: {told}"
    if story["awaits_approval"]:
        how = f"algotrendy orders approve {story['id']}"
        lines[f"{story['id']}:approval"] = f"waits for approval: {story['approval']}; {how}"
    if story["is_settled"]:
        filled = f"{story['filled_quantity']} filled"
        status = str(story["status"]).replace("_", " ")
        lines[f"{story['id']}:end"] = (
            f"settled: {status}, {filled}, {story['held']} {story['currency']} still set aside"
        )
    prefix = f"{story['symbol']} {story['id'][-6:]}  " if with_name else ""
    new = [f"  {prefix}{line}" for key, line in lines.items() if key not in seen]
    seen.update(lines)
    return new
