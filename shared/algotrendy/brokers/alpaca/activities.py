"""Read Alpaca's account activities that are no trades: fees, dividends, interest, splits, cash.

Most of them bear a date and no time, and are written down after it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from algotrendy.brokers.alpaca import answers
from algotrendy.brokers.port import ActivityKind, BrokerActivity, split_of
from algotrendy.kernel.clock import as_utc, parse_time
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol

Ask = Callable[[Mapping[str, str | int]], Awaitable[object]]

_A_PAGE = 100
# Source: Alpaca, "Account Activities", the list of activity types.
_KINDS = {
    **dict.fromkeys(("FEE", "CFEE", "PTC"), ActivityKind.FEE),
    **dict.fromkeys(
        (
            *("DIV", "DIVCGL", "DIVCGS", "DIVFEE", "DIVFT"),
            *("DIVNRA", "DIVROC", "DIVTW", "DIVTXEX"),
        ),
        ActivityKind.DIVIDEND,
    ),
    **dict.fromkeys(("INT", "INTNRA", "INTTW"), ActivityKind.INTEREST),
    **dict.fromkeys(("CSD", "CSW", "JNLC", "ACATC", "TRANS"), ActivityKind.TRANSFER),
    "SPLIT": ActivityKind.SPLIT,
    "BUST": ActivityKind.BUST,  # the paper exchange's
}
# Whose quantity is a change of the position; that of a dividend is what was held.
_MOVES_UNITS = frozenset({ActivityKind.SPLIT, ActivityKind.BUST, ActivityKind.OTHER})


async def read_activities(ask: Ask, since: datetime | None) -> Sequence[BrokerActivity]:
    """Read them page by page, oldest first.

    Args:
        ask: Sends one query.

    Raises:
        Invalid: If an answer is no list of activities; names the field.
    """
    found: dict[str, BrokerActivity] = {}
    query: dict[str, str | int] = {
        "category": "non_trade_activity",
        "direction": "asc",
        "page_size": _A_PAGE,
    }
    first = None if since is None else as_utc(since, "since")
    if first is not None:
        # Alpaca gives what came after; one of that very moment is wanted too.
        query["after"] = (first - timedelta(milliseconds=1)).isoformat()
    seen: set[str] = set()
    while True:
        page = answers.list_of(await ask(query), "activities")
        ids = [_id_of(item) for item in page]
        for item in page:
            activity = activity_of(item)
            if activity is not None and (first is None or activity.at >= first):
                found.setdefault(activity.id, activity)
        if len(page) < _A_PAGE or seen.issuperset(ids):
            return list(found.values())
        seen.update(ids)
        query["page_token"] = ids[-1]


def activity_of(json: object) -> BrokerActivity | None:
    """Read an activity; None for one that was called off.

    Raises:
        Invalid: If it is none; names the field.
    """
    activity = answers.object_of(json, "activity")
    if activity.get("status") == "canceled":
        return None
    name = answers.text_of(activity, "activity_type")
    kind = _KINDS.get(name, ActivityKind.OTHER)
    symbol = activity.get("symbol")
    description = str(activity.get("description") or "")
    return BrokerActivity(
        id=answers.text_of(activity, "id"),
        kind=kind,
        at=_at(activity),
        cash=answers.decimal_of(activity, "net_amount") or Decimal(0),
        symbol=Symbol(str(symbol)) if symbol else None,
        quantity=answers.decimal_of(activity, "qty") if kind in _MOVES_UNITS else None,
        price=answers.decimal_of(activity, "price") if kind is ActivityKind.BUST else None,
        split=split_of(description) if kind is ActivityKind.SPLIT else None,
        broker_order_id=activity.get("order_id") or None,
        execution_id=activity.get("execution_id") or None,
        name=name,
        description=description,
    )


def _id_of(item: object) -> str:
    return answers.text_of(answers.object_of(item, "activity"), "id")


def _at(activity: Mapping[str, Any]) -> datetime:
    at = answers.time_of(activity, "created_at")
    if at is not None:
        return at
    day = answers.text_of(activity, "date")
    try:
        return parse_time(f"{day}T00:00:00Z", "date")
    except Invalid as error:
        raise Invalid("date", "a date", day) from error
