"""Fetch daily bars of the session that closed, for the series that a source tells."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, Rejected
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.calendar import calendar_of
from algotrendy.market_data.fetching import AnyTask, BarHistory, Task, fetch_bars
from algotrendy.market_data.ports import BarStore, SymbolSummary

LONGEST_BEHIND: Final = timedelta(days=10)
"""A series that ends longer ago is ended, or broken: it is not asked for every time."""


@dataclass(slots=True)
class DaysFetched:
    """What a run did.

    Attributes:
        asked: Series that the source was asked for.
        changed: Of these, series that have new bars.
        waiting: Series that time did not suffice for.
        refused: By symbol, why the source tells nothing of it.
    """

    asked: int = 0
    changed: int = 0
    waiting: int = 0
    refused: dict[Symbol, str] = field(default_factory=dict)


def fetch_closed_days(
    store: BarStore,
    history: BarHistory,
    now: datetime,
    time_is_up: Callable[[], bool] = lambda: False,
) -> DaysFetched:
    """Fetch what is missing at the end of each daily series of a source, a commit a series.

    A day is asked for once it is over where the market is, by its calendar: before, its bar may
    still change. Where nothing is missing, nobody is asked. Gaps further back are repaired.

    Raises:
        Unauthenticated, Unavailable: If the source does not answer; what is stored stays.
    """
    done = DaysFetched()
    for item in _behind(store, history.source, now):
        if time_is_up():
            done.waiting += 1
            continue
        done.asked += 1
        begin = datetime.combine(item.last, time(), UTC)
        task = Task(item.symbol, Timeframe.DAY, begin, now)
        try:
            done.changed += bool(fetch_bars(store, history, _Forgets(), task).changed)
        except (Invalid, Rejected) as error:
            done.refused[item.symbol] = error.message
    return done


def last_whole_day(symbol: Symbol, now: datetime) -> date | None:
    """Give the newest session that is over where the market is; None where nobody knows."""
    calendar = calendar_of(symbol)
    try:
        return calendar.previous_session(calendar.date_at(now)).date
    except Invalid:
        return None


def _behind(store: BarStore, source: str, now: datetime) -> Iterator[SymbolSummary]:
    for item in store.symbols():
        if item.timeframe is not Timeframe.DAY or source not in item.source.split(", "):
            continue
        wanted = last_whole_day(item.symbol, now)
        if wanted is not None and item.last < wanted <= item.last + LONGEST_BEHIND:
            yield item


class _Forgets:
    """Is the ``ImportNotes`` of who knows by the store itself how far it came."""

    def until(self, source: str, task: AnyTask) -> datetime | None:  # noqa: ARG002
        return None

    def remember(self, source: str, task: AnyTask, until: datetime) -> None:
        pass
