"""Answer ``/v2/assets``."""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response

from algotrendy.exchange.alpaca_api.auth import signed_in
from algotrendy.exchange.alpaca_api.parsing import Sent, Words, query_of
from algotrendy.exchange.alpaca_api.problems import answer
from algotrendy.exchange.alpaca_api.results import AssetResult
from algotrendy.exchange.alpaca_api.routes import Routes
from algotrendy.exchange.alpaca_api.wire import ASSET_CLASSES, asset_json, exchange_of
from algotrendy.exchange.floor import Floor
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.refusal import Refused
from algotrendy.exchange.venue.venue import Venue


class AssetsQuery(Sent):
    """Which assets to list."""

    status: Literal["active", "inactive", "all"] = "all"
    asset_class: Literal["us_equity", "crypto", "us_option", "crypto_perp"] = "us_equity"
    exchange: str | None = None
    attributes: Words = ()


def add_assets(routes: Routes, floor: Floor) -> None:
    """Add the routes of assets."""
    venue = floor.venue

    async def list_assets(request: Request) -> Response:
        """List what is traded here."""
        signed_in(venue, request.headers)
        query = query_of(request, AssetsQuery)
        return answer([asset_json(asset) for asset in venue.assets() if _fits(asset, query)])

    async def one(request: Request) -> Response:
        """Show an asset, by its symbol or its id."""
        signed_in(venue, request.headers)
        return answer(asset_json(found_asset(venue, request.path_params["symbol_or_asset_id"])))

    add = routes.add
    add(
        "GET",
        "/v2/assets",
        list_assets,
        tag="assets",
        query=AssetsQuery,
        result=AssetResult,
        many=True,
    )
    # A pair's symbol, BTC/USD, comes with its slash.
    add("GET", "/v2/assets/{symbol_or_asset_id:path}", one, tag="assets", result=AssetResult)


def found_asset(venue: Venue, symbol_or_id: str) -> Asset:
    """Find an asset by id, by symbol, or by a pair's symbol without its slash.

    Raises:
        Refused: 404 when there is none.
    """
    try:
        return venue.asset(symbol_or_id)
    except Refused:
        for asset in venue.assets():
            if "/" in asset.symbol and asset.symbol.replace("/", "") == symbol_or_id:
                return asset
        raise


def full_symbol(venue: Venue, symbol: str) -> str:
    """Give a pair's symbol its slash; positions come without it, and clients send what they got."""
    try:
        return found_asset(venue, symbol).symbol
    except Refused:
        return symbol


def _fits(asset: Asset, query: AssetsQuery) -> bool:
    # Nothing here has one of the attributes that Alpaca knows.
    if query.attributes or ASSET_CLASSES[asset.asset_class] != query.asset_class:
        return False
    if query.exchange is not None and exchange_of(asset) != query.exchange:
        return False
    return query.status == "all" or asset.tradable == (query.status == "active")
