"""Nudge runs of strategies: when bars close, when a market opens or closes, and every minute.

A nudge carries no news: who is nudged reads the lake and the ledger, and does what is due. So one
too many does nothing, and one that is lost is made up for by the next.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from algotrendy.kernel.clock import Clock
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.live.runs import RunId
from algotrendy.market_data.calendar import Session, TradingCalendar, calendar_of

BARS: Final = "bars"
LONGEST_AFTER: Final = timedelta(hours=1)
"""So long after an open or a close the runs of this moment are nudged: bars come later than it."""

_EVERY: Final = re.compile(r"every ([1-9][0-9]{0,3}) minutes")
_MINUTE: Final = timedelta(minutes=1)
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Nudge:
    """Asks for what is due of one run.

    Attributes:
        up_to: Bars that were known by then are wanted.
        why: In a word, for the log: ``bars``, ``schedule`` or ``watch``.
        key: Of what it comes from. Two of one run and key are one, and of other keys they are two:
            a second event may tell of a symbol that the first one lacked.
    """

    run_id: RunId
    up_to: datetime
    why: str
    key: str


@dataclass(frozen=True, slots=True)
class Called:
    """What is to be known of a run to call it: its universe, and when it is called.

    Attributes:
        schedule: ``bars``, ``open``, ``close`` or ``every N minutes``.
    """

    run_id: RunId
    symbols: tuple[str, ...]
    timeframe: str
    schedule: str


class Nudges(Protocol):
    """Brings nudges to who leads runs on: those of one run one after the other."""

    def send(self, nudges: Sequence[Nudge]) -> None:
        """Hand them over; the same again within five minutes may be left out.

        Raises:
            Unavailable: If it is not known that all were taken.
        """
        ...


class Nudger:
    """Finds the runs that something is of interest to, and nudges them.

    Args:
        runs: Gives every run that still decides, of all tenants.
    """

    def __init__(self, runs: Callable[[], Sequence[Called]], nudges: Nudges, clock: Clock) -> None:
        self._runs = runs
        self._nudges = nudges
        self._clock = clock

    def bars_closed(
        self, timeframe: str, symbols: Collection[str], bar_at: datetime, key: str
    ) -> Sequence[Nudge]:
        """Nudge the runs that are called after bars, of a timeframe and of one of the symbols."""
        found = [
            run
            for run in self._runs()
            if run.schedule == BARS
            and run.timeframe == timeframe
            and not set(symbols).isdisjoint(run.symbols)
        ]
        return self._send(found, bar_at, BARS, key)

    def scheduled(self) -> Sequence[Nudge]:
        """Nudge the runs that are called at a moment of their market, where it is that now."""
        now = self._clock.now()
        found = [run for run in self._runs() if run.schedule != BARS and is_called(run, now)]
        return self._send(found, now, "schedule", _minute(now))

    def missed(self) -> Sequence[Nudge]:
        """Nudge the runs that are called after bars: of some nobody may have told."""
        now = self._clock.now()
        found = [run for run in self._runs() if run.schedule == BARS]
        return self._send(found, now, "watch", _minute(now))

    def _send(self, runs: Sequence[Called], up_to: datetime, why: str, key: str) -> Sequence[Nudge]:
        nudges = [Nudge(run.run_id, up_to, why, key) for run in runs]
        if nudges:
            self._nudges.send(nudges)
        return nudges


def is_called(run: Called, now: datetime) -> bool:
    """Say whether a run's schedule calls it in this minute, by the calendar of its market.

    Minutes are counted from the open on, and its close is the last that can be called. A moment
    that the calendar does not know calls nobody.

    Raises:
        Invalid: If the schedule is none.
    """
    calendar = calendar_of(parse_symbol(run.symbols[0]))
    every = _EVERY.fullmatch(run.schedule)
    if every is None and run.schedule not in ("open", "close"):
        raise Invalid("schedule", "bars, open, close or every N minutes", run.schedule)
    for session in _near(calendar, now):
        if every is not None:
            minutes = (now - session.open) // _MINUTE
            if session.open <= now < session.close + _MINUTE and minutes % int(every[1]) == 0:
                return True
        else:
            moment = session.open if run.schedule == "open" else session.close
            if moment <= now < moment + LONGEST_AFTER:
                return True
    return False


def _near(calendar: TradingCalendar, now: datetime) -> Sequence[Session]:
    """Give the sessions of today and yesterday: one that ends at midnight ends tomorrow."""
    today = calendar.date_at(now)
    try:
        return calendar.sessions(today - _DAY, today)
    except Invalid:
        return ()


def _minute(now: datetime) -> str:
    return f"{now:%Y-%m-%dT%H:%M}"
