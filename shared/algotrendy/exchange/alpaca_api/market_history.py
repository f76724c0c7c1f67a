"""Answer market data over REST: ``/v2/stocks`` and ``/v1beta3/crypto/us``."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Final, Literal
from zoneinfo import ZoneInfo

from fastapi import Request, Response
from pydantic import Field

from algotrendy.exchange.alpaca_api.adjustments import Adjustment
from algotrendy.exchange.alpaca_api.auth import signed_in
from algotrendy.exchange.alpaca_api.effort import SECONDS_A_PAGE, Abandoned, Effort, worked
from algotrendy.exchange.alpaca_api.latest import (
    Newest,
    latest_bar,
    latest_quote,
    latest_trade,
    snapshot,
)
from algotrendy.exchange.alpaca_api.parsing import Moment, Sent, Words, query_of
from algotrendy.exchange.alpaca_api.problems import answer
from algotrendy.exchange.alpaca_api.results import LatestResult, SeriesResult
from algotrendy.exchange.alpaca_api.routes import Handler, Routes
from algotrendy.exchange.alpaca_api.series import Page, Past, Rows, paged
from algotrendy.exchange.alpaca_api.timeframes import midnight_ns, parse_timeframe
from algotrendy.exchange.alpaca_api.wire import Json
from algotrendy.exchange.floor import Floor, to_ns
from algotrendy.exchange.venue.refusal import Reason, Refused
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import AssetClass, parse_symbol
from algotrendy.market_data.calendar import NEW_YORK

TAG: Final = "market data"
_ZONE: Final = ZoneInfo(NEW_YORK)
_MOST_SYMBOLS: Final = 200
_CLIENT_LEFT: Final = 499


class LatestQuery(Sent):
    """Of which symbols, and from which feed; every feed here is the same."""

    symbols: Words = ()
    feed: Literal["iex", "sip", "otc", "delayed_sip", "boats", "overnight"] | None = None
    currency: Literal["USD"] | None = None


class SeriesQuery(LatestQuery):
    """Of which symbols, and from when to when."""

    start: Moment | None = Field(None, description="By default the begin of today.")
    end: Moment | None = Field(None, description="Included; by default now.")
    limit: int = Field(1_000, ge=1, le=10_000, description="Of all symbols together.")
    page_token: str | None = Field(None, description="The next_page_token of the page before.")
    sort: Literal["asc", "desc"] = "asc"
    asof: str | None = Field(None, description="Taken, and not looked at: nothing is renamed.")


class BarsQuery(SeriesQuery):
    """Of which symbols, from when to when, and how long each bar."""

    timeframe: str = Field(examples=["1Min", "5Min", "1Hour", "1Day", "1Week", "1Month"])
    adjustment: Adjustment = Field("raw", description="For what the market knows up to now.")


class PairBarsQuery(SeriesQuery):
    """Of which pairs, from when to when, and how long each bar."""

    timeframe: str = Field(examples=["1Min", "5Min", "1Hour", "1Day", "1Week", "1Month"])


class _Data:
    """One half of the market data: shares, or pairs."""

    def __init__(self, floor: Floor, *, crypto: bool) -> None:
        self.floor = floor
        self.crypto = crypto

    def symbols(self, request: Request, query: LatestQuery) -> Sequence[str]:
        """Give the symbols that are asked for, without those that are not traded here.

        Raises:
            Refused: When there are none or too many, one is malformed, or the plan lacks the feed.
        """
        if not self.crypto:
            signed_in(self.floor.venue, request.headers)
            if query.feed is not None and query.feed in self.floor.chaos.faults.refused_feeds:
                message = f"subscription does not permit querying the feed {query.feed}"
                raise Refused(Reason.FORBIDDEN, message)
        one = request.path_params.get("symbol")
        asked = (one,) if one is not None else tuple(dict.fromkeys(query.symbols))
        if not asked:
            raise Refused(Reason.MALFORMED, "symbols is required")
        if len(asked) > _MOST_SYMBOLS:
            message = f"symbols must be at most {_MOST_SYMBOLS}, were {len(asked)}"
            raise Refused(Reason.MALFORMED, message)
        try:
            asked = tuple(parse_symbol(symbol, "symbols") for symbol in asked)
        except Invalid as error:
            raise Refused(Reason.MALFORMED, f"Invalid symbol(s): {error.message}") from None
        kind = AssetClass.CRYPTO if self.crypto else AssetClass.EQUITY
        assets = self.floor.venue.assets()
        ours = {asset.symbol for asset in assets if asset.asset_class is kind}
        return [symbol for symbol in asked if symbol in ours]

    def past(self) -> Past:
        """Give what can be known now."""
        floor = self.floor
        return Past(floor.market, floor.calendar, to_ns(floor.now()), self.crypto)

    def span(self, query: SeriesQuery, now: datetime) -> tuple[int, int]:
        """Give first and last moment of a query."""
        today = now.date() if self.crypto else now.astimezone(_ZONE).date()
        start = self._ns(query.start or today)
        if query.end is None:
            return start, to_ns(now)
        end = self._ns(query.end)
        if end < start:
            raise Refused(Reason.MALFORMED, "end must not be before start")
        return start, end

    def _ns(self, moment: datetime | date) -> int:
        if isinstance(moment, datetime):
            return to_ns(moment)
        return midnight_ns(moment, crypto=self.crypto)


def add_market_data(routes: Routes, floor: Floor) -> None:
    """Add the routes of market data."""
    shares, pairs = _Data(floor, crypto=False), _Data(floor, crypto=True)
    newest: dict[str, Newest] = {
        "bars": latest_bar,
        "quotes": latest_quote,
        "trades": latest_trade,
    }
    for name, find in newest.items():
        query = BarsQuery if name == "bars" else SeriesQuery
        of_pairs = PairBarsQuery if name == "bars" else SeriesQuery
        series, latest = _series(shares, name, query), _latest(shares, name, find)
        for path in (f"/v2/stocks/{name}", f"/v2/stocks/{{symbol}}/{name}"):
            routes.add("GET", path, series, tag=TAG, query=query, result=SeriesResult)
            newer, model = f"{path}/latest", LatestQuery
            routes.add("GET", newer, latest, tag=TAG, query=model, result=LatestResult)
        path, series = f"/v1beta3/crypto/us/{name}", _series(pairs, name, of_pairs)
        routes.add("GET", path, series, tag=TAG, query=of_pairs, result=SeriesResult, public=True)
        _add_latest(routes, f"latest/{name}", _latest(pairs, name, find))
    _add_latest(routes, "latest/orderbooks", _orderbooks(pairs))
    _add_latest(routes, "snapshots", _snapshots(pairs))
    for path in ("/v2/stocks/snapshots", "/v2/stocks/{symbol}/snapshot"):
        result = LatestResult
        routes.add("GET", path, _snapshots(shares), tag=TAG, query=LatestQuery, result=result)


def _add_latest(routes: Routes, name: str, handler: Handler) -> None:
    path, query = f"/v1beta3/crypto/us/{name}", LatestQuery
    routes.add("GET", path, handler, tag=TAG, query=query, result=LatestResult, public=True)


def _series(data: _Data, name: str, model: type[SeriesQuery]) -> Handler:
    async def series(request: Request) -> Response:
        """Give a page of history; nothing later than the market's time."""
        query = query_of(request, model, Reason.MALFORMED)
        symbols = data.symbols(request, query)
        ascending = query.sort == "asc"
        span, effort = data.span(query, data.floor.now()), Effort(SECONDS_A_PAGE)
        past = replace(data.past(), ascending=ascending, effort=effort)
        rows = _rows(past, name, query)

        def read() -> Page:
            token = query.page_token
            return paged(rows, symbols, span, query.limit, token, ascending=ascending)

        try:
            page = await worked(request, effort, read)
        except Abandoned:
            return Response(status_code=_CLIENT_LEFT)
        one = request.path_params.get("symbol")
        found = page.rows if one is None else page.rows.get(one, [])
        written: Json = {} if one is None else {"symbol": one}
        return answer(written | {name: found, "next_page_token": page.token})

    return series


