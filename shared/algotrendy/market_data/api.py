"""Answer ``GET /v1/bars/{symbol}`` and ``GET /v1/symbols``."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, FastAPI, Header, Path, Query, Request, Response
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from algotrendy.identity.api import require
from algotrendy.identity.principal import Role
from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.paging import BarQuery, Position, parse_cursor, read_page
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.series import Adjustment, BarSeries
from algotrendy.platform.cache import Cache
from algotrendy.platform.http import create_app

CAPABILITY = "market_data"
MOST_BARS = 10_000
USUAL_BARS = 1_000

JSON = "application/json"
CSV = "text/csv"
VERSION_HEADER = "x-bars-version"

# What a client may believe without asking: the newest data for a minute, a later page, which is
# pinned to a version, for an hour. The server's own cache is keyed by version, and lives no longer
# than a lake that is deleted and built anew could be mistaken for the old one.
_FRESH_S, _PINNED_S, _CACHED_S = 60, 3_600, 300

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _iso_date(value: object) -> object:
    # Pydantic alone would also take 86400 for a date.
    if isinstance(value, str) and not _ISO_DATE.fullmatch(value):
        raise ValueError("a date like 2013-03-01")
    return value


_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
IsoDate = Annotated[date, BeforeValidator(_iso_date)]


class BarOut(BaseModel):
    """One bar; prices in quote currency."""

    time: datetime = Field(description="Start in UTC; for a daily bar 00:00 of its session.")
    open: float
    high: float
    low: float
    close: float
    volume: float = Field(description="As traded, under every adjustment.")


class BarsPage(BaseModel):
    """Bars of one symbol, oldest first."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "symbol": "AAPL",
                    "timeframe": "1Day",
                    "adjustment": "raw",
                    "bars": [
                        {
                            "time": "2005-02-28T00:00:00Z",
                            "open": 44.68,
                            "high": 45.14,
                            "low": 43.96,
                            "close": 44.86,
                            "volume": 11635900.0,
                        }
                    ],
                    "next_cursor": "MS4wLjExMDk1NDg4MDAwMDAwMDAwMDAuMGI5Y2ZhMTVkMzQ0MjBlOA",
                }
            ]
        }
    )

    symbol: str
    timeframe: str
    adjustment: Adjustment
    bars: list[BarOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


class SymbolOut(BaseModel):
    """What is stored of one symbol."""

    symbol: str = Field(examples=["AAPL"])
    timeframe: str = Field(examples=["1Day"])
    first: date = Field(description="Session of the oldest bar.", examples=["2000-03-01"])
    last: date = Field(description="Session of the newest bar.", examples=["2013-03-01"])
    bars: int = Field(examples=[3270])
    source: str = Field(examples=["bokeh-sampledata 2026.1"])


class SymbolsOut(BaseModel):
    """Every symbol that is stored, by name."""

    symbols: list[SymbolOut]


def bar_store() -> BarStore:
    """Give the store of this deployment; a test overrides this dependency."""
    return wiring.bar_store()


def page_cache() -> Cache:
    """Give the cache of this deployment; a test overrides this dependency."""
    return wiring.page_cache()


Store = Annotated[BarStore, Depends(bar_store)]
Pages = Annotated[Cache, Depends(page_cache)]

router = APIRouter(prefix="/v1", tags=[CAPABILITY], dependencies=[Depends(require(Role.VIEWER))])

_HEADERS: dict[str, Any] = {
    "ETag": {"schema": {"type": "string"}, "description": "Send it back as If-None-Match."},
    VERSION_HEADER: {"schema": {"type": "integer"}, "description": "Version of the data."},
}
_NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "You have it already: the ETag of If-None-Match is still right."}
}


@router.get(
    "/bars/{symbol:path}",
    response_model=BarsPage,
    responses={
        200: {
            "headers": {**_HEADERS, "Link": {"schema": {"type": "string"}}},
            "content": {CSV: {"schema": {"type": "string"}}},
        },
        **_NOT_MODIFIED,
    },
)
def get_bars(
    request: Request,
    store: Store,
    pages: Pages,
    symbol: Annotated[str, Path(description="Such as AAPL.", examples=["AAPL"])],
    start: Annotated[IsoDate | None, Query(description="First session, inclusive.")] = None,
    end: Annotated[IsoDate | None, Query(description="Last session, inclusive.")] = None,
    adjustment: Annotated[
        Adjustment,
        Query(description="raw as traded, or all: prices adjusted for splits and dividends."),
    ] = "raw",
    limit: Annotated[int, Query(ge=1, le=MOST_BARS, description="Bars a page.")] = USUAL_BARS,
    cursor: Annotated[str | None, Query(description="next_cursor of the page before.")] = None,
    accept: Annotated[str, Header(description=f"{JSON} or {CSV}.")] = JSON,
) -> Response:
    """Read bars, oldest first, page by page.

    Every page of a query is read from the version of the data that the first page was read from,
    so that an import between two pages tears nothing.
    """
    query = BarQuery(parse_symbol(symbol), start, end, adjustment)
    position = parse_cursor(cursor, query) if cursor else Position(store.version())
    media_type = CSV if _prefers_csv(accept) else JSON
    asked = f"{query.fingerprint()}:{position.after}:{limit}:{media_type}"

    def render() -> _Rendered:
        page, following = read_page(store, query, position, limit)
        if media_type == CSV:
            return _Rendered(_as_csv(page), following)
        return _Rendered(_as_json(page, following), following)

    rendered = _cached(pages, f"bars:{position.version}:{asked}", render)
    headers = {"vary": "accept", VERSION_HEADER: str(position.version)}
    if rendered.next_cursor is not None:
        following = request.url.include_query_params(cursor=rendered.next_cursor)
        headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
    max_age_s = _PINNED_S if cursor else _FRESH_S
    return _answer(request, rendered.body, media_type, max_age_s, headers)


