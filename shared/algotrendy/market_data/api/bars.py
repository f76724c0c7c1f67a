"""Answer ``GET /v1/bars``: bars of several symbols, as stored or of a chart style."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.kernel.errors import Invalid
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
    Trades,
    frame,
    moment,
)
from algotrendy.market_data.api.answers import (
    ARROW,
    CSV,
    JSON,
    Rendered,
    cached,
    paged,
    preferred,
)
from algotrendy.market_data.api.formats import written
from algotrendy.market_data.bar_pages import (
    MOST_DAYS,
    MOST_DRAWN,
    MOST_SYMBOLS,
    MOST_TRADES,
    Place,
    Wanted,
    parse_place,
    parse_symbols,
    read_drawn,
    read_stored,
)
from algotrendy.market_data.charts.styles import parse
from algotrendy.market_data.quality.policy import GapPolicy
from algotrendy.market_data.series import Adjustment

router = APIRouter(prefix="/v1", tags=[CAPABILITY])


class AnyBarOut(BaseModel):
    """One bar. Of a chart style it also says when it was known, and what was traded meanwhile."""

    time: str = Field(description="Begin, UTC; of a daily bar 00:00 of its session.")
    open: float
    high: float
    low: float
    close: float
    volume: float
    filled: bool | None = Field(None, description="With gaps=fill: whether nobody stored it.")
    known: str | None = Field(None, description="Of a style: when the bar was known whole, UTC.")
    first: float | None = Field(None, description="Of a style: price of its first trade.")
    highest: float | None = Field(None, description="Of a style: the highest trade.")
    lowest: float | None = Field(None, description="Of a style: the lowest trade.")
    last: float | None = Field(None, description="Of a style: price of its last trade.")
    ticks: int | None = Field(None, description="Of a style: how many trades.")
    direction: int | None = Field(None, description="Of a style: 1 up, -1 down, 0 neither.")


class SeriesOut(BaseModel):
    """The bars of one symbol on a page, oldest first."""

    symbol: str
    timeframe: str | None = Field(description="Of stored bars; null for a chart style.")
    bars: list[AnyBarOut]


class SeveralOut(BaseModel):
    """A page of bars of several symbols, in the order asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "style": None,
                    "adjustment": "raw",
                    "series": [
                        {
                            "symbol": "AAPL",
                            "timeframe": "1Day",
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
                        }
                    ],
                    "next_cursor": None,
                }
            ]
        }
    )

    style: str | None = Field(description="As it is written in full; null for stored bars.")
    adjustment: Adjustment
    series: list[SeriesOut]
    next_cursor: str | None = Field(description="Ask for the next page with it; null at the end.")


_TYPES: dict[str, Any] = {
    CSV: {"schema": {"type": "string"}},
    ARROW: {"schema": {"type": "string", "format": "binary"}},
}


@router.get(
    "/bars",
    response_model=SeveralOut,
    responses={200: {"headers": {**HEADERS, "Link": LINK}, "content": _TYPES}, **NOT_MODIFIED},
)
def get_bars_of_several(
    request: Request,
    store: Store,
    trades: Trades,
    pages: Pages,
    symbols: Annotated[
        str,
        Query(description=f"At most {MOST_SYMBOLS}, with commas between them.", examples=["AAPL"]),
    ],
    style: Annotated[
        str | None,
        Query(
            description="A chart style, such as renko:size=1: its whole bars are made of the "
            f"stored trades from start to end, at most {MOST_DAYS} UTC dates and "
            f"{MOST_TRADES:,} trades and {MOST_DRAWN:,} bars of a symbol. "
            "Without, the stored bars are given.",
            examples=["time:interval=1Min"],
        ),
    ] = None,
    start: Start = None,
    end: End = None,
    adjustment: Basis = "raw",
    timeframe: Frame = None,
    as_of: AsOf = None,
    named: Named = None,
    gaps: Gaps = GapPolicy.KEEP,
    limit: Limit = USUAL_BARS,
    cursor: Cursor = None,
    accept: Annotated[str, Header(description=f"{JSON}, {CSV} or {ARROW}.")] = JSON,
) -> Response:
    """Read bars of several symbols, symbol after symbol and oldest first, page by page.

    Every page of a query is read from the version of the data that the first page was read from,
    so that an import between two pages tears nothing. Of several symbols, one without a bar in the
    range has none.
    """
    wanted = Wanted(
        parse_symbols(symbols),
        start,
        end,
        adjustment,
        frame(timeframe),
        moment(as_of),
        None if style is None else parse(style),
        gaps,
        named,
    )
    if wanted.style is not None:
        _require_plain(wanted)
    source: Any = store if wanted.style is None else trades
    place = parse_place(cursor, wanted) if cursor else Place(source.version())
    media_type = preferred(accept, (JSON, CSV, ARROW))
    of = "bars" if wanted.style is None else "trades"
    asked = f"{wanted.fingerprint()}:{place.symbol}:{place.after}:{limit}:{media_type}"

    def render() -> Rendered:
        read: Any = read_stored if wanted.style is None else read_drawn
        page = read(source, wanted, place, limit)
        return Rendered(written(page, wanted, media_type), page.next_cursor)

    rendered = cached(pages, f"several:{of}:{place.version}:{asked}", render)
    headers = {VERSION_HEADER: str(place.version)}
    return paged(request, rendered, media_type, headers, pinned=bool(cursor))


def _require_plain(wanted: Wanted) -> None:
    """Refuse what only stored bars have."""
    if wanted.adjustment != "raw":
        raise Invalid("adjustment", "raw with a style: trades are as traded", wanted.adjustment)
    if wanted.gaps is not GapPolicy.KEEP:
        raise Invalid("gaps", "keep with a style: its bars come when trades do", str(wanted.gaps))
    for name in ("timeframe", "as_of", "named"):
        if (given := getattr(wanted, name)) is not None:
            raise Invalid(name, "left out with a style", str(given))
