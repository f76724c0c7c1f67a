"""Find the newest of what a market has said of a symbol, and make its snapshot."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Final

from algotrendy.exchange.alpaca_api.series import Past, Rows
from algotrendy.exchange.alpaca_api.timeframes import (
    DAY_NS,
    MINUTE_NS,
    Timeframe,
    combined,
    midnight_ns,
)
from algotrendy.exchange.alpaca_api.wire import Json, bar_json, quote_json
from algotrendy.exchange.floor import from_ns, to_ns
from algotrendy.exchange.market.events import BarEvent, QuoteEvent
from algotrendy.market_data.calendar import Session, always_open

_MINUTE: Final = Timeframe(MINUTE_NS)
# Over the longest break between two sessions, and a week more.
_LOOK_BACK_NS: Final = 14 * DAY_NS

Newest = Callable[[Past, str], Json | None]


def latest_bar(past: Past, symbol: str) -> Json | None:
    """Give the last whole minute bar."""
    back = replace(past, ascending=False)
    return _first(back, back.bars(_MINUTE), symbol)


def latest_trade(past: Past, symbol: str) -> Json | None:
    """Give the last trade."""
    back = replace(past, ascending=False)
    return _first(back, back.trades, symbol)


def latest_quote(past: Past, symbol: str) -> Json | None:
    """Give the last quote."""
    back = replace(past, ascending=False)
    return _first(back, back.quotes, symbol)


def snapshot(past: Past, symbol: str, quote: QuoteEvent | None) -> Json:
    """Give the newest of everything.

    Args:
        quote: The present one, where it is known already.
    """
    written = quote_json(quote, crypto=past.crypto) if quote else latest_quote(past, symbol)
    today, before = _days(past, symbol)
    return {
        "latestTrade": latest_trade(past, symbol),
        "latestQuote": written,
        "minuteBar": latest_bar(past, symbol),
        "dailyBar": today,
        "prevDailyBar": before,
    }


def _first(past: Past, rows: Rows, symbol: str) -> Json | None:
    now_ns = past.now_ns
    return next((row for _, row in rows(symbol, now_ns - _LOOK_BACK_NS, now_ns)), None)


def _days(past: Past, symbol: str) -> tuple[Json | None, Json | None]:
    """Give the bar of the session that is running, or was last, and that of the one before."""
    calendar = always_open() if past.crypto else past.calendar
    now = from_ns(past.now_ns)
    day = calendar.date_at(now)
    session = calendar.session(day)
    if session is None or now < session.open:
        session = calendar.previous_session(day)
    before = calendar.previous_session(session.date)
    if now >= session.close:
        today = _whole_day(past, symbol, session.date)
    else:
        today = _day_so_far(past, symbol, session)
    return _dated(past, today, session), _dated(past, _whole_day(past, symbol, before.date), before)


def _dated(past: Past, bar: BarEvent | None, session: Session) -> Json | None:
    return None if bar is None else bar_json(bar, midnight_ns(session.date, crypto=past.crypto))


def _whole_day(past: Past, symbol: str, day: date) -> BarEvent | None:
    begin = to_ns(datetime(day.year, day.month, day.day, tzinfo=UTC))
    return next(iter(past.market.bars(symbol, DAY_NS, begin, begin + 1)), None)


def _day_so_far(past: Past, symbol: str, session: Session) -> BarEvent | None:
    begin = to_ns(session.open)
    end = min(past.now_ns - MINUTE_NS + 1, to_ns(session.close))
    minutes = past.market.bars(symbol, MINUTE_NS, begin, max(begin, end))
    return next(combined(minutes, lambda _: begin), None)
