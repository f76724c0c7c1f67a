from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from algotrendy.exchange.alpaca_api import wire
from algotrendy.exchange.alpaca_api.results import ActivityResult, AssetResult, OrderResult
from algotrendy.exchange.market.events import BarEvent, QuoteEvent, TradeEvent
from algotrendy.exchange.market.source import Asset
from algotrendy.exchange.venue.model import Activity, ActivityType, Order
from algotrendy.kernel.instrument import AssetClass
from algotrendy.kernel.order import OrderClass, OrderType, Side, TimeInForce
from algotrendy.kernel.order_status import OrderStatus

NOW = datetime(2026, 1, 5, 15, 0, 0, 250_000, tzinfo=UTC)
SHARE = Asset("a-1", "AAPL", "Apple Inc.", AssetClass.EQUITY, "NASDAQ")
PAIR = Asset(
    "b-1",
    "BTC/USD",
    "Bitcoin",
    AssetClass.CRYPTO,
    "somewhere",
    borrowable=Decimal(0),
    quantity_step=Decimal("0.0001"),
)
ORDER = Order(
    id="o-1",
    sequence=1,
    account_id="account",
    client_order_id="mine",
    symbol="AAPL",
    side=Side.BUY,
    type=OrderType.LIMIT,
    time_in_force=TimeInForce.DAY,
    order_class=OrderClass.SIMPLE,
    status=OrderStatus.PARTIALLY_FILLED,
    created_at=NOW,
    updated_at=NOW,
    submitted_at=NOW,
    quantity=Decimal("10.500"),
    limit_price=Decimal("187.10"),
    filled_quantity=Decimal(3),
    filled_value=Decimal("561.10"),
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("100", "100"),
        ("1E+2", "100"),
        ("187.150", "187.15"),
        ("0.000000001", "0.000000001"),
        ("-0.0", "0"),
        ("-3.50", "-3.5"),
        ("123456789012345678.123456789012345678", "123456789012345678.123456789012345678"),
    ],
)
def test_decimals_travel_plain_and_whole(value: str, text: str) -> None:
    assert wire.number_text(Decimal(value)) == text


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (NOW, "2026-01-05T15:00:00.25Z"),
        (NOW.replace(microsecond=0), "2026-01-05T15:00:00Z"),
        (NOW.astimezone(timezone(timedelta(hours=-5))), "2026-01-05T15:00:00.25Z"),
    ],
)
def test_times_are_in_utc_without_needless_zeros(at: datetime, text: str) -> None:
    assert wire.time_text(at) == text


def test_market_times_keep_their_nanoseconds() -> None:
    assert wire.ns_text(1_767_625_200_123_456_789) == "2026-01-05T15:00:00.123456789Z"
    assert wire.ns_text(1_767_625_200_000_000_000) == "2026-01-05T15:00:00Z"


def test_an_order_is_written_with_every_field_of_its_description() -> None:
    written = wire.order_json(ORDER, SHARE)
    OrderResult.model_validate(written)
    assert written["qty"] == "10.5"
    assert written["limit_price"] == "187.1"
    assert written["filled_avg_price"] == "187.033333333"
    assert written["order_class"] == ""
    assert written["notional"] is None
    assert written["legs"] is None
    assert written["filled_at"] is None


def test_exits_stand_inside_of_their_entry() -> None:
    entry = replace(ORDER, order_class=OrderClass.BRACKET)
    written = wire.order_json(entry, SHARE, [replace(ORDER, id="o-2"), replace(ORDER, id="o-3")])
    OrderResult.model_validate(written)
    legs = written["legs"]
    assert isinstance(legs, list)
    assert [leg["id"] for leg in legs if isinstance(leg, dict)] == ["o-2", "o-3"]
    assert written["order_class"] == "bracket"


def test_assets_name_only_venues_that_clients_know() -> None:
    share, pair = wire.asset_json(SHARE), wire.asset_json(PAIR)
    AssetResult.model_validate(share)
    AssetResult.model_validate(pair)
    assert (share["class"], share["exchange"], share["shortable"]) == ("us_equity", "NASDAQ", True)
    assert (pair["class"], pair["exchange"], pair["shortable"]) == ("crypto", "", False)
    assert pair["min_order_size"] == "0.0001"


def test_a_fill_names_its_order_and_its_execution() -> None:
    fill = Activity(
        id="20260105150000250::e",
        account_id="account",
        type=ActivityType.FILL,
        at=NOW,
        cash=Decimal("561.1"),
        symbol="AAPL",
        quantity=Decimal(-3),
        price=Decimal("187.03"),
        order_id="o-1",
        execution_id="e-1",
        side=Side.SELL,
        leaves=Decimal("7.5"),
        cumulative=Decimal(3),
        fill_type="partial_fill",
    )
    written = wire.activity_json(fill)
    ActivityResult.model_validate(written)
    assert (written["qty"], written["side"]) == ("3", "sell")
    assert written["order_status"] == "partially_filled"
    assert written["execution_id"] == "e-1"


def test_what_is_no_trade_tells_its_amount_and_leaves_out_what_it_has_not() -> None:
    fee = Activity("20260105150000250::f", "account", ActivityType.FEE, NOW, Decimal("-0.02"))
    written = wire.activity_json(fee)
    assert written["net_amount"] == "-0.02"
    assert written["date"] == "2026-01-05"
    assert "price" not in written


def test_market_data_of_shares_names_venue_and_tape_and_that_of_pairs_does_not() -> None:
    quote = QuoteEvent("AAPL", 1_000, 100.0, 5.0, 100.02, 7.0)
    trade = TradeEvent("AAPL", 1_000, 100.5, 0.25, 9)
    assert wire.quote_json(quote, crypto=False)["bx"] == "V"
    assert "bx" not in wire.quote_json(quote, crypto=True)
    assert wire.quote_json(quote, crypto=True)["bp"] == 100
    assert wire.trade_json(trade, crypto=False)["s"] == 0.25
    assert "x" not in wire.trade_json(trade, crypto=True)


def test_a_bar_may_be_told_under_another_begin() -> None:
    bar = BarEvent("AAPL", 0, 60, 1.0, 2.0, 0.5, 1.5, 100.0, 3, 1.25)
    assert wire.bar_json(bar)["t"] == "1970-01-01T00:00:00Z"
    assert wire.bar_json(bar, 1_000_000_000)["t"] == "1970-01-01T00:00:01Z"