@router.get(
    "/symbols",
    response_model=SymbolsOut,
    responses={200: {"headers": _HEADERS}, **_NOT_MODIFIED},
)
def get_symbols(request: Request, store: Store, pages: Pages) -> Response:
    """List the symbols that are stored, with the range of their bars."""
    version = store.version()

    def render() -> _Rendered:
        symbols = [
            SymbolOut(
                symbol=found.symbol,
                timeframe=found.timeframe,
                first=found.first,
                last=found.last,
                bars=found.bars,
                source=found.source,
            )
            for found in store.symbols(version)
        ]
        return _Rendered(SymbolsOut(symbols=symbols).model_dump_json().encode(), None)

    rendered = _cached(pages, f"symbols:{version}", render)
    return _answer(request, rendered.body, JSON, _FRESH_S, {VERSION_HEADER: str(version)})


def create_api() -> FastAPI:
    """Make the app of market data."""
    app = create_app("AlgoTrendy market data", CAPABILITY, {"lake": _lake_answers})
    app.include_router(router)
    return app


def _lake_answers() -> None:
    wiring.bar_store().version()


class _Rendered(NamedTuple):
    body: bytes
    next_cursor: str | None


def _cached(cache: Cache, key: str, render: Callable[[], _Rendered]) -> _Rendered:
    packed = cache.get(key)
    if packed is not None:
        cursor, _, body = packed.partition(b"\n")
        return _Rendered(body, cursor.decode() or None)
    rendered = render()
    cursor = (rendered.next_cursor or "").encode()
    cache.set(key, cursor + b"\n" + rendered.body, _CACHED_S)
    return rendered


def _answer(
    request: Request, body: bytes, media_type: str, max_age_s: int, headers: dict[str, str]
) -> Response:
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers |= {"etag": etag, "cache-control": f"private, max-age={max_age_s}"}
    if _matches(request.headers.getlist("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type=media_type)


def _matches(if_none_match: list[str], etag: str) -> bool:
    known = [item.strip() for value in if_none_match for item in value.split(",")]
    return any(item == "*" or item.removeprefix("W/") == etag for item in known)


def _prefers_csv(accept: str) -> bool:
    return _quality(accept, CSV) > _quality(accept, JSON)


def _quality(accept: str, media_type: str) -> float:
    # RFC 9110, 12.5.1: the most specific range that fits decides.
    fits = {media_type: 2, f"{media_type.partition('/')[0]}/*": 1, "*/*": 0}
    best, quality = -1, 0.0
    for item in accept.split(","):
        name, *parameters = (part.strip().lower() for part in item.split(";"))
        if fits.get(name, -1) <= best:
            continue
        weights = [text[2:] for text in parameters if text.startswith("q=")]
        try:
            best, quality = fits[name], float(weights[0]) if weights else 1.0
        except ValueError:
            continue
    return quality


def _as_json(page: BarSeries, next_cursor: str | None) -> bytes:
    bars = [
        BarOut.model_construct(
            time=_moment(time), open=open_, high=high, low=low, close=close, volume=volume
        )
        for time, open_, high, low, close, volume in _rows(page)
    ]
    body = BarsPage.model_construct(
        symbol=page.symbol,
        timeframe=page.timeframe.value,
        adjustment=page.adjustment,
        bars=bars,
        next_cursor=next_cursor,
    )
    return body.model_dump_json().encode()


def _as_csv(page: BarSeries) -> bytes:
    lines = ["time,open,high,low,close,volume"]
    lines += [
        f"{_moment(time):%Y-%m-%dT%H:%M:%SZ},{','.join(map(repr, numbers))}"
        for time, *numbers in _rows(page)
    ]
    return ("\n".join(lines) + "\n").encode()


def _rows(page: BarSeries) -> zip[tuple[int, float, float, float, float, float]]:
    return zip(page.times, page.open, page.high, page.low, page.close, page.volume, strict=True)


def _moment(time_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_ns // 1000)