def _rows(past: Past, name: str, query: SeriesQuery) -> Rows:
    if isinstance(query, BarsQuery):
        adjusted = replace(past, adjustment=query.adjustment)
        return adjusted.bars(parse_timeframe(query.timeframe))
    if isinstance(query, PairBarsQuery):
        return past.bars(parse_timeframe(query.timeframe))
    return past.quotes if name == "quotes" else past.trades


def _latest(data: _Data, name: str, find: Newest) -> Handler:
    async def latest(request: Request) -> Response:
        """Give the newest of each symbol."""
        return await _each(data, request, name, find)

    return latest


def _snapshots(data: _Data) -> Handler:
    async def snapshots(request: Request) -> Response:
        """Give the newest trade, quote and minute bar of each symbol, and two daily bars."""
        venue = data.floor.venue

        def find(past: Past, symbol: str) -> Json:
            return snapshot(past, symbol, venue.quote(symbol))

        # Alpaca's snapshots of shares stand under no name.
        return await _each(data, request, "snapshots" if data.crypto else "", find)

    return snapshots


def _orderbooks(data: _Data) -> Handler:
    async def orderbooks(request: Request) -> Response:
        """Give the best bid and offer of each symbol as a book of one level."""

        def find(past: Past, symbol: str) -> Json | None:
            quote = latest_quote(past, symbol)
            if quote is None:
                return None
            return {
                "t": quote["t"],
                "b": [{"p": quote["bp"], "s": quote["bs"]}],
                "a": [{"p": quote["ap"], "s": quote["as"]}],
            }

        return await _each(data, request, "orderbooks", find)

    return orderbooks


async def _each(
    data: _Data, request: Request, name: str, find: Callable[[Past, str], Json | None]
) -> Response:
    query = query_of(request, LatestQuery, Reason.MALFORMED)
    symbols, past = data.symbols(request, query), data.past()

    def read() -> dict[str, Json]:
        every = ((symbol, find(past, symbol)) for symbol in symbols)
        return {symbol: row for symbol, row in every if row is not None}

    found = await asyncio.to_thread(read)
    one = request.path_params.get("symbol")
    if one is None:
        return answer({name: found} if name else found)
    if one not in found:
        raise Refused(Reason.NOT_FOUND, f"there is nothing of {one} yet")
    row = found[one]
    return answer({"symbol": one, **row} if not name else {"symbol": one, name[:-1]: row})
