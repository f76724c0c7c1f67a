"""Answer for market data over HTTP: one router a resource, one app."""

from __future__ import annotations

from fastapi import FastAPI

from algotrendy.identity.app import create_guarded_app
from algotrendy.market_data import wiring
from algotrendy.market_data.adapters import quality_api, quotes_api
from algotrendy.market_data.api import bars, one_symbol, symbols
from algotrendy.market_data.api.access import (
    CAPABILITY,
    MOST_BARS,
    USUAL_BARS,
    bar_store,
    page_cache,
    tick_store,
)
from algotrendy.market_data.api.one_symbol import BarOut, BarsPage
from algotrendy.market_data.api.symbols import SymbolOut, SymbolsOut
from algotrendy.platform.probes import Checks, Spare

__all__ = [
    "CAPABILITY",
    "MOST_BARS",
    "USUAL_BARS",
    "BarOut",
    "BarsPage",
    "SymbolOut",
    "SymbolsOut",
    "bar_store",
    "create_api",
    "page_cache",
    "tick_store",
]


def create_api() -> FastAPI:
    """Make the app of market data."""
    checks: Checks = {
        "lake": _lake_answers,
        "bars": Spare(wiring.newest_bar),
        "cache": Spare(wiring.cache_answers),
        "streaming": Spare(wiring.last_of_streaming),
    }
    app = create_guarded_app("AlgoTrendy market data", CAPABILITY, checks)
    for resource in (bars, one_symbol, symbols, quotes_api, quality_api):
        app.include_router(resource.router)
    return app


def _lake_answers() -> None:
    wiring.bar_store().version()
