"""Answer ``GET /v1/quality``: what is missing or wrong in the stored bars, by symbol."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.kernel.bar import parse_timeframe
from algotrendy.kernel.cursors import cursor_to, place_of
from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.ports import SymbolSummary
from algotrendy.market_data.quality.findings import Kind, Weight
from algotrendy.market_data.quality.inspecting import Asked, Inspector
from algotrendy.market_data.quality.report import as_json

MOST_REPORTS = 50
USUAL_REPORTS = 10
MOST_FINDINGS = 1000
_FRESH_S = 60


class SessionsOut(BaseModel):
    """The sessions that the calendar has from the first to the last that is expected."""

    first: str | None
    last: str | None
    expected: int
    missing: int = Field(description="Without a single bar.")
    thin: int = Field(description="With some bars of their regular hours missing.")


class FindingOut(BaseModel):
    """One thing that is wrong, from the first to the last bar that has it; times in UTC."""

    kind: str = Field(json_schema_extra={"enum": [str(kind) for kind in Kind]})
    weight: str = Field(
        description="error: wrong; warning: likely; note: may be in order.",
        json_schema_extra={"enum": [str(weight) for weight in Weight]},
    )
    first: str
    last: str
    count: int
    detail: str


class ReportOut(BaseModel):
    """What was found of one symbol's bars of one timeframe."""

    symbol: str
    timeframe: str
    calendar: str
    looked_at: str = Field(description="The moment up to which bars were expected, UTC.")
    good: bool = Field(description="Nothing graver than a note was found.")
    bars: int
    sessions: SessionsOut
    completeness: float = Field(description="Share of the expected sessions that have bars.")
    missing_bars: int
    counts: dict[str, int] = Field(description="By kind; what was not found is not there.")
    findings: list[FindingOut] = Field(description=f"By time, at most {MOST_FINDINGS}.")
    findings_in_all: int


class QualityOut(BaseModel):
    """Reports by symbol and timeframe."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "reports": [
                        {
                            "symbol": "IXIC",
                            "timeframe": "1Day",
                            "calendar": "US equities",
                            "looked_at": "2026-11-23T16:00:00+00:00",
                            "good": False,
                            "bars": 5031,
                            "sessions": {
                                "first": "1999-01-04",
                                "last": "2018-12-31",
                                "expected": 5031,
                                "missing": 0,
                                "thin": 0,
                            },
                            "completeness": 1.0,
                            "missing_bars": 0,
                            "counts": {"zero_volume": 1},
                            "findings": [
                                {
                                    "kind": "zero_volume",
                                    "weight": "error",
                                    "first": "2015-05-12T00:00:00Z",
                                    "last": "2015-05-12T00:00:00Z",
                                    "count": 1,
                                    "detail": "no volume, though the price moved in 1",
                                }
                            ],
                            "findings_in_all": 1,
                        }
                    ],
                    "next_cursor": cursor_to("IXIC 1Day", ("quality", "", "")),
                    "next_after": "IXIC 1Day",
                }
            ]
        }
    )

    reports: list[ReportOut]
    next_cursor: str | None = Field(
        description="Ask for the next page with it as `cursor`; null at the end."
    )
    next_after: str | None = Field(
        description="The same in words, for `after`; use next_cursor.",
        # Not pydantic's own mark, which warns whoever reads the field.
        json_schema_extra={"deprecated": True},
    )


def inspector() -> Inspector:
    """Give what judges the bars of this deployment; a test overrides this dependency."""
    return wiring.inspector()


router = APIRouter(prefix="/v1", tags=["market_data"])

_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"headers": {"ETag": {"schema": {"type": "string"}}}},
    304: {"description": "You have it already: the ETag of If-None-Match is still right."},
}


@router.get("/quality", response_model=QualityOut, responses=_RESPONSES)
def get_quality(
    judge: Annotated[Inspector, Depends(inspector)],
    symbols: Annotated[
        str, Query(description="Parted by commas; none means all.", examples=["AAPL,MSFT"])
    ] = "",
    timeframe: Annotated[
        str | None, Query(description="Bars of this span alone.", examples=["1Day"])
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MOST_REPORTS, description="Reports a page.")
    ] = USUAL_REPORTS,
    cursor: Annotated[str | None, Query(description="next_cursor of the page before.")] = None,
    after: Annotated[
        str | None, Query(description="next_after of the page before.", deprecated=True)
    ] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Judge stored bars: gaps by the exchange's calendar, doubles, outliers, splits, volume.

    A report is made when it is asked for, from the newest bars.
    """
    asked = Asked(_symbols(symbols), parse_timeframe(timeframe) if timeframe else None)
    waiting = sorted(judge.series(asked), key=_place)
    words = ("quality", symbols, timeframe or "")
    if cursor is not None:
        if after is not None:
            raise Invalid("after", "left out where there is a cursor", after)
        after = place_of(cursor, words, "used with the symbols and timeframe it was given for")
    if after is not None:
        waiting = [item for item in waiting if _place(item) > _parse_place(after)]
    page, rest = waiting[:limit], waiting[limit:]
    reports = [ReportOut(**as_json(report, MOST_FINDINGS)) for report in judge.judge(page)]
    following = " ".join(_place(page[-1])) if rest else None
    next_cursor = None if following is None else cursor_to(following, words)
    body = QualityOut(reports=reports, next_cursor=next_cursor, next_after=following)
    # The moment alone changes nothing that a reader would act on.
    stable = [report.model_dump_json(exclude={"looked_at"}) for report in reports]
    etag = f'"{hashlib.sha256("".join(stable).encode()).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": f"private, max-age={_FRESH_S}"}
    known = [item.strip().removeprefix("W/") for item in (if_none_match or "").split(",")]
    if etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    content = body.model_dump_json().encode()
    return Response(content, headers=headers, media_type="application/json")


def _symbols(text: str) -> tuple[Symbol, ...]:
    if not text.strip():
        return ()
    parts = [part.strip() for part in text.split(",")]
    return tuple(parse_symbol(part, f"symbols[{at}]") for at, part in enumerate(parts))


def _place(item: SymbolSummary) -> tuple[str, str]:
    return str(item.symbol), str(item.timeframe)


def _parse_place(after: str) -> tuple[str, str]:
    symbol, _, timeframe = after.partition(" ")
    if not symbol or not timeframe:
        raise Invalid("after", "next_after of the page before", after)
    return symbol, timeframe
