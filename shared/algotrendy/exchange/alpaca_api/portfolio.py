"""Answer ``/v2/account/portfolio/history``."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Final, Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from algotrendy.exchange.alpaca_api.parsing import Moment, Sent, Words
from algotrendy.exchange.alpaca_api.wire import Json
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.venue.model import ZERO, Account, Activity, EquityPoint
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.errors import JsonValue
from algotrendy.market_data.calendar import NEW_YORK, TradingCalendar

_ZONE: Final = ZoneInfo(NEW_YORK)
_PERIOD: Final = re.compile(r"([1-9]\d{0,3})([DWMA])")
_DAYS: Final = {"D": 1, "W": 7, "M": 30, "A": 365}
_MINUTES: Final = {"1Min": 1, "5Min": 5, "15Min": 15, "1H": 60, "1D": 0}
# Longest period, in days, of a timeframe.
_LONGEST: Final = {"1Min": 7, "5Min": 30, "15Min": 30, "1H": 30}
_RATIO_DECIMALS: Final = 6


class PortfolioQuery(Sent):
    """What to show of the account's history."""

    period: str | None = Field(None, description="A number and D, W, M or A; 1M by default.")
    timeframe: Literal["1Min", "5Min", "15Min", "1H", "1D"] | None = Field(
        None, description="By default 1Min under 7 days, 15Min under 30, else 1D."
    )
    intraday_reporting: Literal["market_hours", "extended_hours", "continuous"] = "market_hours"
    extended_hours: bool | None = Field(None, description="The older name of extended_hours.")
    pnl_reset: Literal["per_day", "no_reset"] = "per_day"
    start: Moment | None = None
    end: Moment | None = None
    date_end: Moment | None = None
    cashflow_types: Words = Field((), description="ALL, NONE, or types like DIV.")


@dataclass(frozen=True, slots=True)
class _Window:
    begin: datetime
    end: datetime
    day: date


def portfolio_json(floor: Floor, account: Account, query: PortfolioQuery) -> Json:
    """Write the account's equity over time."""
    now, calendar = floor.now(), floor.calendar
    begin, end = _span(query, now)
    timeframe = query.timeframe or _usual_timeframe(end - begin)
    if timeframe in _LONGEST and end - begin > timedelta(days=_LONGEST[timeframe] + 1):
        longest = f"at most {_LONGEST[timeframe]} days"
        raise Refused(Reason.INVALID, f"period must be {longest} with timeframe {timeframe}")
    begin = max(begin, account.created_at)
    windows = [
        window
        for window in _windows(calendar, begin, min(end, now), timeframe, query)
        if window.end > begin and window.begin <= min(end, now)
    ]
    points = floor.venue.equity_history(account.id)
    activities = floor.venue.activities(account.id)
    opening = activities[0].cash if activities else account.cash
    live = floor.venue.balances(account.id).equity
    equity = [_equity(points, window.end, now, opening, live) for window in windows]
    # A fill in the moment of its opening has taken the place of the account's first point.
    base = opening if begin == account.created_at else _before(points, begin, opening)
    resets = timeframe != "1D" and query.pnl_reset == "per_day"
    bases = _bases(windows, equity, base, resets=resets)
    profits = [round(value - start, 4) for value, start in zip(equity, bases, strict=True)]
    parts: list[JsonValue] = [
        float(round(profit / start, _RATIO_DECIMALS)) if start else None
        for profit, start in zip(profits, bases, strict=True)
    ]
    return {
        "timestamp": [int(window.begin.timestamp()) for window in windows],
        "equity": _numbers(equity),
        "profit_loss": _numbers(profits),
        "profit_loss_pct": parts,
        "base_value": float(base),
        "base_value_asof": begin.astimezone(_ZONE).date().isoformat(),
        "timeframe": timeframe,
        "cashflow": _cashflow(activities, windows, query.cashflow_types),
    }


def _span(query: PortfolioQuery, now: datetime) -> tuple[datetime, datetime]:
    try:
        return _wanted_span(query, now)
    except OverflowError:
        raise Refused(Reason.INVALID, "start, end and period must lie in 0001 to 9999") from None


