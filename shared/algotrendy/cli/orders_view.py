"""Show orders in a terminal: a table, one order's story, why one was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_STYLES = {
    "filled": "green",
    "partially_filled": "green",
    "unknown": "bold yellow",
    "rejected": "red",
    "canceled": "dim",
    "expired": "dim",
    "replaced": "dim",
}
# Of the events of an order, what each says beside its kind.
_WORDS = {
    "OrderIntended": "stored",
    "OrderApproved": "approved",
    "OrderCancelRequested": "cancel asked for",
    "OrderSubmitted": "sending",
    "OrderOutcomeUnknown": "outcome unknown: the broker is asked",
    "OrderNotSent": "not sent",
    "OrderFoundAbsent": "the broker does not have it",
    "OrderWithdrawn": "withdrawn",
    "OrderUpdated": "news",
    "OrderAccepted": "accepted",
    "OrderFilled": "filled",
    "OrderBusted": "execution taken back",
    "OrderCanceled": "canceled",
    "OrderExpired": "expired",
    "OrderRejected": "rejected by the broker",
    "OrderReplaced": "replaced",
}


def print_orders(console: Console, orders: Sequence[Mapping[str, Any]]) -> None:
    """Print orders as a table, in the order given."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Id", "Time", "Account", "Order", "Status", "Filled", "At", "Held"):
        table.add_column(
            heading, justify="right" if heading in ("Filled", "At", "Held") else "left"
        )
    for order in orders:
        status = order["status"]
        table.add_row(
            order["id"],
            clock_time(order["intended_at"]),
            order["account"],
            described(order),
            Text(_status(order), style=_STYLES.get(status, "cyan" if order["is_open"] else "")),
            order["filled_quantity"],
            order["average_price"] or "-",
            order["held"],
        )
    console.print(table)


def described(order: Mapping[str, Any]) -> str:
    """Say in one line what an order wants."""
    size = order["quantity"] or f"{order['notional']} {order['currency']} of"
    words = [order["side"], size, order["symbol"], _kind(order)]
    if order["order_class"] != "simple":
        words.append(order["order_class"])
    profit, loss = order["take_profit"], order["stop_loss"]
    if profit:
        words.append(f"target {profit['limit_price']}")
    if loss:
        words.append(f"stop {loss['stop_price']}")
    words.append(order["time_in_force"])
    if order["extended_hours"]:
        words.append("extended hours")
    return " ".join(words)


def event_line(event: Mapping[str, Any], executions: Mapping[str, Mapping[str, Any]]) -> str:
    """Say in one line what happened to an order."""
    kind = event["kind"]
    words = [_WORDS.get(kind, kind)]
    execution = executions.get(event["execution_id"] or "")
    if kind == "OrderFilled" and execution is not None:
        words.append(f"{execution['quantity']} at {execution['price']}")
    elif kind in ("OrderUpdated", "OrderAccepted") and event["status"]:
        words = [event["status"].replace("_", " ")]
    if event["epoch"] is not None:
        words.append(f"under lease {event['epoch']}")
    if event["by"]:
        words.append(f"by {event['by']}")
    if event["reason"]:
        words.append(f"({event['reason']})")
    return f"{clock_time(event['at'])}  {' '.join(words)}"


def print_story(console: Console, story: Mapping[str, Any]) -> None:
    """Print everything about one order."""
    console.print(Text(described(story), style="bold"))
    rows = {
        "id": story["id"],
        "account": story["account"],
        "client order id": story["client_order_id"],
        "status": _status(story),
        "filled": _filled(story),
        "set aside": f"{story['held']} of {story['reserved']} {story['currency']}",
        "waits for approval": story["approval"] if story["awaits_approval"] else "",
        "replaces": story["replaces"] or "",
        "exit of": story["leg_of"] or "",
        "at the broker": ", ".join(story["broker_order_ids"]),
        "from": _origin(story["provenance"]),
    }
    shown = Table(box=None, pad_edge=False, show_header=False)
    shown.add_column(style="dim")
    shown.add_column()
    for name, value in rows.items():
        if value:
            shown.add_row(name, Text(str(value)))
    console.print(shown)
    executions = {each["id"]: each for each in story["executions"]}
    for event in story["events"]:
        console.print(f"  {event_line(event, executions)}", markup=False)
    if story["legs"]:
        console.print("exits")
        print_orders(console, story["legs"])


def print_breaches(console: Console, breaches: Iterable[Mapping[str, Any]]) -> None:
    """Print which limits an order would break: whose, the value, and what it came to."""
    table = Table(title="Refused by these limits", title_justify="left", title_style="bold red")
    for heading in ("Limit", "Of", "Allowed", "Actual"):
        table.add_column(heading, justify="right" if heading in ("Allowed", "Actual") else "left")
    for breach in breaches:
        table.add_row(
            str(breach.get("limit", "")),
            str(breach.get("scope", "")),
            str(breach.get("allowed", "")),
            str(breach.get("actual", "")),
        )
    console.print(table)


def clock_time(text: str | None) -> str:
    """Show a moment in the time of this machine."""
    if text is None:
        return "-"
    moment = datetime.fromisoformat(text).astimezone()
    today = datetime.now().astimezone().date()
    return f"{moment:%H:%M:%S.%f}"[:-3] if moment.date() == today else f"{moment:%Y-%m-%d %H:%M:%S}"


def _kind(order: Mapping[str, Any]) -> str:
    kind = str(order["type"])
    if order["order_class"] == "oco":
        return "exits"
    match kind:
        case "limit":
            return f"limit {order['limit_price']}"
        case "stop":
            return f"stop {order['stop_price']}"
        case "stop_limit":
            return f"stop {order['stop_price']} limit {order['limit_price']}"
        case "trailing_stop" if order["trail_percent"]:
            return f"trailing {order['trail_percent']} %"
        case "trailing_stop":
            return f"trailing {order['trail_price']}"
        case _:
            return kind


def _status(order: Mapping[str, Any]) -> str:
    status = str(order["status"]).replace("_", " ")
    if order["awaits_approval"]:
        return f"{status}, waits for approval"
    if order["cancel_requested_at"] and order["is_open"]:
        return f"{status}, cancel asked for"
    reason = order["reason"]
    return f"{status} ({reason})" if reason and not order["is_open"] else status


def _filled(order: Mapping[str, Any]) -> str:
    if not order["average_price"]:
        return "nothing yet" if order["is_open"] else "nothing"
    return f"{order['filled_quantity']} at {order['average_price']} {order['currency']}"


def _origin(provenance: Mapping[str, Any]) -> str:
    who = provenance["strategy"] or provenance["user"] or ""
    parameters = ", ".join(f"{name}={value}" for name, value in provenance["parameters"].items())
    parent = f"slice of {provenance['parent']}" if provenance["parent"] else ""
    words = [who, parameters, parent, f"correlation {provenance['correlation_id']}"]
    return "; ".join(word for word in words if word)
