"""Read a company's bars as of a date: under all its names, adjusted by what it had done by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Protocol

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.instrument import Symbol
from algotrendy.market_data.actions import ActionBook, CorporateAction, Tenure
from algotrendy.market_data.adjusting import KINDS, Closes, adjusted, by_factor
from algotrendy.market_data.ports import SymbolSummary
from algotrendy.market_data.refusals import nothing_to_read, require_order
from algotrendy.market_data.series import (
    Adjustment,
    BarSeries,
    RawBars,
    session_date,
    session_span,
)

_COLUMNS = ("times", "open", "high", "low", "close", "volume", "factor")
_LOOK_BACK = timedelta(days=30)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Query:
    """Which bars are wanted; see ``BarStore.read``.

    Attributes:
        on: The date that the reader looks from: later actions are not applied.
        named: The date on which ``symbol`` was the company's name.
    """

    symbol: Symbol
    start: date | None
    end: date | None
    timeframe: Timeframe | None
    adjustment: Adjustment
    limit: int | None
    after: int | None
    on: date
    named: date | None


class Source(Protocol):
    """What a store has, all of it as of one version and moment."""

    def raw(
        self,
        symbol: Symbol,
        timeframe: Timeframe,
        span_ns: tuple[int | None, int | None],
        after: int | None = None,
        limit: int | None = None,
    ) -> RawBars:
        """Give the bars that stand in a span, both ends included; there may be none."""
        ...

    def summaries(self) -> Sequence[SymbolSummary]:
        """List what is stored."""
        ...

    def actions(self) -> ActionBook:
        """Give the actions that are known."""
        ...


def read_series(source: Source, query: Query, as_of: datetime | None = None) -> BarSeries:
    """Read bars as ``BarStore.read`` says, of a source as of that moment."""
    require_order(query.start, query.end)
    book = source.actions()
    tenures = book.tenures(query.symbol, query.named or query.on)
    page = _page(source, tenures, query)
    left = book.left(query.symbol, query.on) if query.named is None else None
    if page is None and left is not None:
        # A name that nobody has taken up since stands for who had it last.
        tenures = book.tenures(query.symbol, left)
        page = _page(source, tenures, query)
    if page is None:
        stored = source.summaries()
        found = query.timeframe or _longest(tenures, stored)
        raise nothing_to_read(query.symbol, query.start, query.end, stored, found, as_of)
    return _adjusted(source, tenures, query, page, book)


def _page(source: Source, tenures: Sequence[Tenure], query: Query) -> RawBars | None:
    """Give a page of the company's bars, or None when no page has any."""
    found = _of_timeframe(source, tenures, query, query.timeframe or Timeframe.DAY)
    if found is None and query.timeframe is None:
        longest = _longest(tenures, source.summaries())
        if longest is not Timeframe.DAY:
            found = _of_timeframe(source, tenures, query, longest)
    return found


def _of_timeframe(
    source: Source, tenures: Sequence[Tenure], query: Query, timeframe: Timeframe
) -> RawBars | None:
    span = query.start, query.end
    page = _joined(source, tenures, timeframe, span, query.symbol, query.after, query.limit)
    if len(page):
        return page
    if query.after is None or not len(
        _joined(source, tenures, timeframe, span, query.symbol, None, 1)
    ):
        return None
    return page


def _longest(tenures: Sequence[Tenure], stored: Sequence[SymbolSummary]) -> Timeframe:
    names = {tenure.symbol for tenure in tenures}
    there = [item.timeframe for item in stored if item.symbol in names]
    return max(there, key=lambda timeframe: timeframe.span, default=Timeframe.DAY)


def _joined(
    source: Source,
    tenures: Sequence[Tenure],
    timeframe: Timeframe,
    span: tuple[date | None, date | None],
    symbol: Symbol,
    after: int | None,
    limit: int | None,
) -> RawBars:
    """Give the bars under all names, as if they had always been under one.

    Where two names have a bar of one time, that of the name which the company had counts.
    """
    parts = []
    newest = len(tenures) - 1
    for place, tenure in enumerate(tenures):
        # A source may tell all of a company under its newest names.
        first = _later(span[0], tenure.since if place else tenure.first)
        last = _earlier(span[1], tenure.last)
        if first is not None and last is not None and first > last:
            continue
        parts.append(source.raw(tenure.symbol, timeframe, session_span(first, last), after, limit))
        if place == newest == 0:
            return replace(parts[0], symbol=symbol)
    rows: dict[int, tuple[float, ...]] = {}
    for part in reversed(parts):
        columns = (part.open, part.high, part.low, part.close, part.volume, part.factor)
        rows.update(zip(part.times, zip(*columns, strict=True), strict=True))
    times = tuple(sorted(rows)[:limit])
    numbers = [rows[time] for time in times]
    open_, high, low, close, volume, factor = (
        tuple(row[place] for row in numbers) for place in range(6)
    )
    return RawBars(symbol, timeframe, times, open_, high, low, close, volume, factor, "")


def _adjusted(
    source: Source, tenures: Sequence[Tenure], query: Query, page: RawBars, book: ActionBook
) -> BarSeries:
    if query.adjustment == "raw" or not len(page):
        return by_factor(page, query.adjustment)
    actions = _actions(tenures, query.on, book)
    if not actions:
        return by_factor(page, query.adjustment)
    closes = Closes((), (), Timeframe.DAY)
    cash = [action.day for action in actions if action.kind.value == "dividend"]
    first = session_date(page.times[0])
    if query.adjustment in ("dividend", "all") and cash and cash[-1] >= first:
        span = first - _LOOK_BACK, cash[-1] - _ONE_DAY
        for timeframe in (Timeframe.DAY, page.timeframe):
            found = _joined(source, tenures, timeframe, span, query.symbol, None, None)
            closes = Closes(found.times, found.close, timeframe)
            if len(found):
                break
    return adjusted(page, query.adjustment, actions, closes)


def _actions(tenures: Sequence[Tenure], on: date, book: ActionBook) -> list[CorporateAction]:
    """Give the company's splits and dividends up to a date, each once."""
    found: dict[tuple[object, ...], CorporateAction] = {}
    for tenure in reversed(tenures):
        first = tenure.since if tenure is not tenures[0] else tenure.first
        for action in book.of(tenure.symbol):
            if action.kind not in KINDS["all"] or action.day > on:
                continue
            if (first is None or action.day >= first) and (
                tenure.last is None or action.day <= tenure.last
            ):
                found[action.kind, action.day, action.number] = action
    return sorted(found.values(), key=lambda action: (action.day, action.kind, action.number))


def _later(one: date | None, other: date | None) -> date | None:
    days = [day for day in (one, other) if day is not None]
    return max(days, default=None)


def _earlier(one: date | None, other: date | None) -> date | None:
    days = [day for day in (one, other) if day is not None]
    return min(days, default=None)