def _wanted_span(query: PortfolioQuery, now: datetime) -> tuple[datetime, datetime]:
    given = [query.start is not None, query.end is not None or query.date_end is not None]
    if all(given) and query.period is not None:
        raise Refused(Reason.INVALID, "period must be absent when start and end are given")
    end = now
    if (last := query.end or query.date_end) is not None:
        end = _instant(last, timedelta(days=1))
    length = _length(query.period or "1M")
    if query.start is None:
        return end - length, end
    begin = _instant(query.start, timedelta())
    if not given[1] and query.period is not None:
        end = min(now, begin + length)
    if end < begin:
        raise Refused(Reason.INVALID, "end must not be before start")
    return begin, end


def _length(period: str) -> timedelta:
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise Refused(Reason.INVALID, f"period must be like 1D, 2W, 3M or 1A, was {period[:20]!r}")
    return timedelta(days=min(int(found[1]) * _DAYS[found[2]], 36_500))


def _instant(moment: datetime | date, later: timedelta) -> datetime:
    if isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), _ZONE).astimezone(UTC) + later


def _usual_timeframe(length: timedelta) -> str:
    if length < timedelta(days=7):
        return "1Min"
    return "15Min" if length < timedelta(days=30) else "1D"


def _windows(
    calendar: TradingCalendar,
    begin: datetime,
    end: datetime,
    timeframe: str,
    query: PortfolioQuery,
) -> Iterator[_Window]:
    step = timedelta(minutes=_MINUTES[timeframe])
    if step and query.intraday_reporting == "continuous":
        moment = begin.replace(minute=0, second=0, microsecond=0)
        while moment <= end:
            yield _Window(moment, moment + step, moment.astimezone(_ZONE).date())
            moment += step
        return
    extended = query.intraday_reporting == "extended_hours" or bool(query.extended_hours)
    first, last = calendar.date_at(begin), calendar.date_at(max(begin, end))
    for session in calendar.sessions(max(first, calendar.first), min(last, calendar.last)):
        opens, closes = session.open, session.close
        if step and extended:
            opens, closes = session.pre_open, session.post_close
        moment = opens
        while moment < closes:
            after = min(moment + step, closes) if step else closes
            yield _Window(moment, after, session.date)
            moment = after


def _equity(
    points: Sequence[EquityPoint], at: datetime, now: datetime, opening: Decimal, live: Decimal
) -> Decimal:
    """Give the equity at a moment: of the last point before it, or the present one."""
    if at >= now:
        return live
    place = bisect_right(points, at, key=_moment)
    return points[place - 1].equity if place else opening


def _before(points: Sequence[EquityPoint], begin: datetime, opening: Decimal) -> Decimal:
    """Give the equity with which a time began."""
    place = bisect_left(points, begin, key=_moment)
    return points[place - 1].equity if place else opening


def _moment(point: EquityPoint) -> datetime:
    return point.at


def _bases(
    windows: Sequence[_Window], equity: Sequence[Decimal], base: Decimal, *, resets: bool
) -> list[Decimal]:
    """Give what each window's profit is counted from."""
    bases: list[Decimal] = []
    for place, window in enumerate(windows):
        if resets and place and windows[place - 1].day != window.day:
            base = equity[place - 1]
        bases.append(base)
    return bases


def _cashflow(
    activities: Sequence[Activity], windows: Sequence[_Window], types: Sequence[str]
) -> dict[str, JsonValue]:
    if not types or "NONE" in types or not windows:
        return {}
    ends = [window.end for window in windows]
    sums: dict[str, list[Decimal]] = {}
    for activity in activities:
        kind = activity.type.value
        if kind == "FILL" or not windows[0].begin <= activity.at < ends[-1]:
            continue
        if "ALL" in types or kind in types:
            sums.setdefault(kind, [ZERO] * len(windows))
            sums[kind][bisect_left(ends, activity.at)] += activity.cash
    return {kind: _numbers(values) for kind, values in sums.items()}


def _numbers(sums: Sequence[Decimal]) -> list[JsonValue]:
    """Write sums as Alpaca does here, and only here: as numbers and not as text."""
    return [float(value) for value in sums]
