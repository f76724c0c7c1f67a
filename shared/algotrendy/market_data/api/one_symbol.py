"""Answer ``GET /v1/bars/{symbol}``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.kernel.instrument import parse_symbol
from algotrendy.market_data.api.access import (
    CAPABILITY,
    HEADERS,
    LINK,
    NOT_MODIFIED,
    USUAL_BARS,
    VERSION_HEADER,
    AsOf,
    Basis,
    Cursor,
    End,
    Frame,
    Gaps,
    Limit,
    Named,
    Pages,
    Start,
    Store,
    frame,
    moment,
)
from algotrendy.market_data.api.answers import CSV, JSON, Rendered, cached, paged, preferred
from algotrendy.market_data.api.formats import in_csv
from algotrendy.market_data.bar_pages import FILLED
from algotrendy.market_data.paging import BarQuery, Position, parse_cursor, read_page
from algotrendy.market_data.quality.policy import Declared, GapPolicy
from algotrendy.market_data.series import Adjustment, BarSeries

router = APIRouter(prefix="/v1", tags=[CAPABILITY])

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _is_unsaid(filled: bool | None) -> bool:
    return filled is None


class BarOut(BaseModel):
    """One bar; prices in quote currency."""

    time: datetime = Field(description="Start in UTC; for a daily bar 00:00 of its session.")
    open: float
    high: float
    low: float
    close: float
    volume: float = Field(description="As traded, under every adjustment.")
    filled: bool | None = Field(
        None, exclude_if=_is_unsaid, description="With gaps=fill: whether nobody stored it."
    )


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


@router.get(
    "/bars/{symbol:path}",
    response_model=BarsPage,
    responses={
        200: {
            "headers": {**HEADERS, "Link": LINK},
            "content": {CSV: {"schema": {"type": "string"}}},
        },
        **NOT_MODIFIED,
    },
)
def get_bars(
    request: Request,
    store: Store,
    pages: Pages,
    symbol: Annotated[str, Path(description="Such as AAPL.", examples=["AAPL"])],
    start: Start = None,
    end: End = None,
    adjustment: Basis = "raw",
    timeframe: Frame = None,
    as_of: AsOf = None,
    named: Named = None,
    gaps: Gaps = GapPolicy.KEEP,
    limit: Limit = USUAL_BARS,
    cursor: Cursor = None,
    accept: Annotated[str, Header(description=f"{JSON} or {CSV}.")] = JSON,
) -> Response:
    """Read bars, oldest first, page by page.

    Every page of a query is read from the version of the data that the first page was read from,
    so that an import between two pages tears nothing.
    """
    query = BarQuery(
        parse_symbol(symbol),
        start,
        end,
        adjustment,
        frame(timeframe),
        moment(as_of),
        gaps,
        named,
    )
    position = parse_cursor(cursor, query) if cursor else Position(store.version())
    media_type = preferred(accept, (JSON, CSV))
    asked = f"{query.fingerprint()}:{position.after}:{limit}:{media_type}"

    def render() -> Rendered:
        page, following = read_page(store, query, position, limit)
        if media_type == CSV:
            return Rendered(_as_csv(page, gaps), following)
        return Rendered(_as_json(page, gaps, following), following)

    rendered = cached(pages, f"bars:{position.version}:{asked}", render)
    headers = {VERSION_HEADER: str(position.version)}
    return paged(request, rendered, media_type, headers, pinned=bool(cursor))


def _as_json(page: Declared, gaps: GapPolicy, next_cursor: str | None) -> bytes:
    series = page.series
    bars = [
        BarOut.model_construct(
            time=_moment(time),
            open=open_,
            high=high,
            low=low,
            close=close,
            volume=volume,
            filled=time in page.filled if gaps is GapPolicy.FILL else None,
        )
        for time, open_, high, low, close, volume in _rows(series)
    ]
    body = BarsPage.model_construct(
        symbol=series.symbol,
        timeframe=series.timeframe.value,
        adjustment=series.adjustment,
        bars=bars,
        next_cursor=next_cursor,
    )
    return body.model_dump_json().encode()


def _as_csv(page: Declared, gaps: GapPolicy) -> bytes:
    says = gaps is GapPolicy.FILL
    lines = ["time,open,high,low,close,volume" + (f",{FILLED}" if says else "")]
    for time, *numbers in _rows(page.series):
        cells = [*numbers, time in page.filled] if says else numbers
        lines.append(f"{_moment(time):%Y-%m-%dT%H:%M:%SZ},{','.join(map(in_csv, cells))}")
    return ("\n".join(lines) + "\n").encode()


def _rows(page: BarSeries) -> zip[tuple[int, float, float, float, float, float]]:
    return zip(page.times, page.open, page.high, page.low, page.close, page.volume, strict=True)


def _moment(time_ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=time_ns // 1000)
