"""Unmodified alpaca-py trades on the paper exchange over real HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import httpx
import pytest
from alpaca.common.exceptions import APIError
from alpaca.data.historical import StockHistoricalDataClient
from alpaca.data.requests import StockLatestQuoteRequest
from alpaca.trading.client import TradingClient
from alpaca.trading.enums import OrderClass, OrderSide, OrderStatus, QueryOrderStatus, TimeInForce
from alpaca.trading.models import Order
from alpaca.trading.requests import (
    ClosePositionRequest,
    GetAssetsRequest,
    GetCalendarRequest,
    GetOrdersRequest,
    GetPortfolioHistoryRequest,
    LimitOrderRequest,
    MarketOrderRequest,
    ReplaceOrderRequest,
    StopLimitOrderRequest,
    StopLossRequest,
    StopOrderRequest,
    TakeProfitRequest,
    TrailingStopOrderRequest,
)

from fixtures.exchange import KEY_ID, OPENING, SECRET, RunningExchange, running_exchange

_names = count(1)


@pytest.fixture(scope="module")
def exchange() -> Iterator[RunningExchange]:
    with running_exchange() as running:
        running.quote("BTC/USD", 50_003.0, 50_013.0, 5.0)
        for symbol in ("AAPL", "MSFT"):
            running.quote(symbol, 100.00, 100.02)
            running.trade(symbol, 100.01)
        yield running


@pytest.fixture
def keys(exchange: RunningExchange) -> dict[str, str]:
    """A new account, so that no test sees another's orders."""
    body = {"key_id": f"KEY{next(_names)}", "secret": "a-secret", "cash": "100000"}
    httpx.post(f"{exchange.url}/exchange/accounts", json=body).raise_for_status()
    return {"api_key": body["key_id"], "secret_key": body["secret"]}


@pytest.fixture
def trading(exchange: RunningExchange, keys: dict[str, str]) -> TradingClient:
    return TradingClient(keys["api_key"], keys["secret_key"], url_override=exchange.url)


def limit(price: float = 90.0, **more: Any) -> LimitOrderRequest:
    wanted = {"symbol": "AAPL", "qty": 10, "side": OrderSide.BUY, "time_in_force": TimeInForce.DAY}
    return LimitOrderRequest(**(wanted | {"limit_price": price} | more))


def market(side: OrderSide = OrderSide.BUY, **more: Any) -> MarketOrderRequest:
    wanted: dict[str, Any] = {
        "symbol": "AAPL",
        "side": side,
        "time_in_force": TimeInForce.DAY,
    }
    if "notional" not in more:
        wanted["qty"] = 10
    return MarketOrderRequest(**(wanted | more))


def submitted(trading: TradingClient, request: Any) -> Order:
    order = trading.submit_order(request)
    assert isinstance(order, Order)
    return order


# Account, clock, calendar, assets


def test_the_account_reads_as_a_trade_account(trading: TradingClient) -> None:
    account: Any = trading.get_account()
    assert Decimal(account.cash) == Decimal(account.equity) == 100_000
    assert Decimal(account.buying_power) == 400_000
    assert account.multiplier == "4"
    assert account.trading_blocked is False


def test_settings_are_read_and_set(trading: TradingClient) -> None:
    settings: Any = trading.get_account_configurations()
    assert settings.no_shorting is False
    settings.no_shorting = True
    settings.suspend_trade = True
    changed: Any = trading.set_account_configurations(settings)
    assert (changed.no_shorting, changed.suspend_trade) == (True, True)
    with pytest.raises(APIError) as refused:
        submitted(trading, limit())
    assert (refused.value.status_code, refused.value.code) == (403, 40310000)


def test_the_clock_and_the_calendar_are_the_markets(trading: TradingClient) -> None:
    clock: Any = trading.get_clock()
    assert clock.is_open
    assert clock.timestamp >= OPENING
    days: Any = trading.get_calendar(
        GetCalendarRequest(start=date(2025, 12, 24), end=date(2025, 12, 26))
    )
    assert [day.date for day in days] == [date(2025, 12, 24), date(2025, 12, 26)]
    assert days[0].close.isoformat() == "2025-12-24T13:00:00"


