"""Answer ``GET /v1/symbols``."""

from __future__ import annotations

import hashlib
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from algotrendy.market_data.api.access import (
    CAPABILITY,
    HEADERS,
    NOT_MODIFIED,
    VERSION_HEADER,
    AsOf,
    Frame,
    IsoDate,
    Pages,
    Store,
    frame,
    moment,
)
from algotrendy.market_data.api.answers import FRESH_S, JSON, Rendered, answer, cached

router = APIRouter(prefix="/v1", tags=[CAPABILITY])


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


@router.get(
    "/symbols",
    response_model=SymbolsOut,
    responses={200: {"headers": HEADERS}, **NOT_MODIFIED},
)
def list_symbols(
    request: Request,
    store: Store,
    pages: Pages,
    prefix: Annotated[
        str, Query(max_length=32, description="Only symbols that begin so, in any case.")
    ] = "",
    timeframe: Frame = None,
    on: Annotated[
        IsoDate | None, Query(description="Only those with a bar on or before, and on or after.")
    ] = None,
    source: Annotated[
        str, Query(max_length=100, description="Only those of whose source this is a part.")
    ] = "",
    as_of: AsOf = None,
) -> Response:
    """List the symbols that are stored, with the range of their bars."""
    version = store.version()
    wanted, at = frame(timeframe), moment(as_of)

    def render() -> Rendered:
        symbols = [
            SymbolOut(
                symbol=found.symbol,
                timeframe=found.timeframe,
                first=found.first,
                last=found.last,
                bars=found.bars,
                source=found.source,
            )
            for found in store.symbols(version, at)
            if found.symbol.upper().startswith(prefix.upper())
            and wanted in (None, found.timeframe)
            and (on is None or found.first <= on <= found.last)
            and source in found.source
        ]
        return Rendered(SymbolsOut(symbols=symbols).model_dump_json().encode(), None)

    asked = repr((prefix.upper(), str(wanted), str(on), source, str(at)))
    key = hashlib.sha256(asked.encode()).hexdigest()[:16]
    rendered = cached(pages, f"symbols:{version}:{key}", render)
    return answer(request, rendered.body, JSON, FRESH_S, {VERSION_HEADER: str(version)})
