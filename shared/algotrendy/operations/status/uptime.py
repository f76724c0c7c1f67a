"""Count for each day how long a component stood how, and work out its uptime."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from algotrendy.operations.status.components import State

KEPT_DAYS = 90
_DAY = timedelta(days=1)
_PLACES = 3


@dataclass(frozen=True, slots=True)
class Span:
    """A time over which a component was found to stand so; its end is not in it."""

    start: datetime
    end: datetime
    state: State


@dataclass(frozen=True, slots=True)
class Tally:
    """Seconds by day (UTC) and state; what is missing of a day, nobody looked at."""

    days: Mapping[date, Mapping[State, float]] = field(default_factory=dict)

    def with_spans(self, spans: Iterable[Span]) -> Tally:
        """Give the tally with these spans, without what is older than 90 days before the last."""
        days = {day: dict(states) for day, states in self.days.items()}
        for span in spans:
            for start, end in _by_day(span):
                of_day = days.setdefault(start.date(), {})
                seconds = of_day.get(span.state, 0.0) + (end - start).total_seconds()
                of_day[span.state] = round(seconds, _PLACES)
        if not days:
            return self
        oldest = max(days) - (KEPT_DAYS - 1) * _DAY
        return Tally({day: days[day] for day in sorted(days) if day >= oldest})

    def uptime(self, today: date, days: int = KEPT_DAYS) -> float | None:
        """Give the share of the time without an outage, 0 to 1, of the days up to today.

        Maintenance that was told of, and what nobody looked at, count neither way. None: nobody
        looked at all.
        """
        up = down = 0.0
        for day, states in self.days.items():
            if today - days * _DAY < day <= today:
                up += states.get(State.OPERATIONAL, 0.0) + states.get(State.DEGRADED, 0.0)
                down += states.get(State.OUTAGE, 0.0)
        return up / (up + down) if up + down > 0 else None

    def seconds(self, day: date, state: State) -> float:
        """Give how long a component stood so on a day."""
        return self.days.get(day, {}).get(state, 0.0)

    def worst(self, day: date) -> State:
        """Give the worst of a day, of which anything was seen; UNKNOWN if nothing was."""
        seen = [state for state, seconds in self.days.get(day, {}).items() if seconds > 0]
        if not seen:
            return State.UNKNOWN
        order = (State.OPERATIONAL, State.MAINTENANCE, State.DEGRADED, State.OUTAGE)
        return max(seen, key=order.index)


def percent(share: float | None) -> str:
    """Write an uptime with what it deserves: never rounded up, so that 100 % means all of it."""
    if share is None:
        return "no data"
    if share >= 1:
        return "100 %"
    return f"{math.floor(share * 100_000) / 1000:.3f}".rstrip("0").rstrip(".") + " %"


def last_days(today: date, days: int = KEPT_DAYS) -> list[date]:
    """List the days that a page shows, the oldest first, today last."""
    return [today - (days - 1 - place) * _DAY for place in range(days)]


def _by_day(span: Span) -> Iterator[tuple[datetime, datetime]]:
    start = span.start
    while start < span.end:
        midnight = datetime.combine(start.date() + _DAY, time(), start.tzinfo)
        end = min(span.end, midnight)
        yield start, end
        start = end