def test_assets_are_found_by_class_symbol_and_id(trading: TradingClient) -> None:
    shares: Any = trading.get_all_assets(GetAssetsRequest(asset_class="us_equity"))
    pairs: Any = trading.get_all_assets(GetAssetsRequest(asset_class="crypto"))
    assert "AAPL" in {asset.symbol for asset in shares}
    assert "BTC/USD" in {asset.symbol for asset in pairs}
    apple: Any = trading.get_asset("AAPL")
    assert trading.get_asset(apple.id) == apple
    assert trading.get_asset("BTC/USD") == trading.get_asset("BTCUSD")
    with pytest.raises(APIError) as refused:
        trading.get_asset("NOPE")
    assert (refused.value.status_code, refused.value.code) == (404, 40410000)


# Orders


@pytest.mark.parametrize(
    "request_of",
    [
        lambda more: LimitOrderRequest(limit_price=90, **more),
        lambda more: StopOrderRequest(stop_price=110, **more),
        lambda more: StopLimitOrderRequest(stop_price=110, limit_price=111, **more),
        lambda more: TrailingStopOrderRequest(trail_percent=5, **more),
        lambda more: TrailingStopOrderRequest(trail_price=7.5, **more),
    ],
)
def test_every_type_of_order_rests_and_ends(trading: TradingClient, request_of: Any) -> None:
    more = {"symbol": "AAPL", "qty": 3, "side": OrderSide.BUY, "time_in_force": TimeInForce.GTC}
    order = submitted(trading, request_of(more))
    assert order.status is OrderStatus.NEW
    assert order.qty == "3"
    trading.cancel_order_by_id(order.id)
    after: Any = trading.get_order_by_id(order.id)
    assert after.status is OrderStatus.CANCELED
    assert after.canceled_at is not None


def test_a_market_order_fills_and_makes_a_position(trading: TradingClient) -> None:
    order = submitted(trading, market(client_order_id="mine"))
    found: Any = trading.get_order_by_client_id("mine")
    assert found.id == order.id
    assert (found.status, found.filled_qty) == (OrderStatus.FILLED, "10")
    assert found.filled_avg_price == "100.02"
    position: Any = trading.get_open_position("AAPL")
    assert (position.qty, position.qty_available, position.side.value) == ("10", "10", "long")
    assert position.cost_basis == "1000.2"
    assert trading.get_open_position(position.asset_id) == position


def test_a_notional_order_has_no_quantity(trading: TradingClient) -> None:
    order = submitted(trading, market(notional=250.5))
    assert (order.notional, order.qty) == ("250.5", None)
    assert order.status is OrderStatus.FILLED
    positions: Any = trading.get_all_positions()
    assert 2 < Decimal(positions[0].qty) < 3


def test_a_bracket_comes_back_with_its_legs_and_is_cancelled_whole(trading: TradingClient) -> None:
    order = submitted(
        trading,
        limit(
            order_class=OrderClass.BRACKET,
            take_profit=TakeProfitRequest(limit_price=110),
            stop_loss=StopLossRequest(stop_price=80, limit_price=79.5),
        ),
    )
    assert order.order_class is OrderClass.BRACKET
    assert order.legs is not None
    assert [leg.status for leg in order.legs] == [OrderStatus.HELD] * 2
    nested: Any = trading.get_orders(GetOrdersRequest(nested=True))
    assert [len(entry.legs) for entry in nested] == [2]
    assert len(trading.get_orders()) == 3
    trading.cancel_order_by_id(order.id)
    assert trading.get_orders() == []


