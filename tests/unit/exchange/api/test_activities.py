from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.alpaca_api.account import day_trades
from algotrendy.exchange.alpaca_api.activities import ActivitiesQuery, paged
from algotrendy.exchange.venue.model import Activity, ActivityType
from algotrendy.exchange.venue.refusal import Refused
from algotrendy.kernel.order import Side

BEGIN = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)


def activity(place: int, kind: ActivityType, **facts: Any) -> Activity:
    at = BEGIN + timedelta(hours=place)
    name = f"{at:%Y%m%d%H%M%S}000::{place:04d}"
    return Activity(name, "account", kind, at, Decimal(place), **facts)


ALL = [
    activity(place, ActivityType.FEE if place % 3 == 0 else ActivityType.FILL)
    for place in range(60)
]


def places(kind: str | None = None, **query: Any) -> list[int]:
    found = paged(ALL, ActivitiesQuery.model_validate(query), kind)
    return [int(each.cash) for each in found]


def test_the_newest_come_first_unless_asked_otherwise() -> None:
    assert places(page_size=3) == [59, 58, 57]
    assert places(page_size=3, direction="asc") == [0, 1, 2]


@pytest.mark.parametrize("direction", ["asc", "desc"])
@pytest.mark.parametrize("kind", [None, "FILL", "FEE,DIV"])
def test_pages_together_are_the_whole(direction: str, kind: str | None) -> None:
    whole = places(kind, direction=direction)
    found: list[int] = []
    token = None
    while True:
        query = {"direction": direction, "page_size": 7}
        if token is not None:
            query["page_token"] = token
        page = paged(ALL, ActivitiesQuery.model_validate(query), kind)
        if not page:
            break
        found += [int(each.cash) for each in page]
        token = page[-1].id
    assert found == whole


def test_types_and_categories_choose() -> None:
    assert all(place % 3 == 0 for place in places("FEE"))
    assert places("DIV") == []
    assert places("ACATC") == []
    assert all(place % 3 for place in places(category="trade_activity"))
    assert places(activity_types="FEE") == places(category="non_trade_activity")


def test_a_day_is_new_yorks() -> None:
    assert places(date="2026-01-05", direction="asc") == list(range(14))


def test_after_leaves_its_moment_out_and_until_takes_it_in() -> None:
    query = {"after": "2026-01-05T16:00:00Z", "until": "2026-01-05T18:00:00Z", "direction": "asc"}
    assert places(**query) == [2, 3]


@pytest.mark.parametrize("query", [{"page_token": "nothing"}, {"activity_types": "fill;drop"}])
def test_unknown_tokens_and_odd_types_are_refused(query: dict[str, str]) -> None:
    with pytest.raises(Refused, match="must be"):
        places(**query)


def test_a_day_trade_is_a_symbol_bought_and_sold_on_one_day() -> None:
    def fill(place: int, side: Side, symbol: str) -> Activity:
        return activity(place, ActivityType.FILL, side=side, symbol=symbol)

    fills = [
        fill(0, Side.BUY, "AAPL"),
        fill(1, Side.SELL, "AAPL"),
        fill(2, Side.SELL, "AAPL"),
        fill(2, Side.BUY, "MSFT"),
        fill(24, Side.SELL, "MSFT"),
    ]
    assert len(day_trades(fills, BEGIN)) == 1
    assert day_trades(fills, BEGIN + timedelta(hours=2)) == set()
