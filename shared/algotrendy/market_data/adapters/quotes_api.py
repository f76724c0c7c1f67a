"""Answer ``GET /v1/quotes``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from algotrendy.kernel.errors import Invalid
from algotrendy.kernel.instrument import Symbol, parse_symbol
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters.lake_newest import LakeNewest
from algotrendy.market_data.quotes import Newest, Source, StoredTrades, age_s, read_newest
from algotrendy.market_data.streaming.encoding import moment
from algotrendy.platform.cache import Cache

MOST_SYMBOLS = 100
USUAL_STALE_S = 15.0


class _Aged(BaseModel):
    time: str = Field(description="The exchange's, UTC, to the nanosecond.")
    received: str = Field(description="When the streaming service got it; of the lake, the same.")
    age_s: float = Field(description="Seconds from `time` to `as_of`.")
    is_stale: bool = Field(description="Whether it is older than `stale_after_s`.")


class LastTrade(_Aged):
    """The newest trade."""

    price: float
    size: float
    venue: str
    source: Source = Field(description="`lake`: the stream tells nothing; it is what is stored.")


class LastQuote(_Aged):
    """The newest best bid and offer."""

    bid: float
    bid_size: float
    ask: float
    ask_size: float


class SymbolQuote(BaseModel):
    """The newest of one symbol; null where nothing is known."""

    symbol: str
    trade: LastTrade | None
    quote: LastQuote | None


class QuotesOut(BaseModel):
    """The newest of each symbol, in the order asked."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "as_of": "2026-11-23T14:30:02.000000000Z",
                    "stale_after_s": 15.0,
                    "quotes": [
                        {
                            "symbol": "AAPL",
                            "trade": {
                                "time": "2026-11-23T14:30:00.250000000Z",
                                "received": "2026-11-23T14:30:00.262000000Z",
                                "age_s": 1.75,
                                "is_stale": False,
                                "price": 271.5,
                                "size": 100.0,
                                "venue": "V",
                                "source": "stream",
                            },
                            "quote": None,
                        }
                    ],
                }
            ]
        }
    )

    as_of: str
    stale_after_s: float
    quotes: list[SymbolQuote]


def newest_cache() -> Cache:
    """Give what the streaming service keeps the newest in; a test overrides this dependency."""
    return wiring.page_cache()


def stored_trades() -> StoredTrades:
    """Give what is asked where nothing is kept; a test overrides this dependency."""
    from algotrendy.platform.lake import lake_at
    from algotrendy.platform.settings import settings

    return LakeNewest(lambda: lake_at(settings().need("lake_url")))


def now_ns() -> Callable[[], int]:
    """Give the clock that ages are told by; a test overrides this dependency."""
    return time.time_ns


router = APIRouter(prefix="/v1", tags=["market_data"])


@router.get("/quotes", response_model=QuotesOut)
def get_quotes(
    kept: Annotated[Cache, Depends(newest_cache)],
    stored: Annotated[StoredTrades, Depends(stored_trades)],
    now: Annotated[Callable[[], int], Depends(now_ns)],
    symbols: Annotated[str, Query(description=f"Up to {MOST_SYMBOLS}, parted by commas.")],
    stale_after_s: Annotated[
        float, Query(gt=0, le=31_536_000, description="How old is stale, in seconds.")
    ] = USUAL_STALE_S,
) -> Response:
    """Give the newest trade and quote of each symbol, with their age.

    They are what the streaming service heard last. Where it tells nothing of a symbol, the trade is
    the newest one that is stored.
    """
    wanted = _symbols(symbols)
    found = read_newest(wanted, kept.get, stored)
    as_of = now()
    body = QuotesOut(
        as_of=moment(as_of),
        stale_after_s=stale_after_s,
        quotes=[_shown(each, as_of, stale_after_s) for each in found],
    )
    headers = {"cache-control": "no-store"}
    return Response(body.model_dump_json(), headers=headers, media_type="application/json")


def _symbols(text: str) -> list[Symbol]:
    parts = [part.strip() for part in text.split(",")]
    named = [parse_symbol(part, f"symbols[{at}]") for at, part in enumerate(parts)]
    if len(named) > MOST_SYMBOLS:
        raise Invalid("symbols", f"at most {MOST_SYMBOLS}", len(named))
    return list(dict.fromkeys(named))


def _shown(newest: Newest, now: int, stale_after_s: float) -> SymbolQuote:
    trade, quote = newest.trade, newest.quote
    shown = SymbolQuote(symbol=newest.symbol, trade=None, quote=None)
    if trade is not None:
        told = trade.trade
        age = age_s(told.time, now)
        shown.trade = LastTrade(
            time=moment(told.time),
            received=moment(told.received),
            age_s=age,
            is_stale=age > stale_after_s,
            price=told.price,
            size=told.size,
            venue=told.venue,
            source=trade.source,
        )
    if quote is not None:
        age = age_s(quote.time, now)
        shown.quote = LastQuote(
            time=moment(quote.time),
            received=moment(quote.received),
            age_s=age,
            is_stale=age > stale_after_s,
            bid=quote.bid,
            bid_size=quote.bid_size,
            ask=quote.ask,
            ask_size=quote.ask_size,
        )
    return shown