def test_a_replaced_order_has_a_successor_of_its_own_id(trading: TradingClient) -> None:
    order = submitted(trading, limit())
    new: Any = trading.replace_order_by_id(order.id, ReplaceOrderRequest(qty=4, limit_price=91.5))
    assert new.id != order.id
    assert (new.replaces, new.qty, new.limit_price) == (order.id, "4", "91.5")
    old: Any = trading.get_order_by_id(order.id)
    assert (old.status, old.replaced_by) == (OrderStatus.REPLACED, new.id)
    with pytest.raises(APIError) as refused:
        trading.replace_order_by_id(order.id, ReplaceOrderRequest(qty=5))
    assert (refused.value.status_code, refused.value.code) == (422, 42210000)


def test_cancelling_all_says_how_each_went(trading: TradingClient) -> None:
    ids = {submitted(trading, limit(price)).id for price in (90, 91, 92)}
    answers: Any = trading.cancel_orders()
    assert {(answer.id, answer.status) for answer in answers} == {(each, 200) for each in ids}
    assert trading.get_orders() == []


def test_lists_filter_order_and_page(exchange: RunningExchange, trading: TradingClient) -> None:
    first = [submitted(trading, limit(80 + place)) for place in range(5)]
    exchange.advance(1)
    clock: Any = trading.get_clock()
    between = clock.timestamp
    second = [submitted(trading, limit(80 + place, symbol="MSFT")) for place in range(5)]
    trading.cancel_order_by_id(second[0].id)

    def ids(**query: Any) -> list[Any]:
        found: Any = trading.get_orders(GetOrdersRequest(**query))
        return [order.id for order in found]

    newest_first = [order.id for order in [*first, *second]][::-1]
    assert ids(status=QueryOrderStatus.ALL) == newest_first
    assert ids(status=QueryOrderStatus.ALL, direction="asc", limit=4) == newest_first[::-1][:4]
    assert ids(status=QueryOrderStatus.CLOSED) == [second[0].id]
    assert ids() == [each for each in newest_first if each != second[0].id]
    assert ids(symbols=["MSFT"], limit=2) == [second[4].id, second[3].id]
    assert ids(side=OrderSide.SELL) == []
    assert (
        ids(status=QueryOrderStatus.ALL, after=between - timedelta(milliseconds=1))
        == [order.id for order in second][::-1]
    )
    before = between - timedelta(milliseconds=1)
    assert ids(until=before) == [order.id for order in first][::-1]


def test_cursors_walk_through_all_orders_once(
    exchange: RunningExchange, trading: TradingClient, keys: dict[str, str]
) -> None:
    wanted = [str(submitted(trading, limit(70 + place)).id) for place in range(7)]
    headers = {"APCA-API-KEY-ID": keys["api_key"], "APCA-API-SECRET-KEY": keys["secret_key"]}
    with httpx.Client(base_url=exchange.url, headers=headers) as client:
        for direction, cursor in (("asc", "after_order_id"), ("desc", "before_order_id")):
            found: list[str] = []
            query: dict[str, Any] = {"direction": direction, "limit": 3}
            while page := client.get("/v2/orders", params=query).json():
                found += [order["id"] for order in page]
                query[cursor] = found[-1]
            assert found == (wanted if direction == "asc" else wanted[::-1])


# Positions


def test_a_position_is_closed_in_part_and_then_whole(trading: TradingClient) -> None:
    submitted(trading, market(qty=10))
    half: Any = trading.close_position("AAPL", ClosePositionRequest(percentage="50"))
    assert (half.side, half.qty) == (OrderSide.SELL, "5")
    one: Any = trading.close_position("AAPL", ClosePositionRequest(qty="1"))
    assert one.qty == "1"
    trading.close_position("AAPL")
    assert trading.get_all_positions() == []
    for ask in (trading.get_open_position, trading.close_position):
        with pytest.raises(APIError) as refused:
            ask("AAPL")
        assert (refused.value.status_code, refused.value.code) == (404, 40410000)


