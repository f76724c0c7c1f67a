"""Filter an account's activities, and cut pages of them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from algotrendy.exchange.alpaca_api.parsing import Moment, Sent, Words
from algotrendy.exchange.venue.model import Activity, ActivityType
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.market_data.calendar import NEW_YORK

_ZONE: Final = ZoneInfo(NEW_YORK)


class ActivitiesQuery(Sent):
    """Which activities to list."""

    activity_types: Words = ()
    category: Literal["trade_activity", "non_trade_activity"] | None = None
    day: Moment | None = Field(None, alias="date", description="This day in New York.")
    after: Moment | None = None
    until: Moment | None = None
    direction: Literal["asc", "desc"] = "desc"
    page_size: int = Field(100, ge=1, le=100)
    page_token: str | None = Field(None, description="Id of the last entry of the page before.")


def paged(
    activities: Sequence[Activity], query: ActivitiesQuery, kind: str | None = None
) -> list[Activity]:
    """Give one page.

    Args:
        activities: Oldest first.
        kind: One type, or several parted by commas, in place of the query's.

    Raises:
        Refused: 422 when a type is unknown, or the token names no activity.
    """
    wanted = _types(tuple(kind.split(",")) if kind else query.activity_types)
    begin, end = _range(activities, query)
    page: list[Activity] = []
    for activity in _turned(activities, begin, end, query):
        if wanted is not None and activity.type not in wanted:
            continue
        is_trade = activity.type is ActivityType.FILL
        if query.category is not None and is_trade != (query.category == "trade_activity"):
            continue
        page.append(activity)
        if len(page) == query.page_size:
            break
    return page


def _types(names: Sequence[str]) -> set[ActivityType] | None:
    if not names:
        return None
    if not all(name.isalpha() and name.isupper() for name in names):
        raise Refused(Reason.INVALID, "activity_type must be names like FILL, DIV or FEE")
    # A type that Alpaca knows and this exchange does not has no activities.
    return {kind for kind in ActivityType if kind.value in names}


def _range(activities: Sequence[Activity], query: ActivitiesQuery) -> tuple[int, int]:
    begin, end = 0, len(activities)
    if query.day is not None:
        begin = bisect_left(activities, _begin(query.day), key=_moment)
        end = bisect_left(activities, _begin(query.day) + timedelta(days=1), key=_moment)
    if query.after is not None:
        begin = max(begin, bisect_right(activities, _begin(query.after), key=_moment))
    if query.until is not None:
        end = min(end, bisect_right(activities, _begin(query.until), key=_moment))
    return begin, end


def _turned(
    activities: Sequence[Activity], begin: int, end: int, query: ActivitiesQuery
) -> Iterator[Activity]:
    place = None if query.page_token is None else _place(activities, query.page_token)
    if query.direction == "asc":
        first = begin if place is None else max(begin, place + 1)
        return (activities[each] for each in range(first, end))
    last = end if place is None else min(end, place)
    return (activities[each] for each in range(last - 1, begin - 1, -1))


def _place(activities: Sequence[Activity], token: str) -> int:
    place = bisect_left(activities, token, key=lambda each: each.id)
    if place == len(activities) or activities[place].id != token:
        raise Refused(Reason.INVALID, "page_token must be the id of an activity")
    return place


def _moment(activity: Activity) -> datetime:
    return activity.at


def _begin(moment: datetime | date) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), _ZONE).astimezone(UTC)
