"""Play a market whose symbols each have a tape: what happened in any minute, asked in any order."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Protocol

from algotrendy.exchange.market.bars import DAY_NS, MINUTE_NS, Tally, total
from algotrendy.exchange.market.events import (
    BarEvent,
    Dividend,
    MarketEvent,
    QuoteEvent,
    Split,
    TradeEvent,
)
from algotrendy.exchange.market.source import Action, Asset
from algotrendy.kernel.errors import Invalid, NotFound
from algotrendy.market_data.calendar import Session, TradingCalendar

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.date().toordinal()
_MICROSECOND = timedelta(microseconds=1)


class Tape(Protocol):
    """All that one symbol does."""

    @property
    def asset(self) -> Asset:
        """What it is."""
        ...

    @property
    def calendar(self) -> TradingCalendar:
        """When it is traded."""
        ...

    @property
    def tells(self) -> Collection[type[Split | Dividend]]:
        """What it knows of: a kind that is not here may have happened unseen."""
        ...

    def span(self) -> tuple[int, int | None]:
        """Give first and last moment (ns); None: no end."""
        ...

    def ticks(self, minute_ns: int) -> Sequence[QuoteEvent | TradeEvent]:
        """Give the quotes and trades of the minute that begins then, oldest first."""
        ...

    def minute(self, minute_ns: int) -> Tally | None:
        """Tell what the trades of the minute that begins then come to, if there are any."""
        ...

    def day(self, session: date) -> Tally | None:
        """Tell what the trades of the regular hours of a session come to, if there are any."""
        ...

    def actions(self, session: date) -> Sequence[Split | Dividend]:
        """Give what changes as a session begins."""
        ...


class TapeMarket:
    """A ``MarketSource`` over one tape a symbol."""

    def __init__(self, tapes: Sequence[Tape]) -> None:
        self._tapes: Mapping[str, Tape] = {
            tape.asset.symbol: tape for tape in sorted(tapes, key=lambda tape: tape.asset.symbol)
        }
        if not self._tapes:
            raise Invalid("symbols", "at least one that can be played", "none")

    def assets(self) -> Sequence[Asset]:
        """List what is traded, by symbol."""
        return [tape.asset for tape in self._tapes.values()]

    def span(self) -> tuple[int, int | None]:
        """Give first and last moment (ns) that can be played; None: no end."""
        spans = [tape.span() for tape in self._tapes.values()]
        ends = [end for _, end in spans]
        known = [end for end in ends if end is not None]
        return min(start for start, _ in spans), max(known) if len(known) == len(ends) else None

    def events(self, start_ns: int, end_ns: int) -> Iterator[MarketEvent]:
        """Play ``start_ns <= time < end_ns`` in order of time.

        At one moment come first splits and dividends, then the bars that end there, then quotes
        and trades; of equals, symbols in their order.
        """
        for minute_ns in _minutes(start_ns, end_ns):
            events = [
                event for tape in self._playing(minute_ns) for event in _told(tape, minute_ns)
            ]
            events.sort(key=_order)
            if minute_ns < start_ns or minute_ns + MINUTE_NS > end_ns:
                events = [event for event in events if start_ns <= _order(event)[0] < end_ns]
            yield from events

    def bars(self, symbol: str, span_ns: int, start_ns: int, end_ns: int) -> Iterator[BarEvent]:
        """Give whole bars that begin in the range, oldest first.

        A bar of less than a day holds all trades, extended hours too, and begins at a multiple of
        its span since 1970; a bar of a day holds the regular hours. A span without trades has none.
        """
        tape = self._tape(symbol)
        if span_ns == DAY_NS:
            yield from _days(tape, start_ns, end_ns)
            return
        require_span(span_ns)
        for begin_ns in range(-(-start_ns // span_ns) * span_ns, end_ns, span_ns):
            if (whole := _bar(tape, begin_ns, span_ns)) is not None:
                yield whole

    def ticks(self, symbol: str, start_ns: int, end_ns: int) -> Iterator[QuoteEvent | TradeEvent]:
        """Give one symbol's quotes and trades in the range, oldest first."""
        tape = self._tape(symbol)
        for minute_ns in _minutes(start_ns, end_ns):
            if _playing_at(tape, minute_ns):
                for tick in tape.ticks(minute_ns):
                    if start_ns <= tick.time_ns < end_ns:
                        yield tick

    def actions(
        self, symbol: str, kind: type[Action], start_ns: int, end_ns: int
    ) -> Sequence[Action] | None:
        """Give one symbol's splits or dividends of the range; None where it cannot know them."""
        tape = self._tape(symbol)
        if kind not in tape.tells:
            return None
        first_ns, last_ns = tape.span()
        start_ns = max(start_ns, first_ns)
        end_ns = end_ns if last_ns is None else min(end_ns, last_ns)
        return [
            action
            for ordinal in _ordinals(tape.calendar, start_ns // DAY_NS * DAY_NS, end_ns)
            for action in tape.actions(date.fromordinal(ordinal))
            if isinstance(action, kind) and start_ns <= action.time_ns < end_ns
        ]

    def _tape(self, symbol: str) -> Tape:
        try:
            return self._tapes[symbol]
        except KeyError:
            raise NotFound("symbol", symbol) from None

    def _playing(self, minute_ns: int) -> Iterator[Tape]:
        sessions: dict[int, bool] = {}
        for tape in self._tapes.values():
            calendar = id(tape.calendar)
            if calendar not in sessions:
                sessions[calendar] = _playing_at(tape, minute_ns)
            if sessions[calendar]:
                yield tape


def told_at(event: MarketEvent) -> int:
    """Give the time at which an event is told: for a bar, its end."""
    return event.time_ns + event.span_ns if isinstance(event, BarEvent) else event.time_ns


def require_span(span_ns: int) -> None:
    """Refuse a span of bars that does not part a day into equal numbers of minutes."""
    if span_ns <= 0 or span_ns % MINUTE_NS or DAY_NS % span_ns:
        raise Invalid("span_ns", "minutes that part a day, or a day", span_ns)


def day_of(calendar: TradingCalendar, time_ns: int) -> date | None:
    """Give the session in whose regular hours a moment lies, or None outside of them."""
    session = session_near(calendar, time_ns)
    if session is None or not nanoseconds(session.open) <= time_ns < nanoseconds(session.close):
        return None
    return session.date


def nanoseconds(time: datetime) -> int:
    """Turn a time into nanoseconds since 1970."""
    return (time - _EPOCH) // _MICROSECOND * 1_000


def session_near(calendar: TradingCalendar, time_ns: int) -> Session | None:
    """Give the session that a moment lies in or ends, extended hours included."""
    day = date.fromordinal(_EPOCH_DAY + time_ns // DAY_NS)
    # The day of New York began hours after that of UTC: its evening may be the day before.
    for near in (day, day - timedelta(days=1)):
        if not calendar.first <= near <= calendar.last:
            continue
        session = calendar.session(near)
        if session is None:
            continue
        if nanoseconds(session.pre_open) <= time_ns <= nanoseconds(session.post_close):
            return session
    return None


def _playing_at(tape: Tape, minute_ns: int) -> bool:
    return session_near(tape.calendar, minute_ns) is not None


def _told(tape: Tape, minute_ns: int) -> Iterator[MarketEvent]:
    session = session_near(tape.calendar, minute_ns)
    if session is not None and nanoseconds(session.pre_open) == minute_ns:
        yield from tape.actions(session.date)
    before_ns = minute_ns - MINUTE_NS
    if (done := tape.minute(before_ns)) is not None:
        yield done.bar(tape.asset.symbol, before_ns, MINUTE_NS)
    yield from tape.ticks(minute_ns)


def _bar(tape: Tape, begin_ns: int, span_ns: int) -> BarEvent | None:
    minutes = (tape.minute(time) for time in range(begin_ns, begin_ns + span_ns, MINUTE_NS))
    found = [tally for tally in minutes if tally is not None]
    return total(found).bar(tape.asset.symbol, begin_ns, span_ns) if found else None


def _days(tape: Tape, start_ns: int, end_ns: int) -> Iterator[BarEvent]:
    for ordinal in _ordinals(tape.calendar, start_ns, end_ns):
        if (done := tape.day(date.fromordinal(ordinal))) is not None:
            yield done.bar(tape.asset.symbol, (ordinal - _EPOCH_DAY) * DAY_NS, DAY_NS)


def _ordinals(calendar: TradingCalendar, start_ns: int, end_ns: int) -> range:
    """Give the dates of a calendar whose UTC midnight lies in the range."""
    first = max(_EPOCH_DAY + -(-start_ns // DAY_NS), calendar.first.toordinal())
    last = min(_EPOCH_DAY + (end_ns - 1) // DAY_NS, calendar.last.toordinal())
    return range(first, last + 1)


def _minutes(start_ns: int, end_ns: int) -> range:
    return range(start_ns // MINUTE_NS * MINUTE_NS, end_ns, MINUTE_NS)


def _order(event: MarketEvent) -> tuple[int, int]:
    if isinstance(event, QuoteEvent | TradeEvent):
        return event.time_ns, 2
    return told_at(event), 1 if isinstance(event, BarEvent) else 0