def test_closing_all_cancels_what_stands_in_the_way(trading: TradingClient) -> None:
    submitted(trading, market(qty=10))
    submitted(trading, market(qty=4, symbol="MSFT"))
    submitted(trading, limit(120, side=OrderSide.SELL))
    held: Any = trading.close_all_positions()
    assert {answer.symbol: answer.status for answer in held} == {"AAPL": 403, "MSFT": 200}
    assert held[0].body.code == 40310000
    done: Any = trading.close_all_positions(cancel_orders=True)
    assert [(answer.symbol, answer.status) for answer in done] == [("AAPL", 200)]
    assert trading.get_all_positions() == []


def test_a_short_is_negative_in_quantity_cost_and_value(trading: TradingClient) -> None:
    submitted(trading, market(OrderSide.SELL, qty=5))
    position: Any = trading.get_open_position("AAPL")
    assert (position.qty, position.side.value, position.cost_basis) == ("-5", "short", "-500")
    assert position.qty_available == "-5"
    assert Decimal(position.unrealized_pl) == Decimal(position.market_value) + 500


def test_a_pair_is_held_under_its_name_without_a_slash(trading: TradingClient) -> None:
    submitted(trading, market(symbol="BTC/USD", qty=0.25, time_in_force=TimeInForce.GTC))
    positions: Any = trading.get_all_positions()
    assert [(each.symbol, each.qty) for each in positions] == [("BTCUSD", "0.25")]
    assert trading.get_open_position("BTCUSD") == trading.get_open_position("BTC/USD")
    part = submitted(
        trading,
        market(symbol="BTCUSD", qty=0.05, side=OrderSide.SELL, time_in_force=TimeInForce.GTC),
    )
    assert part.symbol == "BTC/USD"
    both = GetOrdersRequest(status=QueryOrderStatus.ALL, symbols=["BTCUSD"])
    listed: Any = trading.get_orders(both)
    assert [order.symbol for order in listed] == ["BTC/USD", "BTC/USD"]
    closing: Any = trading.close_position("BTCUSD")
    assert closing.symbol == "BTC/USD"


def test_the_portfolio_tells_what_a_trade_did(
    exchange: RunningExchange, trading: TradingClient
) -> None:
    submitted(trading, market(qty=10))
    exchange.advance(60)
    history: Any = trading.get_portfolio_history(
        GetPortfolioHistoryRequest(period="1D", timeframe="1Min")
    )
    assert history.timeframe == "1Min"
    assert history.base_value == 100_000
    assert len(history.timestamp) == len(history.equity) == len(history.profit_loss)
    account: Any = trading.get_account()
    assert history.equity[-1] == float(account.equity)
    assert history.profit_loss[-1] == pytest.approx(history.equity[-1] - 100_000)


def test_activities_name_the_fill_and_its_order(
    exchange: RunningExchange, trading: TradingClient
) -> None:
    order = submitted(trading, market(qty=10))
    fills: Any = trading.get("/account/activities/FILL")
    assert [(fill["order_id"], fill["qty"], fill["price"]) for fill in fills] == [
        (str(order.id), "10", "100.02")
    ]
    everything: Any = trading.get("/account/activities", {"direction": "asc", "page_size": 1})
    assert everything[0]["activity_type"] == "JNLC"


def test_wrong_keys_open_nothing(exchange: RunningExchange) -> None:
    for key, secret in ((KEY_ID, "wrong"), ("nobody", SECRET)):
        with pytest.raises(APIError) as refused:
            TradingClient(key, secret, url_override=exchange.url).get_account()
        assert (refused.value.status_code, refused.value.code) == (401, 40110000)
        data = StockHistoricalDataClient(key, secret, url_override=exchange.url)
        with pytest.raises(APIError):
            data.get_stock_latest_quote(StockLatestQuoteRequest(symbol_or_symbols="AAPL"))


def test_basic_authorization_does_as_well(exchange: RunningExchange) -> None:
    answer = httpx.get(f"{exchange.url}/v2/account", auth=(KEY_ID, SECRET))
    assert answer.status_code == 200
