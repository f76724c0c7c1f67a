"""Say who may call, and where what is answered comes from."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BeforeValidator

from algotrendy.kernel.bar import Timeframe, parse_timeframe
from algotrendy.kernel.clock import parse_time
from algotrendy.market_data import wiring
from algotrendy.market_data.ports import BarStore
from algotrendy.market_data.quality.policy import MOST_JUDGED, GapPolicy
from algotrendy.market_data.series import Adjustment
from algotrendy.market_data.ticks import TickStore
from algotrendy.platform.cache import Cache

CAPABILITY = "market_data"
MOST_BARS = 10_000
USUAL_BARS = 1_000
VERSION_HEADER = "x-bars-version"

HEADERS: dict[str, Any] = {
    "ETag": {"schema": {"type": "string"}, "description": "Send it back as If-None-Match."},
    VERSION_HEADER: {"schema": {"type": "integer"}, "description": "Version of the data."},
}
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "You have it already: the ETag of If-None-Match is still right."}
}
LINK: dict[str, Any] = {"schema": {"type": "string"}}


def bar_store() -> BarStore:
    """Give the store of this deployment; a test overrides this dependency."""
    return wiring.bar_store()


def tick_store() -> TickStore:
    """Give the store of trades of this deployment; a test overrides this dependency."""
    return wiring.tick_store()


def page_cache() -> Cache:
    """Give the cache of this deployment; a test overrides this dependency."""
    return wiring.page_cache()


Store = Annotated[BarStore, Depends(bar_store)]
Trades = Annotated[TickStore, Depends(tick_store)]
Pages = Annotated[Cache, Depends(page_cache)]

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


def _iso_date(value: object) -> object:
    # Pydantic alone would also take 86400 for a date.
    if isinstance(value, str) and not _ISO_DATE.fullmatch(value):
        raise ValueError("a date like 2013-03-01")
    return value


IsoDate = Annotated[date, BeforeValidator(_iso_date)]
Start = Annotated[IsoDate | None, Query(description="First session, inclusive.")]
End = Annotated[IsoDate | None, Query(description="Last session, inclusive.")]
Basis = Annotated[
    Adjustment,
    Query(
        description="raw as traded; split, dividend or all: adjusted for corporate actions that "
        "were known."
    ),
]
Frame = Annotated[
    str | None,
    Query(description="Of stored bars: 1Min, 5Min, 15Min, 1Hour or 1Day; the longest there is."),
]
AsOf = Annotated[
    str | None,
    Query(description="Bars as they were recorded by this moment, ISO 8601 with a zone."),
]
Named = Annotated[
    IsoDate | None,
    Query(
        description="A day on which the company had that name; it decides where another company "
        "has taken the name up since. Its bars under all its names are given."
    ),
]
Gaps = Annotated[
    GapPolicy,
    Query(
        description="What becomes of bars that are missing by the exchange's calendar between the "
        "first and the last of the range. keep: nothing. fill: each is given with the close before "
        "it and no volume, and says that it is filled. refuse: 422 where one is missing. With fill "
        f"and refuse a range has at most {MOST_JUDGED:,} bars."
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST_BARS, description="Bars a page.")]
Cursor = Annotated[str | None, Query(description="next_cursor of the page before.")]


def frame(text: str | None) -> Timeframe | None:
    """Read a timeframe, if there is one."""
    return None if text is None else parse_timeframe(text)


def moment(text: str | None) -> datetime | None:
    """Read a moment, if there is one."""
    return None if text is None else parse_time(text, "as_of")
