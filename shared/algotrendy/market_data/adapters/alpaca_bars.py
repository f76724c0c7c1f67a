"""Read bars and corporate actions from Alpaca's market data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from algotrendy.kernel.bar import Timeframe
from algotrendy.kernel.errors import Invalid, Unavailable
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data.actions import (
    ActionKind,
    ActionsImport,
    CorporateAction,
    numbered,
)
from algotrendy.market_data.adapters.alpaca_rest import SERVICE, AlpacaRest
from algotrendy.market_data.calendar import NEW_YORK
from algotrendy.market_data.fetching import FetchedBar
from algotrendy.market_data.series import day_ns

_PAGE = 10_000
_PAGE_OF_ACTIONS = 1_000
_ZONE = ZoneInfo(NEW_YORK)
_NS_PER_S = 1_000_000_000
_NAN = float("nan")


class AlpacaBars:
    """A ``BarHistory`` of shares and, by their slash, of pairs."""

    def __init__(self, rest: AlpacaRest, feed: str | None = "iex") -> None:
        """Ask for the bars of a feed; pairs have one only."""
        self._rest, self._feed = rest, feed
        self.source = f"alpaca:{feed}" if feed else "alpaca"

    def pages(
        self, symbol: Symbol, timeframe: Timeframe, start: datetime, end: datetime
    ) -> Iterator[Sequence[FetchedBar]]:
        """Give bars as traded."""
        is_pair = "/" in symbol
        path = "/v1beta3/crypto/us/bars" if is_pair else "/v2/stocks/bars"
        query: dict[str, Any] = {
            "symbols": symbol,
            "timeframe": str(timeframe),
            "start": _text(start),
            "end": _text(end),
            "limit": _PAGE,
            "sort": "asc",
        }
        if not is_pair:
            query |= {"adjustment": "raw"} | ({"feed": self._feed} if self._feed else {})
        for page in self._rest.pages(path, query):
            rows = (page.get("bars") or {}).get(symbol) or []
            bars = [_bar(row, timeframe, is_pair=is_pair) for row in rows]
            yield [bar for bar in bars if _is_over(bar, timeframe, end, is_pair=is_pair)]


def alpaca_actions(
    rest: AlpacaRest, symbols: Sequence[Symbol], first: date, last: date
) -> ActionsImport:
    """Read what companies did from a first to a last day.

    Forward and reverse splits, stock dividends (a split by one more than their rate), cash
    dividends, name changes, and the end by a merger for cash or as worthless. What Alpaca tells
    besides (spin-offs, mergers for shares, rights) is no part of the price rules, and passed over.

    Raises:
        Unavailable: If an answer cannot be read.
    """
    query = {
        "symbols": ",".join(symbols),
        "start": first.isoformat(),
        "end": last.isoformat(),
        "limit": _PAGE_OF_ACTIONS,
        "sort": "asc",
    }
    found: list[CorporateAction] = []
    try:
        for page in rest.pages("/v1/corporate-actions", query):
            for group, rows in (page.get("corporate_actions") or {}).items():
                found += [_action(group, row) for row in rows if group in _READERS]
    except (KeyError, TypeError, ValueError, ZeroDivisionError, Invalid) as error:
        raise Unavailable(SERVICE, f"its corporate actions cannot be read: {error!r}") from error
    # Asked by process date, which may be some days from the ex-date.
    wanted = [action for action in found if first <= action.day <= last]
    names = {*symbols, *(action.symbol for action in wanted)}
    return ActionsImport(tuple(sorted(names)), first, last, numbered(set(wanted)), "alpaca")


def _action(group: str, row: Mapping[str, Any]) -> CorporateAction:
    kind, symbol, day = _READERS[group]
    value: float | None = None
    new_symbol: Symbol | None = None
    match group:
        case "forward_splits" | "reverse_splits":
            value = float(row["new_rate"]) / float(row["old_rate"])
        case "stock_dividends":
            value = 1 + float(row["rate"])
        case "cash_dividends" | "cash_mergers":
            value = float(row["rate"])
        case "worthless_removals":
            value = 0.0
        case _:
            new_symbol = parse_symbol(row["new_symbol"], "new_symbol")
    on = row.get(day) or row["process_date"]
    return CorporateAction(
        parse_symbol(row[symbol]), kind, date.fromisoformat(on), value, new_symbol
    ).validate()


_READERS = {
    "forward_splits": (ActionKind.SPLIT, "symbol", "ex_date"),
    "reverse_splits": (ActionKind.SPLIT, "symbol", "ex_date"),
    "stock_dividends": (ActionKind.SPLIT, "symbol", "ex_date"),
    "cash_dividends": (ActionKind.DIVIDEND, "symbol", "ex_date"),
    "cash_mergers": (ActionKind.DELISTING, "acquiree_symbol", "effective_date"),
    "worthless_removals": (ActionKind.DELISTING, "symbol", "process_date"),
    "name_changes": (ActionKind.RENAME, "old_symbol", "process_date"),
}


def _bar(row: Mapping[str, Any], timeframe: Timeframe, *, is_pair: bool) -> FetchedBar:
    try:
        moment = datetime.fromisoformat(row["t"])
    except (KeyError, TypeError, ValueError) as error:
        raise Unavailable(SERVICE, f"a bar without a time cannot be read: {row}") from error
    if timeframe is Timeframe.DAY:
        # A day of shares begins at New York's midnight.
        time = day_ns((moment.astimezone(UTC if is_pair else _ZONE)).date())
    else:
        time = int(moment.timestamp()) * _NS_PER_S
    return FetchedBar(time, *(_number(row.get(name)) for name in "ohlcv"))


def _number(value: object) -> float:
    return float(value) if isinstance(value, int | float) else _NAN


def _is_over(bar: FetchedBar, timeframe: Timeframe, end: datetime, *, is_pair: bool) -> bool:
    if timeframe is Timeframe.DAY:
        return bar.time < day_ns(end.astimezone(UTC if is_pair else _ZONE).date())
    ends_s = bar.time // _NS_PER_S + timeframe.span.total_seconds()
    return ends_s <= end.timestamp()


def _text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
