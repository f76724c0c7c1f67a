from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from algotrendy.exchange.alpaca_api.positions import fills_since, position_json
from algotrendy.exchange.alpaca_api.results import PositionResult
from algotrendy.exchange.market.events import QuoteEvent, TradeEvent
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.model import Account
from algotrendy.exchange.venue.terms import VenueTerms
from algotrendy.exchange.venue.venue import Venue
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderType, Side
from algotrendy.kernel.order_request import OrderRequest
from algotrendy.market_data.calendar import us_equities

NOW = datetime(2026, 1, 5, 15, 0, tzinfo=UTC)
SHARE = Asset("a-1", "AAPL", "Apple Inc.", AssetClass.EQUITY, "NASDAQ")


class World:
    """One venue, one account, one share."""

    def __init__(self) -> None:
        self.venue = Venue([SHARE], us_equities(), VenueTerms(fees="none"))
        self.now = NOW
        self.account: Account = self.venue.open_account("key", "secret", Decimal(100_000), NOW)

    def price(self, price: float) -> None:
        self.now += timedelta(seconds=1)
        time_ns = int(self.now.timestamp()) * 1_000_000_000
        self.venue.on_event(QuoteEvent("AAPL", time_ns, price, 1e6, price, 1e6), self.now)
        self.venue.on_event(TradeEvent("AAPL", time_ns, price, 1.0), self.now)

    def order(self, side: Side, quantity: int, **more: Any) -> None:
        request = OrderRequest("AAPL", side, quantity=Decimal(quantity), **more)
        self.venue.submit(self.account.id, request, self.now)

    def shown(self, close: str | None, since: datetime) -> dict[str, Any]:
        position = self.venue.position(self.account.id, "AAPL")
        activities = self.venue.activities(self.account.id)
        today = fills_since(activities, "AAPL", since)
        written: dict[str, Any] = position_json(
            self.venue, position, None if close is None else Decimal(close), today
        )
        PositionResult.model_validate(written)
        return written


@pytest.fixture
def world() -> World:
    return World()


def test_what_was_bought_today_counts_from_what_was_paid(world: World) -> None:
    world.price(100.0)
    world.order(Side.BUY, 10)
    world.price(103.0)
    shown = world.shown("90", since=NOW)
    assert shown["unrealized_pl"] == shown["unrealized_intraday_pl"] == "30"
    assert shown["unrealized_plpc"] == "0.03"
    assert shown["change_today"] == "0.1444444444"
    assert shown["lastday_price"] == "90"


def test_what_was_held_overnight_counts_from_the_close(world: World) -> None:
    world.price(100.0)
    world.order(Side.BUY, 10)
    night = world.now
    world.price(103.0)
    world.order(Side.BUY, 5)
    world.price(104.0)
    shown = world.shown("102", since=night)
    assert shown["unrealized_intraday_pl"] == "25"
    assert shown["unrealized_pl"] == "45"


def test_a_part_sold_today_leaves_the_rest_counting_from_the_close(world: World) -> None:
    world.price(100.0)
    world.order(Side.BUY, 10)
    night = world.now
    world.price(103.0)
    world.order(Side.SELL, 4)
    shown = world.shown("102", since=night)
    assert (shown["qty"], shown["unrealized_intraday_pl"]) == ("6", "6")


def test_a_short_earns_when_the_price_falls(world: World) -> None:
    world.price(100.0)
    world.order(Side.SELL, 10)
    world.price(97.0)
    shown = world.shown(None, since=NOW)
    assert (shown["qty"], shown["side"], shown["market_value"]) == ("-10", "short", "-970")
    assert shown["unrealized_pl"] == shown["unrealized_intraday_pl"] == "30"
    assert shown["change_today"] is None


def test_units_that_orders_hold_are_not_available(world: World) -> None:
    world.price(100.0)
    world.order(Side.BUY, 10)
    world.order(Side.SELL, 4, type=OrderType.LIMIT, limit_price=Decimal(120))
    shown = world.shown(None, since=NOW)
    assert (shown["qty"], shown["qty_available"]) == ("10", "6")
